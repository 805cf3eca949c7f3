import type { EventKind } from '../events/event.ts';
import type { Verdict } from '../model/analysis.ts';
import type { DeviceTrack } from '../replay/track.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import type { Draft } from './draft.ts';
import { severityOf } from './verdict.ts';

/** A finding that is mild only if an event of this kind comes before the operation is over. */
interface Hope {
  readonly draft: Draft;
  readonly kind: EventKind;
  /** The id of the event that ends the operation. */
  readonly before: number;
  readonly otherwise: Verdict;
}

/** What would put operations right that still run. */
export class Hopes {
  #open: Hope[] = [];

  note(hope: Hope): void {
    this.#open.push(hope);
  }

  /** What was hoped for may be among what was lost while the operation ran. */
  lost(event: StoredEvent, track: DeviceTrack): void {
    this.#open = this.#open.filter(({ draft, before }) => draft.track !== track || before < event.id);
  }

  seen(event: StoredEvent, track: DeviceTrack): void {
    const at = this.#open.findIndex(
      ({ draft, kind, before }) => draft.track === track && kind === event.kind && event.id < before,
    );
    if (at >= 0) this.#open.splice(at, 1);
  }

  /** After the last event: what is still open never came. */
  end(): void {
    for (const { draft, otherwise } of this.#open) {
      draft.verdict = otherwise;
      draft.severity = severityOf(otherwise);
    }
  }
}
