import type { Verdict } from '../model/analysis.ts';
import type { EventClass } from '../model/states.ts';
import type { Assumption } from '../replay/belief.ts';
import { isBind } from '../replay/binds.ts';
import type { SourceClocks } from '../replay/clocks.ts';
import type { Step } from '../replay/replay.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import { holding } from './holding.ts';
import type { Later } from './later.ts';
import { lineOf } from './line-of.ts';
import { ofRecord, type Premise, unseenSteps } from './premise.ts';
import { restsOn } from './resting.ts';
import { type Charge, fromSide, type Rule } from './rule.ts';
import { isStronger } from './verdict.ts';

// What a finding takes for granted about its step, in words, and what would settle that.

/** What a finding takes for granted. */
export function assumptionsOf(step: Step, charge: Charge, verdict: Verdict, later: Later | null): (string | Premise)[] {
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
    granted.push('the bind succeeded: its result was not recorded, or cannot be read');
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

/** What would settle it. */
export function toConfirm(rule: Rule, step: Step, charge: Charge, verdict: Verdict): string[] {
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
