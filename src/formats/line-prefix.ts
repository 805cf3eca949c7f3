import { ownCopy } from './text.ts';

// What a CI runner, a log shipper or a pager puts before every line, whatever stands there. Forms that know what may stand before
// a line of theirs take that off themselves (unwrap.ts); this is for those that have a layout of their own, such as a trace.

/** One piece of what stands before the lines. */
interface Piece {
  /** Index behind it, without the blanks that follow; -1 where the line does not begin with it. */
  end(line: string): number;
  /** Blanks behind it that belong to it, not to the line. */
  readonly gap: number;
}

const TIME = String.raw`(?:\d{4}-\d\d-\d\d[T ]|[A-Z][a-z]{2} [ \d]\d )?\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?`;

/** Pieces that tell themselves what they are, the longer ones first. A blank behind them is told below. */
const KINDS: readonly RegExp[] = [
  // GitLab: `2026-11-22T10:00:00.123456Z 00O line`, `00O+` for the rest of a line: FF_TIMESTAMPS of gitlab-runner.
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z [\da-f]{2}[OE](?=[ +]|$)\+?/,
  // CRI of Kubernetes: `2026-11-22T10:00:00.123456789Z stdout F line`.
  new RegExp(`^${TIME} (?:stdout|stderr) [FP](?= |$)`),
  // kubectl logs --prefix, `[pod/name/container] line`.
  /^\[pod\/[^\s\]]{1,253}\](?= |$)/,
  // GitHub, Jenkins, docker logs -t, LAVA, KernelCI, the ts of moreutils: `2026-11-22T10:00:00.0000000Z line`, `[2026-..] line`.
  new RegExp(`^(?:\\[${TIME}\\]|${TIME}):?(?= |$)`),
  // docker compose: `name-1  | line`.
  /^[A-Za-z][\w.-]{0,63} +\|(?= |$)/,
];
/** cat -n, nl, less -N, an editor: `    12\tline`, `     12 line`, `12: line`. */
const NUMBER = /^ {0,8}(\d{1,9})(?:\t|:?(?= |$))/;

/** Share of the lines that what stands before all of them stands before. */
const MIN_SHARE = 0.9;
/** Pieces that follow one another: `[pod/x/y] 2026-11-22T10:00:00Z `. */
const MAX_PIECES = 3;
/** Lines that have to count up, or to begin in the same words. */
const MIN_LINES = 4;
const MAX_GAP = 4;
const MAX_WORDS = 64;
/** Where words that all lines begin with may end. */
const WORDS_END = /^.*[\s|:>\])+-]/;

// What stands at the beginning of a line, and nowhere else: see isHeader() in segment.ts, and the preamble of perf script.
const HEADER = /^(.{1,64}?)(?:# tracer: \w|cpus=\d{1,6}$|# ={8}$)/;
/** Marks of a quotation: a mail program may have broken the lines, too. */
const QUOTED = /^[ >]*$/;

/** What stands before every line of a text, and is no part of it. */
export class LinePrefix {
  readonly #pieces: readonly Piece[];

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
  }

  /** Index of what stands behind it; 0 where the line does not begin with all of it. */
  end(line: string): number {
    let at = 0;
    for (const piece of this.#pieces) {
      const end = pieceEnd(at === 0 ? line : line.slice(at), piece);
      if (end < 0) return 0;
      at += end;
    }
    return at;
  }
}

/**
 * What stands before nearly all lines, if the lines without it are more of something than with it.
 *
 * @param lines the first ones, latin1.
 * @param score how well lines fit, 0 to 1, as `detect` of a form.
 * @param least score that the lines without it must have.
 */
export function findPrefix(
  lines: readonly string[],
  score: (lines: readonly string[]) => number,
  least: number,
): LinePrefix | null {
  const pieces: Piece[] = [];
  let rest = lines;
  let best: LinePrefix | null = null;
  let bestScore = 0;
  while (pieces.length < MAX_PIECES && bestScore < 1) {
    const piece = nextPiece(rest);
    if (piece === null) break;
    pieces.push(piece);
    rest = rest.map((line) => line.slice(Math.max(0, pieceEnd(line, piece))));
    const fits = score(rest);
    if (fits <= bestScore || fits < least) continue;
    best = new LinePrefix([...pieces]);
    bestScore = fits;
  }
  return best;
}

