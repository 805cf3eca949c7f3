import type { Nanoseconds } from '../base/time.ts';
import type { Chunk } from '../input/chunk.ts';
import { type LinePrefix, SkimEngine, type Skimmed } from '../input/skim-engine.ts';
import { type Joint, pasteEnd, wrapJoint } from './clean.ts';
import { isElision } from './elision.ts';
import type { ClockInfo, LineKind, LineParser, ParserContext, TimeSpan } from './format.ts';
import { HeldMessage } from './held-message.ts';
import type { FurtherLine } from './joined-message.ts';
import type { LineForm } from './line-form.ts';
import type { LineHead } from './line-head.ts';
import { isBelow } from './octal.ts';
import { PrintkStream } from './printk.ts';
import { foldedTail, isFolded, isWider, type TerminalFold, terminalFold } from './terminal-fold.ts';
import { unquotedLike } from './unwrap.ts';
import { pairOf, wrapDoubts } from './wrap-doubts.ts';

/** What an analyst typed where memory images are read: crash, gdb. */
const PROMPT = /^(?:crash[\w-]{0,16}|drgn)> |^\(gdb\) /;
const MAX_PROMPT = 32;
/** What stands before a mark of the console in a quotation. */
const QUOTE = /^[ \t>|]*$/;
const MAX_QUOTE = 64;
/**
 * A text of one message a line, each with a head, whatever it looks like. A message goes on in lines that are indented, and
 * in those that a mail program broke off.
 */
export class PrintkLines implements LineParser {
  protected readonly stream: PrintkStream;
  readonly #form: LineForm;
  #head: LineHead;
  readonly #held: HeldMessage;
  /** Whether it may go on: not behind a loss mark. */
  #open = false;
  /** A blank line stands behind it: no mail program broke it off there. */
  #blank = false;
  #bare = false;
  #firstTime: Nanoseconds | null = null;
  #longest = 0;
  /** The last line said that the one before comes again. */
  #replaying = false;
  /** See {@link wrapDoubts}. */
  #doubts: ReadonlySet<string> = new Set();
  /** Where a terminal broke the lines. */
  #fold: TerminalFold | null = null;
  /** A line was wider than that: there was no terminal. */
  #refuted = false;

  constructor(context: ParserContext, form: LineForm) {
    this.stream = new PrintkStream(context);
    this.#form = form;
    this.#head = form.createHead();
    this.#held = new HeldMessage(form.createHead());
  }

  get clock(): ClockInfo {
    return this.stream.clock;
  }

  /** First line of the last record; empty before the first one. */
  protected get lastRecord(): string {
    return this.#held.first;
  }

  learn(lines: readonly string[]): void {
    const begins = (line: string) => this.#head.scan(line);
    this.#doubts = wrapDoubts(lines, begins);
    this.#fold = terminalFold(lines, { begins, stands: (line) => this.#stands(line) });
  }

