import type { HealthItem, HealthSink } from '../base/health.ts';
import type { Nanoseconds, TimeUnit } from '../base/time.ts';
import type { Chunk } from '../input/chunk.ts';
import type { Skimmed } from '../input/skim-engine.ts';
import type { LineMachine } from './machine-name.ts';
import type { Interest, KernelRecord } from './record.ts';

/**
 * What a line was. `record`: begins a record, handed over or not. `continuation`: belongs to the record before.
 * `skipped`: carries no record by design (a header, a comment, a blank line). `unparsed`: fits nothing. `nested`: belongs to
 * a part inside this one, which counts it (see {@link ParserContext.dump}).
 */
export type LineKind = 'record' | 'continuation' | 'skipped' | 'unparsed' | 'nested';

/** Where the rows of one dump go: a part of its own, since what they tell happened before the lines around them. */
export interface DumpSink {
  /** Takes a row without the head of the log; what it was. */
  row(text: string, number: number, truncated: boolean): LineKind;
  /**
   * Takes a row that was called nested before it was whole, and counts its lines, whatever it turns out to be.
   *
   * @param lines as they stand in the source, from `number` on.
   */
  whole(text: string, number: number, truncated: boolean, lines: readonly string[]): void;
  /** Counts a line that was called nested as no record: it comes again. */
  again(number: number): void;
  /** The line may be the rest of the row before, which was read without it. */
  doubt(number: number): void;
}

export interface LineParser {
  /**
   * Takes the next line. `line` holds one character per byte (latin1) and no line ending; `number` is 1-based.
   * Records go to {@link ParserContext.emit}, in order, at the latest with the next call or {@link end}.
   */
  parse(line: string, number: number, truncated: boolean): LineKind;
  /**
   * A first look at the whole lines of a chunk, from the one at `start` on, before they are cut out: those that are records
   * which nobody wants, or null where the next line is none. {@link parse} would have counted each as a record and handed none over.
   *
   * @param number of the line at `start`.
   */
  skim?(chunk: Chunk, start: number, number: number): Skimmed | null;
  /** Before the first line: what the first lines of the part are, at most 400. They come to {@link parse} all the same. */
  learn?(lines: readonly string[]): void;
  /** The last `count` lines that were called continuation are none: they belong to another part of the file. */
  retract?(count: number): void;
  /** Whether a part of its own begins with this line, and why; asked before {@link parse}, which then is not called. */
  begins?(line: string, number: number): HealthItem | null;
  /** Of which machine a line is, as it says itself; null where it does not. Asked before {@link parse}; changes nothing. */
  machine?(line: string): LineMachine | null;
  /**
   * Whether the line, of a machine that was not heard of before, is of the parser's own one: it was said that it would be called so,
   * and its clock goes on. Changes nothing.
   */
  becomes?(line: string): boolean;
  /**
   * The lines so far of the entry that goes on with the line which {@link machine} was just asked about: they are the parser's no
   * longer, for they are of another machine. None where each line tells by itself of which one it is.
   */
  release?(): readonly ReleasedLine[];
  /** The input is over: hands over what was held back. */
  end(): void;
  /** What the time stamps count so far. */
  readonly clock: ClockInfo;
  /** Times of the first and the last record in the order of the file, handed over or not; null where they carry none. */
  span(): TimeSpan;
}

/** A line that {@link LineParser.parse} called `kind`. */
export interface ReleasedLine {
  readonly line: string;
  readonly number: number;
  readonly truncated: boolean;
  readonly kind: LineKind;
}

export interface TimeSpan {
  readonly first: Nanoseconds | null;
  readonly last: Nanoseconds | null;
}

/** `name` is part of the JSON output: `printk`, `ftrace` (a clock with seconds that the text does not name), ... */
export interface ClockInfo {
  readonly name: string;
  readonly unit: TimeUnit;
}

export interface ParserContext {
  emit(record: KernelRecord): void;
  readonly interest: Interest;
  readonly health: HealthSink;
  /** A trace buffer was dumped into this log: where its rows go, null where there is no room for one more part. */
  readonly dump?: () => DumpSink | null;
}

/** One form of text. A new form = its file here, its line in `index.ts`, its cases in `fixtures/formats/<id>/`. */
export interface Format {
  /** As in `--input-format`, the JSON output and the docs, such as `dmesg`. */
  readonly id: string;
  /** What `tdi-trace formats` prints: one line, and a real example line. */
  readonly title: string;
  readonly example: string;
  /**
   * How well the first lines fit, 0 to 1: the share of non-blank lines that this form explains. Pure; never throws.
   * `lines` are latin1, at most 400.
   */
  detect(lines: readonly string[]): number;
  parser(context: ParserContext): LineParser;
  /** What {@link detect} answers to lines that all fit, where that is less than 1. */
  readonly best?: number;
}
