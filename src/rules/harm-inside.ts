import type { Verdict } from '../model/analysis.ts';
import type { DeviceTrack } from '../replay/track.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import type { Draft } from './draft.ts';
import type { Accusation } from './rule.ts';
import { severityOf, strength } from './verdict.ts';

/** A finding whose harm is shown by one of another rule inside the same operation. */
interface Noted {
  readonly draft: Draft;
  /** The verdict as it was noted: where something else has weakened it since, it stays so. */
  readonly was: Verdict;
  readonly otherwise: Accusation;
  /** The id of the rule. */
  readonly by: string;
  /** The outermost call around the step, or the step's own. */
  readonly call: StoredEvent;
}

/** What operations were refused, in the end, for the state that a step of theirs is held to be wrong in. */
export class HarmInside {
  #noted: Noted[] = [];

  note(one: Omit<Noted, 'was'>): void {
    const { pairId, phase } = one.call;
    // Of a call that was not seen to return nothing tells what is inside.
    if (phase === 'enter' && pairId !== null) this.#noted.push({ ...one, was: one.draft.verdict });
  }

  /** What was lost may be the return of the operation, and the call of another one. */
  lost(event: StoredEvent, track: DeviceTrack): void {
    this.#noted = this.#noted.filter(({ draft, call }) => draft.track !== track || (call.pairId ?? 0) < event.id);
  }

  /** When all that weakens a verdict has done so: both are one mistake, named by the finding that is proved. */
  settle(drafts: readonly Draft[]): void {
    if (this.#noted.length === 0) return;
    const proved = Map.groupBy(
      drafts.filter((one) => one.proved && one.verdict === 'definite'),
      ({ rule, track }) => `${rule.doc.id} ${track.id}`,
    );
    for (const list of proved.values()) list.sort((a, b) => a.violation.id - b.violation.id);
    for (const { draft, was, otherwise, by, call } of this.#noted.splice(0)) {
      const shown = firstBehind(proved.get(`${by} ${draft.track.id}`) ?? [], call);
      if (shown === null || !isInside(shown.violation, call)) continue;
      draft.partOf = shown;
      draft.evidence.push({ event: shown.violation, role: 'confirmation' });
      if (draft.verdict !== was || strength(otherwise) <= strength(was)) continue;
      draft.verdict = otherwise;
      draft.severity = severityOf(otherwise);
      draft.toConfirm = [];
    }
  }
}

/** The first of these, in order, that comes behind the beginning of the call. */
function firstBehind(drafts: readonly Draft[], { id }: StoredEvent): Draft | null {
  let [from, to] = [0, drafts.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((drafts[middle]?.violation.id ?? 0) > id) to = middle;
    else from = middle + 1;
  }
  return drafts[from] ?? null;
}

/** A task does one thing after the other: what it does before the call returns is inside it. */
function isInside({ id, sourceId, pid }: StoredEvent, call: StoredEvent): boolean {
  // Every CPU has an idle task of its own, which all have one number.
  if (sourceId !== call.sourceId || pid !== call.pid || pid === null || pid === 0) return false;
  return id > call.id && id < (call.pairId ?? 0);
}
