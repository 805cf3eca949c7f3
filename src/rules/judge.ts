import type { Verdict } from '../model/analysis.ts';
import type { Belief } from '../replay/belief.ts';
import type { SourceClocks } from '../replay/clocks.ts';
import { Readings } from '../replay/readings.ts';
import { optionsFor, type ReplayObserver, type ReplayOptions, type Step } from '../replay/replay.ts';
import type { DeviceTrack } from '../replay/track.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import { contradictions, disproofs, type Impossible } from './contradictions.ts';
import { weighCutOff } from './cut-off.ts';
import { Doubted } from './doubted.ts';
import { addSymptom, type Draft, draftOf, weighTime } from './draft.ts';
import { HarmInside } from './harm-inside.ts';
import { byWeight, nameHeadlines } from './headlines.ts';
import { type Foresight, Hindsight, isOpenToLater, keyOfCharge, NO_FORESIGHT } from './hindsight.ts';
import { holding, ifOfOneMachine, isApplied } from './holding.ts';
import { Hopes } from './hopes.ts';
import { isJudgeable, isOpen } from './judgeable.ts';
import type { Later } from './later.ts';
import { LeftRunning } from './left-running.ts';
import { Nameless } from './nameless.ts';
import { ifHandedOn, isBeyondGuest } from './of-guest.ts';
import { Overlaps, weighOverlap } from './overlap.ts';
import type { Charge, Rule } from './rule.ts';
import { Strays } from './strays.ts';
import { confirms, isSymptom } from './symptoms.ts';
import { type Coverage, Tallies } from './tallies.ts';
import { Unfinished } from './unfinished.ts';
import { judgeCharge, severityOf, strength, weigh } from './verdict.ts';
import { Waiting } from './waiting.ts';

/** Asks every rule about every step, keeps what they find, and ties it together. */
export class Judge implements ReplayObserver {
  readonly #rules: readonly Rule[];
  readonly #options: ReplayOptions;
  /** Those that hold on this platform. */
  readonly #applicable: readonly Rule[];
  readonly #tallies: Tallies;
  readonly #drafts: Draft[] = [];
  /** One finding a rule, device and operation: an operation that zaps twice is one mistake. */
  readonly #seen = new Map<string, Draft>();
  readonly #waiting = new Waiting();
  readonly #latest = new Map<DeviceTrack, Draft>();
  readonly #hopes = new Hopes();
  readonly #doubted = new Doubted();
  /** By device: the last finding of a rule that may take it back. */
  readonly #revocable = new Map<DeviceTrack, Draft>();
  readonly #unfinished = new Unfinished();
  readonly #harmInside = new HarmInside();
  readonly #leftRunning = new LeftRunning();
  readonly #strays = new Strays();
  readonly #overlaps = new Overlaps();
  readonly #nameless = new Nameless();
  readonly #foresight: Foresight;
  readonly #hindsight = new Hindsight();
  readonly impossibles: Impossible[] = [];

  /** @param foresight what an earlier replay of the same records has found out, see {@link foresight}. */
  constructor(rules: readonly Rule[], options: ReplayOptions, foresight: Foresight = NO_FORESIGHT) {
    this.#rules = rules;
    this.#tallies = new Tallies(rules, options);
    this.#foresight = foresight;
    this.#options = options;
    this.#applicable = rules.filter((rule) => isApplied(rule, options));
  }

