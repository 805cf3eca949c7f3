import type { HealthSink } from '../base/health.ts';
import type { Chunk } from '../input/chunk.ts';
import type { Skimmed } from '../input/skim-engine.ts';
import { withoutControls } from './clean.ts';
import type { ClockInfo, LineKind, LineParser, ParserContext, TimeSpan } from './format.ts';
import { CallStacks } from './ftrace-calls.ts';
import { MARKERS } from './ftrace-entry.ts';
import { GraphScanner } from './ftrace-graph-line.ts';
import { LatencyScanner } from './ftrace-latency-row.ts';
import { TraceMarks } from './ftrace-marks.ts';
import { type FtraceFamily, FtraceParser } from './ftrace-parser.ts';
import { RowScanner } from './ftrace-row.ts';
import { shareExplained } from './share.ts';
import { decodeText, identifierEnd, ownCopy } from './text.ts';
import { unquoted } from './unwrap.ts';

/** Mail programs break lines at 72 to 80, with marks of quotation beyond; some forums later. */
const MIN_WIDTH = 60;
const MAX_WIDTH = 132;
/** Rows that were broken for one width, until the text counts as wrapped. */
const MIN_BROKEN = 3;
/** Longest row that is put together, in characters. */
const MAX_ROW = 8192;
const HASH = 35;
const QUOTES = /^(?:> ?){1,8}/;
/** The last words of the header of columns. */
const HEADER_END = /^ {0,16}(?:TIMESTAMP {1,8})?(?:FUNCTION(?: CALLS)?|CALLS|(?:\| {0,16}){1,4})$/;

