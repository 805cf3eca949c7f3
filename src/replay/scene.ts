import type { SideFact } from '../input/side-data.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import { Calls } from './calls.ts';
import type { SourceClocks } from './clocks.ts';
import { EffectsAnyhow } from './effects.ts';
import { OpenCalls } from './open-calls.ts';
import { ResetsOutOfSight } from './out-of-sight.ts';
import type { RecordedEvents } from './recorded.ts';
import type { ReplayObserver, ReplayOptions, Shown } from './step.ts';
import { Takers } from './takers.ts';
import { TdxAbis } from './tdx-abi.ts';
import { type Reach, Topology } from './topology.ts';
import type { DeviceTrack } from './track.ts';

const CONTRADICTED_MAX = 1000;

/** What side data say and a record contradicts; the line is that of the record. */
export interface Contradicted {
  readonly sourceId: number;
  readonly line: number | null;
  readonly fact: SideFact;
}

/** What the parts of one replay share. While something is tried on copies, tracks and observer are those of the trial. */
export class Scene {
  readonly recorded: RecordedEvents;
  readonly options: ReplayOptions;
  readonly clocks: SourceClocks;
  readonly calls: Calls;
  readonly takers = new Takers();
  readonly openCalls = new OpenCalls();
  readonly tdxAbis = new TdxAbis();
  readonly effects = new EffectsAnyhow();
  observer: ReplayObserver;
  tracks: ReadonlyMap<number, DeviceTrack> = new Map();
  /** The first event after the last loss, by history. */
  readonly lostBefore = new Map<number, number>();
  readonly contradicted: Contradicted[] = [];
  readonly resetsOutOfSight = new ResetsOutOfSight();
  readonly #topologies = new Map<number, Topology>();

  constructor(recorded: RecordedEvents, options: ReplayOptions, clocks: SourceClocks, observer: ReplayObserver) {
    this.recorded = recorded;
    this.options = options;
    this.clocks = clocks;
    this.observer = observer;
    this.calls = new Calls(recorded);
  }

  /** The device that the record names; null where it names none, or leaves it open. */
  owner(event: StoredEvent): DeviceTrack | null {
    return event.deviceId === null ? null : (this.tracks.get(event.deviceId) ?? null);
  }

  sameHistory(track: DeviceTrack, event: StoredEvent): boolean {
    return this.clocks.history(track.sourceId) === this.clocks.history(event.sourceId);
  }

  /** The devices that share the history of the event, by id. */
  idsOfHistory(event: StoredEvent): number[] {
    return [...this.tracks.values()].filter((track) => this.sameHistory(track, event)).map(({ id }) => id);
  }

  topology(sourceId: number): Topology {
    const history = this.clocks.history(sourceId);
    const known = this.#topologies.get(history);
    if (known) return known;
    const fresh = new Topology(this.options.side);
    this.#topologies.set(history, fresh);
    return fresh;
  }

  /** Notes what is above a function, as of now. */
  place(track: DeviceTrack, sourceId: number): void {
    if (track.concerned) track.port = this.topology(sourceId).portAbove(track.bdf);
  }

  /** With the record that shows how the device is reached: the rules quote it. */
  shown(reach: Reach | null): Shown | null {
    if (reach === null) return null;
    const shownBy = reach.record === null ? null : this.recorded.event(reach.record);
    const lost = shownBy === null ? null : this.lostBefore.get(this.clocks.history(shownBy.sourceId));
    return { ...reach, shownBy, holds: shownBy !== null && shownBy.id >= (lost ?? 0) };
  }

  /** The record counts, and the fact is denied once, however many orders are tried. */
  contradict({ sourceId, line }: Omit<Contradicted, 'fact'>, fact: SideFact): void {
    const known = this.contradicted.some((one) => one.fact === fact);
    if (!known && this.contradicted.length < CONTRADICTED_MAX) this.contradicted.push({ sourceId, line, fact });
  }

  /**
   * Runs `work` on copies of these devices; the real ones stay as they are. `observer` hears of the steps, with the real devices.
   *
   * @returns the copies, and whether a record was impossible.
   */
  onCopies(
    ids: readonly number[],
    hear: ReplayObserver['step'],
    work: (copies: ReadonlyMap<number, DeviceTrack>) => void,
  ): { copies: ReadonlyMap<number, DeviceTrack>; refuted: boolean } {
    const { tracks, observer } = this;
    const copies = new Map<number, DeviceTrack>();
    for (const id of ids) {
      const track = tracks.get(id);
      if (track) copies.set(id, track.fork());
    }
    let refuted = false;
    this.tracks = copies;
    this.observer = {
      step: (step) => hear({ ...step, track: tracks.get(step.track.id) ?? step.track }),
      seen() {},
      impossible() {
        refuted = true;
      },
    };
    try {
      work(copies);
    } finally {
      this.tracks = tracks;
      this.observer = observer;
    }
    return { copies, refuted };
  }
}
