import { areDigits, unpack } from './digits.ts';
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

/** Columns that a blank, at most five digits and the dot of the usual stamp take: `" %5lu.%06lu: "`. */
const SECONDS = 6;
/** From the dot to the text behind the stamp: `.758080: `. */
const FRACTION = 9;

/**
 * Recognises, on the bytes of a chunk, the row that nearly every line of a trace is: one of the function tracer or of a
 * static event, laid out as the row before, in the same second, whose name nobody wants.
 *
 *     |          <idle>-0       [003] ...1.    85.758080: _raw_spin_unlock <-mt_find
 *                               ^ column  ^flags ^dot    ^name
 *
 * Whatever is the least unusual is left to the parser proper, which also gives the layout. properties.test.ts checks that
 * both agree on any line.
 */
export class RowSkimmer {
  readonly #unwanted = new NameTable();
  readonly #time: RecordTime;
  #bytes: Uint8Array | null = null;
  #view: DataView = new DataView(new ArrayBuffer(0));
  /** Columns of `[` and of the dot; the dot's is 0 where there is no row to compare with. */
  #column = 0;
  #dot = 0;
  /** The six columns before the dot, as they were in the row before. */
  #secondsText = 0;
  #padText = 0;
  /** The digits behind the dot in the row before: the first and the last four, so that they compare as numbers. */
  #high = 0;
  #low = 0;
  /** The second that it is, in microseconds. */
  #second = 0;
  /** Rows that were taken and not yet told to {@link RecordTime}. */
  #taken = 0;

  constructor(time: RecordTime) {
    this.#time = time;
  }

  /** Nobody wants this function. */
  addFunction(name: string): void {
    this.#unwanted.add(name);
  }

  /** Nobody wants this static event. */
  addEvent(name: string): void {
    this.#unwanted.add(`${name}:`);
  }

  skim(bytes: Uint8Array, start: number, end: number): boolean {
    const dot = start + this.#dot;
    if (dot === start || dot + FRACTION + 4 > end) return false;
    const at = start + this.#column;
    if (bytes[at] !== OPEN || bytes[at - 1] !== BLANK || bytes[at + 4] !== CLOSE || bytes[at + 5] !== BLANK)
      return false;
    if (bytes[dot] !== DOT || bytes[dot + 7] !== COLON || bytes[dot + 8] !== BLANK) return false;
    if (!isDigit(bytes[at + 1]) || !isDigit(bytes[at + 2]) || !isDigit(bytes[at + 3]) || isDigit(bytes[at + 6]))
      return false;
    for (let flag = at + 6; flag < dot - SECONDS; flag++) if (bytes[flag] === BLANK) return false;
    const view = bytes === this.#bytes ? this.#view : this.#look(bytes);
    if (view.getInt32(dot - 4) !== this.#secondsText || view.getInt16(dot - SECONDS) !== this.#padText) return false;
    const high = view.getInt32(dot + 1);
    const low = view.getInt32(dot + 3);
    if (high < this.#high || (high === this.#high && low < this.#low) || !areDigits(high) || !areDigits(low))
      return false;
    if (!this.#isUnwanted(bytes, view, dot + FRACTION, end)) return false;
    this.#high = high;
    this.#low = low;
    this.#taken++;
    return true;
  }

  /**
   * The parser proper took a row: the next ones are compared with it.
   *
   * @param column of `[`, `stampEnd` that of the colon.
   */
  learn(line: string, column: number, stampEnd: number, stamp: number): void {
    const dot = stampEnd - 7;
    this.#dot = 0;
    // Only the usual shape: three digits of CPU, one word of flags, one blank, five columns of seconds.
    const flags = line.slice(column + 6, dot - SECONDS);
    if (line.charCodeAt(dot) !== DOT || line.charCodeAt(column + 4) !== CLOSE || flags === '' || flags.length > 8)
      return;
    if (flags.includes(' ') || line.charCodeAt(dot - SECONDS) !== BLANK) return;
    if (!this.#time.advances(stamp)) return;
    const code = (at: number) => line.charCodeAt(at);
    this.#column = column;
    this.#padText = (code(dot - 6) << 8) | code(dot - 5);
    this.#secondsText = pack(code(dot - 4), code(dot - 3), code(dot - 2), code(dot - 1));
    this.#high = pack(code(dot + 1), code(dot + 2), code(dot + 3), code(dot + 4));
    this.#low = pack(code(dot + 3), code(dot + 4), code(dot + 5), code(dot + 6));
    this.#second = Math.floor(stamp / 1e6) * 1e6;
    this.#dot = dot;
  }

  /** Another kind of line came: what was learnt about the rows holds no longer. */
  forget(): void {
    this.#dot = 0;
  }

  /** Tells {@link RecordTime} about the rows that were taken since. */
  settle(): void {
    if (this.#taken === 0) return;
    const fraction = unpack(this.#high) * 100 + (unpack(this.#low) % 100);
    this.#time.advance(this.#second + fraction, this.#taken);
    this.#taken = 0;
  }

  #look(bytes: Uint8Array): DataView {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return this.#view;
  }

  #isUnwanted(bytes: Uint8Array, view: DataView, start: number, end: number): boolean {
    const names = this.#unwanted;
    if (!names.has(view, start, end)) return false;
    const at = names.end;
    const next = bytes[at + 1];
    // A dynamic event may sit on a wanted symbol.
    if (bytes[at - 1] === COLON)
      return at + 1 < end && next !== OPEN_PARENTHESIS && next !== UNDERSCORE && next !== BLANK;
    return at + 2 < end && next === LESS && bytes[at + 2] === DASH;
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 48 && byte <= 57;
}

/** Four bytes, the first one the highest, as DataView.getInt32 reads them. */
function pack(a: number, b: number, c: number, d: number): number {
  return (a << 24) | (b << 16) | (c << 8) | d;
}