/** What a body goes on with in another line, where the line before does not tell that it goes on. */
const TAIL = /^(?:[([{]|\/\*|<-|->|[\w.]{1,64}=)/;
/** Behind a call that is whole only a comment follows. */
const COMMENT = /^(?:\/\*|\(ret=)/;
const WHOLE = /[;{}]$/;
const UNFINISHED = /(?:[:,(=|]|->|<-)$/;
/** The frames of a stack and the end of a comment stand in lines of their own. */
const OWN_LINE = /^(?: ?=> | \*\/$)/;

/** What stands in a line of a trace. `part`: the columns of function_graph and a call that is not whole. */
type Place = 'row' | 'part' | 'header' | 'other';

/** Tells the rows of a trace from the rest of them that a mail program put into the next line. */
class WrapFinder {
  /** Widest row, 0 where the text was not wrapped. */
  width = 0;
  readonly #row = new RowScanner();
  readonly #latency = new LatencyScanner();
  readonly #graph = new GraphScanner();
  readonly #marks = new TraceMarks(() => undefined, new CallStacks());

  /** Wrapped: no row is wider than what is broken for its width, and behind several of them stands what had no room. */
  learn(lines: readonly string[]): void {
    let widest = 0;
    const broken: number[] = [];
    for (const [index, line] of lines.entries()) {
      const place = this.place(line);
      if (place !== 'row' && place !== 'part') continue;
      widest = Math.max(widest, line.length);
      if (widest > MAX_WIDTH) return;
      if (this.isTail(line, line, lines[index + 1] ?? '')) broken.push(index);
    }
    if (widest < MIN_WIDTH) return;
    const fits = broken.filter((index) => isOverflow(lines[index] ?? '', unquoted(lines[index + 1] ?? ''), widest));
    // Rows that go on in the next line at any width are so by themselves; a terminal breaks in the middle of a word.
    const isAnyWidth = fits.length * 10 < broken.length * 9;
    const atWord = fits.every((index) => UNFINISHED.test(lines[index] ?? ''));
    const isTerminal = !atWord && fits.every((index) => lines[index]?.length === widest);
    if (fits.length >= MIN_BROKEN && !isAnyWidth && !isTerminal) this.width = widest;
  }

  place(line: string): Place {
    const bare = withoutControls(unquoted(line));
    // What a user wrote may hold newlines: its further lines are the parser's to find.
    if (this.#row.scan(bare)) return this.#isMarker(bare) ? 'other' : 'row';
    if (this.#graph.scan(bare) || this.#latency.scan(bare)) return 'row';
    if (bare.charCodeAt(0) === HASH) return 'header';
    const columns = this.#graph.columnsEnd(bare);
    // How deep a call is shows in the blanks before it: without them the rest of the row is of no use.
    return columns > 0 && bare.length > columns ? 'part' : 'other';
  }

  /** Whether a line is what was broken off the one before, for its looks alone. @param row all of the row so far. */
  isTail(row: string, previous: string, line: string): boolean {
    const tail = unquoted(line);
    // An answer below a quotation is no part of it.
    if (quoteOf(previous).trim() !== quoteOf(line).trim() || row.length + line.length > MAX_ROW) return false;
    if (tail.trim() === '' || OWN_LINE.test(tail) || this.place(line) !== 'other') return false;
    if (this.#row.scan(tail) || this.#marks.take(tail, 0)) return false;
    const body = row.trimEnd();
    if (WHOLE.test(body)) return COMMENT.test(tail);
    if (body.endsWith('|')) return row.length > body.length;
    return UNFINISHED.test(body) || isOpen(body) || TAIL.test(tail.trimStart());
  }

  /** The same, and the first word had no room in the line before. */
  isBrokenOff(row: string, previous: string, line: string): boolean {
    return isOverflow(previous, unquoted(line), this.width) && this.isTail(row, previous, line);
  }

  #isMarker(line: string): boolean {
    const start = this.#row.text;
    return MARKERS.has(line.slice(start, identifierEnd(line, start)));
  }
}

function quoteOf(line: string): string {
  return QUOTES.exec(line)?.[0] ?? '';
}

/** Whether the first word of `tail` has no room behind `previous`, which may have kept the blank between them or not. */
function isOverflow(previous: string, tail: string, width: number): boolean {
  const indent = tail.length - tail.trimStart().length;
  const blank = tail.indexOf(' ', indent);
  const word = blank < 0 ? tail.length : blank;
  return previous.length + 1 + word > width;
}

/** A bracket, a string or a comment is still open. */
function isOpen(row: string): boolean {
  if (row.lastIndexOf('/*') > row.lastIndexOf('*/')) return true;
  let depth = 0;
  let quoted = false;
  for (const character of row) {
    if (character === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (character === '(' || character === '[') depth++;
    // The columns of function_graph have a bracket that closes nothing.
    else if ((character === ')' || character === ']') && depth > 0) depth--;
  }
  return quoted || depth > 0;
}

/** Calls are indented by two blanks each, so an odd one was lost at the break. */
function joint(row: string, tail: string): '' | ' ' {
  if (!row.trimEnd().endsWith('|')) return row.endsWith(' ') || tail.startsWith(' ') ? '' : ' ';
  const blanks = row.length - row.trimEnd().length + tail.length - tail.trimStart().length;
  return blanks % 2 === 0 ? '' : ' ';
}

/** A row and what was broken off it. */
interface Row {
  readonly lines: string[];
  joined: string;
  readonly number: number;
  truncated: boolean;
}

/**
 * Text of a trace, whose rows a mail program may have broken for their width: then a row is read once the next one begins.
 * Where the first lines do not show that, every line goes to {@link FtraceParser} as it is.
 */
export class WrappedTrace implements LineParser {
  readonly #trace: FtraceParser;
  readonly #finder = new WrapFinder();
  #row: Row | null = null;
  /** The line before is a header, whose end may stand below. */
  #header = false;
  /** It was said of the lines since the last row that they are lost. */
  #lost = false;
  readonly #health: HealthSink;

  constructor(context: ParserContext) {
    this.#health = context.health;
    this.#trace = new FtraceParser({
      ...context,
      emit: (record) => {
        const row = this.#row;
        if (row === null || row.lines.length === 1 || record.line !== row.number) context.emit(record);
        else {
          const text = decodeText(ownCopy(row.lines.join('\n')));
          context.emit({ ...record, endLine: row.number + row.lines.length - 1, text });
        }
      },
    });
  }

  get clock(): ClockInfo {
    return this.#trace.clock;
  }

  get family(): FtraceFamily {
    return this.#trace.family;
  }

  learn(lines: readonly string[]): void {
    if (this.#finder.width === 0) this.#finder.learn(lines);
  }

  parse(line: string, number: number, truncated: boolean): LineKind {
    if (this.#finder.width === 0) return this.#trace.parse(line, number, truncated);
    const row = this.#row;
    const previous = row?.lines.at(-1);
    if (row !== null && previous !== undefined && this.#finder.isBrokenOff(row.joined, previous, line)) {
      const tail = unquoted(line);
      row.joined += joint(row.joined, tail) + tail;
      row.lines.push(line);
      row.truncated ||= truncated;
      this.#trace.repaired('wrapped', number);
      return 'continuation';
    }
    this.flush();
    const isHeaderEnd = this.#header && HEADER_END.test(unquoted(line));
    const place = this.#finder.place(line);
    this.#header = place === 'header';
    if (isHeaderEnd) return 'skipped';
    if (place !== 'row' && place !== 'part') return this.#tellLost(this.#trace.parse(line, number, truncated), number);
    this.#lost = false;
    this.#row = { lines: [line], joined: line, number, truncated };
    return 'record';
  }

  skim(chunk: Chunk, start: number, number: number): Skimmed | null {
    return this.#finder.width === 0 ? this.#trace.skim(chunk, start, number) : null;
  }

  retract(count: number): void {
    const row = this.#row;
    if (row === null) return;
    row.lines.splice(Math.max(1, row.lines.length - count));
    row.joined = row.lines.reduce((joined, line) => joined + joint(joined, unquoted(line)) + unquoted(line));
  }

  end(): void {
    this.flush();
    this.#trace.end();
  }

  span(): TimeSpan {
    return this.#trace.span();
  }

  /** A broken row that cannot be put together is lost, and what it called with it. */
  #tellLost(kind: LineKind, number: number): LineKind {
    if (kind !== 'unparsed' || this.#lost) return kind;
    this.#lost = true;
    const message = 'a row that was broken for its width cannot be put together here: what it told is missing';
    this.#health({ code: 'lines-elided', line: number, message, count: 1 });
    return kind;
  }

  /** Hands over the row that is held back: what comes next is none of the trace's. */
  flush(): void {
    const row = this.#row;
    if (row === null) return;
    this.#tellLost(this.#trace.parse(row.joined, row.number, row.truncated), row.number);
    this.#row = null;
  }
}

interface Look {
  readonly share: number;
  readonly family: FtraceFamily;
}

/** Three forms look at the same lines one after the other. */
const LOOKS = new WeakMap<readonly string[], Look>();

/** How well a form that {@link WrappedTrace} reads fits: the share of lines that it explains where they are of this family. */
export function detectFamily(lines: readonly string[], family: FtraceFamily): number {
  let look = LOOKS.get(lines);
  if (look === undefined) {
    const parsers: WrappedTrace[] = [];
    const share = shareExplained(lines, (context) => {
      const parser = new WrappedTrace(context);
      parser.learn(lines);
      parsers.push(parser);
      return parser;
    });
    look = { share, family: parsers[0]?.family ?? 'ftrace' };
    LOOKS.set(lines, look);
  }
  return look.family === family ? look.share : 0;
}