  step(step: Step): void {
    this.#drop(this.#hopes.seen(step.event, step.track));
    for (const rule of this.#applicable) {
      if (rule.concerns?.(step.track, step.effect) === false) continue;
      if (rule.takesBack?.(step)) this.#takeBack(rule, step.track);
      const bare = rule.judge(step);
      if (!bare) continue;
      if (rule.takesBack !== undefined) this.#revocable.delete(step.track);
      const held = holding(rule, this.#options) === 'perhaps' ? ifOfOneMachine(bare, this.#options) : bare;
      const charge = ifHandedOn(rule, step, held);
      const tally = this.#tallies.of(rule, step.track);
      tally.triggers += 1;
      if (charge.changesNothing) tally.withoutEffect += 1;
      const later = this.#laterOf(rule, step, charge);
      const verdict = judgeCharge(step, charge, later);
      if (isOpenToLater(rule, step, charge)) this.#awaitLater(rule, step, charge);
      if (rule.restsOnBind && !step.track.boundEvidence && !step.track.startKnown) tally.startMissing = true;
      if (isOpen(step, charge)) tally.open = true;
      if (!isJudgeable(rule, step.track, verdict, this.#options) || isOpen(step, charge)) continue;
      if (isBeyondGuest(rule, step)) continue;
      // What another device may have done holds no rule of this one.
      if (step.event.certainty !== 'maybe' || verdict !== null) tally.judged += 1;
      if (verdict === null || this.#isConsequence(rule, step, charge)) continue;
      const operation = step.event.rootId ?? step.event.id;
      if (charge.symptom && this.#isExplained(step, operation)) continue;
      const key = `${rule.doc.id} ${step.track.id} ${operation}`;
      const known = this.#seen.get(key);
      const isProof =
        charge.provedByAnswer === true && known !== undefined && strength(verdict) > strength(known.verdict);
      if (known && !isProof && !isSurer(verdict, charge.violation ?? step.event, known)) continue;
      const draft = draftOf(rule, step, charge, verdict, charge.severity ?? severityOf(verdict), later);
      const whole = this.#waiting.whole(step.track, charge.partOf);
      if (whole !== undefined) draft.partOf = whole;
      this.#leftRunning.drafted(draft, step, charge);
      this.#seen.set(key, draft);
      this.#nameless.drafted(draft);
      if (known) this.#replace(known, draft);
      else this.#keep(draft);
      if (rule.takesBack !== undefined) this.#revocable.set(step.track, draft);
      this.#hope(draft, step, charge);
      if (charge.doubtedBy !== undefined && verdict !== 'possible') this.#doubted.note(draft, charge.doubtedBy);
      if (charge.doneBy !== undefined) this.#await(draft, step, charge, charge.doneBy);
      if (charge.shownInside !== undefined) this.#lookInside(draft, step, charge, charge.shownInside);
    }
  }

  /** What the operation that the step is part of may be refused. */
  #lookInside(draft: Draft, step: Step, { atMost: _, ...bare }: Charge, by: string): void {
    const otherwise = judgeCharge(step, bare, this.#laterOf(draft.rule, step, bare));
    const call = step.calls.at(-1) ?? step.event;
    if (otherwise !== null) this.#harmInside.note({ draft, by, otherwise, call });
  }

  /** What may yet do the harm that the step began. */
  #await(draft: Draft, step: Step, { atMost: _, ...bare }: Charge, doneBy: NonNullable<Charge['doneBy']>): void {
    const otherwise = judgeCharge(step, bare, this.#laterOf(draft.rule, step, bare));
    if (otherwise !== null) this.#unfinished.note({ draft, doneBy, otherwise });
  }

  /** What records after the steps say of them, once all have been seen. */
  foresight(eventOf: (id: number) => StoredEvent | null): Foresight {
    return this.#hindsight.foresight(eventOf);
  }

  /** A charge in the balance: later records may tip it. Of one that the step is likelier right than wrong, nothing is made later. */
  #awaitLater(rule: Rule, step: Step, { wrongIn }: Charge): void {
    const { event, track, belief, options } = step;
    const was = weigh(belief, wrongIn);
    if (was === null || was === 'definite' || track.bdf === null) return;
    // Nobody is accused of what rests on an unknown start, whatever comes.
    if (!track.boundEvidence && !track.startKnown) return;
    const readings = new Readings(belief, wrongIn, options.complete, event.id);
    track.waitFor(readings);
    if (!readings.settled) this.#hindsight.note(rule, step, was, readings);
  }

  /** What later records make of a charge, where that changes the verdict. */
  #laterOf(rule: Rule, step: Step, charge: Charge): Later | null {
    // Nearly always empty: the first replay knows nothing of what comes.
    if (this.#foresight.size === 0) return null;
    const later = this.#foresight.get(keyOfCharge(rule, step));
    return later === undefined || judgeCharge(step, charge, later) === judgeCharge(step, charge) ? null : later;
  }

  /** What would have put an operation right may be among what was lost while it ran. */
  lost(event: StoredEvent, track: DeviceTrack): void {
    this.#hopes.lost(event, track);
    this.#unfinished.lost(track);
    this.#harmInside.lost(event, track);
  }

  seen(event: StoredEvent, track: DeviceTrack): void {
    this.#unfinished.seen(event, track);
    this.#doubted.seen(event);
    if (event.certainty === 'maybe') {
      this.#seenPerhaps(event, track);
      return;
    }
    const latest = this.#latest.get(track);
    if (latest && isSymptom(event)) addSymptom(latest, event);
    if (latest && confirms(event, latest)) latest.evidence.push({ event, role: 'confirmation' });
    this.#drop(this.#hopes.seen(event, track));
    this.#overlaps.seen(event, track);
    if (EXCUSES.has(event.kind)) for (const draft of this.#waiting.perhapsAfter(track, event)) weighTime(draft, event);
    this.#strays.note(event, track);
    this.#nameless.note(event, track);
    if (event.kind !== 'tsm.unbind' && event.kind !== 'tsm.unbind_core') return;
    if (event.phase === 'exit' && event.pairId !== null) return;
    // The unbind that should have come before.
    for (const draft of this.#waiting.all(track)) {
      if (draft.violation.id > event.id) continue;
      if (!draft.evidence.some((one) => one.event.id === event.id))
        draft.evidence.push({ event, role: 'confirmation' });
    }
    this.#overlaps.unbound(track, this.#waiting.all(track), event);
    this.#waiting.end(track);
    this.#latest.delete(track);
  }

  /** What may excuse a step weakens its verdict; it proves nothing. */
  #seenPerhaps(event: StoredEvent, track: DeviceTrack): void {
    if (!EXCUSES.has(event.kind)) return;
    for (const draft of this.#waiting.all(track)) {
      weighTime(draft, event);
      if (event.kind.startsWith('tsm.unbind') && !(event.phase === 'exit' && event.pairId !== null))
        weighOverlap(draft, event);
    }
  }

  cutOff(calls: readonly StoredEvent[]): void {
    const byId = new Map(calls.map((call) => [call.id, call]));
    for (const draft of this.#drafts) {
      const call = byId.get(draft.violation.id);
      if (call !== undefined) weighCutOff(draft, call);
    }
  }

  impossible(event: StoredEvent, track: DeviceTrack, before: Belief, clocks: SourceClocks): void {
    this.impossibles.push({ event, track });
    if (!this.#options.judged(event)) return;
    for (const draft of contradictions(this.#rules, optionsFor(this.#options, track), event, track, before, clocks)) {
      this.#tallies.of(draft.rule, track).found = true;
      this.#drafts.push(draft);
    }
  }

  /**
   * The devices by id of which the core's own answer contradicts what was declared, with that record. What a device or its firmware
   * says of a state may be wrong itself, and so may be what contradicts that later.
   */
  disproved(): ReadonlyMap<number, StoredEvent> {
    return this.#options.complete.size === 0 ? new Map() : disproofs(this.impossibles);
  }

  /** Keeps what a replay that believed in the declarations found to contradict them. */
  adopt(believer: Judge, tracks: readonly DeviceTrack[]): void {
    const own = new Map(tracks.map((track) => [track.id, track]));
    for (const {
      event,
      track: { id },
    } of believer.impossibles) {
      const track = own.get(id);
      if (!track || this.impossibles.some((one) => one.event.id === event.id && one.track === track)) continue;
      this.impossibles.push({ event, track });
    }
    for (const draft of believer.#drafts) {
      const track = own.get(draft.track.id);
      if (!track || draft.verdict !== 'inconsistent') continue;
      const at = this.#drafts.findIndex(
        (one) => one.rule === draft.rule && one.violation.id === draft.violation.id && one.track === track,
      );
      if (this.#drafts[at]?.verdict === 'definite') continue;
      this.#tallies.of(draft.rule, track).found = true;
      this.#drafts.splice(at < 0 ? this.#drafts.length : at, 1, { ...draft, track });
    }
  }

  /** The findings, with the headline of every operation named as the cause of the others in it. */
  findings(): readonly Draft[] {
    this.#hopes.end();
    for (const draft of this.#drafts) {
      this.#strays.weigh(draft);
      this.#nameless.weigh(draft);
    }
    this.#harmInside.settle(this.#drafts);
    nameHeadlines(this.#drafts);
    return this.#drafts;
  }

  coverage(tracks: readonly DeviceTrack[]): Coverage[] {
    return this.#tallies.coverage(tracks);
  }

  /** Remembers what would put the operation right; only a complete capture can show that it never came. */
  #hope(draft: Draft, step: Step, { rightedBy, atMost: _, ...bare }: Charge): void {
    const { pairId: before } = step.event;
    if (rightedBy === undefined || before === null) return;
    const { by, otherwiseAtMost: atMost, stays } = rightedBy;
    const charge = atMost === undefined ? bare : { ...bare, atMost };
    const complete = draft.rule.settledBy.every((one) => step.options.complete.has(one));
    const otherwise = complete ? judgeCharge(step, charge, this.#laterOf(draft.rule, step, charge)) : null;
    this.#hopes.note({ draft, by, before, otherwise, stays, granted: bare.takesForGranted ?? [] });
  }

  /** Whether a finding of an earlier operation explains a refusal; it is noted there. */
  #isExplained({ event, track }: Step, operation: number): boolean {
    const latest = this.#latest.get(track);
    if (!latest || latest.severity === 'note' || latest.operation === operation) return false;
    addSymptom(latest, event);
    return true;
  }

  /** Whether an earlier finding explains the step; it is noted there. */
  #isConsequence(rule: Rule, { event, track }: Step, { follows }: Charge): boolean {
    if (follows === undefined) return false;
    const cause = this.#waiting.all(track).find(({ rule: by, violation: { kind, deviceId } }) => {
      // The removal of a bridge removes what is below it, function by function.
      const fromAbove = kind === event.kind && deviceId !== event.deviceId;
      return by === rule && (kind === follows || fromAbove);
    });
    cause?.evidence.push({ event, role: 'consequence' });
    return cause !== undefined;
  }

  /** The same mistake, shown better: what a call does to other functions, once one of them is seen to suffer it. */
  #replace(known: Draft, draft: Draft): void {
    const at = this.#drafts.lastIndexOf(known);
    if (at >= 0) this.#drafts[at] = draft;
    this.#waiting.replace(known, draft);
    if (this.#latest.get(draft.track) === known) this.#latest.set(draft.track, draft);
  }

  /** The step did not come about: it was judged, and is no finding. */
  #takeBack(rule: Rule, track: DeviceTrack): void {
    const draft = this.#revocable.get(track);
    if (draft === undefined || draft.rule !== rule) return;
    this.#revocable.delete(track);
    this.#drop([draft]);
  }

  #drop(drafts: readonly Draft[]): void {
    if (drafts.length === 0) return;
    for (const draft of drafts) {
      const { rule, track } = draft;
      const at = this.#drafts.lastIndexOf(draft);
      if (at >= 0) this.#drafts.splice(at, 1);
      this.#tallies.of(rule, track).found = this.#drafts.some((one) => one.rule === rule && one.track === track);
      if (this.#latest.get(track) === draft) this.#latest.delete(track);
      this.#waiting.drop(track, draft);
    }
  }

  #keep(draft: Draft): void {
    this.#tallies.of(draft.rule, draft.track).found = true;
    this.#drafts.push(draft);
    // Later trouble belongs to the headline of the newest operation, unless that is the weaker suspicion.
    const latest = this.#latest.get(draft.track);
    const explains =
      !latest ||
      (latest.operation === draft.operation
        ? byWeight(draft, latest) < 0
        : strength(draft.verdict) >= strength(latest.verdict));
    if (explains) this.#latest.set(draft.track, draft);
    if (!draft.rule.restsOnBind) return;
    this.#waiting.add(draft.track, draft);
  }
}

/** What would make a step right if it had come before it. */
const EXCUSES: ReadonlySet<StoredEvent['kind']> = new Set([
  'tsm.unbind',
  'tsm.unbind_core',
  'tsm.disconnect',
  'tsm.destroy',
  'tsm.guest_request',
]);

/** Whether a further charge of one mistake is to be preferred: it names the same record, and is surer. */
function isSurer(verdict: Verdict, violation: StoredEvent, known: Draft): boolean {
  return violation.id === known.violation.id && strength(verdict) > strength(known.verdict);
}
