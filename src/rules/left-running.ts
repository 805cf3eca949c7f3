import { isLeft } from '../model/tdi.ts';
import type { Step } from '../replay/replay.ts';
import type { DeviceTrack } from '../replay/track.ts';
import type { Draft } from './draft.ts';
import type { Charge } from './rule.ts';
import { severityOf, strength } from './verdict.ts';

/**
 * Ties what befalls a TDI that an unbind has left locked or running to the STOP that was refused there: whoever did the rest took the
 * function for unbound, as the core does.
 */
export class LeftRunning {
  readonly #stops = new Map<DeviceTrack, Draft>();

  /** To be told of every finding before it is kept. */
  drafted(draft: Draft, step: Step, charge: Charge): void {
    const { track } = step;
    if (draft.rule.doc.id === 'tdisp-request-refused') {
      if (draft.violation.kind === 'tdisp.stop') this.#stops.set(track, draft);
      return;
    }
    const stop = this.#stops.get(track);
    if (stop === undefined || !isOfLeft(step, charge)) return;
    draft.partOf = stop;
    // What is as good as proved of the consequence is so of its cause.
    if (strength(draft.verdict) <= strength(stop.verdict)) return;
    stop.verdict = draft.verdict;
    stop.severity = severityOf(draft.verdict);
    stop.assumptions.splice(0, stop.assumptions.length, ...draft.assumptions);
    stop.toConfirm = [];
    stop.evidence.push({ event: draft.violation, role: 'consequence' });
  }
}

/** Whether the step is wrong only in states that the unbind left behind, or shows one of them. */
function isOfLeft({ effect, belief }: Step, { wrongIn }: Charge): boolean {
  if (effect.type === 'read-back') return effect.leftBy !== undefined;
  const likely = belief.likeliest(wrongIn);
  return likely.length > 0 && likely.every(isLeft);
}
