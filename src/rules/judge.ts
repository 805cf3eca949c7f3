import type { EventKind } from '../events/event.ts';
import type { CoverageStatus, Verdict } from '../model/analysis.ts';
import type { EventClass } from '../model/states.ts';
import type { Belief } from '../replay/belief.ts';
import type { SourceClocks } from '../replay/clocks.ts';
import type { Effect } from '../replay/effects.ts';
import { NOTHING_NOTED } from '../replay/ledger.ts';
import { isOperation } from '../replay/operations.ts';
import { protocolEffects } from '../replay/protocol.ts';
import { Readings } from '../replay/readings.ts';
import { optionsFor, type ReplayObserver, type ReplayOptions, type Step } from '../replay/replay.ts';
import type { DeviceTrack } from '../replay/track.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import { addSymptom, type Draft, draftOf, weighTime } from './draft.ts';
import { type Foresight, Hindsight, isOpenToLater, keyOfCharge, NO_FORESIGHT } from './hindsight.ts';
import { holding, ifOfOneMachine } from './holding.ts';
import type { Later } from './later.ts';
import { Nameless } from './nameless.ts';
import { Overlaps, weighOverlap } from './overlap.ts';
import type { Charge, Rule } from './rule.ts';
import { Strays } from './strays.ts';
import { Unfinished } from './unfinished.ts';
import { judgeCharge, severityOf, strength, weigh } from './verdict.ts';

/** What one rule could tell of one device. */
export interface Coverage {
  readonly rule: Rule;
  readonly track: DeviceTrack;
  readonly status: CoverageStatus;
  readonly triggers: number;
  readonly missing: readonly (EventClass | 'platform')[];
}

/** Counts of one rule on one device. */
interface Tally {
  triggers: number;
  /** Triggers that the state was known well enough for. */
  judged: number;
  /** There is a finding, of whatever verdict. */
  found: boolean;
  /** A trigger could not be judged because the start of the function is unknown. */
  startMissing: boolean;
  /** Nothing spoke for either side of a trigger. */
  open: boolean;
}

/** Asks every rule about every step, keeps what they find, and ties it together. */
export class Judge implements ReplayObserver {
  readonly #rules: readonly Rule[];
  readonly #options: ReplayOptions;
  /** Those that hold on this platform. */
  readonly #applicable: readonly Rule[];
  /** By rule, and by id of the device. */
  readonly #tallies: ReadonlyMap<Rule, Map<number, Tally>>;
  readonly #drafts: Draft[] = [];
  /** One finding a rule, device and operation: an operation that zaps twice is one mistake. */
  readonly #seen = new Map<string, Draft>();
  /** Findings of a device whose unbind has not come yet. */
  readonly #waiting = new Map<DeviceTrack, Draft[]>();
  readonly #latest = new Map<DeviceTrack, Draft>();
  /** Findings that are mild only if an event comes before the operation is over. */
  #hoped: { draft: Draft; kind: EventKind; before: number; otherwise: Verdict }[] = [];
  /** By device: the last finding of a rule that may take it back. */
  readonly #revocable = new Map<DeviceTrack, Draft>();
  readonly #unfinished = new Unfinished();
  readonly #strays = new Strays();
  readonly #overlaps = new Overlaps();
  readonly #nameless = new Nameless();
  readonly #foresight: Foresight;
  readonly #hindsight = new Hindsight();
  readonly impossibles: { event: StoredEvent; track: DeviceTrack }[] = [];

  /** @param foresight what an earlier replay of the same records has found out, see {@link foresight}. */
  constructor(rules: readonly Rule[], options: ReplayOptions, foresight: Foresight = NO_FORESIGHT) {
    this.#rules = rules;
    this.#tallies = new Map(rules.map((rule) => [rule, new Map()]));
    this.#foresight = foresight;
    this.#options = options;
    this.#applicable = rules.filter((rule) => this.#applies(rule));
  }

