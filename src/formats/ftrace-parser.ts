import type { Nanoseconds } from '../base/time.ts';
import type { Chunk } from '../input/chunk.ts';
import type { Skimmed } from '../input/skim-engine.ts';
import { isDirty, tidyRow } from './clean.ts';
import type { ClockInfo, LineKind, LineParser, ParserContext, TimeSpan } from './format.ts';
import { CallStacks } from './ftrace-calls.ts';
import { EntryReader } from './ftrace-entry.ts';
import { GraphReader } from './ftrace-graph.ts';
import { GraphScanner } from './ftrace-graph-line.ts';
import { LatencyScanner } from './ftrace-latency-row.ts';
import { TraceMarks } from './ftrace-marks.ts';
import { RowScanner } from './ftrace-row.ts';
import { RowSkimmer } from './ftrace-skim.ts';
import { RecordTime, timeInUnit } from './record-time.ts';
import { type Damage, Repairs } from './repairs.ts';
import { decodeText, isDigit, ownCopy } from './text.ts';
import { copiedFrom } from './unwrap.ts';
import { Wanted } from './wanted.ts';

const HASH = 35;
const QUOTE = 62;
const OPEN_BRACKET = 91;
/** What is left of a comment whose event ends in a newline, as aer_event of 7.3 does. */
const COMMENT_END = ' */';
/** What a user wrote goes on in the next line, but a row that is laid out in some unknown way is no part of it. */
const LOOKS_LIKE_ROW = /\[\d{3,}\].{0,24} \d{1,12}(?:\.\d{6,9})?: /;
const MAX_HEAD = 128;

/** How a record was laid out: the layout that is tried first on the next line. */
type Layout = 'row' | 'graph' | 'latency';

/** What most of a text is: the same lines in other clothes, so one parser reads them all, in any mixture. */
export type FtraceFamily = 'ftrace' | 'ftrace-latency' | 'trace-cmd';

/**
 * Text of `/sys/kernel/tracing/trace` and `trace_pipe`, and what trace-cmd report makes of a trace.dat: rows of the function
 * tracer and of events, lines of function_graph, headers and marks, in any mixture, since people concatenate traces.
 */
export class FtraceParser implements LineParser {
  readonly #context: ParserContext;
  readonly #row = new RowScanner();
  readonly #latency = new LatencyScanner();
  readonly #graphLine = new GraphScanner();
  readonly #graph: GraphReader;
  readonly #entries: EntryReader;
  readonly #marks: TraceMarks;
  readonly #repairs: Repairs;
  readonly #time: RecordTime;
  readonly #skimmer: RowSkimmer;
  #layout: Layout = 'row';
  /** Only the frames of a stack trace, the end of a comment and the rest of what a user wrote may follow a record. */
  #afterRecord = false;
  #firstTime: Nanoseconds | null = null;
  #first = true;
  #latencyRows = 0;
  #records = 0;
  /** The last record, to find its time when the input is over; or that it was skimmed over. */
  #lastLine = '';
  /** The line as it stands in the source, while something else is read for it. */
  #raw: string | null = null;
  #skimmed = false;

  constructor(context: ParserContext) {
    const stacks = new CallStacks();
    const symbols = Wanted.symbols(context.interest);
    const events = Wanted.events(context.interest);
    const { emit } = context;
    // A line that was repaired is handed over as it stands in the source.
    this.#context = {
      ...context,
      emit: (record) => emit(this.#raw === null ? record : { ...record, text: decodeText(ownCopy(this.#raw)) }),
    };
    this.#repairs = new Repairs(context.health);
    this.#time = new RecordTime(context.health);
    this.#skimmer = new RowSkimmer(this.#time);
    this.#marks = new TraceMarks(context.health, stacks);
    this.#graph = new GraphReader(symbols, events, stacks);
    this.#entries = new EntryReader(this.#context, symbols, events, this.#graph, this.#time);
  }

  /** Latency format counts from the start of the buffer, which no other source of the same machine does. */
  get clock(): ClockInfo {
    return { name: this.#latency.relative ? 'ftrace-relative' : 'ftrace', unit: this.#time.unit };
  }

  get family(): FtraceFamily {
    if (this.#marks.traceCmd || this.#entries.traceCmdRows * 2 > this.#records) return 'trace-cmd';
    return this.#latencyRows * 2 > this.#records ? 'ftrace-latency' : 'ftrace';
  }

  parse(line: string, number: number, truncated: boolean): LineKind {
    // A name may begin so, but a row begins with the blanks that fill it up.
    if (line.charCodeAt(0) === QUOTE) {
      const kind = this.#parseCopied(line, number, truncated);
      if (kind !== 'unparsed') return kind;
    }
    const kind = this.#parse(line, number, truncated);
    return kind === 'unparsed' && line.charCodeAt(0) !== QUOTE ? this.#parseCopied(line, number, truncated) : kind;
  }

  /** What a line may have been before it was copied. */
  #parseCopied(line: string, number: number, truncated: boolean): LineKind {
    for (const { plain, damage } of copiedFrom(line)) {
      this.#raw = line;
      const kind = this.#parse(plain, number, truncated);
      this.#raw = null;
      if (kind === 'unparsed') continue;
      if (damage !== null && kind === 'record') this.#repairs.note(damage, number);
      return kind;
    }
    return 'unparsed';
  }

  #parse(line: string, number: number, truncated: boolean): LineKind {
    const row = this.#row;
    const isRow =
      this.#layout === 'row' ? row.scan(line) : line.charCodeAt(row.cpuColumn) === OPEN_BRACKET && row.scan(line);
    if (isRow) return this.#takeRow(line, number, truncated);
    return this.#parseOther(line, number, truncated);
  }

