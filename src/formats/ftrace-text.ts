import { parseCallArguments, parseFields } from './arguments.ts';
import { printedBody } from './ftrace-printed.ts';
import { type CallArguments, NO_ARGUMENTS, type TraceEventRecord } from './record.ts';
import { decodeText, identifierEnd } from './text.ts';
import { bareSymbol, type Wanted } from './wanted.ts';

/** The text of an entry, told apart by its first characters. `end` is the index behind the name. */
export type TextKind = 'function' | 'event' | 'other';

const OPEN = 40;
const CLOSE = 41;
const COLON = 58;
const BLANK = 32;
const LESS = 60;
const DASH = 45;
const GREATER = 62;

/**
 * Tells a line of the function tracer from an event. What follows the name decides:
 *
 *     pcie_flr <-__pci_reset_function_locked             function
 *     pcie_flr(dev=0xffff888003a48000) <-...             function, option func-args
 *     pcie_flr+0x0/0x160 [mod] <-...                     function, option sym-offset
 *     pcie_flr <ffffffff8142e200> <-...                  function, option sym-addr
 *     pcie_flr                                           function, option noprint-parent
 *     pcie_flr: (pcie_flr+0x0/0x160) bdf="0000:02:00.0"  event
 *     sys_ioctl(fd: 4, cmd: 0x3b76, arg: 0x7ff), sys_ioctl -> 0x0   event, kernel/trace/trace_syscalls.c
 */
export function textKind(line: string, end: number): TextKind {
  if (end >= line.length) return 'function';
  const code = line.charCodeAt(end);
  if (code === COLON) return 'event';
  if (code === BLANK) {
    const next = line.charCodeAt(end + 1);
    if (next === LESS) return 'function';
    if (next === DASH) return line.charCodeAt(end + 2) === GREATER ? 'event' : 'other';
    return 'other';
  }
  if (code === 43) return 'function';
  if (code === OPEN) return isSyscallArguments(line, end) ? 'event' : 'function';
  return 'other';
}

/** `(fd: 4, ..)` or `()`, where arguments of a function are `(fd=4, ..)`. */
function isSyscallArguments(line: string, open: number): boolean {
  if (line.charCodeAt(open + 1) === CLOSE) return line.indexOf(' <-', open) < 0;
  const name = identifierEnd(line, open + 1);
  return line.charCodeAt(name) === COLON;
}

/** A line of the function tracer, from the name at `start` to the end. */
export interface FunctionText {
  readonly args: CallArguments;
  readonly parent: string | null;
}

/** @param end index behind the symbol. */
export function parseFunctionText(line: string, end: number): FunctionText {
  const arrow = line.lastIndexOf(' <-');
  const stop = arrow < end ? line.length : arrow;
  const close = line.lastIndexOf(')', stop);
  const hasArguments = line.charCodeAt(end) === OPEN && close > end;
  return {
    args: hasArguments ? parseCallArguments(line.slice(end + 1, close)) : NO_ARGUMENTS,
    parent: arrow < end ? null : parseParent(line, arrow + 3),
  };
}

/** trace-cmd writes `<-- parent`, the kernel `<-parent`. */
function parseParent(line: string, from: number): string | null {
  let start = from;
  while (line[start] === '-' || line[start] === ' ') start++;
  const end = identifierEnd(line, start);
  return end === start ? null : bareSymbol(line.slice(start, end));
}

/** What a dynamic event sits on. `fields` is the index in the body where its fields begin. */
export interface Probe {
  readonly symbol: string | null;
  readonly offset: number | null;
  readonly isReturn: boolean;
  readonly caller: string | null;
  readonly fields: number;
}

// `(sym+0x4/0x100 [mod])`, `(caller+0x15f/0x220 [mod] <- sym)`, trace-cmd: `(ffffffffa0400e90)`,
// `(ffffffffa0400e90 <- ffffffffa04145a4)` (there the function comes first). kernel/trace/trace_kprobe.c,
// print_kprobe_event(); trace_fprobe.c, print_fexit_event(). Also uprobes `(0x55..)` and eprobes `(system.event)`.
const LOCATION = /^\(([^()<>\s]+)(?: \[[^\]\s]*\])?(?: <- ([^()<>\s]+)(?: \[[^\]\s]*\])?)?\)/;
const WITH_OFFSET = /^([A-Za-z_][\w.$]*)\+(0x[0-9a-f]+)(?:\/0x[0-9a-f]+)?$/;
const PLAIN = /^[A-Za-z_][\w$]*(?:\.[\w$]+)*$/;
const ADDRESS = /^(?:0x)?[0-9a-f]{8,16}$/;
// Option `fields`: `__probe_ip=sym+0x0/0x450 [mod] (-1606414704) bdf=..`, `__probe_func=sym.. __probe_ret_ip=caller..`.
const FIELD_IP = /^__probe_(?:ip|func)=([A-Za-z_][\w.$]*)\+(0x[0-9a-f]+)/;
// trace-cmd report -R: `__probe_ip=ffffffffa0400e90 bdf=..`, `__probe_func=ffffffff8142b030 __probe_ret_ip=ffffffff8142f570`.
const FIELD_ADDRESS = /^__probe_(?:ip|func)=(?:0x)?[0-9a-f]{8,16}(?: |$)/;
const FIELD_RETURN = / __probe_ret_ip=([A-Za-z_][\w.$]*)\+0x/;

