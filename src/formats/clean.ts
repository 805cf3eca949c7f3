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
