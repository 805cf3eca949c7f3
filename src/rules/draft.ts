import { createHash } from 'node:crypto';
import type { EvidenceRole, Severity, Verdict } from '../model/analysis.ts';
import type { EventClass } from '../model/states.ts';
import type { Assumption, Layers } from '../replay/belief.ts';
import { isBind } from '../replay/binds.ts';
import type { SourceClocks } from '../replay/clocks.ts';
import { afterEffect, isOperation } from '../replay/operations.ts';
import type { Step } from '../replay/replay.ts';
import type { DeviceTrack, Place } from '../replay/track.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import { holding } from './holding.ts';
import type { Later } from './later.ts';
import { ofRecord, type Premise, unseenSteps } from './premise.ts';
import { restsOn } from './resting.ts';
import { type Charge, fromSide, type Rule } from './rule.ts';
import { severityOf, strength, weaker } from './verdict.ts';

/** A line that proves something, still tied to its event. */
export interface DraftEvidence {
  readonly event: StoredEvent;
  readonly role: EvidenceRole;
}

/** A finding while later records can still add to it. */
export interface Draft {
  readonly rule: Rule;
  readonly track: DeviceTrack;
  verdict: Verdict;
  severity: Severity;
  readonly summary: string;
  /** The record itself shows that the state was wrong. */
  readonly proved: boolean;
  /** Records after the step decided. */
  readonly byLater: boolean;
  readonly violation: StoredEvent;
  /** The outermost recorded call: one operation, one headline. */
  readonly operation: number;
  readonly clocks: SourceClocks;
  readonly before: Layers;
  readonly after: Layers;
  readonly assumptions: (string | Premise)[];
  toConfirm: readonly string[];
  readonly evidence: DraftEvidence[];
  causedBy: Draft | null;
  /** The finding of the act that the step is part of, see {@link Charge.partOf}. */
  partOf?: Draft;
}

const SYMPTOMS_MAX = 10;

export function draftOf(
  rule: Rule,
  step: Step,
  charge: Charge,
  verdict: Verdict,
  severity: Severity,
  later: Later | null = null,
): Draft {
  const violation = charge.violation ?? step.event;
  const wrong = step.belief.apply(
    (state) => (charge.wrongIn(state) ? [{ to: state, cost: 0, assumes: null }] : []),
    null,
  );
  const suspect = wrong.empty ? step.belief : wrong;
  return {
    rule,
    track: step.track,
    verdict,
    severity,
    summary: `${summaryOf(step, charge)}${later ? byLater(step, later) : ''}`,
    proved: charge.provedByAnswer === true,
    byLater: later !== null,
    violation,
    operation: step.event.rootId ?? step.event.id,
    clocks: step.clocks,
    before: suspect.layers(),
    after: afterEffect(suspect, step.effect).layers(),
    assumptions: assumptionsOf(step, charge, verdict, later),
    toConfirm: toConfirm(rule, step, charge, verdict),
    evidence: [
      { event: violation, role: 'violation' },
      ...stateEvidence(rule, step),
      ...contextOf(step, violation),
      ...(charge.shownBy ?? [])
        .filter(({ id }) => id !== violation.id)
        .map((event): DraftEvidence => ({ event, role: 'context' })),
      ...shownBy(step, violation),
      ...(verdict === 'possible' ? otherOrder(rule, step) : []),
      ...(later === null ? [] : [laterEvidence(later)]),
    ],
    causedBy: null,
  };
}

/** `line 81`, or `trace.txt:81` where that is another source than the one of `from`. */
export function lineOf(place: Place, from: Place, clocks: SourceClocks): string {
  return place.sourceId === from.sourceId ? `line ${place.line}` : `${clocks.path(place.sourceId)}:${place.line}`;
}

/**
 * A record further down claims an earlier time than the violation, and would excuse it there: the order of the lines is not
 * that of the events.
 */