/** The longest location that is looked at: two symbols (KSYM_NAME_LEN 512) and two modules. */
const MAX_LOCATION = 1400;

/**
 * The location that a dynamic event begins with, or null where the body is that of a static event.
 *
 * @param body what follows the name, latin1.
 */
export function parseProbe(body: string): Probe | null {
  const head = body.length > MAX_LOCATION ? body.slice(0, MAX_LOCATION) : body;
  if (body.startsWith('__probe_')) return parseFieldProbe(head);
  const match = body.startsWith('(') ? LOCATION.exec(head) : null;
  if (match === null) return null;
  const [whole, where = '', target] = match;
  const fields = whole.length;
  if (ADDRESS.test(where)) return { symbol: null, offset: null, isReturn: target !== undefined, caller: null, fields };
  const place = WITH_OFFSET.exec(where);
  if (target !== undefined) {
    if (!PLAIN.test(target)) return null;
    return {
      symbol: bareSymbol(target),
      offset: null,
      isReturn: true,
      // `0`: bpftrace does not tell.
      caller: place?.[1] === undefined && !PLAIN.test(where) ? null : bareSymbol(place?.[1] ?? where),
      fields,
    };
  }
  if (place === null)
    return PLAIN.test(where) ? { symbol: null, offset: null, isReturn: false, caller: null, fields } : null;
  return { symbol: bareSymbol(place[1] ?? ''), offset: Number(place[2]), isReturn: false, caller: null, fields };
}

function parseFieldProbe(head: string): Probe | null {
  const isReturn = head.startsWith('__probe_func=');
  // The fields begin at 0, since their own names say which are the location.
  if (FIELD_ADDRESS.test(head)) return { symbol: null, offset: null, isReturn, caller: null, fields: 0 };
  const match = FIELD_IP.exec(head);
  if (match === null) return null;
  const symbol = bareSymbol(match[1] ?? '');
  const caller = isReturn ? FIELD_RETURN.exec(head)?.[1] : undefined;
  return {
    symbol,
    offset: isReturn ? null : Number(match[2]),
    isReturn,
    caller: caller === undefined ? null : bareSymbol(caller),
    fields: 0,
  };
}

/** An event taken apart. */
export interface EventText {
  readonly name: string;
  readonly body: string;
  readonly probe: Probe | null;
  readonly fields: CallArguments;
}

/** The part of a record that comes from the event's own text. */
export function eventRecord(event: EventText): EventRecordPart {
  return {
    type: 'event',
    name: event.name,
    body: decodeText(event.body),
    symbol: event.probe?.symbol ?? null,
    offset: event.probe?.offset ?? null,
    isReturn: event.probe?.isReturn ?? false,
    caller: event.probe?.caller ?? null,
    fields: event.fields,
  };
}

type EventRecordPart = Pick<
  TraceEventRecord,
  'type' | 'name' | 'body' | 'symbol' | 'offset' | 'isReturn' | 'caller' | 'fields'
>;

/** Whether the event must be looked at: somebody wants its name, or it is dynamic and may sit on a wanted symbol. */
export function mayMatter(text: string, start: number, end: number, events: Wanted): boolean {
  return looksDynamic(text, end) || events.name(text.slice(start, end)) !== null;
}

/**
 * Takes an event apart, or answers null where nobody wants it.
 *
 * @param start index of the name, `end` behind it, `stop` behind the body.
 */
export function wantedEvent(
  text: string,
  start: number,
  end: number,
  stop: number,
  events: Wanted,
  symbols: Wanted,
): EventText | null {
  const name = text.slice(start, end);
  const body = text.slice(skipBlanks(text, text.charCodeAt(end) === COLON ? end + 1 : end), stop);
  const probe = looksDynamic(text, end) ? parseProbe(body) : null;
  if (events.name(name) === null && (probe === null || probe.symbol === null || symbols.name(probe.symbol) === null)) {
    return null;
  }
  if (probe === null) return { name, body: printedBody(name, body), probe, fields: NO_ARGUMENTS };
  return { name, body, probe, fields: parseProbeFields(body, probe) };
}

// Option `fields` prints each number twice: `ret=0xfffffffb (-5)`.
const SECOND_NOTATION = / \(-?\d+\)$/;

function parseProbeFields(body: string, probe: Probe): CallArguments {
  const fields = parseFields(body.slice(probe.fields));
  if (!body.startsWith('__probe_')) return fields;
  const plain = [...fields].filter(([name]) => !name.startsWith('__probe_'));
  return new Map(plain.map(([name, value]) => [name, value.replace(SECOND_NOTATION, '')]));
}

/** `: (` or `: __probe_`, trace-cmd with more blanks. */
function looksDynamic(text: string, end: number): boolean {
  if (text.charCodeAt(end) !== COLON) return false;
  const at = skipBlanks(text, end + 1);
  return text.charCodeAt(at) === OPEN || text.startsWith('__probe_', at);
}

/** Index of the first character at or behind `from` that is no blank. */
export function skipBlanks(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) === BLANK) at++;
  return at;
}
