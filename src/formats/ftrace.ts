import type { Nanoseconds } from '../base/time.ts';
import type { ClockInfo, Format, LineKind, LineParser, ParserContext, TimeSpan } from './format.ts';
import { CallStacks } from './ftrace-calls.ts';
import { GraphReader } from './ftrace-graph.ts';
import { GraphScanner } from './ftrace-graph-line.ts';
import { TraceMarks } from './ftrace-marks.ts';
import { RowScanner, rowTask } from './ftrace-row.ts';
import { RowSkimmer } from './ftrace-skim.ts';
import { mayMatter, parseFunctionText, skipBlanks, textKind, wantedEvent } from './ftrace-text.ts';
import type { KernelRecord } from './record.ts';
import { RecordTime, timeInUnit } from './record-time.ts';
import { shareExplained } from './share.ts';
import { decodeText, identifierEnd, isDigit, ownCopy } from './text.ts';
import { Wanted } from './wanted.ts';

const HASH = 35;
const OPEN_BRACKET = 91;
/** trace-cmd report: `function:             pcie_flr <-- __pci_reset_function_locked`. */
const TRACE_CMD_FUNCTION = 'function';
/** What is left of a comment whose event ends in a newline, as aer_event of 7.3 does. */
const COMMENT_END = ' */';

/**
 * Text of `/sys/kernel/tracing/trace` and `trace_pipe`: rows of the function tracer and of events, lines of function_graph,
 * headers and marks, in any mixture, since people concatenate traces.
 */
class FtraceParser implements LineParser {
  readonly #context: ParserContext;
  readonly #symbols: Wanted;
  readonly #events: Wanted;
  readonly #row = new RowScanner();
  readonly #graphLine = new GraphScanner();
  readonly #graph: GraphReader;
  readonly #marks: TraceMarks;
  readonly #time: RecordTime;
  readonly #skimmer: RowSkimmer;
  /** Whether the last record was a line of function_graph: the form that is tried first. */
  #inGraph = false;
  /** Only the frames of a stack trace and the end of a comment may follow a record. */
  #afterRecord = false;
  #firstTime: Nanoseconds | null = null;
  #first = true;
  /** The last record, to find its time when the input is over; or that it was skimmed over. */
  #lastLine = '';
  #skimmed = false;

  constructor(context: ParserContext) {
    const stacks = new CallStacks();
    this.#context = context;
    this.#symbols = Wanted.symbols(context.interest);
    this.#events = Wanted.events(context.interest);
    this.#time = new RecordTime(context.health);
    this.#skimmer = new RowSkimmer(this.#time);
    this.#marks = new TraceMarks(context.health, stacks);
    this.#graph = new GraphReader(this.#symbols, this.#events, stacks);
  }

