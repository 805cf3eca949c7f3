import { decodeText } from './text.ts';

const ESCAPE = '\x1b';
// ECMA-48 control sequences and operating system commands (colours, cursor, links), and the filling of serial lines.
const CONTROLS = /\x1b\[[0-9;?]{0,32}[@-~]|\x1b\][^\x07\x1b]{0,512}(?:\x07|\x1b\\)|[\0\r]/g;
const NO_BREAK = /\xc2\xa0/g;
/** As it stands in text that was latin1. Elsewhere the byte may belong to a letter. */
const NO_BREAK_IN_STAMP = /^\[[\xa0 ]+/;

/** Without terminal controls; a no-break space is a blank. */
export function withoutControls(line: string): string {
  let plain = line;
  if (plain.includes(ESCAPE) || plain.includes('\0') || plain.includes('\r')) plain = plain.replace(CONTROLS, '');
  if (plain.includes('\xa0')) plain = plain.replace(NO_BREAK, ' ').replace(NO_BREAK_IN_STAMP, '[ ');
  return plain;
}

// What pasting puts into a row of a trace, and the kernel does not: control characters and colours, what is beyond ASCII, entities and tags of
// HTML, emphasis and escapes of Markdown, a tab at the end.
const DIRT = /[\0-\x08\x0a-\x1f\x7f-\xff]|\*\*|&(?:#\d|amp;|[lg]t;|quot;|apos;|nbsp;)|<\/[a-z]|<br|\\_|\^M$|\t$/gi;

/** Whether a row of a trace, from `from` on, holds what the kernel did not write: quick to ask, and no more than a suspicion. */
export function isDirty(line: string, from = 0): boolean {
  DIRT.lastIndex = from;
  return DIRT.test(line);
}

/** What stands behind a name, where the name may be broken by something that pasting put there. */
export function isDirtCode(code: number): boolean {
  return code > 0x7e || code < 0x20 || code === STAR || code === AMPERSAND || code === BACKSLASH;
}

const STAR = 42;
const AMPERSAND = 38;
const BACKSLASH = 92;

// UTF-8 as latin1: U+00A0, U+2000 to U+200A, U+202F, U+205F, U+3000.
const BLANKS = /\xc2\xa0|\xe2\x80[\x80-\x8a\xaf]|\xe2\x81\x9f|\xe3\x80\x80/g;
// U+00AD, U+200B to U+200F, U+202A to U+202E, U+2060 to U+2069, U+FEFF: without any width.
const NO_WIDTH = /\xc2\xad|\xe2\x80[\x8b-\x8f\xaa-\xae]|\xe2\x81[\xa0-\xa9]|\xef\xbb\xbf/g;
const C0 = /[\x01-\x08\x0a-\x1f\x7f]/g;
// Word processors: U+2190, `<` and a dash for `<-`; U+2192, a dash and `>` for `->`; U+201C, U+201D for `"`; U+2212 for a minus.
const TYPED: readonly (readonly [RegExp, string])[] = [
  [/\xe2\x86\x90|<\xe2(?:\x80[\x90-\x94]|\x88\x92)/g, '<-'],
  [/\xe2\x86\x92|\xe2(?:\x80[\x90-\x94]|\x88\x92)>/g, '->'],
  [/\xe2\x80[\x9c\x9d]/g, '"'],
  [/=\xe2(?:\x80[\x90-\x93]|\x88\x92)(?=\d)/g, '=-'],
];
const BOLD = /\*\*([^*\s](?:[^*]{0,126}[^*\s])?)\*\*/g;
const CARET_M = /(?:\^M)+$/;

/** A row of a trace without what pasting put into it, and what that was; the row itself where there is nothing of the kind. */
export interface TidyRow {
  readonly plain: string;
  /** Null for terminal controls and blanks of another kind, which are no damage. */
  readonly damage: 'markup' | 'retyped' | null;
}

/**
 * The one place where rows are cleaned. Nothing is taken away that could be a part of a name or a number, and what stands in
 * for a sign is replaced by that.
 *
 * @param line latin1. @param from what stands before is left alone: a task may be called anything.
 */
export function tidyRow(line: string, from = 0): TidyRow {
  // What stood between two halves of a name is missing there, see health `nul-bytes`.
  if (from > 0 && line.includes('\0', from)) return { plain: line, damage: null };
  if (from > 0) {
    const { plain, damage } = tidyRow(line.slice(from));
    return { plain: line.slice(0, from) + plain, damage };
  }
  const bare = line
    .replace(CONTROLS, '')
    .replace(BLANKS, ' ')
    .replace(NO_WIDTH, '')
    .replace(C0, '')
    .replace(CARET_M, '');
  const rendered = withoutMarks(bare);
  const typed = TYPED.reduce((text, [sign, ascii]) => text.replace(sign, ascii), rendered);
  const damage = rendered !== bare ? 'markup' : typed !== rendered ? 'retyped' : null;
  return { plain: typed.replace(/[ \t]{1,4096}$/, ''), damage };
}

const MESSAGE_DIRT = /[^\t\n\x20-\x7e]|\*\*|&(?:#\d|amp;|[lg]t;|quot;|apos;|nbsp;)|<\/[a-z]|<br|\\_|\^M$|[ \t]$/im;

/**
 * The same for a message, whose further lines follow `\n`. Blanks at the end of a line are none of what it says: whoever copies from a
 * terminal, a console or a table pads so.
 *
 * @param message decoded.
 */
export function tidyMessage(message: string): TidyRow {
  if (!MESSAGE_DIRT.test(message) || message.includes('\0')) return { plain: message, damage: null };
  const lines = Buffer.from(message, 'utf8')
    .toString('latin1')
    .split('\n')
    .map((line) => tidyRow(line));
  const damage = lines.find((line) => line.damage !== null)?.damage ?? null;
  return { plain: decodeText(lines.map(({ plain }) => plain).join('\n')), damage };
}

/** Whether cleaning leaves a row as it is. */
export function isTidy(line: string): boolean {
  return !isDirty(line) || tidyRow(line).plain === line;
}

/** What Markdown and HTML that was not rendered put into a row. */
function withoutMarks(line: string): string {
  const plain = line.includes('**') ? line.replace(BOLD, '$1') : line;
  const unescaped = plain.includes('\\_') ? plain.replace(ESCAPED, '$1') : plain;
  return withoutHtml(unescaped);
}

/** Longest line that is looked at for tags. */
const MAX_MARKUP = 8192;
// Tags that forums, issue trackers and terminal recorders put around a line. `<4>` and `<idle>` are the kernel's.
const TAG = /<\/?(?:a|b|br|code|div|em|font|i|li|p|pre|s|samp|span|strong|td|tr|tt|u)(?: [^<>]{0,256})?\/?>/gi;
const ENTITY = /&(?:#(\d{1,3})|(amp|lt|gt|quot|apos|nbsp));/g;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };
/** Marks that Markdown gives a meaning, where that is taken away. */
export const ESCAPED = /\\([\\`*_{}[\]()#+.!|<>~-])/g;

/** Without the tags of HTML that a line stands in, and with what its entities stand for. */
function withoutHtml(line: string): string {
  return line.length > MAX_MARKUP ? line : withoutEntities(withoutTags(line));
}

/** Without the tags of HTML. */
export function withoutTags(line: string): string {
  return line.includes('<') && line.length <= MAX_MARKUP ? line.replace(TAG, '') : line;
}

/** With what the entities of HTML stand for. */
export function withoutEntities(line: string): string {
  if (!line.includes('&')) return line;
  return line.replace(ENTITY, (whole, code: string | undefined, name: string | undefined) =>
    name === undefined ? character(Number(code), whole) : (ENTITIES[name] ?? whole),
  );
}

function character(code: number, whole: string): string {
  return code >= 32 && code < 127 ? String.fromCharCode(code) : whole;
}

/** Marks of quotation, indentation and Markdown that pasting puts before a line. */
const PASTE = new Set(' \t>|*`');
const MAX_PASTE = 64;

/** Index behind what pasting put before the line. */
export function pasteEnd(line: string): number {
  let at = 0;
  while (at < MAX_PASTE && PASTE.has(line.charAt(at))) at++;
  return at;
}

/** Lines shorter than this are not broken for their width. */
const MIN_WRAP = 55;
/** Longest line that a mail program leaves whole (RFC 5322 section 2.1.1 asks for 78). A source with a longer one was not wrapped. */
const MAX_WRAP = 80;
const RFC_WRAP = 78;
/** Where format=flowed (RFC 3676) is broken, with a blank left at the end. */
const FLOWED_WRAP = 72;
/** Of quoted-printable lines with their `=` (RFC 2045 section 6.7). */
const SOFT_BREAK_MIN = 73;
const SOFT_BREAK_MAX = 76;

/** So records of other forms begin, and no rest of a message does. */
const RECORD = /^(?:<\d{1,3}>)?\[? {0,8}(?:\d{1,10}\.\d{6}\]|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)/;
const MAX_RECORD_HEAD = 40;
/** No message ends so. */
const UNFINISHED = /[:,(]$/;

/** What joins a line to the rest of it that a mail program broke off; `=` is the soft break of quoted-printable itself. */
export type Joint = '' | ' ' | '=';

/** Whether a line begins like a record, of whatever form. */
export function beginsRecord(line: string): boolean {
  return RECORD.test(line.slice(0, MAX_RECORD_HEAD));
}

/**
 * How `line` goes on `previous`, of which a mail program broke it off; null where that is not certain: its first word has
 * not fitted.
 *
 * @param longest of the lines so far, in characters.
 */
export function wrapJoint(previous: string, line: string, longest: number): Joint | null {
  const length = previous.length - pasteEnd(previous);
  if (longest > MAX_WRAP || line.length > MAX_WRAP || length > MAX_WRAP || length < MIN_WRAP) return null;
  if (previous.endsWith('=')) return length >= SOFT_BREAK_MIN && length <= SOFT_BREAK_MAX ? '=' : null;
  const bare = line.slice(pasteEnd(line));
  if (bare === '' || beginsRecord(bare)) return null;
  const blank = bare.indexOf(' ');
  const word = blank < 0 ? bare.length : blank;
  if (previous.endsWith(' ')) return length + word > FLOWED_WRAP ? '' : null;
  const width = UNFINISHED.test(previous) ? FLOWED_WRAP : Math.max(RFC_WRAP, longest);
  return length + 1 + word > width ? ' ' : null;
}
