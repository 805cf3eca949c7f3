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
}

/** What would put operations right that still run. */
export class Hopes {
  #open: Hope[] = [];

  note(hope: Hope): void {
    this.#open.push(hope);
  }

  /** What was hoped for may be among what was lost while the operation ran. */
  lost(event: StoredEvent, track: DeviceTrack): void {
    this.#open = this.#open.map((hope) =>
      hope.draft.track !== track || hope.before < event.id ? hope : { ...hope, otherwise: null },
    );
  }

  /** The findings about operations that the event, done to the device, puts right. */
  seen(event: StoredEvent, track: DeviceTrack): Draft[] {
    // Nearly always empty.
    if (this.#open.length === 0 || event.outcome === 'failed') return [];
    const isRighted = ({ draft, by, before }: Hope) =>
      draft.track === track && event.id > draft.violation.id && event.id < before && by.has(event.kind);
    const righted = this.#open.filter(isRighted);
    if (righted.length > 0) this.#open = this.#open.filter((hope) => !righted.includes(hope));
    return righted.map(({ draft }) => draft);
  }

  /** After the last event: what is still open never came. */
  end(): void {
    for (const { draft, otherwise } of this.#open) {
      if (otherwise === null) continue;
      draft.verdict = otherwise;
      draft.severity = severityOf(otherwise);
    }
  }
}
