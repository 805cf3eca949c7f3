import type { Nanoseconds } from '../base/time.ts';
import type { Chunk } from '../input/chunk.ts';
import { type LinePrefix, SkimEngine, type Skimmed } from '../input/skim-engine.ts';
import { type Joint, pasteEnd, wrapJoint } from './clean.ts';
import { isElision } from './elision.ts';
import type { ClockInfo, LineKind, LineParser, ParserContext, TimeSpan } from './format.ts';
import { type FurtherLine, joinedMessage } from './joined-message.ts';
import type { LineHead } from './line-head.ts';
import { isBelow } from './octal.ts';
import { PrintkStream } from './printk.ts';
import type { PrintkEntry } from './printk-entry.ts';
import { foldedTail, isFolded, isWider, type TerminalFold, terminalFold } from './terminal-fold.ts';
import { decodeText, ownCopy } from './text.ts';
import { unquotedLike } from './unwrap.ts';
import { pairOf, wrapDoubts } from './wrap-doubts.ts';

/** Longest message in characters, with its further lines; what is longer is cut. */
const MAX_MESSAGE = 64 * 1024;

// RFC 2045 section 6.7: `IO_PAGE_FAULT device=3D02:00.0`. Lower case is tolerated there; here it could be part of a number.
const QUOTED_PRINTABLE = /=([0-9A-F]{2})/g;

/** What an analyst typed where memory images are read: crash, gdb. */
const PROMPT = /^(?:crash[\w-]{0,16}|drgn)> |^\(gdb\) /;
const MAX_PROMPT = 32;
/** What stands before a mark of the console in a quotation. */
const QUOTE = /^[ \t>|]*$/;
const MAX_QUOTE = 64;
/** How editors and mail programs show a carriage return. */
const CARET_M = '^M';

/** No further lines. */
const NONE: readonly FurtherLine[] = [];

/**
 * What a form adds to the common parser of lines with a head each.
 */
export interface LineForm {
  readonly createHead: () => LineHead;
  /** A line that begins no record, seen before all else; null where it is nothing special. */
  readonly other?: (line: string, number: number, stream: PrintkStream) => LineKind | null;
  /** Whether a line that begins no record is none of a record either, where its looks tell. */
  readonly stands?: (line: string) => boolean;
  /** What a head and its message say about a device, and the message without it. */
  readonly dictionary?: (message: string) => { readonly message: string; readonly device: string | null };
}

/**
 * A text of one message a line, each with a head, whatever it looks like. A message goes on in lines that are indented, and
 * in those that a mail program broke off.
 */
export class PrintkLines implements LineParser {
  protected readonly stream: PrintkStream;
  readonly #form: LineForm;
  readonly #head: LineHead;
  /** For the record that is held back, while {@link #head} is at the next one. */
  readonly #heldHead: LineHead;
  /** The record that may go on: its lines up to the cap, the numbers of the first and the last one. */
  #first = '';
  #more: FurtherLine[] = [];
  #length = 0;
  /** Further lines that were not kept. */
  #beyond = 0;
  #line = 0;
  /** Whether it may go on: not behind a loss mark. */
  #open = false;
  /** A blank line stands behind it: no mail program broke it off there. */
  #blank = false;
  #bare = false;
  #endLine = 0;
  #wanted = false;
  #truncated = false;
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
  /** A soft break was seen, so an equals sign anywhere is an escape. */
  #quotedPrintable = false;

  constructor(context: ParserContext, form: LineForm) {
    this.stream = new PrintkStream(context);
    this.#form = form;
    this.#head = form.createHead();
    this.#heldHead = form.createHead();
  }

  get clock(): ClockInfo {
    return this.stream.clock;
  }

  /** First line of the last record; empty before the first one. */
  protected get lastRecord(): string {
    return this.#first;
  }

  learn(lines: readonly string[]): void {
    const begins = (line: string) => this.#head.scan(line);
    this.#doubts = wrapDoubts(lines, begins);
    this.#fold = terminalFold(lines, { begins, stands: (line) => this.#stands(line) });
  }

