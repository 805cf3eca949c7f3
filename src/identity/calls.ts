import type { Clue, EventKind, KernelEvent } from '../events/event.ts';
import { mayCall, perhapsCalls, symbolRow, traceEventRows } from '../events/index.ts';
import type { KernelRecord } from '../formats/record.ts';
import {
  type CallStack,
  CallStacks,
  DEPTH_MAX,
  isPlaceless,
  type OpenCall,
  type Told,
  type Tracer,
} from './call-stacks.ts';
import { PRINTED_BY } from './printed-by.ts';

export type { OpenCall } from './call-stacks.ts';
export { keyOf } from './call-stacks.ts';

/** Where an event stands: inside which call, and which call it closes. */
export interface Place {
  readonly parent: OpenCall | null;
  readonly closes: OpenCall | null;
  /** The same call seen by a second tracer (function tracer and probe on one function): this event repeats it. */
  readonly repeats: OpenCall | null;
  /** The call was closed before, by another tracer: this exit only adds what it knows of the result. */
  readonly closedBefore: boolean;
}

const NOWHERE: Place = { parent: null, closes: null, repeats: null, closedBefore: false };

/** Nearly every event: it stands in a call, or in none. */
function within(parent: OpenCall | null): Place {
  return parent === null ? NOWHERE : { parent, closes: null, repeats: null, closedBefore: false };
}

// Devices whose announced reset has not ended; the oldest announcement goes first.
const ANNOUNCED_MAX = 1024;

/** Calls that give a command to the firmware: what is printed of a refusal names neither the device nor the call. */
const COMMANDS: ReadonlySet<EventKind> = new Set([
  'tdisp.lock',
  'tdisp.start',
  'tdisp.stop',
  'tdisp.report',
  'tdisp.request',
  'tdisp.measurements',
  'tdi.create',
  'tdi.destroy',
  'mmio.unmap',
]);

/**
 * Follows who calls whom, task by task. function_graph says it outright; the function tracer names the caller; probes give
 * entries and, where they were set, returns, and between those the catalogue says what can run inside what.
 */
export class CallTracker {
  readonly #stacks = new CallStacks();
  /** Resets that printk announced (`resetting`) and has not finished, by device. */
  readonly #announced = new Map<string, OpenCall>();
  /** Functions that were seen to return in this source: their entries are kept until then. */
  readonly #returning = new Set<string>();
  #generation = 0;

