import type { DumpSink } from './format.ts';

const EMPTY = '(ftrace buffer empty)';
/** Stands at both ends of the rows, ftrace_dump_one() in kernel/trace/trace.c. */
const RULE = /^-{20,}$/;
/** Messages of others that may come before the rows, and between two of them, until the dump counts as cut short. */
const MAX_BEFORE = 8;
const MAX_BETWEEN = 1000;

/**
 * A trace buffer that the kernel writes into its log, from the message that announces it to the closing rule. Messages of
 * other CPUs stand in between.
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
  #inside = false;
  #others = 0;

  constructor(sink: DumpSink) {
    this.#sink = sink;
  }

  /** @returns whether the message was a row and is dealt with. */
  take(message: string, number: number, truncated: boolean): boolean {
    if (RULE.test(message)) {
      this.done = this.#inside;
      this.#inside = true;
      return false;
    }
    if (this.#inside && this.#isRow(message, number, truncated)) {
      this.#others = 0;
      return true;
    }
    this.#others++;
    this.done = this.#others > (this.#inside ? MAX_BETWEEN : MAX_BEFORE) || message.includes(EMPTY);
    return false;
  }

  #isRow(message: string, number: number, truncated: boolean): boolean {
    if (message.trim() === '') return false;
    return this.#sink.row(message, number, truncated) !== 'unparsed';
  }
}