  parse(line: string, number: number, truncated: boolean): LineKind {
    const own = this.#open && this.#first.startsWith('>') ? unquotedLike(this.#first, line) : line;
    const indent = indentOf(own);
    if (this.#open && indent > 0 && this.#isAligned(own, indent)) return this.#goOn(line, '\n', number, truncated);
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
    this.#endLine -= count;
    // Lines beyond the cap were not kept.
    const kept = Math.max(0, count - this.#beyond);
    this.#beyond -= count - kept;
    if (kept > 0) for (const { line } of this.#more.splice(-kept)) this.#length -= line.length;
  }

  span(): TimeSpan {
    if (this.#line === 0) return { first: null, last: null };
    return { first: this.#firstTime, last: this.#heldHead.scan(this.#first) ? this.#timeOf(this.#heldHead) : null };
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
    this.#first = line;
    this.#open = true;
    this.#blank = false;
    this.#bare = false;
    this.#length = line.length;
    this.#longest = Math.max(this.#longest, line.length);
    this.#line = number;
    this.#endLine = number;
    this.#truncated = truncated;
    this.#beyond = 0;
  }

  #flush(): void {
    if (this.#wanted) this.#emit();
    if (this.#more.length > 0) this.#more = [];
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
      if (this.#wanted && this.#isPieceOf(message, head.stamp)) this.#wanted = false;
    }
    this.#flush();
    this.#open = false;
    const { claimed } = head;
    if (!claimed && message.startsWith('** ') && this.stream.dropped(message, number) !== null) return 'skipped';
    if (!claimed && this.stream.nested(message, line, number, truncated, replayed)) return 'nested';
    const first = this.#line === 0;
    this.stream.begin(head.stamp, claimed ? '' : message, number, head.clock);
    if (first) this.#firstTime = this.#timeOf(head);
    if (head.damage !== null) this.stream.repaired(head.damage, number);
    this.#hold(line, number, truncated);
    this.#bare = head.bareContinuation;
    // What was taken away may be what somebody looks for. The head is not: of many a host the name is one of our words.
    this.#wanted = this.stream.wanted(message) || (head.plain !== line && this.stream.wanted(line));
    return 'record';
  }

  /** Whether the record that is held back is a piece of this message. */
  #isPieceOf(message: string, stamp: number | null): boolean {
    const held = this.#heldHead;
    return held.scan(this.#first) && held.stamp === stamp && message.startsWith(held.plain.slice(held.message));
  }

  #timeOf(head: LineHead): Nanoseconds | null {
    return this.stream.counts(head.clock) ? head.values().time : null;
  }

  /** Whether the line stands exactly under the message before: dmesg indents the further lines of a record so. */
  #isAligned(line: string, indent: number): boolean {
    if (line.charCodeAt(0) === 9) return false;
    return this.#heldHead.scan(this.#first) && this.#heldHead.message === indent && indent > 8;
  }

  get #previous(): string {
    return this.#more.at(-1)?.line ?? this.#first;
  }

  #isFolded(line: string, number: number): boolean {
    const fold = this.#fold;
    if (fold === null) return false;
    this.#refuted ||= isWider(fold, line);
    if (this.#refuted || !this.#open || this.#blank || !isFolded(fold, this.#previous, line) || this.#stands(line))
      return false;
    return this.stream.foldsOn(this.#message(), foldedTail(fold, this.#previous, line), fold.certain, number);
  }

  #stands(line: string): boolean {
    return isElision(line) || this.#form.stands?.(line) === true;
  }

  #wrapJoint(line: string, number: number): Joint | null {
    const joint = wrapJoint(this.#previous, line, this.#longest);
    if (joint !== ' ') return joint;
    if (this.#doubts.has(pairOf(this.#previous, line))) return null;
    return this.stream.goesOn(this.#message(), line.slice(pasteEnd(line)), number) ? joint : null;
  }

  /** What was seen so far of the message that may go on. */
  #message(): string {
    const head = this.#heldHead;
    head.scan(this.#first);
    const around = { column: head.message, fold: this.#fold, first: this.#first };
    return joinedMessage(head.plain.slice(head.message), this.#more, around);
  }

  #goOn(line: string, joint: FurtherLine['joint'], number: number, truncated: boolean): LineKind {
    this.#blank = false;
    this.#endLine = number;
    this.#length += line.length;
    if (joint === '=') this.#quotedPrintable = true;
    const seen = joint === 'fold' ? this.#previous + line : line;
    if (joint !== '\n') this.stream.repaired(joint === '=' ? 'soft-break' : 'wrapped', number);
    if (this.#length > MAX_MESSAGE) {
      this.#truncated = true;
      this.#beyond++;
    } else {
      this.#more.push({ line, joint });
      this.#truncated ||= truncated;
      this.#wanted ||= this.stream.wanted(seen);
    }
    return 'continuation';
  }

  #emit(): void {
    this.#wanted = false;
    const first = ownCopy(this.#first);
    const head = this.#heldHead;
    head.scan(first);
    // Nearly always none: this is done for every record that somebody wants.
    const more = this.#more.length === 0 ? NONE : this.#more.map(({ line, joint }) => ({ line: ownCopy(line), joint }));
    const around = { column: head.message, fold: this.#fold, first: this.#first };
    let message = joinedMessage(head.plain.slice(head.message), more, around);
    if (message.endsWith(CARET_M)) message = message.slice(0, -CARET_M.length);
    if (this.#quotedPrintable) message = message.replace(QUOTED_PRINTABLE, decodeQuoted);
    const { device, message: rest } = this.#form.dictionary?.(message) ?? { message, device: null };
    const { time, cpu, pid, level } = head.values();
    const entry: PrintkEntry = {
      time: this.stream.counts(head.clock) ? time : null,
      cpu,
      pid,
      level,
      line: this.#line,
      endLine: this.#endLine,
      message: decodeText(rest),
      text: decodeText(more.length === 0 ? first : [first, ...more.map(({ line }) => line)].join('\n')),
      truncated: this.#truncated,
    };
    // Hardly any: to spread what is not there takes longer than all of the above.
    if (device === null && !head.claimed) this.stream.emit(entry);
    else
      this.stream.emit({
        ...entry,
        ...(device !== null && { device: decodeText(device) }),
        ...(head.claimed && { claimed: true }),
      });
  }
}

function decodeQuoted(_: string, hex: string): string {
  return String.fromCharCode(Number.parseInt(hex, 16));
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