  step(step: Step): void {
    for (const rule of this.#applicable) {
      if (rule.concerns?.(step.track, step.effect) === false) continue;
      if (rule.takesBack?.(step)) this.#takeBack(rule, step.track);
      const bare = rule.judge(step);
      if (!bare) continue;
      if (rule.takesBack !== undefined) this.#revocable.delete(step.track);
      const charge = holding(rule, this.#options) === 'perhaps' ? ifOfOneMachine(bare, this.#options) : bare;
      const tally = this.#tally(rule, step.track);
      tally.triggers += 1;
      const later = this.#laterOf(rule, step, charge);
      const verdict = judgeCharge(step, charge, later);
      if (isOpenToLater(rule, step, charge)) this.#awaitLater(rule, step, charge);
      if (rule.restsOnBind && !step.track.boundEvidence && !step.track.startKnown) tally.startMissing = true;
      if (isOpen(step, charge)) tally.open = true;
      if (!this.#isJudgeable(rule, step.track, verdict) || isOpen(step, charge)) continue;
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
      const whole = this.#waiting.get(step.track)?.findLast(({ violation }) => charge.partOf?.(violation) === true);
      if (whole !== undefined) draft.partOf = whole;
      this.#seen.set(key, draft);
      this.#nameless.drafted(draft);
      if (known) this.#replace(known, draft);
      else this.#keep(draft);
      if (rule.takesBack !== undefined) this.#revocable.set(step.track, draft);
      this.#hope(draft, step, charge);
      if (charge.doneBy !== undefined) this.#await(draft, step, charge, charge.doneBy);
    }
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
    this.#hoped = this.#hoped.filter(({ draft, before }) => draft.track !== track || before < event.id);
    this.#unfinished.lost(track);
  }

  seen(event: StoredEvent, track: DeviceTrack): void {
    this.#unfinished.seen(event, track);
    if (event.certainty === 'maybe') {
      this.#seenPerhaps(event, track);
      return;
    }
    const latest = this.#latest.get(track);
    if (latest && isSymptom(event)) addSymptom(latest, event);
    if (latest && confirms(event, latest)) latest.evidence.push({ event, role: 'confirmation' });
    this.#settleHope(event, track);
    this.#overlaps.seen(event, track);
    if (EXCUSES.has(event.kind)) for (const draft of this.#waiting.get(track) ?? []) weighTime(draft, event);
    this.#strays.note(event, track);
    this.#nameless.note(event, track);
    if (event.kind !== 'tsm.unbind' && event.kind !== 'tsm.unbind_core') return;
    if (event.phase === 'exit' && event.pairId !== null) return;
    // The unbind that should have come before.
    for (const draft of this.#waiting.get(track) ?? []) {
      if (draft.violation.id > event.id) continue;
      if (!draft.evidence.some((one) => one.event.id === event.id))
        draft.evidence.push({ event, role: 'confirmation' });
    }
    this.#overlaps.unbound(track, this.#waiting.get(track) ?? [], event);
    this.#waiting.delete(track);
    this.#latest.delete(track);
  }

  /** What may excuse a step weakens its verdict; it proves nothing. */
  #seenPerhaps(event: StoredEvent, track: DeviceTrack): void {
    if (!EXCUSES.has(event.kind)) return;
    for (const draft of this.#waiting.get(track) ?? []) {
      weighTime(draft, event);
      if (event.kind.startsWith('tsm.unbind') && !(event.phase === 'exit' && event.pairId !== null))
        weighOverlap(draft, event);
    }
  }

  /**
   * A success that no history explains: the log is incomplete or corrupt, a class was wrongly declared complete, or the
   * kernel is another one. The rule whose precondition is hurt says so; it accuses nobody.
   */
  impossible(event: StoredEvent, track: DeviceTrack, before: Belief, clocks: SourceClocks): void {
    this.impossibles.push({ event, track });
    const effect = contradictedEffect(event, track);
    if (effect === null || !this.#options.judged(event)) return;
    const step: Step = {
      event,
      effect,
      track,
      belief: before,
      calls: [],
      reach: null,
      options: optionsFor(this.#options, track),
      clocks,
      unordered: null,
    };
    for (const rule of this.#rules) {
      const charge = rule.judge(step);
      if (!charge || rule.restsOnBind || weigh(before, charge.wrongIn) !== 'definite') continue;
      const contradiction = {
        ...charge,
        summary: charge.contradiction ?? `${event.symbol ?? event.kind} succeeded in a state that rules it out`,
      };
      this.#tally(rule, track).found = true;
      this.#drafts.push(draftOf(rule, step, contradiction, 'inconsistent', severityOf('inconsistent')));
    }
  }

  /**
   * The devices by id of which the core's own answer contradicts what was declared, with that record. What a device or its firmware
   * says of a state may be wrong itself, and so may be what contradicts that later.
   */
  disproved(): ReadonlyMap<number, StoredEvent> {
    const first = new Map<number, StoredEvent>();
    if (this.#options.complete.size === 0) return first;
    for (const { event, track } of this.impossibles) if (!first.has(track.id)) first.set(track.id, event);
    return new Map([...first].filter(([, event]) => isOperation(event)));
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
      this.#tally(draft.rule, track).found = true;
      this.#drafts.splice(at < 0 ? this.#drafts.length : at, 1, { ...draft, track });
    }
  }

  /** The findings, with the headline of every operation named as the cause of the others in it. */
  findings(): readonly Draft[] {
    for (const { draft, otherwise } of this.#hoped) {
      draft.verdict = otherwise;
      draft.severity = severityOf(otherwise);
    }
    for (const draft of this.#drafts) {
      this.#strays.weigh(draft);
      this.#nameless.weigh(draft);
    }
    const operations = new Map<string, Draft[]>();
    for (const draft of this.#drafts) {
      const key = `${draft.track.id} ${draft.operation}`;
      const group = operations.get(key) ?? [];
      group.push(draft);
      operations.set(key, group);
    }
    for (const group of operations.values()) {
      const [headline, ...others] = group.toSorted(byWeight);
      for (const other of others) other.causedBy = headline ?? null;
    }
    joinWholes(this.#drafts);
    return this.#drafts;
  }

  /** What each rule could tell of each device that vfio or the TSM core dealt with. */
  coverage(tracks: readonly DeviceTrack[]): Coverage[] {
    return tracks
      .filter((track) => track.concerned)
      .flatMap((track) => this.#rules.map((rule) => this.#coverageOf(rule, track)));
  }

  #coverageOf(rule: Rule, track: DeviceTrack): Coverage {
    const tally = this.#tally(rule, track);
    const base = { rule, track, triggers: tally.triggers };
    if (tally.triggers === 0 && rule.concerns?.(track) === false)
      return { ...base, status: 'not-applicable', missing: [] };
    const holds = holding(rule, this.#options);
    if (!this.#applies(rule)) {
      const undecided = holds === 'undecided';
      return { ...base, status: undecided ? 'blind' : 'not-applicable', missing: undecided ? ['platform'] : [] };
    }
    if (tally.found) {
      return { ...base, status: 'violated', missing: [] };
    }
    if (tally.judged > 0) return { ...base, status: 'held', missing: [] };
    const missing: (EventClass | 'platform')[] = [];
    if (tally.triggers === 0) missing.push(...rule.doc.needs.trigger);
    if (rule.restsOnBind) {
      const known = track.everBound || track.unbindSeen || track.startKnown;
      if (tally.startMissing || !known) missing.push('start');
      const { complete } = optionsFor(this.#options, track);
      if (!track.bindRecorded) missing.push(...rule.doc.needs.state.filter((one) => !complete.has(one)));
    }
    if (holds === 'perhaps') missing.push('platform');
    if (tally.open)
      missing.push(
        'start',
        ...rule.doc.needs.state.filter((one) => !optionsFor(this.#options, track).complete.has(one)),
      );
    return { ...base, status: 'blind', missing: [...new Set(missing)] };
  }

  /** Remembers what would put the operation right; only a complete capture can show that it never came. */
  #hope(draft: Draft, step: Step, charge: Charge): void {
    const { rightedBy, atMost: _, ...bare } = charge;
    const complete = draft.rule.settledBy.every((one) => step.options.complete.has(one));
    if (rightedBy === undefined || !complete || step.event.pairId === null) return;
    const otherwise = judgeCharge(step, bare, this.#laterOf(draft.rule, step, bare));
    if (otherwise !== null) this.#hoped.push({ draft, kind: rightedBy, before: step.event.pairId, otherwise });
  }

  #settleHope(event: StoredEvent, track: DeviceTrack): void {
    const at = this.#hoped.findIndex(
      ({ draft, kind, before }) => draft.track === track && kind === event.kind && event.id < before,
    );
    if (at >= 0) this.#hoped.splice(at, 1);
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
    const cause = this.#waiting.get(track)?.find(({ rule: by, violation: { kind, deviceId } }) => {
      // The removal of a bridge removes what is below it, function by function.
      const fromAbove = kind === event.kind && deviceId !== event.deviceId;
      return by === rule && (kind === follows || fromAbove);
    });
    cause?.evidence.push({ event, role: 'consequence' });
    return cause !== undefined;
  }

  /** A belief that rests on the unknown start alone accuses nobody; without a word on binding it clears nobody. */
  #isJudgeable(rule: Rule, track: DeviceTrack, verdict: Verdict | null): boolean {
    if (!rule.restsOnBind || track.boundEvidence) return true;
    if (verdict !== null) return track.startKnown;
    if (track.unbindSeen) return true;
    const { complete } = optionsFor(this.#options, track);
    const recorded = track.bindRecorded || rule.doc.needs.state.every((one) => complete.has(one));
    return track.startKnown && recorded;
  }

  #applies(rule: Rule): boolean {
    const holds = holding(rule, this.#options);
    return holds === 'yes' || holds === 'perhaps';
  }

  /** The same mistake, shown better: what a call does to other functions, once one of them is seen to suffer it. */
  #replace(known: Draft, draft: Draft): void {
    const [kept, waiting] = [this.#drafts, this.#waiting.get(draft.track) ?? []];
    for (const list of [kept, waiting]) if (list.includes(known)) list[list.indexOf(known)] = draft;
    if (this.#latest.get(draft.track) === known) this.#latest.set(draft.track, draft);
  }

  /** The step did not come about: it was judged, and is no finding. */
  #takeBack(rule: Rule, track: DeviceTrack): void {
    const draft = this.#revocable.get(track);
    if (draft === undefined || draft.rule !== rule) return;
    this.#revocable.delete(track);
    this.#drafts.splice(this.#drafts.lastIndexOf(draft), 1);
    this.#tally(rule, track).found = this.#drafts.some((one) => one.rule === rule && one.track === track);
    if (this.#latest.get(track) === draft) this.#latest.delete(track);
    const waiting = this.#waiting.get(track)?.filter((one) => one !== draft);
    if (waiting !== undefined) this.#waiting.set(track, waiting);
  }

  #keep(draft: Draft): void {
    this.#tally(draft.rule, draft.track).found = true;
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
    const waiting = this.#waiting.get(draft.track) ?? [];
    waiting.push(draft);
    this.#waiting.set(draft.track, waiting);
  }

  #tally(rule: Rule, track: DeviceTrack): Tally {
    const ofRule = this.#tallies.get(rule);
    const known = ofRule?.get(track.id);
    if (known) return known;
    const fresh = { triggers: 0, judged: 0, found: false, startMissing: false, open: false };
    ofRule?.set(track.id, fresh);
    return fresh;
  }
}

/** Puts headlines, with what hangs below them, below that of the act that they are part of. */
function joinWholes(drafts: readonly Draft[]): void {
  const parts = drafts.filter(({ causedBy, partOf }) => causedBy === null && partOf !== undefined);
  if (parts.length === 0) return;
  const kept = new Set(drafts);
  for (const draft of parts) {
    if (draft.partOf === undefined || !kept.has(draft.partOf)) continue;
    const whole = headlineOf(draft.partOf);
    if (whole !== draft && strength(whole.verdict) >= strength(draft.verdict)) draft.causedBy = whole;
  }
  for (const draft of drafts) if (draft.causedBy !== null) draft.causedBy = headlineOf(draft.causedBy);
}

function headlineOf(draft: Draft): Draft {
  let headline = draft;
  while (headline.causedBy !== null) headline = headline.causedBy;
  return headline;
}

/** The device says that it is in the ERROR that the finding put it in. */
function confirms(event: StoredEvent, { verdict, after, evidence }: Draft): boolean {
  if (event.kind !== 'tdisp.state' || strength(verdict) < strength('probable')) return false;
  if (!after.device.includes('error') || evidence.some(({ role }) => role === 'confirmation')) return false;
  const [readBack] = protocolEffects(event, NOTHING_NOTED, [], false);
  return readBack?.type === 'read-back' && readBack.whose === 'truth' && readBack.state === 'error';
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

/** What succeeded although it could not, or was read although it cannot be. */
function contradictedEffect(event: StoredEvent, track: DeviceTrack): Effect | null {
  if (event.kind === 'tsm.bind') return { type: 'bind' };
  if (event.kind === 'tsm.guest_request') return { type: 'guest-request' };
  return protocolEffects({ ...event, pairId: null }, track.ledger, [], false)[0] ?? null;
}

/** Whether nothing speaks for either, where a rule wants something to. */
function isOpen(step: Step, { onlyIfLikely, provedByAnswer, wrongIn }: Charge): boolean {
  return onlyIfLikely === true && provedByAnswer === undefined && weigh(step.belief, wrongIn) === 'possible';
}

/** The stronger verdict first, then what names the operation, then the earlier one. */
function byWeight(a: Draft, b: Draft): number {
  return strength(b.verdict) - strength(a.verdict) || b.rule.rank - a.rule.rank || a.violation.id - b.violation.id;
}

const ENXIO = -6;

function isSymptom(event: StoredEvent): boolean {
  if (event.kind === 'iommu.fault' || event.kind === 'aer.error' || event.kind === 'vfio.restore') return true;
  const refused = event.kind === 'tsm.guest_request' && event.outcome === 'failed' && event.code !== ENXIO;
  return refused && !(event.phase === 'exit' && event.pairId !== null);
}
