import type { DeviceTrack } from '../replay/track.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import type { Draft } from './draft.ts';
import type { Doubt } from './rule.ts';
import { severityOf, weaker } from './verdict.ts';

/** Findings of one device that may be doubted; of more, the oldest stay as they are. */
const WAITING_MAX = 8;

/** Findings with a premise that a later record may halve. */
export class Doubted {
  readonly #open = new Map<DeviceTrack, readonly { readonly draft: Draft; readonly doubt: Doubt }[]>();

  note(draft: Draft, doubt: Doubt): void {
    const { track } = draft;
    this.#open.set(track, [...(this.#open.get(track) ?? []), { draft, doubt }].slice(-WAITING_MAX));
  }

  /** An event of a device: a step may have been done to another one than the finding is about. */
  seen(event: StoredEvent): void {
    for (const [track, waiting] of this.#open) {
      const left = waiting.filter(({ draft, doubt }) => {
        if (draft.violation.deviceId !== event.deviceId || event.id <= draft.violation.id) return true;
        const isHalved = doubt(event);
        if (isHalved === true) weaken(draft, event);
        return isHalved === null;
      });
      if (left.length === 0) this.#open.delete(track);
      else if (left.length < waiting.length) this.#open.set(track, left);
    }
  }
}

function weaken(draft: Draft, event: StoredEvent): void {
  draft.verdict = weaker(draft.verdict, 'possible');
  draft.severity = severityOf(draft.verdict);
  draft.evidence.push({ event, role: 'context' });
}