  skim(chunk: Chunk, start: number, _number: number): Skimmed | null {
    const skimmed = this.#skimmer.skim(chunk, start);
    if (skimmed === null) return null;
    this.#afterRecord = true;
    this.#skimmed = true;
    return skimmed;
  }

  /** A line was read as it had been; for the health row at the end. */
  repaired(damage: Damage, number: number): void {
    this.#repairs.note(damage, number);
  }

  end(): void {
    this.#time.end();
    this.#entries.end();
    this.#repairs.end();
  }

  span(): TimeSpan {
    if (this.#skimmed) return { first: this.#firstTime, last: this.#time.advanced };
    return { first: this.#firstTime, last: this.#lastLine === '' ? null : this.#timeOf(this.#lastLine) };
  }

  /** The time of a record, laid out like the last one. */
  #timeOf(line: string): Nanoseconds | null {
    const { unit } = this.#time;
    const row = this.#row;
    const latency = this.#latency;
    if (this.#layout === 'row' && row.scan(line)) return timeInUnit(row.time(line), row.ticks, unit);
    if (this.#layout === 'latency' && latency.scan(line)) return timeInUnit(latency.time(line), latency.ticks, unit);
    if (!this.#graphLine.scan(line)) return null;
    const time = this.#graphLine.time();
    return time === null ? null : timeInUnit(time, this.#graphLine.ticks, unit);
  }

  #takeRow(line: string, number: number, truncated: boolean): LineKind {
    const row = this.#row;
    this.#time.note(row.stamp, row.ticks, number);
    this.#skimmer.learn(line, row.cpuColumn, row.stampEnd, row.stamp);
    this.#begin(line, 'row');
    const isTaken = this.#entries.take(line, number, truncated, row.text, row, this.#skimmer, false);
    if (!isTaken) this.#takeTidy(line, row, number, truncated);
    return 'record';
  }

  #takeLatency(line: string, number: number, truncated: boolean): LineKind {
    const row = this.#latency;
    this.#skimmer.forget();
    this.#time.note(row.stamp, row.ticks, number);
    this.#latencyRows++;
    this.#begin(line, 'latency');
    if (!this.#entries.take(line, number, truncated, row.text, row, null, false))
      this.#takeTidy(line, row, number, truncated);
    return 'record';
  }

  /** A row into which pasting may have put something, as it had been. */
  #takeTidy(line: string, row: RowScanner | LatencyScanner, number: number, truncated: boolean): void {
    this.#tidied(line, row.text, number, (plain) =>
      this.#entries.take(plain, number, truncated, row.text, row, null, true),
    );
  }

  #tidied(line: string, from: number, number: number, take: (plain: string) => void): void {
    const { plain, damage } = tidyRow(line, from);
    const outer = this.#raw;
    this.#raw ??= line;
    take(plain);
    this.#raw = outer;
    if (damage !== null && outer === null) this.#repairs.note(damage, number);
  }

  /** What every record leaves behind. */
  #begin(line: string, layout: Layout): void {
    this.#layout = layout;
    this.#afterRecord = true;
    this.#records++;
    this.#lastLine = line;
    this.#skimmed = false;
    if (!this.#first) return;
    this.#first = false;
    this.#firstTime = this.#timeOf(line);
  }

  #parseOther(line: string, number: number, truncated: boolean): LineKind {
    if (this.#layout === 'latency' && this.#latency.scan(line)) return this.#takeLatency(line, number, truncated);
    this.#skimmer.forget();
    // `# 2019.198 us |  fn();` is a call: with option nofuncgraph-cpu the mark of the duration comes first.
    if (line === '' || (line.charCodeAt(0) === HASH && !isDigit(line.charCodeAt(2)))) {
      this.#afterRecord = false;
      this.#marks.take(line, number);
      return 'skipped';
    }
    if (this.#graphLine.scan(line)) return this.#takeGraph(line, number, truncated);
    if (this.#marks.take(line, number)) return 'skipped';
    if (this.#layout !== 'row' && this.#row.scan(line)) return this.#takeRow(line, number, truncated);
    if (this.#layout !== 'latency' && this.#latency.scan(line)) return this.#takeLatency(line, number, truncated);
    return this.#afterRecord && this.#continues(line) ? 'continuation' : 'unparsed';
  }

  #continues(line: string): boolean {
    return (
      line.startsWith(' => ') ||
      line.startsWith('=> ') ||
      line === COMMENT_END ||
      (this.#entries.payload && !this.#skimmed && !looksLikeRow(line))
    );
  }

  #takeGraph(line: string, number: number, truncated: boolean): LineKind {
    const scanned = this.#graphLine;
    // A marker with newlines: the comment ends in a later line.
    this.#entries.payload = scanned.kind === 'comment' && !line.endsWith(COMMENT_END);
    if (scanned.stamp === null) this.#time.noteNone();
    else this.#time.note(scanned.stamp, scanned.ticks, number);
    this.#begin(line, 'graph');
    if (scanned.squeezed) this.#repairs.note('squeezed', number);
    if (!this.#emitGraph(line, number, truncated, false))
      this.#tidied(line, scanned.text, number, (plain) => this.#emitGraph(plain, number, truncated, true));
    return 'record';
  }

  #emitGraph(line: string, number: number, truncated: boolean, tidy: boolean): boolean {
    const record = this.#graph.read(line, number, truncated, this.#graphLine, this.#time.unit, tidy);
    if (record === 'dirty') return false;
    if (record === 'damaged') this.#entries.damaged(number);
    else if (record !== null) this.#context.emit(record);
    return true;
  }
}

function looksLikeRow(line: string): boolean {
  const head = line.slice(0, MAX_HEAD);
  return LOOKS_LIKE_ROW.test(head) || (isDirty(head) && LOOKS_LIKE_ROW.test(tidyRow(head).plain));
}