export function weighTime(draft: Draft, event: StoredEvent): void {
  const { violation, clocks } = draft;
  const [time, before] = [clocks.time(event), clocks.time(violation)];
  // What differs by less than the clocks may be wrong was tried in both orders.
  if (time === null || before === null || time + clocks.error(event.sourceId, violation.sourceId) >= before) return;
  const verdict = weaker(draft.verdict, 'possible');
  if (verdict === draft.verdict) return;
  draft.verdict = verdict;
  draft.severity = severityOf(verdict);
  draft.assumptions.push(
    `the order of the lines is that of the events, although ${lineOf(event, violation, clocks)} (${event.symbol ?? event.kind}) is stamped earlier`,
  );
}

/** Later trouble of the device that the finding explains. */
export function addSymptom(draft: Draft, event: StoredEvent): void {
  const symptoms = draft.evidence.filter((one) => one.role === 'symptom');
  // One refusal can be the answer to a request, and to the command that carries it.
  if (symptoms.length < SYMPTOMS_MAX && !symptoms.some((one) => one.event.id === event.id)) {
    draft.evidence.push({ event, role: 'symptom' });
  }
}

/** The same bug elsewhere has the same fingerprint: no device, no time, no line. */
export function fingerprintOf(draft: Draft): string {
  const steps = draft.evidence
    .filter(
      ({ role, event }) => role === 'violation' || role === 'state' || (role === 'context' && !TIES.has(event.kind)),
    )
    .map((one) => `${one.role}:${one.event.kind}:${one.event.symbol ?? ''}`);
  return createHash('sha256')
    .update([draft.rule.doc.id, ...steps].join('\n'))
    .digest('hex')
    .slice(0, 16);
}

/** What only tells where a function is. */
const TIES: ReadonlySet<StoredEvent['kind']> = new Set([
  'pci.bar',
  'pci.bridge',
  'pci.bus',
  'pci.vf',
  'pci.add',
  'aer.source',
]);

function summaryOf(step: Step, charge: Charge): string {
  const likely = step.belief.likeliest(charge.wrongIn).filter((state) => state.contract !== 'unlocked');
  const lost = likely.length > 0 && likely.every((state) => state.device !== state.contract);
  // What one operation does in several steps is said once.
  const earlier = lost && step.track.lostIn !== (step.event.rootId ?? step.event.id);
  return earlier ? `${charge.summary}; an earlier step had thrown the TDI out of that state already` : charge.summary;
}

/** The later record that made the verdict what it is. */
function byLater({ event, clocks }: Step, later: Later): string {
  const line = lineOf(later.decidedBy, event, clocks);
  return isStronger(later) ? `, as ${line} tells` : `, though ${line} speaks against it`;
}

function laterEvidence(later: Later): DraftEvidence {
  return { event: later.decidedBy, role: isStronger(later) ? 'confirmation' : 'symptom' };
}

function isStronger({ weighed, was }: Later): boolean {
  return weighed !== null && strength(weighed) > strength(was);
}

function stateEvidence(rule: Rule, step: Step): DraftEvidence[] {
  if (!rule.restsOnBind) return [];
  return step.track.stateEvidence
    .filter((event) => event.id < step.event.id)
    .map((event) => ({ event, role: 'state' }));
}

/** What the step stands beside, where either may have come first. */
function otherOrder(rule: Rule, step: Step): DraftEvidence[] {
  const known = new Set(stateEvidence(rule, step).map(({ event }) => event.id));
  const events = step.unordered?.events.filter((event) => isOperation(event) && !known.has(event.id)) ?? [];
  return events.map((event) => ({ event, role: 'context' }));
}

/** The operation that the step is part of, as far as it says more than the step itself. */
function contextOf(step: Step, violation: StoredEvent): DraftEvidence[] {
  const outermost = step.calls.at(-1);
  return outermost && outermost.id !== violation.id ? [{ event: outermost, role: 'context' }] : [];
}

/** What ties the device to the one that the step was done to. */
function shownBy({ reach, event, calls }: Step, violation: StoredEvent): DraftEvidence[] {
  const shown = reach?.shownBy ?? null;
  if (shown === null || shown.id === violation.id || shown.id > event.id || shown.id === calls.at(-1)?.id) return [];
  return [{ event: shown, role: 'context' }];
}

