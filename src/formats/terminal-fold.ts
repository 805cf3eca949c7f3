import { isProse, isSentence } from './elision.ts';
import { unquoted, unquotedLike } from './unwrap.ts';

/** How a terminal broke the lines that were copied from it: after `width` characters, whatever stands there, behind `indent` blanks. */
export interface TerminalFold {
  readonly width: number;
  readonly indent: number;
}

/** What tells lines apart. */
export interface LineKinds {
  /** Whether a record begins with the line. */
  begins(line: string): boolean;
  /** Whether a line that begins no record is none of a record either: a header, a mark, a frame. */
  stands(line: string): boolean;
}

/** No terminal is as narrow as what RFC 5322 section 2.1.1 asks mail programs for; few are wider than the other. */
const MIN_WIDTH = 79;
const MAX_WIDTH = 320;
/** Of consoles and of windows as they open: one line of exactly this width that goes on is told by it. */
const USUAL = new Set([80, 100, 120, 132, 160, 200]);
/** Of any other width that many have to go on. */
const MIN_BROKEN = 3;
/** A mail program may have broken it there: at a blank, which it took away. */
const AT_WORD = /(?:[:,|]|->|<-| -)$/;
/** Widest that mail programs make lines. */
const MAIL_WIDTH = 80;

/**
 * Whether lines were copied from a terminal with the ends that it gave them: whatever goes on in a line of its own had filled
 * the width, and nothing is wider.
 *
 * @param lines the first ones.
 */
export function terminalFold(lines: readonly string[], kinds: LineKinds): TerminalFold | null {
  let first = '';
  const bare = lines.map((line) => {
    if (kinds.begins(line)) first = line;
    return unquotedLike(first, line);
  });
  const widest = widestOf(
    bare,
    bare.map((line) => kinds.begins(line)),
  );
  for (const indent of indentsOf(bare)) {
    const width = widest - indent;
    if (width < MIN_WIDTH || width > MAX_WIDTH) continue;
    const { full, loose, atWord, prose } = count(bare, { width: widest, indent }, kinds);
    const isUsual = USUAL.has(width);
    // One or two may be what somebody wrote below a line that happens to be so wide.
    if (full < MIN_BROKEN && (!isUsual || prose > 0)) continue;
    // What stands below other lines: the remarks of somebody, or the rest of rows that a mail program broke.
    if (full === 0 || loose > (width > MAIL_WIDTH ? full : full / 9)) continue;
    if (atWord === full && width <= MAIL_WIDTH) continue;
    // What is indented, and might be a blank that stood at the end of the width.
    if (indent > 0 && !isUsual && full < MIN_BROKEN) continue;
    return { width, indent };
  }
  return null;
}

/** Whether `line` goes on `previous`, which fills the width. It begins no record. */
export function isFolded({ width, indent }: TerminalFold, previous: string, line: string): boolean {
  const tail = unquotedLike(previous, line);
  if (unquoted(previous).length !== width + indent || tail.length > width + indent) return false;
  return tail.trim() !== '' && blanksOf(tail) >= indent && !isSentence(tail);
}

/** What stands in a further line. @param previous the line before, or the first one. */
export function foldedTail({ indent }: TerminalFold, previous: string, line: string): string {
  return unquotedLike(previous, line).slice(indent);
}

/** The blanks that every line may have been indented by: none, or all that they share. */
function indentsOf(lines: readonly string[]): readonly number[] {
  const shared = Math.min(...lines.filter((line) => line.trim() !== '').map(blanksOf));
  return shared > 0 && Number.isFinite(shared) ? [shared, 0] : [0];
}

function widestOf(lines: readonly string[], begins: readonly boolean[]): number {
  return lines.reduce((widest, line, index) => (begins[index] === true ? Math.max(widest, line.length) : widest), 0);
}

/** How many lines go on where they must, and elsewhere. `width` is that of a whole line here, with its indent. */
function count(lines: readonly string[], { width, indent }: TerminalFold, kinds: LineKinds) {
  let full = 0;
  let loose = 0;
  let atWord = 0;
  let prose = 0;
  let open = false;
  for (const [index, line] of lines.entries()) {
    const previous = lines[index - 1] ?? '';
    if (kinds.begins(line)) {
      open = true;
      continue;
    }
    if (line.trim() === '' || kinds.stands(line.slice(indent))) open = false;
    if (!open || isComment(line)) continue;
    if (previous.length !== width || line.length > width) loose++;
    else {
      full++;
      if (isProse(line)) prose++;
      if (AT_WORD.test(previous) && !/^[ >]/.test(line)) atWord++;
    }
  }
  return { full, loose, atWord, prose };
}

/** What somebody wrote between the lines. A single word may be the rest of a name. */
function isComment(line: string): boolean {
  return isSentence(line) || (isProse(line) && line.trim().split(' ').length > 3);
}

function blanksOf(line: string): number {
  return line.length - line.trimStart().length;
}
