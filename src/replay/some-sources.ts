import type { StoredDevice, StoredEvent, StoredSource } from '../timeline/rows.ts';
import type { Place, RecordedEvents } from './recorded.ts';

/** What can be asked for events of a kind, too. */
interface Recorded extends RecordedEvents {
  eventsOfKind(kind: StoredEvent['kind'], limit: number): readonly StoredEvent[];
}

/** Some of the sources as if there were no others. Histories are not to be torn apart. */
export class SomeSources implements Recorded {
  readonly #recorded: Recorded;
  readonly #ids: ReadonlySet<number>;

  constructor(recorded: Recorded, ids: ReadonlySet<number>) {
    this.#recorded = recorded;
    this.#ids = ids;
  }

  sources(): readonly StoredSource[] {
    return this.#recorded.sources().filter(({ id }) => this.#ids.has(id));
  }

  devices(): readonly StoredDevice[] {
    return this.#recorded.devices().filter(({ sourceId }) => this.#ids.has(sourceId));
  }

  events(after: number, limit: number): readonly StoredEvent[] {
    const found: StoredEvent[] = [];
    let from = after;
    while (found.length < limit) {
      const batch = this.#recorded.events(from, limit);
      const last = batch.at(-1);
      if (last === undefined) break;
      from = last.id;
      found.push(...batch.filter(({ sourceId }) => this.#ids.has(sourceId)));
    }
    return found.slice(0, limit);
  }

  event(id: number): StoredEvent | null {
    return this.#recorded.event(id);
  }

  *places(): Iterable<Place> {
    for (const place of this.#recorded.places()) if (this.#ids.has(place.sourceId)) yield place;
  }

  tracingSources(): ReadonlySet<number> {
    return new Set([...this.#recorded.tracingSources()].filter((id) => this.#ids.has(id)));
  }

  cpus(): ReadonlyMap<number, { readonly lowest: number; readonly highest: number }> {
    return new Map([...this.#recorded.cpus()].filter(([id]) => this.#ids.has(id)));
  }

  eventsOfKind(kind: StoredEvent['kind'], limit: number): readonly StoredEvent[] {
    return this.#recorded.eventsOfKind(kind, limit).filter(({ sourceId }) => this.#ids.has(sourceId));
  }
}
