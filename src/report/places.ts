import type { Bdf } from '../base/bdf.ts';
import { formatTime } from '../base/time.ts';
import type { DeviceTrack } from '../replay/track.ts';
import type { StoredEvent, StoredSource } from '../timeline/rows.ts';

/** Turns what records refer to by number into what a document calls it. */
export class Places {
  readonly #sources: ReadonlyMap<number, StoredSource>;
  readonly #tracks: ReadonlyMap<number, DeviceTrack>;

  constructor(sources: readonly StoredSource[], tracks: readonly DeviceTrack[]) {
    this.#sources = new Map(sources.map((source) => [source.id, source]));
    this.#tracks = new Map(tracks.map((track) => [track.id, track]));
  }

  /** Seconds in the clock of the source; null where the record has no time. */
  time({ sourceId, time }: Pick<StoredEvent, 'sourceId' | 'time'>): string | null {
    return formatTime(time, this.#sources.get(sourceId)?.timeUnit ?? 'ns');
  }

  /** Null for a device that was not replayed. */
  track(deviceId: number): DeviceTrack | null {
    return this.#tracks.get(deviceId) ?? null;
  }

  bdf(deviceId: number | null): Bdf | null {
    return deviceId === null ? null : (this.track(deviceId)?.bdf ?? null);
  }
}
