import type { StoredEvent } from '../timeline/rows.ts';

/** Calls inside one another; the replay looks no further up, either. */
const DEPTH_MAX = 32;

/** Ids of the records of one operation: its entry, what is nested in it, its exit. */
export type Unit = ReadonlySet<number>;

/**
 * A stretch of what was recorded, in an order that can be changed; ids stay those of the timeline. Immutable. Operations are
 * intervals: what is nested goes with them.
 */
export class History {
  readonly events: readonly StoredEvent[];
  /** Before these records evidence was lost, by id. */
  readonly gaps: ReadonlySet<number>;
  readonly #byId: ReadonlyMap<number, StoredEvent>;
  readonly #units = new Map<number, Unit>();

  constructor(events: readonly StoredEvent[], gaps: ReadonlySet<number>) {
    this.events = events;
    this.gaps = gaps;
    this.#byId = new Map(events.map((event) => [event.id, event]));
  }

  event(id: number): StoredEvent | null {
    return this.#byId.get(id) ?? null;
  }

  /** The calls around a record, innermost first, as far as they are in the stretch. A return stands in what its call stands in. */
  callsAround(event: StoredEvent): StoredEvent[] {
    const calls: StoredEvent[] = [];
    const begin = this.#begin(event);
    for (let id = begin.parentId; id !== null && calls.length < DEPTH_MAX; ) {
      const call = this.#byId.get(id);
      if (call === undefined) break;
      calls.push(call);
      id = call.parentId;
    }
    return calls;
  }

  unit(event: StoredEvent): Unit {
    const begin = this.#begin(event);
    const known = this.#units.get(begin.id);
    if (known) return known;
    const unit = new Set(this.events.filter((one) => this.#isWithin(one, begin.id)).map(({ id }) => id));
    this.#units.set(begin.id, unit);
    return unit;
  }

  /** The outermost call around `event`, or itself, that does not hold `other`, too. */
  apartFrom(event: StoredEvent, other: StoredEvent): StoredEvent {
    const begin = this.#begin(event);
    const shared = new Set(this.callsAround(other).map(({ id }) => id));
    return this.callsAround(begin).findLast(({ id }) => !shared.has(id) && id !== this.#begin(other).id) ?? begin;
  }

  /** Positions of the first and the last record of a unit. */
  bounds(unit: Unit): { readonly first: number; readonly last: number } {
    return {
      first: this.events.findIndex(({ id }) => unit.has(id)),
      last: this.events.findLastIndex(({ id }) => unit.has(id)),
    };
  }

  /** The records that `moved` would jump over on its way to one side of `target`. */
  between(moved: Unit, target: Unit, place: 'before' | 'after'): StoredEvent[] {
    const [from, to] = [this.bounds(moved), this.bounds(target)];
    // Calls of two tasks may overlap.
    const [first, last] =
      place === 'before' ? [to.first, Math.max(from.first, to.last)] : [Math.min(from.last, to.first), to.last];
    return this.events.slice(first, last + 1).filter(({ id }) => !moved.has(id));
  }

  /** Whether evidence was lost anywhere between the first and the last of these. */
  isBroken(events: readonly StoredEvent[]): boolean {
    if (this.gaps.size === 0) return false;
    const ids = new Set(events.map(({ id }) => id));
    const { first, last } = this.bounds(ids);
    return this.events.slice(first + 1, last + 1).some(({ id }) => this.gaps.has(id));
  }

  /** With `moved` right before or right after `target`, called from where that was called. */
  withMoved(moved: Unit, target: Unit, place: 'before' | 'after'): History {
    const rest = this.events.filter(({ id }) => !moved.has(id));
    const at =
      place === 'before'
        ? rest.findIndex(({ id }) => target.has(id))
        : rest.findLastIndex(({ id }) => target.has(id)) + 1;
    const beside = rest.find(({ id }) => target.has(id)) ?? null;
    const units = this.events.filter(({ id }) => moved.has(id));
    const gaps = place === 'before' ? before(units[0], rest[at], this.#gapsWithout(moved)) : this.#gapsWithout(moved);
    return new History([...rest.slice(0, at), ...this.#called(units, beside), ...rest.slice(at)], gaps);
  }

  /** With records that nobody made right before `target`, called from where that was called. */
  withInserted(inserted: readonly StoredEvent[], target: Unit): History {
    const at = this.bounds(target).first;
    const beside = this.events[at] ?? null;
    const called = this.#called(inserted, beside);
    const gaps = before(called[0], beside ?? undefined, this.gaps);
    return new History([...this.events.slice(0, at), ...called, ...this.events.slice(at)], gaps);
  }

  without(unit: Unit): History {
    return new History(
      this.events.filter(({ id }) => !unit.has(id)),
      this.#gapsWithout(unit),
    );
  }

  /** The same with every record as `change` makes it; null: without that one. What was called there stands for itself. */
  changed(change: (event: StoredEvent) => StoredEvent | null): History {
    const events = this.events.flatMap((event) => change(event) ?? []);
    const kept = new Set(events.map(({ id }) => id));
    const gone = this.events.map(({ id }) => id).filter((id) => !kept.has(id));
    const left = new History(events, this.#gapsWithout(new Set(gone)));
    if (!events.some(({ rootId }) => rootId !== null && gone.includes(rootId))) return left;
    const rooted = events.map((event) =>
      event.rootId === null || kept.has(event.rootId)
        ? event
        : { ...event, rootId: left.callsAround(event).at(-1)?.id ?? null },
    );
    return new History(rooted, left.gaps);
  }

  /** Gaps stay where they were: before the next record that stays. */
  #gapsWithout(moved: Unit): ReadonlySet<number> {
    if (this.gaps.size === 0) return this.gaps;
    const gaps = new Set<number>();
    let open = false;
    for (const { id } of this.events) {
      open ||= this.gaps.has(id);
      if (!open || moved.has(id)) continue;
      gaps.add(id);
      open = false;
    }
    return gaps;
  }

  /** Records whose outermost call is made where `beside` was. */
  #called(events: readonly StoredEvent[], beside: StoredEvent | null): StoredEvent[] {
    const own = new Set(events.map(({ id }) => id));
    const parentId = beside === null ? null : this.#begin(beside).parentId;
    const rootOf = parentId === null ? null : (this.#byId.get(parentId)?.rootId ?? parentId);
    return events.map((event) => {
      const isOutermost = event.parentId === null || !own.has(event.parentId);
      const root = rootOf ?? this.#outermostAmong(event, own);
      return { ...event, rootId: root, ...(isOutermost ? { parentId } : {}) };
    });
  }

  #outermostAmong(event: StoredEvent, own: Unit): number {
    const inside = this.callsAround(event).filter(({ id }) => own.has(id));
    return inside.at(-1)?.id ?? this.#begin(event).id;
  }

  /** The entry of a return; a record that is none stands for itself. */
  #begin(event: StoredEvent): StoredEvent {
    if (event.phase !== 'exit' || event.pairId === null) return event;
    return this.#byId.get(event.pairId) ?? event;
  }

  #isWithin(event: StoredEvent, id: number): boolean {
    const begin = this.#begin(event);
    return begin.id === id || this.callsAround(begin).some((call) => call.id === id);
  }
}

/** What comes right before a record comes after what was lost before that. */
function before(
  first: StoredEvent | undefined,
  next: StoredEvent | undefined,
  gaps: ReadonlySet<number>,
): ReadonlySet<number> {
  if (first === undefined || next === undefined || !gaps.has(next.id)) return gaps;
  return new Set([...gaps].map((id) => (id === next.id ? first.id : id)));
}
