import { nameAddresses } from './address-names.ts';
import { isDirtCode, isDirty } from './clean.ts';
import type { ParserContext } from './format.ts';
import type { GraphReader } from './ftrace-graph.ts';
import type { EntryHead } from './ftrace-head.ts';
import type { RowSkimmer } from './ftrace-skim.ts';
import {
  eventRecord,
  mayMatter,
  parseFunctionText,
  parseProbe,
  skipBlanks,
  textKind,
  wantedEvent,
} from './ftrace-text.ts';
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

/** As much of an entry as is looked at for a name that is none. */
const MAX_NAME = 256;
// A function or a probe whose name holds something that no symbol does. `[unknown/kretprobe'd] <-caller` is the kernel's own
// (kernel/trace/trace_output.c).
const DAMAGED = /^[^\s:([]{1,160}(?: <-\w|: \()/;
const DAMAGED_PLACE = /^: {1,16}\([^()\s]{0,160}[^\w.$+()\s:/][^()\s]{0,160}\+0x/;

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
   * @param tidy the row was cleaned: what it holds is what it held.
   * @returns false where pasting may have put something into the row: nothing was taken, it has to be cleaned first.
   */
  take(
    line: string,
    number: number,
    truncated: boolean,
    start: number,
    head: EntryHead,
    skimmer: RowSkimmer | null,
    tidy: boolean,
  ): boolean {
    this.payload = false;
    const end = identifierEnd(line, start);
    if (end === start) {
      const behind = behindDifference(line, start);
      // Once only: a line of nothing but such marks would nest without end.
      if (identifierEnd(line, behind) > behind) return this.take(line, number, truncated, behind, head, null, tidy);
      return this.#takeNameless(line, number, start, tidy);
    }
    const kind = textKind(line, end);
    const name = line.slice(start, end);
    if (kind === 'other') return this.#takeNameless(line, number, start, tidy);
    if (kind === 'event') return this.#takeEvent(line, number, truncated, start, end, name, head, skimmer, tidy);
    const symbol = this.#symbols.name(name);
    if (symbol === null) skimmer?.addFunction(name);
    else if (!tidy && isDirty(line, start)) return false;
    else this.#emitFunction(ownCopy(line), number, truncated, end, symbol, head);
    return true;
  }

  /** What stands where a function or an event should is none of either: of a call that is so damaged it is said that it is lost. */
  #takeNameless(line: string, number: number, start: number, tidy: boolean): boolean {
    if (!tidy) return !isDirty(line, start);
    if (DAMAGED.test(line.slice(start, start + MAX_NAME))) this.damaged(number);
    return true;
  }

  /** A row names no function where it should name one, or ends another call than the one that is open. */
  damaged(number: number): void {
    const message = 'the function of a row cannot be read, or fits no row before: what was called here is missing';
    this.#context.health({ code: 'lines-elided', line: number, message, count: 1 });
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
    tidy: boolean,
  ): boolean {
    if (line.charCodeAt(end + 1) === BLANK && line.charCodeAt(end + 2) === BLANK) {
      const body = skipBlanks(line, end + 1);
      if (body === start + BODY_COLUMN || body === start + BODY_COLUMN + 1) this.traceCmdRows++;
      this.payload = line.startsWith(NOT_PARSED, body);
      if (name === TRACE_CMD_FUNCTION) return this.#takeFunction(line, number, truncated, body, head, tidy);
      if (name === TRACE_CMD_ENTRY || name === TRACE_CMD_EXIT) {
        return this.#takeCall(line, number, truncated, end, head, tidy);
      }
    }
    if (MARKERS.has(name)) this.payload = true;
    if (mayMatter(line, start, end, this.#events)) {
      if (!tidy && isDirty(line, end)) return false;
      this.#emitEvent(ownCopy(line), number, truncated, start, end, head);
    } else if (!this.payload) {
      // A dynamic event whose place is hidden behind a colour looks like a static one.
      if (!tidy && isDirtCode(line.charCodeAt(skipBlanks(line, end + 1)))) return false;
      skimmer?.addEvent(name);
    }
    return true;
  }

  #takeFunction(
    line: string,
    number: number,
    truncated: boolean,
    start: number,
    head: EntryHead,
    tidy: boolean,
  ): boolean {
    const raw = rawFunction(line, start);
    if (raw === null) {
      const end = identifierEnd(line, start);
      if (end === start || textKind(line, end) !== 'function') return this.#takeNameless(line, number, start, tidy);
      const known = this.#symbols.name(line.slice(start, end));
      if (known === null) return true;
      if (!tidy && isDirty(line, start)) return false;
      this.#emitFunction(ownCopy(line), number, truncated, end, known, head);
      return true;
    }
    const symbol = this.#symbols.name(raw.symbol);
    if (symbol === null) return true;
    const own = ownCopy(line);
    const { parent, args } = rawFunction(own, start) ?? raw;
    this.#context.emit({ ...this.#base(own, number, truncated, head), type: 'function', symbol, parent, args });
    return true;
  }

  #takeCall(line: string, number: number, truncated: boolean, end: number, head: EntryHead, tidy: boolean): boolean {
    if (!this.#call.scan(line, end + 1, head)) return tidy || !isDirty(line, end);
    this.#calls = true;
    const record = this.#graph.read(line, number, truncated, this.#call, this.#time.unit, tidy);
    if (record === 'dirty') return false;
    if (record === 'damaged') this.damaged(number);
    else if (record !== null) this.#context.emit(record);
    return true;
  }

  #emitFunction(line: string, number: number, truncated: boolean, end: number, symbol: string, head: EntryHead): void {
    const { args, parent } = parseFunctionText(line, end);
    this.#context.emit({ ...this.#base(line, number, truncated, head), type: 'function', symbol, parent, args });
  }

  #emitEvent(line: string, number: number, truncated: boolean, start: number, end: number, head: EntryHead): void {
    const named = this.#named(line, end, number);
    const text = named ?? line;
    const event = wantedEvent(text, start, end, text.length, this.#events, this.#symbols);
    if (event?.probe == null && DAMAGED_PLACE.test(text.slice(end, end + MAX_NAME))) {
      if (parseProbe(text.slice(skipBlanks(text, end + 1))) === null) this.damaged(number);
    }
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
