import { NameTable } from './name-table.ts';
import type { RecordTime } from './record-time.ts';

const BLANK = 32;
const DASH = 45;
const DOT = 46;
const COLON = 58;
const LESS = 60;
const OPEN = 91;
const CLOSE = 93;
const OPEN_PARENTHESIS = 40;
const UNDERSCORE = 95;

/** Longest run of blanks or flags in a row of the usual shape. */
const MAX_GAP = 16;

/**
 * Recognises, on the bytes of a chunk, the row that nearly every line of a trace is: one of the function tracer or of a
 * static event, in the column of the row before, whose name nobody wants.
 *
 *     |          <idle>-0       |[003] ...1. |   85.758080: |_raw_spin_unlock <-mt_find
 *                                ^ column      stamp         name
 *
 * Whatever is the least unusual is left to the parser proper. ftrace.test.ts checks that both agree.
 */
export class RowSkimmer {
  readonly functions = new NameTable();
  readonly events = new NameTable();
  readonly #time: RecordTime;

  constructor(time: RecordTime) {
    this.#time = time;
  }

  skim(bytes: Uint8Array, start: number, end: number, column: number): boolean {
    let at = start + column;
    if (at + 8 > end || bytes[at] !== OPEN || bytes[at - 1] !== BLANK) return false;
    at++;
    const cpu = at;
    while (at < end && isDigit(bytes[at])) at++;
    if (at === cpu || at - cpu > 6 || bytes[at] !== CLOSE || bytes[at + 1] !== BLANK) return false;
    at = this.#skipFlags(bytes, at + 2, end);
    if (at < 0) return false;
    let stamp = 0;
    const seconds = at;
    for (; at < end && isDigit(bytes[at]); at++) stamp = stamp * 10 + (bytes[at] ?? 0) - 48;
    if (at === seconds || at - seconds > 9 || bytes[at] !== DOT || at + 9 > end) return false;
    const dot = at++;
    for (; at < end && isDigit(bytes[at]); at++) stamp = stamp * 10 + (bytes[at] ?? 0) - 48;
    if (at - dot !== 7 || bytes[at] !== COLON || bytes[at + 1] !== BLANK) return false;
    return this.#isUnwanted(bytes, at + 2, end) && this.#time.advance(stamp);
  }

  /** Index of the stamp, -1 where the row is of another shape. */
  #skipFlags(bytes: Uint8Array, start: number, end: number): number {
    const limit = Math.min(end, start + 2 * MAX_GAP);
    let at = start;
    if (bytes[at] !== BLANK) while (at < limit && bytes[at] !== BLANK) at++;
    if (at - start > 8 || isDigit(bytes[start])) return -1;
    while (at < limit && bytes[at] === BLANK) at++;
    return at < limit ? at : -1;
  }

  #isUnwanted(bytes: Uint8Array, start: number, end: number): boolean {
    const { functions } = this;
    const found = functions.has(bytes, start, end);
    const at = functions.end;
    if (at === start || at + 3 > end) return false;
    const next = bytes[at];
    if (next === BLANK) return found && bytes[at + 1] === LESS && bytes[at + 2] === DASH;
    if (next !== COLON || bytes[at + 1] !== BLANK) return false;
    // A dynamic event may sit on a wanted symbol.
    const body = bytes[at + 2];
    return body !== OPEN_PARENTHESIS && body !== UNDERSCORE && body !== BLANK && this.events.has(bytes, start, end);
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 48 && byte <= 57;
}
