import { BDF_SOURCE, type Bdf, parseBdf } from '../base/bdf.ts';
import { Repeated } from '../base/repeated.ts';
import { type CallArguments, type KernelRecord, NO_ARGUMENTS, type TraceEventRecord } from '../formats/record.ts';
import type { SymbolRow } from './catalogue.ts';
import type { Clue, EventKind, Handle, KernelEvent, Outcome, Phase } from './event.ts';
import { decoded, defined, type Facts, handlesOf } from './facts.ts';
import { firmwareResult } from './firmware-result.ts';
import { symbolRow, traceEventRows } from './index.ts';
import { payloadHandles, payloadOf } from './ioctl-payload.ts';
import { parseNumber, parseReturn, parseZeroOrError, plainReturn } from './numbers.ts';
import { said } from './said.ts';

/**
 * What a record means: an event and its catalogue row, a line of a known subsystem in unknown words, or nothing. `unread`: a
 * return value that stands there and cannot be read, so that nobody knows how the call ended; absent in all others.
 */
export type Normalised =
  | { readonly type: 'event'; readonly event: KernelEvent; readonly row: SymbolRow | null; readonly unread?: string }
  | { readonly type: 'unrecognised'; readonly subsystem: string; readonly text: string }
  | null;

/** Turns one record into the fact that it states. Stateless; nesting and identity come later. */
export function normalise(record: KernelRecord): Normalised {
  switch (record.type) {
    case 'printk':
      return fromMessage(record, record.message);
    case 'function': {
      const row = symbolRow(record.symbol);
      return row && fromCall(record, row, 'enter', row.void ? 'void' : 'unknown', null, record.args);
    }
    case 'graph': {
      const row = symbolRow(record.symbol);
      if (!row) return null;
      const ret = record.edge === 'enter' || record.ret === null ? null : plainReturn(record.ret);
      const { outcome, code, status } = resultOf(row, ret);
      const phase = record.edge === 'leaf' ? 'point' : record.edge;
      return withUnread(fromCall(record, row, phase, outcome, code, record.args, status), row, ret);
    }
    case 'event':
      return fromTraceEvent(record);
  }
}

// fprobe and kprobe events sit at offset 0, or behind the call to the tracer (4 on x86-64, 4 to 12 with BTI or CFI).
const ENTRY_OFFSET_MAX = 16;

function fromTraceEvent(record: TraceEventRecord): Normalised {
  if (record.symbol !== null) {
    const row = symbolRow(record.symbol);
    if (!row) return null;
    if (record.isReturn) {
      const ret = returnField(record.fields);
      const { outcome, code, status } = resultOf(row, ret);
      return withUnread(fromCall(record, row, 'exit', outcome, code, record.fields, status), row, ret);
    }
    // A probe in the middle of a function says that it ran, not when it was entered: the entry is what has an order.
    if ((record.offset ?? 0) > ENTRY_OFFSET_MAX) return null;
    return fromCall(record, row, 'enter', row.void ? 'void' : 'unknown', null, record.fields);
  }
  // printk:console puts every printk message into the trace (kernel/printk/printk.c).
  if (record.name === 'console') return fromMessage(record, record.body);
  const body = record.body.trim();
  for (const row of traceEventRows(record.name)) {
    const match = row.pattern.exec(body);
    if (!match) continue;
    const { bdf, ...groups } = match.groups ?? {};
    const device = bdf === undefined ? null : parseBdf(bdf);
    const args: Record<string, string> = { ...row.fixed, ...defined(groups) };
    const event = build(record, {
      kind: row.kind,
      phase: 'point',
      outcome: 'ok',
      code: null,
      symbol: row.named ?? record.name,
      args: decoded(args, row.decodes),
      clues: device ? [{ type: 'bdf', bdf: device }] : [],
      handles: handlesOf(row.handles, (name) => args[name]),
    });
    return { type: 'event', event, row: null };
  }
  return null;
}

