import { isElision } from './elision.ts';
import type { DumpSink } from './format.ts';
import { TracePlaces } from './ftrace-wrap.ts';
import { isOpen } from './open-row.ts';
import { foldedTail, isFolded, mayGoOn, type TerminalFold } from './terminal-fold.ts';
import { WrapFinder } from './wrap-finder.ts';

const EMPTY = '(ftrace buffer empty)';
/** Stands at both ends of the rows, ftrace_dump_one() in kernel/trace/trace.c. */
const RULE = /^-{20,}$/;
/** Messages of others that may come before the rows, and between two of them, until the dump counts as cut short. */
const MAX_BEFORE = 8;
const MAX_BETWEEN = 1000;
/** Mail programs make lines no wider than this, and wrap at no less than that. */
const MAX_MAIL = 80;
const MIN_MAIL = 72;

/** A row that may go on in the next line. */
interface HeldRow {
  readonly number: number;
  readonly lines: string[];
  text: string;
  truncated: boolean;
}

/** What is known of the log around the rows. `longest`: of its lines so far. */
export interface Surroundings {
  readonly longest: number;
  readonly fold: TerminalFold | null;
}

/**
 * A trace buffer that the kernel writes into its log, from the message that announces it to the closing rule. Messages of
 * other CPUs stand in between, and a mail program or a terminal may have broken the rows.
 *
 *     Dumping ftrace buffer:
 *     ---------------------------------
 *          drv-278     0d..1. 4711us : pcie_flr <-__pci_reset_function_locked
 *     ---------------------------------
 */
export class DumpRows {
  /** The dump is over. */
  done = false;
  readonly #sink: DumpSink;
  readonly #places = new TracePlaces();
  readonly #finder = new WrapFinder(this.#places);
  #inside = false;
  #others = 0;
  #held: HeldRow | null = null;
  #longest = 0;

  constructor(sink: DumpSink) {
    this.#sink = sink;
  }

  /**
   * @param message of the log.
   * @param line that it stands in.
   * @param replayed the console was taken over in the message before, which comes again.
   * @returns whether the message was a row and is dealt with.
   */
  take(message: string, line: string, number: number, truncated: boolean, replayed = false): boolean {
    this.#longest = Math.max(this.#longest, line.length);
    if (replayed) this.#forget(message);
    this.flush();
    if (RULE.test(message)) {
      this.done = this.#inside;
      this.#inside = true;
      return false;
    }
    if (this.#inside && this.#isRow(message, line, number, truncated)) {
      this.#others = 0;
      return true;
    }
    this.#others++;
    this.done = this.#others > (this.#inside ? MAX_BETWEEN : MAX_BEFORE) || message.includes(EMPTY);
    return false;
  }

  /** Whether a line without a head is the rest of the row before, which then has it. */
  goesOn(line: string, number: number, truncated: boolean, around: Surroundings): boolean {
    const held = this.#held;
    const previous = held?.lines.at(-1);
    if (held === null || previous === undefined || number !== held.number + held.lines.length) return false;
    if (isElision(line)) return false;
    const text = this.#joined(held.text, previous, line, around);
    if (text === null) {
      const { fold } = around;
      const isDoubtful = fold !== null && isFolded(fold, previous, line);
      if (isDoubtful && mayGoOn(previous, foldedTail(fold, previous, line))) this.#sink.doubt(number);
      return false;
    }
    held.text = text;
    held.lines.push(line);
    held.truncated ||= truncated;
    return true;
  }

  /** Hands over the row that is held back. */
  flush(): void {
    const held = this.#held;
    if (held === null) return;
    this.#held = null;
    this.#sink.whole(held.text, held.number, held.truncated, held.lines);
  }

  #joined(text: string, previous: string, line: string, { longest, fold }: Surroundings): string | null {
    if (fold?.certain === true) {
      if (!isOpen(text)) return null;
      const tail = foldedTail(fold, previous, line);
      const isTail =
        isFolded(fold, previous, line) && !this.#places.stands(tail) && this.#places.place(line) === 'other';
      return isTail ? text + tail : null;
    }
    const width = Math.max(MIN_MAIL, longest, this.#longest);
    this.#finder.width = width;
    return width <= MAX_MAIL && this.#finder.isBrokenOff(text, previous, line) ? this.#finder.joined(text, line) : null;
  }

  /** A row that was cut in the middle is none where it comes again. */
  #forget(message: string): void {
    const held = this.#held;
    if (held === null || !message.startsWith(held.text)) return;
    this.#held = null;
    for (const [index] of held.lines.entries()) this.#sink.again(held.number + index);
  }

  #isRow(message: string, line: string, number: number, truncated: boolean): boolean {
    if (message.trim() === '') return false;
    const place = this.#places.place(message);
    if (place === 'other' || place === 'header') return this.#sink.row(message, number, truncated) !== 'unparsed';
    this.#held = { number, lines: [line], text: message, truncated };
    return true;
  }
}
