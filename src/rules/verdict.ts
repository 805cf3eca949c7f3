import type { Severity, Verdict } from '../model/analysis.ts';
import type { Belief } from '../replay/belief.ts';
import type { Step } from '../replay/replay.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import type { Later } from './later.ts';
import type { Accusation, Charge } from './rule.ts';

// Hypotheses that are less than one assumption apart are equally likely.
const THRESHOLD = 1;

const STRENGTH: Readonly<Record<Accusation, number>> = { possible: 1, probable: 2, definite: 3 };

/**
 * Weighs the states in which the step is wrong against those in which it is right: null where the latter are likelier,
 * `definite` where there are none, `probable` where they need at least one unobserved step more, else `possible`.
 */
export function weigh(belief: Belief, wrongIn: Charge['wrongIn']): Accusation | null {
  return weighPrices(
    belief.cost(wrongIn),
    belief.cost((state) => !wrongIn(state)),
  );
}

/** The same for what it takes to believe that the step was wrong, and that it was right. */
export function weighPrices(wrong: number, right: number): Accusation | null {
  if (wrong === Number.POSITIVE_INFINITY || wrong - right >= THRESHOLD) return null;
  if (right === Number.POSITIVE_INFINITY) return 'definite';
  return right - wrong >= THRESHOLD ? 'probable' : 'possible';
}

/**
 * The verdict on a step, with all that caps it; null where the step is to be called right.
 *
 * @param later what records after the step make of it.
 */
export function judgeCharge(step: Step, charge: Charge, later: Later | null = null): Accusation | null {
  if (charge.provedByAnswer === false) return null;
  const weighed = later ? later.weighed : charge.provedByAnswer ? 'definite' : weigh(step.belief, charge.wrongIn);
  if (weighed === null) return null;
  const caps = [charge.atMost, certaintyCap(step), later === null ? undefined : capOfLater(later)].filter(
    (cap) => cap !== undefined,
  );
  return caps.reduce((verdict, cap) => weaker(verdict, cap), weighed);
}

/** What makes a verdict stronger must be as certainly of this device as what the verdict rests on. What excuses need not. */
function capOfLater({ by, was, weighed }: Later): Accusation | undefined {
  if (weighed === null || strength(weighed) < strength(was)) return undefined;
  if (by.every(({ certainty }) => certainty === 'exact')) return undefined;
  return by.every(({ certainty }) => certainty === 'exact' || certainty === 'inherited') ? 'probable' : was;
}

/** Who it was must be as certain as what it was: a device taken over from the task's other records is a good guess. */
function certaintyCap(step: Step): Accusation | undefined {
  if (step.track.bdf === null || step.track.disorderedAt !== null) return 'possible';
  if (step.unordered?.inEveryOrder === false) return 'possible';
  // A PF may be known by nothing but the pointer that its VFs were made with: that it is theirs is certain all the same.
  const isOfPf = step.reach?.tie === 'vf' && step.event.deviceId === step.track.pfId;
  const events: StoredEvent[] = [...(isOfPf ? [] : [step.event]), ...step.track.stateEvidence];
  if (events.some((event) => event.certainty === 'none' && event.deviceId !== null)) return 'possible';
  if (events.some((event) => event.certainty === 'maybe')) return 'possible';
  if (step.reach?.tie === 'bus') return 'possible';
  // So is a function that a stored list of addresses names.
  const told = events.some(({ certainty, args }) => certainty === 'inherited' || args['named_by'] !== undefined);
  return !isShown(step) || told ? 'probable' : undefined;
}

/**
 * Whether records show that the event reaches the device: it is its own, or a record ties the two together and nothing can have
 * changed that unseen.
 */
function isShown({ reach, event, options }: Step): boolean {
  if (reach === null) return true;
  return reach.holds && reach.shownBy !== null && reach.shownBy.id < event.id && options.complete.has('hotplug');
}

/** The weaker of two verdicts. */
export function weaker<T extends Verdict>(a: T, b: T): T {
  return strength(a) <= strength(b) ? a : b;
}

/** Orders verdicts: the stronger one is larger; `inconsistent` accuses nobody. */
export function strength(verdict: Verdict): number {
  return verdict === 'inconsistent' ? 0 : STRENGTH[verdict];
}

export function severityOf(verdict: Verdict): Severity {
  switch (verdict) {
    case 'definite':
    case 'probable':
      return 'error';
    case 'possible':
      return 'warning';
    case 'inconsistent':
      return 'note';
  }
}

/** Whether later records speak against the step more than what was believed at it. */
export function isStronger({ weighed, was }: Later): boolean {
  return weighed !== null && strength(weighed) > strength(was);
}
