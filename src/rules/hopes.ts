import type { Verdict } from '../model/analysis.ts';
import type { DeviceTrack } from '../replay/track.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import type { Draft } from './draft.ts';
import type { Righting } from './rule.ts';
import { severityOf } from './verdict.ts';

/** A finding about an operation that may put things right itself before it is over. */
interface Hope {
  readonly draft: Draft;
  readonly by: Righting['by'];
  /** The id of the event that ends the operation. */
  readonly before: number;
  /** What it is without that; null where nothing says that a record of it would be there. */
  readonly otherwise: Verdict | null;
  readonly stays: Righting['stays'];
  /** What was assumed as long as nothing had put it right. */
  readonly granted: readonly string[];
}

/** Events that come after the end of an operation, and may still be followed by one from inside: as many as may be open in their order. */
const LATE_MAX = 256;

const NO_HOPES: readonly Hope[] = [];
const NO_DRAFTS: readonly Draft[] = [];

/** What would put operations right that still run. */
export class Hopes {
  readonly #open = new Map<DeviceTrack, readonly Hope[]>();
  /** Those whose operation is over, and was not put right. */
  readonly #given: Hope[] = [];

  note(hope: Hope): void {
    const { track } = hope.draft;
    this.#open.set(track, [...(this.#open.get(track) ?? []), hope]);
  }

  /** What was hoped for may be among what was lost while the operation ran. */
  lost(event: StoredEvent, track: DeviceTrack): void {
    const running = this.#running(event, track);
    if (running.length === 0) return;
    this.#open.set(
      track,
      running.map((hope) => (hope.before < event.id ? hope : { ...hope, otherwise: null })),
    );
  }

  /** The findings that are none, since the event, done to the device, puts the operation right. */
  seen(event: StoredEvent, track: DeviceTrack): readonly Draft[] {
    const running = this.#running(event, track);
    // Nearly always empty.
    if (running.length === 0 || event.outcome === 'failed') return NO_DRAFTS;
    const isRighted = ({ draft, by, before }: Hope) =>
      event.id > draft.violation.id && event.id < before && by.has(event.kind);
    const righted = running.filter(isRighted);
    if (righted.length > 0)
      this.#open.set(
        track,
        running.filter((hope) => !isRighted(hope)),
      );
    for (const hope of righted) if (hope.stays !== undefined) warnOnly(hope, hope.stays);
    return righted.flatMap(({ draft, stays }) => (stays === undefined ? [draft] : []));
  }

  /** After the last event: what is still open never came. */
  end(): void {
    for (const { draft, otherwise } of [...this.#given, ...[...this.#open.values()].flat()]) {
      if (otherwise === null) continue;
      draft.verdict = otherwise;
      draft.severity = severityOf(otherwise);
    }
  }

  /** The hopes of the device whose operations go on at the event, or have ended just before; the others are given up. */
  #running({ id }: StoredEvent, track: DeviceTrack): readonly Hope[] {
    const open = this.#open.get(track);
    if (open === undefined) return NO_HOPES;
    const running = open.filter(({ before }) => id < before + LATE_MAX);
    if (running.length === open.length) return open;
    this.#given.push(...open.filter(({ before, otherwise }) => id >= before + LATE_MAX && otherwise !== null));
    if (running.length > 0) this.#open.set(track, running);
    else this.#open.delete(track);
    return running;
  }
}

/** What is left of a finding where the kernel did put it right: what was asked for was harsh, and is told. */
function warnOnly({ draft, granted }: Hope, stays: string): void {
  draft.summary = `${draft.summary}: ${stays}`;
  draft.assumptions = draft.assumptions.filter((one) => typeof one !== 'string' || !granted.includes(one));
  draft.toConfirm = [];
}
