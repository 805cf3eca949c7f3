import type { EventKind, KernelEvent } from '../events/event.ts';
import { mayCall } from '../events/index.ts';
import type { KernelRecord } from '../formats/record.ts';

/** A call that has been entered and, as far as is known, not left. */
export interface OpenCall {
  readonly eventId: number;
  readonly rootId: number;
  readonly symbol: string | null;
  readonly kind: EventKind;
  readonly line: number;
  readonly entityId: number | null;
  readonly origin: KernelRecord['type'];
  readonly parent: OpenCall | null;
}

/** Where an event stands: inside which call, and which call it closes. */
export interface Place {
  readonly parent: OpenCall | null;
  readonly closes: OpenCall | null;
  /** The same call seen by a second tracer (function tracer and probe on one function): this event repeats it. */
  readonly repeats: OpenCall | null;
}

const NOWHERE: Place = { parent: null, closes: null, repeats: null };

// A call stack of the functions that we know is a dozen deep; more means that exits are missing.
const DEPTH_MAX = 64;
// Tasks whose stacks are kept; the one that was quiet for longest goes first.
const TASKS_MAX = 4096;

interface Stack {
  readonly calls: OpenCall[];
  /** Calls that were given up although their exit may still come. */
  readonly limbo: OpenCall[];
}

/**
 * Follows who calls whom, task by task. function_graph says it outright; the function tracer names the caller; probes give
 * entries and, where they were set, returns, and between those the catalogue says what can run inside what.
 */
export class CallTracker {
  readonly #stacks = new Map<string, Stack>();
  /** Resets that printk announced (`resetting`) and has not finished, by device. */
  readonly #announced = new Map<string, OpenCall>();
  /** Functions that were seen to return in this source: their entries are kept until then. */
  readonly #returning = new Set<string>();

  /** Finds the place of an event. Calls that cannot contain it are left behind. */
  locate(record: KernelRecord, event: KernelEvent): Place {
    if (event.symbol === null) return this.#locateMessage(record, event);
    const stack = this.#stack(keyOf(record));
    if (event.phase === 'exit') return { ...NOWHERE, ...this.#close(stack, record, event.symbol) };
    if (record.type === 'graph' || (record.type === 'event' && record.enclosingLine !== null)) {
      const parent = stack.calls.findLast((call) => call.line === record.enclosingLine) ?? null;
      return {
        ...NOWHERE,
        parent,
        repeats: parent?.symbol === event.symbol && record.type === 'event' ? parent : null,
      };
    }
    const top = stack.calls.at(-1);
    if (top?.symbol === event.symbol && top.origin !== record.type)
      return { ...NOWHERE, parent: top.parent, repeats: top };
    if (record.type === 'function' && record.parent !== null) {
      const at = stack.calls.findLastIndex((call) => call.symbol === record.parent);
      if (at >= 0) {
        stack.calls.length = at + 1;
        return { ...NOWHERE, parent: stack.calls[at] ?? null };
      }
    }
    if (event.phase === 'point' && record.type === 'event') return { ...NOWHERE, parent: top ?? null };
    return { ...NOWHERE, parent: this.#containing(stack, event.symbol) };
  }

  /** Remembers an event that opened a call, under the id that the timeline gave it. */
  open(
    record: KernelRecord,
    event: KernelEvent,
    place: Place,
    eventId: number,
    entityId: number | null,
  ): OpenCall | null {
    if (event.phase !== 'enter' || place.repeats) return null;
    const call: OpenCall = {
      eventId,
      rootId: place.parent?.rootId ?? eventId,
      symbol: event.symbol,
      kind: event.kind,
      line: event.line,
      entityId,
      origin: record.type,
      parent: place.parent,
    };
    if (event.symbol === null) {
      const device = bdfOf(event);
      if (device !== null) this.#announced.set(device, call);
      return call;
    }
    const stack = this.#stack(keyOf(record));
    stack.calls.push(call);
    if (stack.calls.length > DEPTH_MAX) stack.calls.shift();
    return call;
  }

  /** The machine started anew: nothing that was open still is. */
  clear(): void {
    this.#stacks.clear();
    this.#announced.clear();
  }

  #locateMessage(record: KernelRecord, event: KernelEvent): Place {
    const device = bdfOf(event);
    const announced = device === null ? null : (this.#announced.get(device) ?? null);
    if (event.kind === 'pci.reset_done' && device !== null) {
      this.#announced.delete(device);
      return { ...NOWHERE, closes: announced };
    }
    if (record.type === 'event') {
      // printk:console inside a trace: the reset that the message announces is the one that the task is in.
      const stack = this.#stacks.get(keyOf(record));
      const reset = stack?.calls.findLast((call) => call.kind === 'pci.reset') ?? null;
      return { ...NOWHERE, parent: reset, repeats: event.kind === 'pci.reset' ? reset : null };
    }
    return { ...NOWHERE, parent: announced };
  }

  /** The innermost open call that can contain `symbol`. */
  #containing(stack: Stack, symbol: string): OpenCall | null {
    for (let top = stack.calls.at(-1); top; top = stack.calls.at(-1)) {
      if (top.symbol !== null && mayCall(top.symbol, symbol)) return top;
      if (top.symbol !== null && this.#returning.has(top.symbol)) {
        // It will say when it is over; what runs meanwhile is inside it, even if the catalogue does not know why.
        return stack.calls.findLast((call) => call.symbol !== null && mayCall(call.symbol, symbol)) ?? null;
      }
      stack.calls.pop();
      stack.limbo.push(top);
      if (stack.limbo.length > DEPTH_MAX) stack.limbo.shift();
    }
    return null;
  }

  #close(stack: Stack, record: KernelRecord, symbol: string): Pick<Place, 'closes' | 'parent'> {
    if (record.type !== 'graph') this.#returning.add(symbol);
    const entryLine = record.type === 'graph' ? record.entryLine : null;
    const fits = (call: OpenCall) => (entryLine === null ? call.symbol === symbol : call.line === entryLine);
    const at = stack.calls.findLastIndex(fits);
    if (at >= 0) {
      const closes = stack.calls[at] ?? null;
      stack.calls.length = at;
      return { closes, parent: closes?.parent ?? null };
    }
    const lost = stack.limbo.findLastIndex(fits);
    const closes = lost < 0 ? null : (stack.limbo.splice(lost, 1)[0] ?? null);
    return { closes, parent: closes?.parent ?? null };
  }

  #stack(key: string): Stack {
    const known = this.#stacks.get(key);
    if (known) {
      // Insertion order is age: the stack in use moves to the young end.
      this.#stacks.delete(key);
      this.#stacks.set(key, known);
      return known;
    }
    const fresh: Stack = { calls: [], limbo: [] };
    this.#stacks.set(key, fresh);
    if (this.#stacks.size > TASKS_MAX) {
      const oldest = this.#stacks.keys().next().value;
      if (oldest !== undefined) this.#stacks.delete(oldest);
    }
    return fresh;
  }
}

/** What runs on one stack: the task, or where the trace names none, the CPU and what function_graph saw on it. */
export function keyOf(record: KernelRecord): string {
  if (record.type === 'graph') return `graph:${record.stack}`;
  if (record.type === 'event' && record.stack !== null) return `graph:${record.stack}`;
  return record.pid === null ? `cpu:${record.cpu ?? '?'}` : `task:${record.pid}`;
}

function bdfOf(event: KernelEvent): string | null {
  const clue = event.clues.find((one) => one.type === 'bdf');
  return clue?.type === 'bdf' ? clue.bdf : null;
}
