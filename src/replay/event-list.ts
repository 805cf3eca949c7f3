import type { StoredDevice, StoredEvent, StoredSource } from '../timeline/rows.ts';
import type { Place, RecordedEvents } from './recorded.ts';

/** A handful of events in memory, in an order of one's own: to ask what the replay would make of it. */
export class EventList implements RecordedEvents {
  readonly #sources: readonly StoredSource[];
  readonly #devices: readonly StoredDevice[];
  readonly #events: readonly StoredEvent[];

  /** @param events in the order to replay; what is not among them is not known to those that name it. */
  constructor(sources: readonly StoredSource[], devices: readonly StoredDevice[], events: readonly StoredEvent[]) {
    this.#sources = sources;
    this.#devices = devices;
    this.#events = renumbered(events);
  }

  sources(): readonly StoredSource[] {
    return this.#sources;
  }

  devices(): readonly StoredDevice[] {
    return this.#devices;
  }

  events(after: number, limit: number): readonly StoredEvent[] {
    return this.#events.slice(after, after + limit);
  }

  event(id: number): StoredEvent | null {
    return this.#events[id - 1] ?? null;
  }

  places(): Iterable<Place> {
    return this.#events;
  }

  tracingSources(): ReadonlySet<number> {
    return new Set(this.#events.filter(({ symbol }) => symbol !== null).map(({ sourceId }) => sourceId));
  }

  cpus(): ReadonlyMap<number, { readonly lowest: number; readonly highest: number }> {
    const cpus = new Map<number, { readonly lowest: number; readonly highest: number }>();
    for (const { sourceId, cpu } of this.#events) {
      if (cpu === null) continue;
      const known = cpus.get(sourceId) ?? { lowest: cpu, highest: cpu };
      cpus.set(sourceId, { lowest: Math.min(known.lowest, cpu), highest: Math.max(known.highest, cpu) });
    }
    return cpus;
  }
}

/** Ids tell the order: 1, 2, 3 .., also in what names another event. */
function renumbered(events: readonly StoredEvent[]): StoredEvent[] {
  const ids = new Map(events.map(({ id }, index) => [id, index + 1]));
  const of = (id: number | null) => (id === null ? null : (ids.get(id) ?? null));
  return events.map((event, index) => ({
    ...event,
    id: index + 1,
    parentId: of(event.parentId),
    rootId: of(event.rootId),
    pairId: of(event.pairId),
    supersededBy: of(event.supersededBy),
    duplicateOf: of(event.duplicateOf),
  }));
}