function fromCall(record: KernelRecord, row: SymbolRow, ...of: OfCall): Normalised {
  const meaning = meaningOf(record, row, ...of);
  const caller = row.keepsCaller === true ? callerOf(record) : null;
  if (caller === null || meaning?.type !== 'event') return meaning;
  return { ...meaning, event: { ...meaning.event, args: { ...meaning.event.args, called_from: caller } } };
}

function callerOf(record: KernelRecord): string | null {
  if (record.type === 'event') return record.caller;
  return record.type === 'printk' ? null : record.parent;
}

type OfCall = [
  phase: Phase,
  outcome: Outcome,
  code: number | null,
  args: CallArguments,
  status?: Readonly<Record<string, string>>,
];

function meaningOf(
  record: KernelRecord,
  row: SymbolRow,
  phase: Phase,
  outcome: Outcome,
  code: number | null,
  args: CallArguments,
  status: Readonly<Record<string, string>> = NO_STATUS,
): Normalised {
  // The function tracer and most probes tell no arguments: half of the work of an event is done here.
  const tells = phase === 'exit' && row.returnTells === true && outcome !== 'unknown';
  if (args.size === 0 && status === NO_STATUS && !tells) return fromBareCall(record, row, phase, outcome, code);
  const kept: Record<string, string> = { ...row.fixed };
  for (const [name, candidates] of Object.entries(row.keeps ?? {})) {
    const found = candidates.map((candidate) => args.get(candidate)).find((value) => value !== undefined);
    // `1 [PCI_TSM_REQ_STATE_CHANGE]`: the number is what the code compares.
    if (found !== undefined) kept[name] = found.split(' ', 1)[0] ?? found;
  }
  if (!tells && row.needs?.some((name) => kept[name] === undefined)) return null;
  const payload = payloadOf(kept);
  const all = { ...decoded(kept, row.decodes), ...payload, ...status };
  const handles = [...handlesOf(row.handles, (name) => args.get(name)), ...payloadHandles(payload)];
  const event = build(record, {
    kind: kindOf(row, kept),
    phase,
    outcome,
    code,
    symbol: row.symbol,
    args: named(all, handles),
    clues: cluesOf(row, args),
    handles,
  });
  return { type: 'event', event, row };
}

interface BareFacts {
  readonly kind: EventKind;
  readonly args: Readonly<Record<string, string>>;
  readonly handles: readonly Handle[];
}

/** What the call of a function says without arguments: the same each time. Null: nothing. */
const BARE = new Map<SymbolRow, BareFacts | null>();
const NO_CLUES: readonly Clue[] = Object.freeze([]);

function fromBareCall(
  record: KernelRecord,
  row: SymbolRow,
  phase: Phase,
  outcome: Outcome,
  code: number | null,
): Normalised {
  let facts = BARE.get(row);
  if (facts === undefined) {
    facts = bareFacts(row);
    BARE.set(row, facts);
  }
  if (facts === null) return null;
  const { kind, args, handles } = facts;
  const { symbol } = row;
  const event = build(record, { kind, phase, outcome, code, symbol, args, clues: NO_CLUES, handles });
  return { type: 'event', event, row };
}

function bareFacts(row: SymbolRow): BareFacts | null {
  const kept: Record<string, string> = { ...row.fixed };
  if (row.needs?.some((name) => kept[name] === undefined)) return null;
  const payload = payloadOf(kept);
  const handles = [...handlesOf(row.handles, (name) => NO_ARGUMENTS.get(name)), ...payloadHandles(payload)];
  const args = named({ ...decoded(kept, row.decodes), ...payload }, handles);
  return Object.freeze({ kind: kindOf(row, kept), args: Object.freeze(args), handles: Object.freeze(handles) });
}

function kindOf(row: SymbolRow, kept: Readonly<Record<string, string>>): EventKind {
  const value = row.kindBy === undefined ? null : parseNumber(kept[row.kindBy.argument] ?? '');
  return (value === null ? undefined : row.kindBy?.kinds[String(value)]) ?? row.kind;
}

