import type { Charge } from '../rules/rule.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import { type Case, type Move, moveOf } from './edits.ts';

/**
 * What a refusal says was lacking, where it was done later: to be done before the step. What there may be several of has to be
 * proved by a repetition of the step that succeeded.
 */
export function supplied(
  found: Pick<Case, 'history' | 'step' | 'deviceId'>,
  { kind, single }: NonNullable<Charge['lacking']>,
): (Move | null)[] {
  if (kind === null) return [];
  const { history, step, deviceId } = found;
  const unit = history.unit(step);
  const later = history.events
    .slice(history.events.indexOf(step) + 1)
    .filter((event) => event.deviceId === deviceId && !unit.has(event.id) && begins(event));
  const proof = later.findIndex((event) => event.kind === step.kind && event.outcome === 'ok');
  if (proof < 0 && !single) return [];
  const between = (proof < 0 ? later : later.slice(0, proof)).filter(
    (event) => event.kind === kind && event.outcome !== 'failed',
  );
  const [supply] = between;
  if (supply === undefined || between.length > 1) return [];
  return [moveOf(found, supply, step, 'before'), moveOf(found, step, supply, 'after')];
}

function begins({ phase, pairId, supersededBy, certainty }: StoredEvent): boolean {
  if (supersededBy !== null || certainty === 'maybe' || certainty === 'none') return false;
  return phase !== 'exit' || pairId === null;
}
