import { beginsRecord } from './clean.ts';
import { isProse, isSentence } from './elision.ts';
import { isOpen } from './open-row.ts';
import { unquoted, unquotedLike } from './unwrap.ts';

/** How a terminal broke the lines that were copied from it: after `width` characters, whatever stands there, behind `indent` blanks. */
export interface TerminalFold {
  readonly width: number;
  readonly indent: number;
  /** Whether nothing but a terminal explains it; else some line may have been broken so, or somebody wrote below it. */
  readonly certain: boolean;
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
/** That many have to go on, all of them where the width ends. */
const MIN_BROKEN = 3;
/** Of so many kinds and lengths: the rows of one probe are as wide as each other without any terminal. */
const MIN_KINDS = 2;
const NUMBER = /\d[\da-f]{0,32}/g;

/**
 * Whether lines were copied from a terminal with the ends that it gave them: whatever goes on in a line of its own had filled
 * the width, nothing is wider, and rows of different kinds and lengths end there in an open bracket.
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
    const { full, loose, kinds: kindsSeen, lengths } = count(bare, { width: widest, indent }, kinds);
    if (full === 0) continue;
    const certain = full >= MIN_BROKEN && loose === 0 && Math.min(kindsSeen, lengths) >= MIN_KINDS;
    return { width, indent, certain };
  }
  return null;
}

/** Whether a line is wider than the terminal: there was none. */
export function isWider({ width, indent }: TerminalFold, line: string): boolean {
  return line.length > width + indent && unquoted(line).length > width + indent;
}

/** How a row goes on: in the middle of a word, or with its next field. */
const REST = /^(?:[\w.:=,)\]>-]| [\w.]{1,64}=)/;

/** No row ends so. */
const UNFINISHED = /(?:[:,(=|]|->|<-| -) ?$/;

/** Whether a line may say something else together with what stands below it. */
export function mayGoOn(previous: string, tail: string): boolean {
  if (isComment(tail) || beginsRecord(tail)) return false;
  if (UNFINISHED.test(previous) || isOpen(previous)) return true;
  // What has several words has a field among them.
  if (isProse(tail) && tail.trim().includes(' ') && !/[=:]/.test(tail)) return false;
  return previous.endsWith(' ') ? /^[\w.]{1,64}=/.test(tail) : REST.test(tail);
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
function count(lines: readonly string[], { width, indent }: Pick<TerminalFold, 'width' | 'indent'>, kinds: LineKinds) {
  let full = 0;
  let loose = 0;
  let open = false;
  const looks = new Set<string>();
  const lengths = new Set<number>();
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
      if (!isOpen(previous)) continue;
      looks.add(previous.replace(NUMBER, '0').replaceAll(' ', ''));
      lengths.add(line.length);
    }
  }
  return { full, loose, kinds: looks.size, lengths: lengths.size };
}

/** What somebody wrote between the lines. A single word may be the rest of a name. */
function isComment(line: string): boolean {
  return isSentence(line) || (isProse(line) && line.trim().split(' ').length > 3);
}

function blanksOf(line: string): number {
  return line.length - line.trimStart().length;
}
