import type { StoredEvent } from '../timeline/rows.ts';
import { isPartOfBind } from './binds.ts';
import type { RecordedEvents } from './recorded.ts';

// Enclosing calls are looked up by id; the innermost ones are nearly always still here. A power of two.
const RECENT_MAX = 256;
/** Those whose return is recorded are looked up by that, too: among calls of a hundred devices it comes some hundreds of events later. */
const RETURNING_MAX = 512;
/** Nesting that is looked at. */
const DEPTH_MAX = 32;

const NO_CALLS: readonly StoredEvent[] = [];

/** The calls around events, and the two records of one call as one. */
export class Calls {
  readonly #recorded: RecordedEvents;
  /**
   * Entries by the last bits of their ids. No Map: the tables that a Map drops when it is full of deleted entries point to the next
   * one, so that one of them among the old objects keeps all that come later alive until all of the heap is collected.
   */
  readonly #recent = new Array<StoredEvent | undefined>(RECENT_MAX).fill(undefined);
  readonly #returning = new Array<StoredEvent | undefined>(RETURNING_MAX).fill(undefined);

  #near: readonly (readonly StoredEvent[])[] = [];

  constructor(recorded: RecordedEvents) {
    this.#recorded = recorded;
  }

  /** Has these pages at hand, too, one after the other: where a call is short, its return is among them. */
  stayNear(pages: readonly (readonly StoredEvent[])[]): void {
    this.#near = pages;
  }

  /** Keeps an entry at hand for what comes inside it. */
  remember(event: StoredEvent): void {
    if (event.phase !== 'enter') return;
    if (event.pairId === null) this.#recent[event.id & (RECENT_MAX - 1)] = event;
    else this.#returning[event.id & (RETURNING_MAX - 1)] = event;
  }

  /** Innermost first. */
  around(event: StoredEvent): readonly StoredEvent[] {
    if (event.parentId === null) return NO_CALLS;
    const calls: StoredEvent[] = [];
    for (let id: number | null = event.parentId; id !== null && calls.length < DEPTH_MAX; ) {
      const call = this.#find(id);
      if (!call) break;
      calls.push(call);
      id = call.parentId;
    }
    return calls;
  }

  /** A return probe rarely repeats the arguments: what was asked stands in the entry. */
  withEntry(event: StoredEvent): StoredEvent {
    if (event.phase !== 'exit' || event.pairId === null) return event;
    const entry = this.#find(event.pairId);
    return entry ? { ...event, args: { ...entry.args, ...event.args } } : event;
  }

  /** With the kind that its argument gives an ioctl, which no return repeats; what is part of the core's bind is no bind itself. */
  asCalled(event: StoredEvent): StoredEvent {
    if (event.kind === 'tsm.bind_core' && isPartOfBind(event, this.around(event))) return { ...event, kind: 'call' };
    if (event.kind !== 'iommufd.tsm_op' || event.phase !== 'exit') return event;
    const { kind } = this.entryOf(event);
    return kind === event.kind ? event : { ...event, kind };
  }

  /** Where a call that returns was called; any other event itself. */
  entryOf(event: StoredEvent): StoredEvent {
    return (event.phase === 'exit' && event.pairId !== null ? this.#find(event.pairId) : null) ?? event;
  }

  /** An entry with what its return says, a return with what its entry says. */
  heard(event: StoredEvent): StoredEvent {
    if (event.pairId === null) return event;
    if (event.phase === 'exit') {
      const entry = this.#find(event.pairId);
      return entry ? { ...event, kind: entry.kind, args: { ...entry.args, ...event.args } } : event;
    }
    if (event.phase !== 'enter') return event;
    const exit = this.#find(event.pairId);
    return exit ? { ...event, args: { ...exit.args, ...event.args } } : event;
  }

  #find(id: number): StoredEvent | null {
    const returning = this.#returning[id & (RETURNING_MAX - 1)];
    if (returning?.id === id) return returning;
    const recent = this.#recent[id & (RECENT_MAX - 1)];
    if (recent?.id === id) return recent;
    for (const page of this.#near) {
      const near = page[id - (page[0]?.id ?? 0)];
      if (near?.id === id) return near;
    }
    return this.#recorded.event(id);
  }
}
