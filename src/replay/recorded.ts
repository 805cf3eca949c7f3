import type { StoredDevice, StoredEvent, StoredSource } from '../timeline/rows.ts';

/** Where an event stands, and the CPU that it ran on, where the record tells it. */
export interface Place {
  readonly id: number;
  readonly sourceId: number;
  readonly line: number;
  readonly cpu: number | null;
}

/** What the replay reads: a timeline is one, a list of events in memory another. Nothing of it changes while it is replayed. */
export interface RecordedEvents {
  sources(): readonly StoredSource[];
  devices(): readonly StoredDevice[];
  /** Events with an id above `after`, in the order to replay, at most `limit`; ids ascend. */
  events(after: number, limit: number): readonly StoredEvent[];
  event(id: number): StoredEvent | null;
  /** Where every event stands, in order. */
  places(): Iterable<Place>;
  /** Sources that hold calls, as traces do; kernel logs hold messages only. */
  tracingSources(): ReadonlySet<number>;
  /** The CPUs that the events of a source ran on, from the lowest to the highest; a source that tells none is left out. */
  cpus(): ReadonlyMap<number, { readonly lowest: number; readonly highest: number }>;
}
