import type { Belief } from '../replay/belief.ts';
import type { SourceClocks } from '../replay/clocks.ts';
import type { Effect } from '../replay/effects.ts';
import { isOperation } from '../replay/operations.ts';
import { protocolEffects } from '../replay/protocol.ts';
import type { ReplayOptions, Step } from '../replay/replay.ts';
import type { DeviceTrack } from '../replay/track.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import { type Draft, draftOf } from './draft.ts';
import type { Rule } from './rule.ts';
import { severityOf, weigh } from './verdict.ts';

/** A success that no history explains. */
export interface Impossible {
  readonly event: StoredEvent;
  readonly track: DeviceTrack;
}

/**
 * The log is incomplete or corrupt, a class was wrongly declared complete, or the kernel is another one. The rule whose precondition
 * is hurt says so; it accuses nobody.
 *
 * @param options those of the device.
 */
export function contradictions(
  rules: readonly Rule[],
  options: ReplayOptions,
  event: StoredEvent,
  track: DeviceTrack,
  before: Belief,
  clocks: SourceClocks,
): Draft[] {
  const effect = contradictedEffect(event, track);
  if (effect === null) return [];
  const step: Step = { event, effect, track, belief: before, calls: [], reach: null, options, clocks, unordered: null };
  return rules.flatMap((rule) => {
    const charge = rule.judge(step);
    if (!charge || rule.restsOnBind || weigh(before, charge.wrongIn) !== 'definite') return [];
    const contradiction = {
      ...charge,
      summary: charge.contradiction ?? `${event.symbol ?? event.kind} succeeded in a state that rules it out`,
    };
    return [draftOf(rule, step, contradiction, 'inconsistent', severityOf('inconsistent'))];
  });
}

/** By id of the device the first record that contradicts what was declared, if it is the core's own answer. */
export function disproofs(impossibles: readonly Impossible[]): ReadonlyMap<number, StoredEvent> {
  const first = new Map<number, StoredEvent>();
  for (const { event, track } of impossibles) if (!first.has(track.id)) first.set(track.id, event);
  return new Map([...first].filter(([, event]) => isOperation(event)));
}

/** What succeeded although it could not, or was read although it cannot be. */
function contradictedEffect(event: StoredEvent, track: DeviceTrack): Effect | null {
  if (event.kind === 'tsm.bind') return { type: 'bind' };
  if (event.kind === 'tsm.guest_request') return { type: 'guest-request' };
  return protocolEffects({ ...event, pairId: null }, track.ledger, [], false)[0] ?? null;
}