/** Later stages know events by their arguments alone: what an argument does not say yet is added, `iommufd_vdevice: 3`. */
function named(args: Readonly<Record<string, string>>, handles: readonly Handle[]): Record<string, string> {
  const all: Record<string, string> = { ...args };
  const said = new Set(Object.values(args));
  for (const { type, value } of handles) {
    const name = type.replaceAll('-', '_');
    if (!said.has(value) && !(name in all)) all[name] = value;
  }
  return all;
}

const BDF_VALUE = new RegExp(`^"?(${BDF_SOURCE})"?$`);

/** Any argument whose value is a PCI address names the device, whatever the user called it; then the typed pointers. */
function cluesOf(row: SymbolRow, args: CallArguments): Clue[] {
  const clues: Clue[] = [];
  for (const value of args.values()) {
    const match = BDF_VALUE.exec(value);
    const bdf: Bdf | null = match?.[1] === undefined ? null : parseBdf(match[1]);
    if (bdf) {
      clues.push({ type: 'bdf', bdf });
      break;
    }
  }
  for (const name of row.subject?.arguments ?? []) {
    const value = args.get(name);
    if (row.subject && value !== undefined && /^0x[0-9a-f]{8,16}$/.test(value)) {
      clues.push({ type: 'pointer', space: row.subject.space, value });
      break;
    }
  }
  return clues;
}

const SAID = new Repeated((text) => said(text, null));

function fromMessage(record: KernelRecord, text: string): Normalised {
  const label = labelled(record);
  const what = label === null ? SAID.of(text) : said(text, label);
  if (what === null || 'type' in what) return what;
  return { type: 'event', event: build(record, what), row: null };
}

/** The function that /dev/kmsg and the journal name beside the text: `+pci:0000:02:00.0` (dev_printk_emit, drivers/base/core.c). */
function labelled(record: KernelRecord): Bdf | null {
  if (record.type !== 'printk' || record.device === undefined || !record.device.startsWith('+pci:')) return null;
  return parseBdf(record.device.slice('+pci:'.length));
}

interface Result {
  readonly outcome: Outcome;
  readonly code: number | null;
  readonly status: Readonly<Record<string, string>>;
}

const NO_STATUS: Readonly<Record<string, string>> = {};

function resultOf(row: SymbolRow, ret: string | null): Result {
  if (row.void) return { outcome: 'void', code: null, status: NO_STATUS };
  if (ret === null) return { outcome: 'unknown', code: null, status: NO_STATUS };
  if (row.returns !== undefined) return firmwareResult(row.returns, ret);
  const { outcome, code } = row.zeroOrError ? parseZeroOrError(ret) : parseReturn(ret, row.pointer === true);
  const isKept = row.returnsAs !== undefined && outcome === 'ok';
  return { outcome, code, status: isKept ? { [row.returnsAs]: ret } : NO_STATUS };
}

/** What users call the return value in a return probe: `ret=$retval`. The first number counts, else what is none. */
function returnField(fields: CallArguments): string | null {
  let odd: string | null = null;
  for (const name of RETURN_NAMES) {
    const value = fields.get(name);
    if (value === undefined) continue;
    const plain = plainReturn(value);
    if (parseNumber(plain) !== null) return plain;
    odd ??= plain;
  }
  return odd;
}

const RETURN_NAMES = ['ret', 'retval', 'rc', 'err'] as const;

/** What is no number says neither that the call succeeded nor that it failed, and is not the same as no record of it. */
function withUnread(what: Normalised, row: SymbolRow, ret: string | null): Normalised {
  const isRead = ret === null || row.void === true || parseNumber(ret) !== null;
  return isRead || what?.type !== 'event' ? what : { ...what, unread: ret };
}

function build(record: KernelRecord, facts: Facts): KernelEvent {
  const { line, endLine, time, cpu, task, pid, text, truncated } = record;
  const { kind, phase, outcome, code, symbol, args, clues, handles } = facts;
  // Not spread: this is done for every event.
  return {
    kind,
    phase,
    outcome,
    code,
    symbol,
    args,
    clues,
    handles,
    line,
    endLine,
    time,
    cpu,
    task,
    pid,
    text,
    truncated,
  };
}