  /** Finds the place of an event. Calls that cannot contain it are left behind. */
  locate(record: KernelRecord, event: KernelEvent): Place {
    if (event.symbol === null) return this.#locateMessage(record, event);
    if (isPlaceless(record)) return this.#locatePlaceless(event);
    const stack = this.#stacks.of(record);
    if (event.phase === 'exit') return this.#locateExit(stack, record, event.symbol);
    stack.closed.length = 0;
    const repeats = repeated(stack, record, event);
    if (repeats) {
      // function_graph folds entry and return of a leaf into one line.
      const closes = event.phase === 'point' ? CallStacks.take(stack, (call) => call === repeats) : null;
      return { ...NOWHERE, parent: repeats.parent, repeats, closes };
    }
    return within(this.#caller(stack, record, event, event.symbol));
  }

  /** Remembers an event that opened a call, under the id that the timeline gave it. */
  open(
    record: KernelRecord,
    event: KernelEvent,
    place: Place,
    eventId: number,
    entityId: number | null,
  ): OpenCall | null {
    if (place.repeats) {
      this.#repeat(record, event, place.repeats, eventId, entityId);
      return null;
    }
    if (event.phase !== 'enter') return null;
    const { parent } = place;
    const call: OpenCall = {
      eventId,
      rootId: parent?.rootId ?? eventId,
      symbol: event.symbol,
      kind: event.kind,
      line: event.line,
      entityId,
      named: event.clues.length > 0,
      argumentNames: namesOf(event.args),
      // A chain of parents keeps them all alive, so it must end somewhere.
      parent: parent !== null && parent.depth < DEPTH_MAX ? parent : null,
      depth: parent !== null && parent.depth < DEPTH_MAX ? parent.depth + 1 : 0,
      generation: this.#generation,
      seenBy: [tracerOf(record)],
      again: [],
      ran: null,
      virtual: null,
      graphLine: record.type === 'graph' ? event.line : null,
      announcement: null,
      exitId: null,
      settled: false,
    };
    if (event.symbol === null) {
      this.#announce(event, call);
      return call;
    }
    if (parent && symbolRow(event.symbol)?.once) {
      parent.ran ??= new Set();
      parent.ran.add(event.symbol);
    }
    this.#stacks.push(record, call, event);
    return call;
  }

  /** The task comes from user space, or goes there: whatever it was in is over. */
  cross(record: KernelRecord): void {
    if (record.type !== 'event' || record.pid === null || record.stack !== null) return;
    const stack = this.#stacks.known(record);
    if (stack !== null && stack.calls.length > 0) CallStacks.abandon(stack, 0);
  }

  /** Records were lost: a return that is awaited may be among them. */
  lose(): void {
    this.#generation += 1;
  }

  /** The machine started anew: nothing that was open still is. */
  clear(): void {
    this.#stacks.clear();
    this.#announced.clear();
  }

  /** A copy that goes its own way. One call may be reached by several ways: all is copied at once. */
  fork(): CallTracker {
    const copy = new CallTracker();
    const { stacks, announced, returning } = structuredClone({
      stacks: this.#stacks.all(),
      announced: this.#announced,
      returning: this.#returning,
    });
    copy.#stacks.restore(stacks);
    for (const [device, call] of announced) copy.#announced.set(device, call);
    for (const symbol of returning) copy.#returning.add(symbol);
    copy.#generation = this.#generation;
    return copy;
  }

  /** The record that tells more of a call stands for it. */
  #repeat(record: KernelRecord, event: KernelEvent, call: OpenCall, eventId: number, entityId: number | null): void {
    call.seenBy.push(tracerOf(record));
    if (record.type === 'graph') call.graphLine = event.line;
    if (event.symbol === null) return;
    if (!tellsMore(event, call)) {
      call.again.push(eventId);
      return;
    }
    call.again.push(call.eventId);
    call.eventId = eventId;
    if (event.clues.length > 0) call.entityId = entityId;
    call.named ||= event.clues.length > 0;
    call.argumentNames = [...new Set([...call.argumentNames, ...Object.keys(event.args)])];
  }

  #announce(event: KernelEvent, call: OpenCall): void {
    const device = bdfOf(event);
    if (device === null) return;
    this.#announced.delete(device);
    this.#announced.set(device, call);
    if (this.#announced.size <= ANNOUNCED_MAX) return;
    const oldest = this.#announced.keys().next().value;
    if (oldest !== undefined) this.#announced.delete(oldest);
  }