function assumptionsOf(step: Step, charge: Charge, verdict: Verdict, later: Later | null): (string | Premise)[] {
  const granted: (string | Premise)[] = [...(charge.takesForGranted ?? [])];
  const { certainty } = step.event;
  if (step.track.disorderedAt !== null) {
    granted.push(
      `the order of the lines is that of the events, although the time falls at ${lineOf(step.track.disorderedAt, step.event, step.clocks)}`,
    );
  }
  if (verdict === 'possible') granted.push(...openOrder(step));
  granted.push(...tiedBy(step));
  for (const file of new Set([step.event, ...step.track.stateEvidence].flatMap(({ args }) => args['named_by'] ?? [])))
    granted.push(`side: ${file}: the addresses of functions in it are those of the boot that the trace is of`);
  if (certainty === 'inherited') granted.push(ofRecord('the record', restsOn(step.event, step, step.calls)));
  if (certainty === 'maybe')
    granted.push(`the record is of this device: it names none, and may be of ${others(step.event.maybe.length)}`);
  for (const event of step.track.stateEvidence.filter((one) => one.certainty === 'maybe'))
    granted.push(
      `${lineOf(event, step.event, step.clocks)} (${event.symbol ?? event.kind}) is of this device: it names none, and may be of ${others(event.maybe.length)}`,
    );
  for (const event of step.track.stateEvidence.filter((one) => one.certainty === 'inherited'))
    granted.push(
      ofRecord(`${lineOf(event, step.event, step.clocks)} (${event.symbol ?? event.kind})`, restsOn(event, step, [])),
    );
  if (verdict === 'possible') granted.push(...doubtsOf(step));
  if (step.track.stateEvidence.some((event) => isBind(event) && event.outcome === 'unknown')) {
    granted.push('the bind succeeded: its result was not recorded');
  }
  if (later !== null && isStronger(later) && later.was === 'possible') {
    const { decidedBy } = later;
    const record = `${lineOf(decidedBy, step.event, step.clocks)} (${decidedBy.symbol ?? decidedBy.kind})`;
    granted.push(`the state at the step, which was open then, is the one that ${record} tells of`);
  }
  if (verdict === 'definite' || verdict === 'inconsistent' || charge.provedByAnswer) return granted;
  const disproof = step.options.disproved?.get(step.track.id);
  if (disproof !== undefined) granted.push(`no class of events is complete here: ${lackShownBy(disproof, step)}`);
  const bind = step.track.stateEvidence.find(isBind);
  const since = bind ? ` between ${linesOf(bind, step.event, step.clocks)}` : '';
  const { before, after } = later?.excuse ?? { before: excuseOf(step, charge), after: [] };
  const unseen = [
    ...(before.length > 0 ? [`${since}: ${listed(before, step)}`] : []),
    ...(after.length > 0 ? [` after it: ${listed(after, step)}`] : []),
  ];
  if (unseen.length > 0)
    granted.push(unseenSteps(`the step would be right only with this unseen${unseen.join(', and')}`));
  return granted;
}

function listed(assumptions: readonly Assumption[], { event, clocks }: Step): string {
  return assumptions
    .map(({ text, place }) => (place === null ? text : `${text} (${lineOf(place, event, clocks)})`))
    .join('; ');
}

/** What the step being right takes for granted; what its being wrong takes as well is no excuse. */
function excuseOf({ belief }: Step, { wrongIn }: Charge): Assumption[] {
  const shared = new Set(belief.assumptions(wrongIn));
  return belief.assumptions((state) => !wrongIn(state)).filter((assumption) => !shared.has(assumption));
}

/** Records since the bind that may be of this device: a bind that the state would rest on, and what would excuse the step. */
function doubtsOf(step: Step): string[] {
  const { event, clocks } = step;
  return unclaimedOf(step).map((one) => {
    const whose = isBind(one) ? 'this' : 'another';
    const record = `${lineOf(one, event, clocks)} (${one.symbol ?? one.kind})`;
    return `${record} is of ${whose} device: it names none, and may be of ${others(one.maybe.length)}`;
  });
}