  parse(line: string, number: number, truncated: boolean): LineKind {
    const own = this.#open && this.#held.first.startsWith('>') ? unquotedLike(this.#held.first, line) : line;
    const indent = indentOf(own);
    if (this.#open && indent > 0 && this.#held.isAligned(own, indent)) return this.#goOn(line, '\n', number, truncated);
    if (this.#head.scan(line)) return this.#begin(line, number, truncated);
    if (pasteEnd(line) === line.length || line.trim() === '') {
      this.#blank = true;
      return 'skipped';
    }
    const around = { longest: this.#longest, fold: this.#refuted ? null : this.#fold };
    if (!this.#open && this.stream.nestedGoesOn(line, number, truncated, around)) return 'nested';
    if (this.#isFolded(line, number)) return this.#goOn(line, 'fold', number, truncated);
    if (this.stream.elided(line, number)) return this.#close();
    const mark = line.indexOf('** ');
    if (mark >= 0 && mark <= MAX_QUOTE && QUOTE.test(line.slice(0, mark))) {
      const kind = this.#mark(line.slice(mark), number, truncated);
      if (kind !== null) return kind;
    }
    if (PROMPT.test(line.slice(0, MAX_PROMPT))) return this.#close();
    if (this.#open && isBelow(line)) return this.#goOn(line, '\n', number, truncated);
    const special = this.#form.other?.(line, number, this.stream) ?? null;
    if (special !== null) {
      if (special !== 'continuation') this.#open = false;
      return special;
    }
    const joint = this.#open && !this.#blank ? this.#wrapJoint(line, number) : null;
    if (joint === '=') return this.#goOn(line, joint, number, truncated);
    if (indent > 0 && this.#open && !this.#blank) return this.#goOn(line, '\n', number, truncated);
    if (joint !== null) return this.#goOn(line, joint, number, truncated);
    if (this.#bare && this.#open) return this.#goOn(line, '\n', number, truncated);
    this.#open = false;
    return 'unparsed';
  }

  /** A mark of the console that stands in a line of its own, or before the next message. */
  #mark(line: string, number: number, truncated: boolean): LineKind | null {
    if (this.stream.replaying(line)) {
      this.#replaying = true;
      return this.#close();
    }
    const rest = this.stream.dropped(line, number);
    if (rest === null) return null;
    return this.#head.scan(rest) ? this.#begin(rest, number, truncated) : 'skipped';
  }

  end(): void {
    this.#flush();
    this.stream.end();
  }

  retract(count: number): void {
    this.#held.retract(count);
  }

  span(): TimeSpan {
    const { line } = this.#held;
    if (line === 0) return { first: null, last: null };
    const head = this.#held.scanned();
    return { first: this.#firstTime, last: head === null ? null : this.#timeOf(head) };
  }

  /** See {@link LineParser.skim}: lines that have a head of the usual shape behind the prefix. */
  protected skimMessages(chunk: Chunk, start: number, number: number, prefix: LinePrefix | null): Skimmed | null {
    const { floor, hints } = this.stream;
    if (floor === null || hints === null || this.#replaying) return null;
    const skimmed = SkimEngine.get()?.messages(chunk, start, hints, prefix, floor) ?? null;
    if (skimmed === null) return null;
    this.#flush();
    this.stream.advance(skimmed.stamp, skimmed.lines);
    this.#longest = Math.max(this.#longest, skimmed.longest);
    this.#refuted ||= this.#fold !== null && skimmed.longest > this.#fold.width + this.#fold.indent;
    // The last one may go on.
    const last = chunk.bytes.toString('latin1', skimmed.lastStart, skimmed.lastEnd);
    this.#hold(last, number + skimmed.lines - 1, false);
    return skimmed;
  }

  #hold(line: string, number: number, truncated: boolean): void {
    this.#refuted ||= this.#fold !== null && isWider(this.#fold, line);
    this.#held.hold(line, number, truncated);
    this.#open = true;
    this.#blank = false;
    this.#bare = false;
    this.#longest = Math.max(this.#longest, line.length);
  }

  #flush(): void {
    const held = this.#held;
    if (held.wanted) {
      held.wanted = false;
      held.emit(this.stream, this.#form.dictionary, this.#fold);
    }
    held.drop();
  }

  /** Nothing may go on behind this line. */
  #close(): LineKind {
    this.#open = false;
    return 'skipped';
  }

  #begin(line: string, number: number, truncated: boolean): LineKind {
    const head = this.#head;
    const message = head.plain.slice(head.message);
    const replayed = this.#replaying;
    if (replayed) {
      this.#replaying = false;
      if (this.#held.wanted && this.#held.isPieceOf(message, head.stamp)) this.#held.wanted = false;
    }
    this.#flush();
    this.#open = false;
    const { claimed } = head;
    if (!claimed && message.startsWith('** ') && this.stream.dropped(message, number) !== null) return 'skipped';
    if (!claimed && this.stream.nested(message, line, number, truncated, replayed)) return 'nested';
    const first = this.#held.line === 0;
    this.stream.begin(head.stamp, claimed ? '' : message, number, head.clock);
    if (first) this.#firstTime = this.#timeOf(head);
    if (head.damage !== null) this.stream.repaired(head.damage, number);
    this.#hold(line, number, truncated);
    this.#bare = head.bareContinuation;
    // What was taken away may be what somebody looks for. The head is not: of many a host the name is one of our words.
    this.#held.wanted = this.stream.wanted(message) || (head.plain !== line && this.stream.wanted(line));
    if (this.#held.wanted) this.#head = this.#held.exchange(head);
    return 'record';
  }

  #timeOf(head: LineHead): Nanoseconds | null {
    return this.stream.counts(head.clock) ? head.values().time : null;
  }

  #isFolded(line: string, number: number): boolean {
    const fold = this.#fold;
    if (fold === null) return false;
    this.#refuted ||= isWider(fold, line);
    if (this.#refuted || !this.#open || this.#blank || !isFolded(fold, this.#held.previous, line) || this.#stands(line))
      return false;
    return this.stream.foldsOn(
      this.#held.message(this.#fold),
      foldedTail(fold, this.#held.previous, line),
      fold.certain,
      number,
    );
  }

  #stands(line: string): boolean {
    return isElision(line) || this.#form.stands?.(line) === true;
  }

  #wrapJoint(line: string, number: number): Joint | null {
    const joint = wrapJoint(this.#held.previous, line, this.#longest);
    if (joint !== ' ') return joint;
    if (this.#doubts.has(pairOf(this.#held.previous, line))) return null;
    return this.stream.goesOn(this.#held.message(this.#fold), line.slice(pasteEnd(line)), number) ? joint : null;
  }

  #goOn(line: string, joint: FurtherLine['joint'], number: number, truncated: boolean): LineKind {
    this.#blank = false;
    const held = this.#held;
    const seen = joint === 'fold' ? held.previous + line : line;
    if (joint !== '\n') this.stream.repaired(joint === '=' ? 'soft-break' : 'wrapped', number);
    if (held.add({ line, joint }, number, truncated)) held.wanted ||= this.stream.wanted(seen);
    return 'continuation';
  }
}

/** Leading blanks and tabs. */
function indentOf(line: string): number {
  let at = 0;
  for (;;) {
    const code = line.charCodeAt(at);
    if (code !== 32 && code !== 9) return at;
    at++;
  }
}
