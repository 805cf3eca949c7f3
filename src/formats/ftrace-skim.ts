import type { Chunk } from '../input/chunk.ts';
import { SkimEngine, type Skimmed } from '../input/skim-engine.ts';
import type { RecordTime } from './record-time.ts';

const DOT = 46;
const CLOSE = 93;

/** Columns that a blank, at most five digits and the dot of the usual stamp take: `" %5lu.%06lu: "`. */
const SECONDS = 6;

/** The row before: columns of `[` and of the dot, the bytes before the dot, the second in microseconds, what is behind it. */
interface Layout {
  readonly column: number;
  readonly dot: number;
  readonly seconds: number;
  readonly pad: number;
  readonly second: number;
  readonly fraction: number;
}

/**
 * Goes over the rows that nearly every line of a trace is, see assembly/rows.ts: laid out as the row before, in the same
 * second, whose name nobody wants. The parser proper tells what it has learnt.
 */
export class RowSkimmer {
  readonly #time: RecordTime;
  #layout: Layout | null = null;
  /** Names learnt since the last look. */
  #names: string[] = [];

  constructor(time: RecordTime) {
    this.#time = time;
  }

  /** Nobody wants this function. */
  addFunction(name: string): void {
    if (this.#names.length < NAMES_MAX) this.#names.push(name);
  }

  /** Nobody wants this static event. */
  addEvent(name: string): void {
    if (this.#names.length < NAMES_MAX) this.#names.push(`${name}:`);
  }

  skim(chunk: Chunk, start: number): Skimmed | null {
    const layout = this.#layout;
    const engine = layout === null ? null : SkimEngine.get();
    if (layout === null || engine === null) return null;
    engine.claim(this);
    for (const name of this.#names) engine.addName(name);
    if (this.#names.length > 0) this.#names = [];
    engine.layOut(layout.column, layout.dot, layout.seconds, layout.pad);
    const skimmed = engine.rows(chunk, start, layout.fraction);
    if (skimmed === null) return null;
    this.#layout = { ...layout, fraction: skimmed.fraction };
    this.#time.advance(layout.second + skimmed.fraction, skimmed.lines);
    return skimmed;
  }

  /**
   * The parser proper took a row: the next ones are compared with it.
   *
   * @param column of `[`, `stampEnd` that of the colon.
   */
  learn(line: string, column: number, stampEnd: number, stamp: number): void {
    const dot = stampEnd - 7;
    this.#layout = null;
    // Only the usual shape: three digits of CPU, one word of flags, one blank, five columns of seconds.
    const flags = line.slice(column + 6, dot - SECONDS);
    if (line.charCodeAt(dot) !== DOT || line.charCodeAt(column + 4) !== CLOSE || flags === '' || flags.length > 8)
      return;
    if (flags.includes(' ') || line.charCodeAt(dot - SECONDS) !== BLANK) return;
    if (!this.#time.advances(stamp)) return;
    const second = Math.floor(stamp / 1e6) * 1e6;
    this.#layout = {
      column,
      dot,
      seconds: bytesAt(line, dot - 4, 4),
      pad: bytesAt(line, dot - SECONDS, 2),
      second,
      fraction: stamp - second,
    };
  }

  /** Another kind of line came: what was learnt about the rows holds no longer. */
  forget(): void {
    this.#layout = null;
  }
}

/** Names that are learnt between two looks; there are more where every line has to be looked at. */
const NAMES_MAX = 1024;
const BLANK = 32;

/** A number of `count` bytes, the first one the lowest. */
function bytesAt(line: string, at: number, count: number): number {
  let bytes = 0;
  for (let i = count - 1; i >= 0; i--) bytes = (bytes << 8) | line.charCodeAt(at + i);
  return bytes;
}
