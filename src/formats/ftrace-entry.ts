import { nameAddresses } from './address-names.ts';
import type { ParserContext } from './format.ts';
import type { GraphReader } from './ftrace-graph.ts';
import type { EntryHead } from './ftrace-head.ts';
import type { RowSkimmer } from './ftrace-skim.ts';
import { eventRecord, mayMatter, parseFunctionText, skipBlanks, textKind, wantedEvent } from './ftrace-text.ts';
import type { KernelRecord } from './record.ts';
import { type RecordTime, timeInUnit } from './record-time.ts';
import { decodeText, identifierEnd, ownCopy } from './text.ts';
import { rawFunction, TraceCmdCall } from './trace-cmd-text.ts';
import type { Wanted } from './wanted.ts';

const BLANK = 32;
const OPEN = 40;
const PLUS = 43;
const UNDERSCORE = 95;
/** Events of trace-cmd report that hold what the tracers write: `function:             pcie_flr <-- parent`. */
const TRACE_CMD_FUNCTION = 'function';
/** trace-cmd pads the name of an event; with -R by one more. */
const BODY_COLUMN = 22;
const TRACE_CMD_ENTRY = 'funcgraph_entry';
const TRACE_CMD_EXIT = 'funcgraph_exit';
// Markers hold what a user wrote, with newlines if he did: trace_printk(), trace_marker, and the events of other releases.
export const MARKERS: ReadonlySet<string> = new Set(['tracing_mark_write', 'print', 'bprint', 'bputs', 'raw_data']);
/** trace-cmd prints the bytes as they are where it cannot make sense of an event. */
const NOT_PARSED = '[FAILED TO PARSE]';
// A kernel address where trace-cmd has no symbol: `(ffffffffa0400e90)`, `(ffffffffa0400e90 <- ffffffffa04145a4)`, with -R
// `__probe_ip=ffffffffa0400e90`.
const ADDRESS_ONLY = /^(?:\(|__probe_(?:ip|func)=)(?:0x)?f{4}[0-9a-f]{12}\b/;

/** Makes records of the text of entries: function calls and events, as ftrace or trace-cmd report write them. */
export class EntryReader {
  /** The last entry may go on in the next line. */
  payload = false;
  /** Entries laid out as only trace-cmd report does. */
  traceCmdRows = 0;
  readonly #context: ParserContext;
  readonly #symbols: Wanted;
  readonly #events: Wanted;
  readonly #graph: GraphReader;
  readonly #time: RecordTime;
  readonly #call = new TraceCmdCall();
  /** Calls of function_graph stand in rows, so the rows between them are inside. */
  #calls = false;
  /** Dynamic events that name an address and no function; the line of the first. */
  #addresses = 0;
  #firstAddress = 0;

  constructor(context: ParserContext, symbols: Wanted, events: Wanted, graph: GraphReader, time: RecordTime) {
    this.#context = context;
    this.#symbols = symbols;
    this.#events = events;
    this.#graph = graph;
    this.#time = time;
  }

  /**
   * @param start index of the text in `line`.
   * @param skimmer learns the names that nobody wants; null where it does not know such rows.
   */
  take(
    line: string,
    number: number,
    truncated: boolean,
    start: number,
    head: EntryHead,
    skimmer: RowSkimmer | null,
  ): void {
    this.payload = false;
    const end = identifierEnd(line, start);
    if (end === start) {
      const behind = behindDifference(line, start);
      // Once only: a line of nothing but such marks would nest without end.
      if (identifierEnd(line, behind) > behind) this.take(line, number, truncated, behind, head, null);
      return;
    }
    const kind = textKind(line, end);
    const name = line.slice(start, end);
    if (kind === 'function') {
      const symbol = this.#symbols.name(name);
      if (symbol === null) skimmer?.addFunction(name);
      else this.#emitFunction(ownCopy(line), number, truncated, end, symbol, head);
    } else if (kind === 'event') {
      this.#takeEvent(line, number, truncated, start, end, name, head, skimmer);
    }
  }

  /** The input is over: says what could not be used. */
  end(): void {
    if (this.#addresses === 0) return;
    const { symbols } = this.#context.interest;
    const remedy =
      symbols === undefined
        ? 'give the /proc/kallsyms of that boot (--side), or the trace.dat of trace-cmd itself'
        : `${symbols.file} does not name them, it may be of another boot`;
    const message = `${this.#addresses} dynamic events name an address instead of a function, what they sit on cannot be told: ${remedy}`;
    this.#context.health({ code: 'symbols-missing', line: this.#firstAddress, message, count: this.#addresses });
  }

  #takeEvent(
    line: string,
    number: number,
    truncated: boolean,
    start: number,
    end: number,
    name: string,
    head: EntryHead,
    skimmer: RowSkimmer | null,
  ): void {
    if (line.charCodeAt(end + 1) === BLANK && line.charCodeAt(end + 2) === BLANK) {
      const body = skipBlanks(line, end + 1);
      if (body === start + BODY_COLUMN || body === start + BODY_COLUMN + 1) this.traceCmdRows++;
      this.payload = line.startsWith(NOT_PARSED, body);
      if (name === TRACE_CMD_FUNCTION) {
        this.#takeFunction(line, number, truncated, body, head);
        return;
      }
      if (name === TRACE_CMD_ENTRY || name === TRACE_CMD_EXIT) {
        this.#takeCall(line, number, truncated, end, head);
        return;
      }
    }
    if (MARKERS.has(name)) this.payload = true;
    if (mayMatter(line, start, end, this.#events)) {
      this.#emitEvent(ownCopy(line), number, truncated, start, end, head);
    } else if (!this.payload) skimmer?.addEvent(name);
  }

  #takeFunction(line: string, number: number, truncated: boolean, start: number, head: EntryHead): void {
    const raw = rawFunction(line, start);
    if (raw === null) {
      const end = identifierEnd(line, start);
      const known =
        end === start || textKind(line, end) !== 'function' ? null : this.#symbols.name(line.slice(start, end));
      if (known !== null) this.#emitFunction(ownCopy(line), number, truncated, end, known, head);
      return;
    }
    const symbol = this.#symbols.name(raw.symbol);
    if (symbol === null) return;
    const own = ownCopy(line);
    const { parent, args } = rawFunction(own, start) ?? raw;
    this.#context.emit({ ...this.#base(own, number, truncated, head), type: 'function', symbol, parent, args });
  }

  #takeCall(line: string, number: number, truncated: boolean, end: number, head: EntryHead): void {
    if (!this.#call.scan(line, end + 1, head)) return;
    this.#calls = true;
    const record = this.#graph.read(line, number, truncated, this.#call, this.#time.unit);
    if (record !== null) this.#context.emit(record);
  }

  #emitFunction(line: string, number: number, truncated: boolean, end: number, symbol: string, head: EntryHead): void {
    const { args, parent } = parseFunctionText(line, end);
    this.#context.emit({ ...this.#base(line, number, truncated, head), type: 'function', symbol, parent, args });
  }

  #emitEvent(line: string, number: number, truncated: boolean, start: number, end: number, head: EntryHead): void {
    const named = this.#named(line, end, number);
    const text = named ?? line;
    const event = wantedEvent(text, start, end, text.length, this.#events, this.#symbols);
    if (event === null) return;
    const namedBy = named === null ? undefined : this.#context.interest.symbols?.file;
    const base = this.#base(line, number, truncated, head);
    const call = this.#calls && base.pid !== null ? this.#graph.enclosing(base.pid, base.cpu) : null;
    this.#context.emit({
      ...base,
      ...eventRecord(event),
      ...(namedBy === undefined ? {} : { namedBy }),
      enclosingLine: call?.line ?? null,
      stack: call?.stack ?? null,
    });
  }

  /** The line with names where it has addresses; null where it has none, or nothing names them, which is counted. */
  #named(line: string, end: number, number: number): string | null {
    const at = skipBlanks(line, end + 1);
    const code = line.charCodeAt(at);
    if ((code !== OPEN && code !== UNDERSCORE) || !ADDRESS_ONLY.test(line.slice(at, at + 32))) return null;
    const { symbols } = this.#context.interest;
    const named = symbols === undefined ? null : nameAddresses(line, at, symbols);
    if (named !== null) return named;
    if (this.#addresses === 0) this.#firstAddress = number;
    this.#addresses++;
    return null;
  }

  #base(
    line: string,
    number: number,
    truncated: boolean,
    head: EntryHead,
  ): Omit<KernelRecord & { type: 'printk' }, 'type' | 'level' | 'message'> {
    const who = head.who(line);
    const time = head.time(line);
    return {
      line: number,
      endLine: number,
      time: time === null ? null : timeInUnit(time, head.ticks, this.#time.unit),
      cpu: head.cpu,
      task: who === null ? null : decodeText(ownCopy(who.task)),
      pid: who?.pid ?? null,
      text: decodeText(line),
      truncated,
    };
  }
}

/** Index behind `(+137)   `, which `trace-cmd report --ts-diff` puts before the entry; `start` where there is none. */
function behindDifference(line: string, start: number): number {
  if (line.charCodeAt(start) !== OPEN || line.charCodeAt(start + 1) !== PLUS) return start;
  const close = line.indexOf(')', start);
  return close < 0 || close - start > 24 ? start : skipBlanks(line, close + 1);
}