  #locateMessage(record: KernelRecord, event: KernelEvent): Place {
    const device = bdfOf(event);
    const announced = this.#announcedReset(device, event);
    if (event.kind === 'pci.reset_done' && announced !== null && device !== null) {
      this.#announced.delete(device);
      return { ...NOWHERE, closes: announced };
    }
    if (record.type !== 'event') return within(announced);
    // printk:console inside a trace: what is said is said by the call that the task is in.
    const kinds = PRINTED_BY[event.kind] ?? [];
    const stack = this.#stacks.of(record);
    const call = stack.calls.findLast((open) => kinds.includes(open.kind)) ?? this.#asking(stack, event);
    if (event.phase === 'enter') {
      // Each call announces itself once: a second announcement is that of a call that was not traced.
      if (call === null || call.seenBy.includes('message')) return { ...NOWHERE, parent: enclosing(stack, record) };
      return { ...NOWHERE, parent: call.parent, repeats: call };
    }
    return { ...NOWHERE, parent: call ?? enclosing(stack, record) ?? announced };
  }

  /** Nobody knows whose it is: it stands in no call, and as a return it closes the only call of the function that is open. */
  #locatePlaceless(event: KernelEvent): Place {
    if (event.phase !== 'exit') return NOWHERE;
    const { placeless } = this.#stacks;
    const open = placeless.calls.filter(({ symbol }) => symbol === event.symbol);
    return open.length === 1 ? { ...NOWHERE, closes: CallStacks.take(placeless, (call) => call === open[0]) } : NOWHERE;
  }

  /** The innermost call, where it is certain that the task is still in it and it is one that asks the firmware. */
  #asking({ calls }: CallStack, { kind }: KernelEvent): OpenCall | null {
    const top = kind === 'firmware.refused' ? calls.at(-1) : undefined;
    return top !== undefined && COMMANDS.has(top.kind) && this.#awaited(top) ? top : null;
  }

  /**
   * The reset of `device` that printk announced and has not finished. Drivers with a reset_done of their own never print the
   * end: the next method that is named belongs to another reset.
   */
  #announcedReset(device: string | null, event: KernelEvent): OpenCall | null {
    const announced = device === null ? null : (this.#announced.get(device) ?? null);
    if (announced === null || announced.announcement === null || event.phase === 'enter') return announced;
    if (event.kind !== 'pci.reset' && event.kind !== 'pci.flr' && event.kind !== 'pci.bus_reset') return announced;
    this.#announced.delete(device ?? '');
    return null;
  }

  /** The call that an entry, or a point in time, stands in. */
  #caller(stack: CallStack, record: KernelRecord, event: KernelEvent, symbol: string): OpenCall | null {
    const graph = enclosing(stack, record);
    if (graph) return graph;
    if (record.type === 'graph') return null;
    if (event.phase === 'point') return innermost(stack, traceEventRows(symbol)[0]?.within ?? []);
    return this.#around(stack, symbol, record.type === 'function' ? record.parent : null);
  }

  /** The innermost open call that can contain `symbol`, by the caller's name where the record gives one. */
  #around(stack: CallStack, symbol: string, caller: string | null): OpenCall | null {
    // What is called from everywhere says nothing about the calls that were open.
    if (symbolRow(symbol)?.anywhere) return caller === null ? null : calledBy(stack, caller);
    if (caller === null) return this.#containing(stack, symbol);
    const once = symbolRow(symbol)?.once === true;
    const at = stack.calls.findLastIndex((call) => call.symbol === caller && !(once && call.ran?.has(symbol)));
    if (at >= 0) {
      CallStacks.abandon(stack, at + 1);
      return stack.calls[at] ?? null;
    }
    // A caller of the catalogue that is not open was not traced: what contains it contains this.
    return this.#containing(stack, symbolRow(caller) ? caller : symbol);
  }

  #containing(stack: CallStack, symbol: string): OpenCall | null {
    const once = symbolRow(symbol)?.once === true;
    for (let top = stack.calls.at(-1); top; top = stack.calls.at(-1)) {
      if (top.symbol !== null && this.#awaited(top)) {
        // It will say when it is over; what runs meanwhile is inside it, even if the catalogue does not know why.
        return stack.calls.findLast((call) => call.symbol !== null && mayCall(call.symbol, symbol)) ?? null;
      }
      if (top.symbol !== null && mayCall(top.symbol, symbol) && !(once && top.ran?.has(symbol))) return top;
      // What follows may still run inside it, too.
      if (top.symbol !== null && perhapsCalls(top.symbol, symbol) && !contains(stack, symbol)) return null;
      CallStacks.abandon(stack, stack.calls.length - 1);
    }
    return null;
  }

  /** Its return is still to come: returns of this function are traced, and none was lost since its entry. */
  #awaited(call: OpenCall): boolean {
    return call.symbol !== null && this.#returning.has(call.symbol) && call.generation === this.#generation;
  }

  #locateExit(stack: CallStack, record: KernelRecord, symbol: string): Place {
    const tracer = tracerOf(record);
    if (record.type !== 'graph') this.#returning.add(symbol);
    const entryLine = record.type === 'graph' ? record.entryLine : null;
    const fits = (call: OpenCall) => (entryLine === null ? call.symbol === symbol : isAt(call, entryLine));
    // Two tracers report one return back to back: nothing was entered in between.
    const before = stack.closed.findLastIndex(({ call, by }) => fits(call) && by !== tracer);
    if (before >= 0) {
      const closes = stack.closed.splice(before, 1)[0]?.call ?? null;
      return { ...NOWHERE, closes, parent: closes?.parent ?? null, closedBefore: true };
    }
    const closes = CallStacks.take(stack, fits);
    if (closes) {
      stack.closed.push({ call: closes, by: tracer });
      if (stack.closed.length > DEPTH_MAX) stack.closed.shift();
      return { ...NOWHERE, closes, parent: closes.parent };
    }
    if (record.type === 'graph') return { ...NOWHERE, parent: enclosing(stack, record) };
    return { ...NOWHERE, parent: this.#around(stack, symbol, record.type === 'event' ? record.caller : null) };
  }
}