/** The records of these doubts: of an operation its outermost call, once. */
function unclaimedOf({ track }: Step): StoredEvent[] {
  const bind = track.stateEvidence.find(isBind)?.id ?? 0;
  const since = track.doubts.filter((one) => one.id > bind && !track.stateEvidence.includes(one));
  const ids = new Set(since.map(({ id }) => id));
  const isPart = ({ id, pairId, phase, rootId }: StoredEvent) =>
    (rootId !== null && rootId !== id && ids.has(rootId)) || (phase === 'exit' && pairId !== null && ids.has(pairId));
  return since.filter((one) => !isPart(one));
}

/** What is taken for granted about the way from the function that the record is about to the device. */
function tiedBy({ reach, event, track }: Step): string[] {
  if (reach === null) return [];
  if (reach.side !== null) return [fromSide(reach.side)];
  if (reach.tie === 'bus') return ['the whole bus was reset, not a slot of it'];
  const late = reach.shownBy === null || reach.shownBy.id > event.id;
  return reach.tie === 'vf' && late ? [`the function was a VF of ${track.pf} already, as later records show`] : [];
}

function others(candidates: number): string {
  return candidates < 2 ? 'another one' : `any of ${candidates}`;
}

/** What may have come first instead, where the verdict would be another one then. */
function openOrder({ event, unordered, clocks }: Step): string[] {
  if (unordered === null) return [];
  if (unordered.tooMany)
    return [
      'the records around the step came in the order shown: too many stand too close together to try every order',
    ];
  return unordered.events.map((other) => {
    const error = clocks.error(other.sourceId, event.sourceId);
    const why =
      error === 0n
        ? 'which another CPU stamped with the same time'
        : `which the clocks put within ${error / 1000n + 1n} us of it`;
    return `the step did not come on the other side of ${lineOf(other, event, clocks)} (${other.symbol ?? other.kind}), ${why}`;
  });
}

/** What contradicts the declaration that classes of events were recorded completely. */
function lackShownBy(disproof: StoredEvent, { event, clocks }: Step): string {
  return `${lineOf(disproof, event, clocks)} (${disproof.symbol ?? disproof.kind}) shows that a step of the device is missing`;
}

function linesOf(from: StoredEvent, to: StoredEvent, clocks: SourceClocks): string {
  if (from.sourceId === to.sourceId) return `lines ${from.line} and ${to.line}`;
  return `${lineOf(from, to, clocks)} and line ${to.line}`;
}

function toConfirm(rule: Rule, step: Step, charge: Charge, verdict: Verdict): string[] {
  const list = [...(charge.toConfirm ?? [])];
  if (verdict === 'inconsistent')
    return [...list, 'check what was declared with --complete and --from-boot, and whether lines are missing'];
  if (verdict === 'definite' || charge.provedByAnswer) return list;
  const [unclaimed] = verdict === 'possible' ? unclaimedOf(step).filter((one) => !isBind(one)) : [];
  if (unclaimed !== undefined) {
    const record = `${lineOf(unclaimed, step.event, step.clocks)} (${unclaimed.symbol ?? unclaimed.kind})`;
    list.push(`tell whose ${record} is: probe it with bdf=, or name its pointer or file with --map`);
  }
  const disproof = step.options.disproved?.get(step.track.id);
  if (disproof !== undefined) return [...list, `capture it again: ${lackShownBy(disproof, step)}`];
  const missing: EventClass[] = rule.settledBy.filter(
    // Whose a recorded unbind is no declaration tells.
    (one) => !step.options.complete.has(one) && (one !== 'bind' || unclaimed === undefined),
  );
  if (missing.length > 0) {
    list.push(`if the capture holds every event of these classes, say so: --complete ${missing.join(',')}`);
  }
  const { platform, x86 } = step.options;
  // Where another input proves it, the charge says so already, and names it.
  const isOpen = platform === 'generic' && !x86 && holding(rule, step.options) !== 'perhaps';
  if (rule.settledBy.includes('guest-request') && isOpen) {
    list.push('name the platform, which decides whether a bind locks the TDI: --platform tdx, sev-tio or cca');
  }
  return list;
}
