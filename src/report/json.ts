import type { Analysis } from '../model/analysis.ts';

// JSON.stringify escapes C0 and lone surrogates; a terminal can be steered by more.
const UNSAFE =
  /[\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/**
 * `json`, made by JSON.stringify, with every character that could steer a terminal or end a line as a `\u` escape: still the
 * same JSON value. Such characters occur in strings only.
 */
export function escapeJson(json: string): string {
  return json.replace(UNSAFE, (character) => {
    let escaped = '';
    for (let i = 0; i < character.length; i++) {
      escaped += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
    }
    return escaped;
  });
}

/** A value on one line, newline included: a record of JSON lines. */
export function jsonLine(value: unknown): string {
  return `${escapeJson(JSON.stringify(value))}\n`;
}

/** The document of `analyze --format json`: keys in the documented order, two blanks of indent, a newline at the end. */
export function renderJson(analysis: Analysis): string {
  return `${escapeJson(JSON.stringify(analysis, null, 2))}\n`;
}
