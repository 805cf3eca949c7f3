import type { EventKind, KernelEvent } from '../events/event.ts';
import type { KernelRecord } from '../formats/record.ts';

/** Who recorded a call: two of them may record the same one. Of probes each by its name: `event tsm_bind`. */
export type Tracer = 'function' | 'graph' | 'message' | `event ${string}`;

/** A call that has been entered and, as far as is known, not left. */
export interface OpenCall {
  /** In the timeline: the record that tells most of the call. */
  eventId: number;
  readonly rootId: number;
  readonly symbol: string | null;
  readonly kind: EventKind;
  readonly line: number;
  entityId: number | null;
  /** Its own record names the device, by address or pointer. */
  named: boolean;
  argumentNames: readonly string[];
  readonly parent: OpenCall | null;
  /** Number of calls in the chain of parents. */
  readonly depth: number;
  /** Losses of the source before it. */
  readonly generation: number;
  readonly seenBy: Tracer[];
  /** Further events that tell of this call. */
  readonly again: number[];
  /** What runs once in a call of this function and has run; null: nothing. */
  ran: Set<string> | null;
  /** Functions that came or went inside it, where it is a call on their PF; null: none. */
  virtual: number[] | null;
  /** The line that function_graph wrote for its entry. */
  graphLine: number | null;
  /** Event of the message that named the method of this reset. */
  announcement: number | null;
  /** The event of its first recorded return, and whether a return has told the result. */
  exitId: number | null;
  settled: boolean;
}

export interface CallStack {
  readonly calls: OpenCall[];
  /** Calls that were given up although their exit may still come: the last {@link DEPTH_MAX} count. */
  readonly limbo: OpenCall[];
  /** Calls that have just been closed, by whom: another tracer may report the same return. */
  readonly closed: { readonly call: OpenCall; readonly by: Tracer }[];
  /** The entry that came last, with what it told. */
  entered: { readonly call: OpenCall; readonly told: Told } | null;
}

/** What an entry tells of its call. */
export type Told = Pick<KernelEvent, 'args' | 'clues'>;

/** A call stack of the functions that we know is a dozen deep; more means that exits are missing. */
export const DEPTH_MAX = 64;

// Tasks whose stacks are kept; the one that was quiet for longest goes first.
const TASKS_MAX = 4096;

/** The open calls of every task, bounded. */
export class CallStacks {
  readonly #stacks = new Map<string, CallStack>();
  /** The one at the young end of the map. */
  #youngest: { readonly key: string; readonly stack: CallStack } | null = null;

  /** The stack that a record belongs to. */
  of(record: KernelRecord): CallStack {
    return this.#named(keyOf(record));
  }

  /** Calls of which nobody knows whose they are, see {@link isPlaceless}: they do not stand inside one another. */
  get placeless(): CallStack {
    return this.#named('placeless');
  }

  #named(key: string): CallStack {
    if (this.#youngest?.key === key) return this.#youngest.stack;
    const stack = this.#renewed(key);
    this.#youngest = { key, stack };
    return stack;
  }

  #renewed(key: string): CallStack {
    const known = this.#stacks.get(key);
    if (known) {
      // Insertion order is age: the stack in use moves to the young end.
      this.#stacks.delete(key);
      this.#stacks.set(key, known);
      return known;
    }
    const fresh: CallStack = { calls: [], limbo: [], closed: [], entered: null };
    this.#stacks.set(key, fresh);
    if (this.#stacks.size > TASKS_MAX) {
      const oldest = this.#stacks.keys().next().value;
      if (oldest !== undefined) this.#stacks.delete(oldest);
    }
    return fresh;
  }

  /** The stack that a record belongs to, if anything is known of it. */
  known(record: KernelRecord): CallStack | null {
    return this.#stacks.get(keyOf(record)) ?? null;
  }

  push(record: KernelRecord, call: OpenCall, { args, clues }: Told): void {
    const stack = isPlaceless(record) ? this.placeless : this.of(record);
    const { calls } = stack;
    calls.push(call);
    stack.entered = { call, told: { args, clues } };
    if (calls.length > DEPTH_MAX) calls.shift();
  }

  clear(): void {
    this.#youngest = null;
    this.#stacks.clear();
  }

  /** All of them, plain data, in the order of their age. */
  all(): ReadonlyMap<string, CallStack> {
    return this.#stacks;
  }

  /** Takes over what {@link all} of another one told. */
  restore(stacks: ReadonlyMap<string, CallStack>): void {
    this.#youngest = null;
    for (const [key, stack] of stacks) this.#stacks.set(key, stack);
  }

  /** Gives up the calls from index `from` on. */
  static abandon(stack: CallStack, from: number): void {
    const { calls, limbo } = stack;
    if (from >= calls.length) return;
    for (let at = from; at < calls.length; at++) limbo.push(calls[at] as OpenCall);
    calls.length = from;
    // To take away the first one moves all the others: many at once.
    if (limbo.length > 2 * DEPTH_MAX) limbo.splice(0, limbo.length - DEPTH_MAX);
  }

  /** Takes the innermost call that fits off the stack, with those inside it; else one that was given up before. */
  static take(stack: CallStack, fits: (call: OpenCall) => boolean): OpenCall | null {
    const at = stack.calls.findLastIndex(fits);
    if (at >= 0) return stack.calls.splice(at)[0] ?? null;
    const { limbo } = stack;
    const oldest = Math.max(0, limbo.length - DEPTH_MAX);
    for (let lost = limbo.length - 1; lost >= oldest; lost--) {
      const call = limbo[lost];
      if (call && fits(call)) return limbo.splice(lost, 1)[0] ?? null;
    }
    return null;
  }
}

/** What runs on one stack: the task, or where the trace names none, the CPU and what function_graph saw on it. */
export function keyOf(record: KernelRecord): string {
  if (record.type === 'graph') return `graph:${record.stack}`;
  if (record.type === 'event' && record.stack !== null) return `graph:${record.stack}`;
  // What tasks run beside one another is told by no record: each is one by itself.
  if (isPlaceless(record)) return `line:${record.line}`;
  if (record.pid !== null) return taskKey(record.pid);
  return record.cpu === null ? NOBODY : `cpu:${record.cpu}`;
}

/** A log tells neither, as a rule. */
const NOBODY = 'cpu:?';

/** Whether an event in a log names neither who made it nor where: without CONFIG_PRINTK_CALLER. */
export function isPlaceless(record: KernelRecord): boolean {
  return record.type === 'event' && record.printed === true && record.pid === null && record.cpu === null;
}

/** Asked several times of every record: of the last task the string is kept. */
let latestTask: { readonly pid: number; readonly key: string } | null = null;

function taskKey(pid: number): string {
  if (latestTask?.pid !== pid) latestTask = { pid, key: `task:${pid}` };
  return latestTask.key;
}
