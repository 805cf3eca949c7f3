import type { Analysis } from '../model/analysis.ts';
import type { KeptAnchors } from './relate.ts';
import type {
  NewDevice,
  NewEvent,
  NewHealth,
  NewSource,
  NewUnrecognised,
  SourceTotals,
  StoredDevice,
  StoredEvent,
  StoredSource,
} from './rows.ts';

/**
 * A timeline under construction: a SQLite file beside its target (or a private temporary one), written in one transaction
 * per stage and renamed when it is whole. Synchronous: better-sqlite3 is.
 *
 * Sources are read one after another, so that the order of ids is the order of the lines. A time that exceeds 64 bits is
 * stored as null.
 */
export interface TimelineWriter {
  addSource(source: NewSource): number;
  finishSource(id: number, totals: SourceTotals): void;
  /** Removes a source that turned out to be unusable, with all that was stored of it. Only the latest one. */
  dropSource(id: number): void;
  addEntity(sourceId: number): number;
  /** Several entities may be the same device; null: unknown. `certainty`: how well the clue tells it. */
  assignEntity(entityId: number, deviceId: number | null, certainty: NewDevice['certainty']): void;
  /** The entity may be any of these devices, or perhaps none of them. */
  suggestDevices(entityId: number, deviceIds: readonly number[]): void;
  addDevice(device: NewDevice): number;
  addEvent(event: NewEvent): number;
  /** Ties an exit to its enter; the enter takes over outcome and code, unless it already knows better. */
  pairEvents(enterId: number, exitId: number, outcome: StoredEvent['outcome'], code: number | null): void;
  /** Sets what only later records tell (a callee that runs only on success). */
  settleEvent(id: number, outcome: StoredEvent['outcome'], code: number | null): void;
  supersedeEvent(id: number, by: number): void;
  /** What reading the logs found wanting. What the replay finds belongs into the analysis, or it would outlive it. */
  addHealth(item: NewHealth): void;
  addUnrecognised(item: NewUnrecognised): void;
  /** What may tie the source to others; replaces what was noted of it before. */
  noteAnchors(sourceId: number, anchors: KeptAnchors): void;
  /**
   * When all sources have been read: merges those whose clocks are shown to relate, and says in health rows what was merged and
   * what stands alone. Ids of events and devices change; does nothing to a timeline that was read before.
   */
  relateClocks(): void;
  /** Removes what earlier analyses wrote (states, findings, coverage, replay health), keeps what was read from the logs. */
  clearAnalysis(): void;
  /**
   * Writes states, findings, coverage, health and the parameters of the analysis; replaces an earlier one. Source and device
   * ids have to be those of ids.ts (`d1` is the device with row id 1).
   */
  writeAnalysis(analysis: Analysis): void;

  /** Runs `work`, which may write, and takes back all that it wrote. Nobody else may write meanwhile. */
  preview<T>(work: () => Promise<T>): Promise<T>;

  /** Reads on the writer's own connection, between writes; after `finish` it reads the finished file. */
  readonly reader: TimelineReader;
  /** Makes indexes, checks, and moves the file to its target (exclusively created or replaced whole). */
  finish(): void;
  /** Removes the unfinished file. Safe to call twice; after `finish` it does nothing. */
  abort(): void;
}

/** A finished timeline, or the one under construction, for reading. */
export interface TimelineReader {
  /** Where the file stands now. */
  readonly path: string;
  sources(): StoredSource[];
  /** Every function of which there is a record, each once. */
  symbols(): string[];
  /** `fromTime` and `toTime` are the earliest and the latest time of the device's events, `events` their number. */
  devices(): StoredDevice[];
  /**
   * Events with an id above `after`, in order, at most `limit`. Ordered by source, then as they stand in it; those of sources
   * whose clocks relate are merged.
   */
  events(after: number, limit: number): StoredEvent[];
  event(id: number): StoredEvent | null;
  /** Where every event stands, in order. */
  places(): IterableIterator<{
    readonly id: number;
    readonly sourceId: number;
    readonly line: number;
    readonly cpu: number | null;
  }>;
  /** Sources that hold calls, as traces do; kernel logs hold messages only. */
  tracingSources(): Set<number>;
  /** The CPUs that the events of a source ran on, from the lowest to the highest; a source that tells none is left out. */
  cpus(): Map<number, { readonly lowest: number; readonly highest: number }>;
  /** The first events of a kind, at most `limit`. */
  eventsOfKind(kind: StoredEvent['kind'], limit: number): StoredEvent[];
  health(): NewHealth[];
  unrecognised(): NewUnrecognised[];
  /** The analysis that the timeline holds, or null where none was written. */
  analysis(): Analysis | null;
  /** Closes a finished timeline, and removes it where it is temporary; does nothing while it is written. Safe to call twice. */
  close(): void;
}