  get clock(): ClockInfo {
    return { name: 'ftrace', unit: this.#time.unit };
  }

  parse(line: string, number: number, truncated: boolean): LineKind {
    const row = this.#row;
    const isRow = this.#inGraph ? line.charCodeAt(row.cpuColumn) === OPEN_BRACKET && row.scan(line) : row.scan(line);
    if (isRow) return this.#takeRow(line, number, truncated);
    return this.#parseOther(line, number, truncated);
  }

  skim(bytes: Uint8Array, _text: string, start: number, end: number, _number: number): boolean {
    if (!this.#skimmer.skim(bytes, start, end)) return false;
    this.#afterRecord = true;
    this.#skimmed = true;
    return true;
  }

  end(): void {
    this.#skimmer.settle();
    this.#time.end();
  }

  span(): TimeSpan {
    const row = this.#row;
    if (this.#skimmed) return { first: this.#firstTime, last: this.#time.advanced };
    let last: Nanoseconds | null = null;
    if (this.#lastLine !== '')
      last = !this.#inGraph && row.scan(this.#lastLine) ? this.#exactTime(this.#lastLine) : this.#graphSpan();
    return { first: this.#firstTime, last };
  }

  #graphSpan(): Nanoseconds | null {
    if (!this.#graphLine.scan(this.#lastLine)) return null;
    const time = this.#graphLine.time();
    return time === null ? null : timeInUnit(time, this.#graphLine.ticks, this.#time.unit);
  }

  #exactTime(line: string): Nanoseconds | null {
    return timeInUnit(this.#row.time(line), this.#row.ticks, this.#time.unit);
  }

  #takeRow(line: string, number: number, truncated: boolean): LineKind {
    const row = this.#row;
    this.#skimmer.settle();
    this.#time.note(row.stamp, row.ticks, number);
    this.#skimmer.learn(line, row.cpuColumn, row.stampEnd, row.stamp);
    this.#inGraph = false;
    this.#afterRecord = true;
    this.#lastLine = line;
    this.#skimmed = false;
    if (this.#first) {
      this.#first = false;
      this.#firstTime = this.#exactTime(line);
    }
    this.#takeText(line, number, truncated, row.text);
    return 'record';
  }

  #takeText(line: string, number: number, truncated: boolean, start: number): void {
    const end = identifierEnd(line, start);
    if (end === start) return;
    const kind = textKind(line, end);
    const name = line.slice(start, end);
    if (kind === 'function') {
      const symbol = this.#symbols.name(name);
      if (symbol === null) this.#skimmer.addFunction(name);
      else this.#emitFunction(ownCopy(line), number, truncated, end, symbol);
    } else if (kind === 'event') {
      if (name === TRACE_CMD_FUNCTION) this.#takeText(line, number, truncated, skipBlanks(line, end + 1));
      else if (mayMatter(line, start, end, this.#events)) this.#emitEvent(ownCopy(line), number, truncated, start, end);
      else this.#skimmer.addEvent(name);
    }
  }

  #parseOther(line: string, number: number, truncated: boolean): LineKind {
    this.#skimmer.settle();
    this.#skimmer.forget();
    // `# 2019.198 us |  fn();` is a call: with option nofuncgraph-cpu the mark of the duration comes first.
    if (line === '' || (line.charCodeAt(0) === HASH && !isDigit(line.charCodeAt(2)))) {
      this.#afterRecord = false;
      this.#marks.take(line, number);
      return 'skipped';
    }
    if (this.#graphLine.scan(line)) return this.#takeGraph(line, number, truncated);
    if (this.#marks.take(line, number)) return 'skipped';
    if (this.#inGraph && this.#row.scan(line)) return this.#takeRow(line, number, truncated);
    if (this.#afterRecord && (line.startsWith(' => ') || line === COMMENT_END)) return 'continuation';
    return 'unparsed';
  }

  #takeGraph(line: string, number: number, truncated: boolean): LineKind {
    const scanned = this.#graphLine;
    this.#inGraph = true;
    this.#afterRecord = true;
    this.#lastLine = line;
    this.#skimmed = false;
    if (scanned.stamp === null) this.#time.noteNone();
    else this.#time.note(scanned.stamp, scanned.ticks, number);
    if (this.#first) {
      this.#first = false;
      this.#firstTime = this.#graphSpan();
    }
    const record = this.#graph.read(line, number, truncated, scanned, this.#time.unit);
    if (record !== null) this.#context.emit(record);
    return 'record';
  }

  #emitFunction(line: string, number: number, truncated: boolean, end: number, symbol: string): void {
    const { args, parent } = parseFunctionText(line, end);
    this.#context.emit({ ...this.#base(line, number, truncated), type: 'function', symbol, parent, args });
  }

  #emitEvent(line: string, number: number, truncated: boolean, start: number, end: number): void {
    const event = wantedEvent(line, start, end, line.length, this.#events, this.#symbols);
    if (event === null) return;
    this.#context.emit({
      ...this.#base(line, number, truncated),
      type: 'event',
      name: event.name,
      body: decodeText(event.body),
      symbol: event.probe?.symbol ?? null,
      offset: event.probe?.offset ?? null,
      isReturn: event.probe?.isReturn ?? false,
      caller: event.probe?.caller ?? null,
      fields: event.fields,
      enclosingLine: null,
      stack: null,
    });
  }

  #base(
    line: string,
    number: number,
    truncated: boolean,
  ): Omit<KernelRecord & { type: 'printk' }, 'type' | 'level' | 'message'> {
    const who = rowTask(line, this.#row.cpuColumn);
    return {
      line: number,
      endLine: number,
      time: this.#exactTime(line),
      cpu: this.#row.cpu,
      task: who === null ? null : decodeText(who.task),
      pid: who?.pid ?? null,
      text: decodeText(line),
      truncated,
    };
  }
}

export const ftrace: Format = {
  id: 'ftrace',
  title: 'ftrace text: /sys/kernel/tracing/trace and trace_pipe of the function, function_graph and nop tracers',
  example: '             drv-278     [001] ...2.    85.767238: pcie_flr: (pcie_flr+0x0/0x160) bdf="0000:02:00.0"',
  detect: (lines) => shareExplained(lines, (context) => new FtraceParser(context)),
  parser: (context) => new FtraceParser(context),
};
