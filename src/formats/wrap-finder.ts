import { isProse } from './elision.ts';
import { isOpen } from './open-row.ts';
import {
  foldedTail,
  isFolded,
  isWider,
  type LineKinds,
  mayGoOn,
  type TerminalFold,
  terminalFold,
} from './terminal-fold.ts';
import { unquoted } from './unwrap.ts';

/** Mail programs break lines at 72 to 80, with marks of quotation beyond; some forums later. */
const MIN_WIDTH = 60;
const MAX_WIDTH = 160;
/** No terminal is as narrow as what RFC 5322 section 2.1.1 asks mail programs for. */
const MAIL_WIDTH = 78;
/** Rows that were broken for one width, until the text counts as wrapped. */
const MIN_BROKEN = 3;
/** Longest row that is put together, in characters. */
const MAX_ROW = 8192;
const QUOTES = /^(?:> ?){1,8}/;

/** What a body goes on with in another line, where the line before does not tell that it goes on. */
const TAIL = /^(?:[([{]|\/\*|<-|->|[\w.]{1,64}=)/;
/** Behind a call that is whole only a comment follows. */
const COMMENT = /^(?:\/\*|\(ret=)/;
const COMMENT_END = /^ ?\*\/$/;
const WHOLE = /[;{}]$/;
const UNFINISHED = /(?:[:,(=|]|->|<-| -)$/;
/** The same in the middle of a word, where a mail program breaks nothing. */
const IN_WORD = /\w[=(]$/;

/** What stands in a line of a trace. `part`: the columns of function_graph and a call that is not whole. */
export type Place = 'row' | 'part' | 'header' | 'other';

/** What tells the lines of a text apart. Quotations are the lines' own. */
export interface Places {
  place(line: string): Place;
  /** Whether a line that is no row stands by itself all the same: a mark, a frame. */
  stands(line: string): boolean;
  /** Rows narrower than this are not broken for their width; {@link MIN_WIDTH} where it is left out. */
  readonly minWidth?: number;
  /** Whether a row goes on so, where its looks alone do not tell. @param row all of it so far. */
  goesOn?(row: string, tail: string): boolean;
}

/** Tells the rows of a text from the rest of them that a mail program, or a terminal, put into the next line. */
export class WrapFinder {
  /** Widest row, 0 where the text was not wrapped. */
  width = 0;
  readonly #places: Places;
  readonly #kinds: LineKinds;
  /** The rows were quoted before they were broken: what was broken off has no mark of it. */
  #bareTails = false;
  /** Where a terminal broke the rows. */
  #terminal: TerminalFold | null = null;

  constructor(places: Places) {
    this.#places = places;
    this.#kinds = {
      begins: (line) => this.#isRow(line),
      stands: (line) => this.place(line) === 'header' || places.stands(unquoted(line)),
    };
  }

  learn(lines: readonly string[]): void {
    this.#learnMail(lines);
    if (this.width > 0) return;
    this.#bareTails = true;
    this.#learnMail(lines);
    if (this.width > 0) return;
    this.#bareTails = false;
    this.#terminal = terminalFold(lines, this.#kinds);
    this.width = this.#terminal?.certain === true ? this.#terminal.width : 0;
  }

  /** Whether every line has to be looked at: a terminal may have broken some. */
  get suspects(): boolean {
    return this.#terminal !== null;
  }

  /** How wide lines may be that leave it a suspicion, with what all are indented by. */
  get suspectWidth(): number {
    return this.#terminal === null ? 0 : this.#terminal.width + this.#terminal.indent;
  }

  /** A line wider than the terminal refutes it for good. */
  see(line: string): void {
    if (this.#terminal === null || !isWider(this.#terminal, line)) return;
    this.#terminal = null;
    this.width = 0;
  }

  /**
   * Whether a line may be the rest of what is readable without it, and would change what that says.
   */
  isDoubtful(previous: string, line: string): boolean {
    const terminal = this.#terminal;
    if (terminal === null || !this.#isFolded(terminal, previous, previous, line)) return false;
    return mayGoOn(previous, foldedTail(terminal, previous, line));
  }

  #isRow(line: string): boolean {
    const place = this.place(line);
    return place === 'row' || place === 'part';
  }

  /** Wrapped: no row is wider than what is broken for its width, and behind several of them stands what had no room. */
  #learnMail(lines: readonly string[]): void {
    let widest = 0;
    const broken: number[] = [];
    for (const [index, line] of lines.entries()) {
      if (!this.#isRow(line)) continue;
      widest = Math.max(widest, line.length);
      if (widest > MAX_WIDTH) return;
      if (this.isTail(line, line, lines[index + 1] ?? '')) broken.push(index);
    }
    if (widest < (this.#places.minWidth ?? MIN_WIDTH)) return;
    const fits = broken.filter((index) => isOverflow(lines[index] ?? '', unquoted(lines[index + 1] ?? ''), widest));
    // Rows that go on in the next line at any width are so by themselves; a terminal breaks in the middle of a word.
    const isAnyWidth = fits.length * 10 < broken.length * 9;
    const atWord = fits.every((index) => UNFINISHED.test(lines[index] ?? '') && !IN_WORD.test(lines[index] ?? ''));
    const isTerminal = !atWord && widest > MAIL_WIDTH && fits.every((index) => lines[index]?.length === widest);
    if (fits.length >= MIN_BROKEN && !isAnyWidth && !isTerminal) this.width = widest;
  }

  place(line: string): Place {
    return this.#places.place(line);
  }

  /** Whether a line is what was broken off the one before, for its looks alone. @param row all of the row so far. */
  isTail(row: string, previous: string, line: string): boolean {
    const tail = unquoted(line);
    // An answer below a quotation is no part of it.
    const isAlike = quoteOf(previous).trim() === quoteOf(line).trim() || (this.#bareTails && tail === line);
    if (!isAlike || row.length + line.length > MAX_ROW) return false;
    if (tail.trim() === '' || this.place(line) !== 'other' || this.#places.stands(tail)) return false;
    const body = row.trimEnd();
    if (WHOLE.test(body)) return COMMENT.test(tail);
    if (body.endsWith('|')) return row.length > body.length;
    if (UNFINISHED.test(body) || isOpen(body)) return true;
    const start = tail.trimStart();
    // What somebody wrote below a row may begin like a field of it: `(this one fails)`, `dev=foo is what I meant`.
    if (TAIL.test(start) && (start.startsWith('/*') || !isProse(start))) return true;
    return this.#places.goesOn?.(body, tail.trimStart()) === true;
  }

  /** Whether a line that fits nothing looks like the rest of a row, in a text that does not seem to be wrapped. */
  looksCutOff(line: string): boolean {
    const start = unquoted(line).trimStart();
    return TAIL.test(start) && (start.startsWith('/*') || !isProse(start));
  }

  /** The same, and the first word had no room in the line before; of a terminal, the line before is full. */
  isBrokenOff(row: string, previous: string, line: string): boolean {
    // What is readable as it stands stays so: it may be another one with the rest.
    if (this.#terminal !== null)
      return (isOpen(row) || row.endsWith(' /')) && this.#isFolded(this.#terminal, row, previous, line);
    return isOverflow(previous, unquoted(line), this.width) && this.isTail(row, previous, line);
  }

  /** The row with what was broken off it. */
  joined(row: string, line: string): string {
    if (this.#terminal !== null) return row + foldedTail(this.#terminal, row, line);
    const tail = unquoted(line);
    return row + joint(row, tail) + tail;
  }

  #isFolded(terminal: TerminalFold, row: string, previous: string, line: string): boolean {
    if (quoteOf(previous).trim() !== quoteOf(line).trim() || row.length + line.length > MAX_ROW) return false;
    if (this.place(line) !== 'other') return false;
    const tail = foldedTail(terminal, previous, line);
    // The end of a comment stands in a line of its own where its event ends so: what filled the line before was broken there.
    const endsComment = COMMENT_END.test(tail) && row.lastIndexOf('/*') > row.lastIndexOf('*/');
    if (!endsComment && this.#kinds.stands(tail)) return false;
    return isFolded(terminal, previous, line);
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

/** Calls are indented by two blanks each, so an odd one was lost at the break. */
function joint(row: string, tail: string): '' | ' ' {
  if (!row.trimEnd().endsWith('|')) return row.endsWith(' ') || tail.startsWith(' ') ? '' : ' ';
  const blanks = row.length - row.trimEnd().length + tail.length - tail.trimStart().length;
  return blanks % 2 === 0 ? '' : ' ';
}
