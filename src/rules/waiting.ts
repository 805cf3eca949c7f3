import type { DeviceTrack } from '../replay/track.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import type { Draft } from './draft.ts';

/** A call reaches one function in few steps: what is part of it stands close by. */
const PARTS_WITHIN = 64;

interface OfDevice {
  drafts: Draft[];
  /** The latest time of a violation; null: not all of them are of one source, or have a time. */
  newest: bigint | null;
  readonly sourceId: number;
}

const NOTHING: readonly Draft[] = [];

/** Findings of devices whose unbind has not come yet. Of a machine that never unbinds there may be thousands. */
export class Waiting {
  readonly #byTrack = new Map<DeviceTrack, OfDevice>();

  all(track: DeviceTrack): readonly Draft[] {
    return this.#byTrack.get(track)?.drafts ?? NOTHING;
  }

  /** Those that may stand after the event by their time although it stands behind them in the log. */
  perhapsAfter(track: DeviceTrack, { time, sourceId }: StoredEvent): readonly Draft[] {
    const own = this.#byTrack.get(track);
    if (own === undefined || time === null) return NOTHING;
    return own.newest !== null && own.sourceId === sourceId && time >= own.newest ? NOTHING : own.drafts;
  }

  /** The last one that the charge is part of. */
  whole(track: DeviceTrack, isPartOf: ((earlier: StoredEvent) => boolean) | undefined): Draft | undefined {
    if (isPartOf === undefined) return undefined;
    const { drafts } = this.#byTrack.get(track) ?? { drafts: NOTHING };
    return drafts.slice(-PARTS_WITHIN).findLast(({ violation }) => isPartOf(violation));
  }

  add(track: DeviceTrack, draft: Draft): void {
    const { time, sourceId } = draft.violation;
    const own = this.#byTrack.get(track);
    if (own === undefined) {
      this.#byTrack.set(track, { drafts: [draft], newest: time, sourceId });
      return;
    }
    own.drafts.push(draft);
    const isKnown = own.newest !== null && time !== null && own.sourceId === sourceId;
    own.newest = isKnown ? (time > (own.newest ?? time) ? time : own.newest) : null;
  }

  replace(known: Draft, draft: Draft): void {
    const own = this.#byTrack.get(draft.track);
    const at = own?.drafts.lastIndexOf(known) ?? -1;
    if (own === undefined || at < 0) return;
    own.drafts[at] = draft;
    // It may name another record.
    own.newest = null;
  }

  drop(track: DeviceTrack, draft: Draft): void {
    const own = this.#byTrack.get(track);
    const at = own?.drafts.lastIndexOf(draft) ?? -1;
    if (at >= 0) own?.drafts.splice(at, 1);
  }

  /** Their unbind has come. */
  end(track: DeviceTrack): void {
    this.#byTrack.delete(track);
  }
}