const NO_NAMES: readonly string[] = [];

function namesOf(args: KernelEvent['args']): readonly string[] {
  for (const _ in args) return Object.keys(args);
  return NO_NAMES;
}

/**
 * Whether a repeating record knows arguments, or the device, where the call's first record did not. Who called (`called_from`) is
 * no argument: that a function trace tells it is no reason to take its row for a probe that names the device.
 */
export function tellsMore(event: KernelEvent, call: OpenCall): boolean {
  return (
    (event.clues.length > 0 && !call.named) ||
    Object.keys(event.args).some((name) => name !== 'called_from' && !call.argumentNames.includes(name))
  );
}

/** The open call that a record of a second tracer tells of once more. */
function repeated(stack: CallStack, record: KernelRecord, event: KernelEvent): OpenCall | null {
  const top = stack.calls.at(-1);
  if (event.phase === 'point' && record.type === 'event') return null;
  if (top?.symbol !== event.symbol || top.seenBy.includes(tracerOf(record))) return null;
  // Two probes on one function, as where two lists of them were set: what both fetch of a call is the same.
  if (record.type === 'event' && top.seenBy.some((by) => by.startsWith('event ')))
    return stack.entered?.call === top && agree(stack.entered.told, event) ? top : null;
  if (record.type !== 'graph') return top;
  // A probe fires before or after function_graph has written its line.
  return top.parent === null || top.parent === enclosing(stack, record) ? top : null;
}

/** Whether what two records tell of a call may be of one: nothing that both tell differs. */
function agree(one: Told, other: Told): boolean {
  const same = Object.entries(other.args).every(([name, value]) => (one.args[name] ?? value) === value);
  return same && other.clues.every((clue) => one.clues.every((known) => !differ(known, clue)));
}

function differ(one: Clue, other: Clue): boolean {
  if (one.type === 'bdf' || other.type === 'bdf')
    return one.type === 'bdf' && other.type === 'bdf' && one.bdf !== other.bdf;
  return one.space === other.space && one.value !== other.value;
}

/** The call that function_graph shows around the record. */
function enclosing(stack: CallStack, record: KernelRecord): OpenCall | null {
  if (record.type !== 'graph' && record.type !== 'event') return null;
  const { enclosingLine } = record;
  if (enclosingLine === null) return null;
  return stack.calls.findLast((call) => isAt(call, enclosingLine)) ?? null;
}

function calledBy(stack: CallStack, caller: string): OpenCall | null {
  return stack.calls.findLast((call) => call.symbol === caller) ?? null;
}

/** The innermost open call of one of `symbols`, or that can contain one of them. */
function innermost(stack: CallStack, symbols: readonly string[]): OpenCall | null {
  const holds = ({ symbol }: OpenCall) =>
    symbol !== null && symbols.some((inner) => symbol === inner || mayCall(symbol, inner));
  return stack.calls.findLast(holds) ?? null;
}

function contains(stack: CallStack, symbol: string): boolean {
  return stack.calls.some((call) => call.symbol !== null && mayCall(call.symbol, symbol));
}

function isAt(call: OpenCall, line: number): boolean {
  return call.graphLine === line;
}

function tracerOf(record: KernelRecord): Tracer {
  if (record.type === 'printk') return 'message';
  if (record.type !== 'event') return record.type;
  return record.name === 'console' ? 'message' : `event ${record.name}`;
}

function bdfOf(event: KernelEvent): string | null {
  for (const clue of event.clues) if (clue.type === 'bdf') return clue.bdf;
  return null;
}
