import { isBind } from '../replay/binds.ts';
import type { Readings, Turn } from '../replay/readings.ts';
import { keyOf, type Step } from '../replay/step.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import type { Later } from './later.ts';
import type { Accusation, Charge, Rule } from './rule.ts';
import { strength, weighPrices } from './verdict.ts';

/** What is known only when all records have been seen, by charge and step. */
export type Foresight = ReadonlyMap<string, Later>;

export const NO_FORESIGHT: Foresight = new Map();

interface Pending {
  readonly key: string;
  /** Later records may make the verdict stronger, not only weaker. */
  readonly bothWays: boolean;
  readonly eventId: number;
  readonly was: Accusation;
  readonly readings: Readings;
}

/** Pending charges before those that are decided are swept out. */
const SWEEP_AT = 4096;
/** Verdicts that later records change; more are left as they were. */
const CHANGED_MAX = 10_000;

/** The same for the same step in every replay. */
export function keyOfCharge(rule: Rule, step: Step): string {
  return `${step.event.id} ${rule.doc.id} ${keyOf(step)}`;
}

/** Charges that records after their steps may still decide. */
export class Hindsight {
  #pending: Pending[] = [];
  #sweepAt = SWEEP_AT;

  note(rule: Rule, step: Step, was: Accusation, readings: Readings): void {
    this.#pending.push({
      key: keyOfCharge(rule, step),
      eventId: step.event.id,
      was,
      readings,
      bothWays: mayBeAccusedLater(step),
    });
    if (this.#pending.length < this.#sweepAt) return;
    this.#pending = this.#pending.filter((one) => !one.readings.settled || verdictOf(one) !== one.was);
    if (this.#pending.length > CHANGED_MAX) this.#pending = this.#pending.slice(0, CHANGED_MAX);
    this.#sweepAt = this.#pending.length + SWEEP_AT;
  }

  /** @param eventOf finds a record again. */
  foresight(eventOf: (id: number) => StoredEvent | null): Foresight {
    const found = new Map<string, Later>();
    for (const pending of this.#pending) {
      const weighed = verdictOf(pending);
      if (weighed === pending.was) continue;
      const later = laterOf(pending, weighed, eventOf);
      if (later !== null) found.set(pending.key, later);
    }
    return found;
  }
}

/** What was open at the step can become probable: only what left little doubt then can leave none now. */
function verdictOf({ readings: { prices }, was, bothWays }: Pending): Accusation | null {
  const weighed = weighPrices(prices.wrong, prices.right);
  if (weighed === null || strength(weighed) <= strength(was)) return weighed;
  if (!bothWays) return was;
  return was === 'possible' ? 'probable' : weighed;
}

function laterOf(
  { readings, eventId, was }: Pending,
  weighed: Accusation | null,
  eventOf: (id: number) => StoredEvent | null,
): Later | null {
  const turns = readings.turns.filter((turn) => turn.eventId > eventId);
  const by = turns.map((turn) => eventOf(turn.eventId)).filter((event) => event !== null);
  const decidedBy = eventOf(decisive(turns, was)?.eventId ?? -1);
  return decidedBy === null ? null : { weighed, was, decidedBy, by, excuse: readings.excuse() };
}

/** The last one that changed the verdict. */
function decisive(turns: readonly Turn[], was: Accusation): Turn | null {
  let last: Accusation | null = was;
  let found: Turn | null = null;
  for (const turn of turns) {
    const now = weighPrices(turn.wrong, turn.right);
    if (now !== last) found = turn;
    last = now;
  }
  return found;
}

/** Whether records after the step may say more of the charge: what the kernel answered, or what has no order, they do not. */
export function isOpenToLater(rule: Rule, step: Step, charge: Charge): boolean {
  if (!rule.restsOnBind || charge.provedByAnswer !== undefined || charge.onlyIfLikely === true) return false;
  return step.unordered === null && step.event.certainty !== 'maybe' && step.effect.type !== 'owner-exit';
}

/**
 * Whether later records may speak against whoever did the step, too. Where binds are not recorded, that the function is bound
 * later says nothing of what it was then.
 */
export function mayBeAccusedLater({ track, options }: Step): boolean {
  if (!track.boundEvidence && !track.startKnown) return false;
  return options.complete.has('bind') || track.stateEvidence.some(isBind);
}
