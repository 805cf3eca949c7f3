import type { Verdict } from '../model/analysis.ts';
import type { DeviceTrack } from '../replay/track.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import type { Draft } from './draft.ts';
import type { Accusation, Charge } from './rule.ts';
import { severityOf, strength } from './verdict.ts';

/** A finding whose step began what a later record may show to be done; `otherwise`: the verdict then. */
interface Begun {
  readonly draft: Draft;
  readonly doneBy: NonNullable<Charge['doneBy']>;
  readonly otherwise: Accusation;
  /** The verdict as it was noted: where something else has weakened it since, it stays so. */
  readonly was: Verdict;
  /** The call that does it, as long as it runs. */
  readonly within: StoredEvent | null;
}

/** Findings of one device that wait; of more, the oldest stay as they are. */
const WAITING_MAX = 8;

/** Findings whose harm is done only by a later step of the device, where nothing came in between. */
export class Unfinished {
  readonly #begun = new Map<DeviceTrack, readonly Begun[]>();

  note(one: Omit<Begun, 'was' | 'within'>): void {
    const { track, verdict: was } = one.draft;
    this.#begun.set(track, [...(this.#begun.get(track) ?? []), { ...one, was, within: null }].slice(-WAITING_MAX));
  }

  /** What was lost may have come in between. */
  lost(track: DeviceTrack): void {
    this.#begun.delete(track);
  }

  seen(event: StoredEvent, track: DeviceTrack): void {
    const waiting = this.#begun.get(track);
    if (waiting === undefined) return;
    const left = waiting.flatMap((one) => after(one, event) ?? []);
    if (left.length === 0) this.#begun.delete(track);
    else this.#begun.set(track, left);
  }
}

/** What is left to wait for; null where it is decided. */
function after(one: Begun, event: StoredEvent): Begun | null {
  const { draft, doneBy, within } = one;
  if (event.id <= draft.violation.id) return one;
  if (within !== null && event.pairId === within.id) return finish(one, within);
  const isDone = doneBy(event);
  if (isDone === null) return one;
  // What may be of another device ends the wait all the same.
  if (!isDone || event.certainty !== 'exact') return null;
  // What the call comes to, its end tells.
  return event.phase === 'enter' && event.pairId !== null ? { ...one, within: event } : finish(one, event);
}

function finish({ draft, otherwise, was }: Begun, event: StoredEvent): null {
  if (draft.verdict !== was || strength(otherwise) <= strength(was)) return null;
  draft.verdict = otherwise;
  draft.severity = severityOf(otherwise);
  draft.toConfirm = [];
  draft.evidence.push({ event, role: 'confirmation' });
  return null;
}
