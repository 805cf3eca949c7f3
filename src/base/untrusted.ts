/**
 * Text that came out of a log: whoever could write to the kernel log chose its bytes (a task's name, a module's message, a
 * trace marker). It may reach an output only through the escaping function of that output.
 */
export type Untrusted = string & { readonly __untrusted?: unique symbol };

// Everything that a terminal could take for more than a glyph: C0 and C1 controls, DEL, soft hyphen, Arabic letter mark,
// zero-width and bidirectional formatting, line and paragraph separators, invisible operators, interlinear marks, byte
// order mark, lone surrogates, tag characters.
const UNSAFE =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|\u{e0000}|[\u{e0001}-\u{e007f}]/gu;

/** `text` with every character that could steer a terminal written as `\xNN` or `\u{N}`. Tabs become one blank. */
export function escapeForTerminal(text: Untrusted): string {
  return text.replace(UNSAFE, (character) => {
    if (character === '\t') return ' ';
    const code = character.codePointAt(0) ?? 0;
    const hex = code.toString(16);
    return code < 0x100 ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`;
  });
}
