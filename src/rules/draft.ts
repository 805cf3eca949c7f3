import { createHash } from 'node:crypto';
import type { EvidenceRole, Severity, Verdict } from '../model/analysis.ts';
import type { Layers } from '../replay/belief.ts';
import type { SourceClocks } from '../replay/clocks.ts';
import { afterEffect, isOperation } from '../replay/operations.ts';
import type { Step } from '../replay/replay.ts';
import type { DeviceTrack } from '../replay/track.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import { assumptionsOf, toConfirm } from './assumptions.ts';
import type { Later } from './later.ts';
import { lineOf } from './line-of.ts';
import type { Premise } from './premise.ts';
import type { Charge, Rule } from './rule.ts';
import { isStronger, severityOf, weaker } from './verdict.ts';

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
  summary: string;
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
  assumptions: (string | Premise)[];
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
  // What the bind did is known of its steps only: the belief is of before it.
  if (step.effect.type === 'failed-bind') return charge.summary;
  const likely = step.belief.likeliest(charge.wrongIn).filter((state) => state.contract !== 'unlocked');
  const lost = likely.length > 0 && likely.every((state) => state.device !== state.contract);
  // What one operation does in several steps is said once.
  const { lostIn } = step.track;
  // A state that nothing recorded led to is told by what is assumed.
  const earlier = lost && lostIn !== null && lostIn !== (step.event.rootId ?? step.event.id);
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