/** The same where a header of a trace shows what stands before it, and that stands before nearly all lines. */
export function prefixOfHeader(lines: readonly string[]): LinePrefix | null {
  for (const line of lines) {
    const words = (line.includes('# ') || line.includes('cpus=') ? HEADER.exec(line)?.[1] : undefined)?.trimEnd();
    if (words === undefined || QUOTED.test(words)) continue;
    const filled = lines.filter((other) => other.trim() !== '');
    const end = (other: string) => (other.startsWith(words) ? words.length : -1);
    const isCommon = filled.filter((other) => end(other) >= 0).length >= filled.length * MIN_SHARE;
    return isCommon ? new LinePrefix([withGap(filled, end)]) : null;
  }
  return null;
}

/** A quick look at whether something that is known to stand before lines stands before some of them. */
export function mayHavePrefix(lines: readonly string[]): boolean {
  const some = [lines[0], lines[lines.length >> 1], lines.at(-1)];
  return some.some((line) => line !== undefined && (NUMBER.test(line) || KINDS.some((kind) => kind.test(line))));
}

function nextPiece(lines: readonly string[]): Piece | null {
  const filled = lines.filter((line) => line.trim() !== '');
  const enough = filled.length * MIN_SHARE;
  for (const kind of KINDS) {
    const end = (line: string) => kind.exec(line)?.[0].length ?? -1;
    if (filled.length > 0 && filled.filter((line) => end(line) >= 0).length >= enough) return withGap(filled, end);
  }
  if (filled.length < MIN_LINES) return null;
  return countsUp(filled, enough)
    ? withGap(filled, (line) => NUMBER.exec(line)?.[0].length ?? -1)
    : sameWords(filled, enough);
}

function countsUp(lines: readonly string[], enough: number): boolean {
  let last = Number.NaN;
  let steps = 1;
  for (const line of lines) {
    const number = Number(NUMBER.exec(line)?.[1] ?? Number.NaN);
    // Blank lines are numbered, too, or not at all.
    if (number > last && number - last <= 3) steps++;
    last = number;
  }
  return steps >= enough;
}

/** A name, the mark of a diff: the longest beginning that nearly all lines share. */
function sameWords(lines: readonly string[], enough: number): Piece | null {
  const model = lines[lines.length >> 1] ?? '';
  let low = 0;
  let high = Math.min(MAX_WORDS, model.length);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    const words = model.slice(0, middle);
    if (lines.filter((line) => line.startsWith(words)).length >= enough) low = middle;
    else high = middle - 1;
  }
  const words = (WORDS_END.exec(model.slice(0, low))?.[0] ?? '').trimEnd();
  // Files of which trace-cmd report makes one, see refused.ts.
  if (words === '' || words.endsWith('.dat:')) return null;
  const own = ownCopy(words);
  return withGap(lines, (line) => (line.startsWith(own) ? own.length : -1));
}

/** As many of the blanks that follow are the prefix's as follow it on every line: further ones are the lines' own. */
function withGap(lines: readonly string[], end: Piece['end']): Piece {
  let gap = MAX_GAP;
  for (const line of lines) {
    const at = end(line);
    if (at < 0 || at >= line.trimEnd().length) continue;
    gap = Math.min(gap, blanksAt(line, at));
  }
  return { end, gap };
}

function pieceEnd(line: string, { end, gap }: Piece): number {
  const at = end(line);
  return at < 0 ? -1 : at + Math.min(gap, blanksAt(line, at));
}

function blanksAt(line: string, start: number): number {
  let at = start;
  while (at < line.length && line.charCodeAt(at) === 32) at++;
  return at - start;
}
