import type { Verdict } from '../model/analysis.ts';
import { optionsFor, type ReplayOptions, type Step } from '../replay/replay.ts';
import type { DeviceTrack } from '../replay/track.ts';
import type { Charge, Rule } from './rule.ts';
import { weigh } from './verdict.ts';

/** A belief that rests on the unknown start alone accuses nobody; without a word on binding it clears nobody. */
export function isJudgeable(rule: Rule, track: DeviceTrack, verdict: Verdict | null, options: ReplayOptions): boolean {
  if (!rule.restsOnBind || track.boundEvidence) return true;
  if (verdict !== null) return track.startKnown;
  if (track.unbindSeen) return true;
  const { complete } = optionsFor(options, track);
  const recorded = track.bindRecorded || rule.doc.needs.state.every((one) => complete.has(one));
  return track.startKnown && recorded;
}

/** Whether nothing speaks for either, where a rule wants something to. */
export function isOpen(step: Step, { onlyIfLikely, provedByAnswer, wrongIn }: Charge): boolean {
  return onlyIfLikely === true && provedByAnswer === undefined && weigh(step.belief, wrongIn) === 'possible';
}
