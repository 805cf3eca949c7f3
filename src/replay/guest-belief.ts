import type { TdiState } from '../model/states.ts';
import { BOUND_LOCKED, BOUND_RUN, BOUND_UNLOCKED, type Branch } from '../model/tdi.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import type { Belief } from './belief.ts';
import type { Effect } from './effects.ts';
import { isInVain } from './guest-notes.ts';
import { withEvidence } from './state-evidence.ts';
import type { DeviceTrack } from './track.ts';

type Heard = Pick<
  StoredEvent,
  'kind' | 'symbol' | 'phase' | 'pairId' | 'outcome' | 'sourceId' | 'line' | 'supersededBy'
>;

/** A guest that was told that its lock or accept succeeded: what the host did for it is in no record of the guest. */
const LEADS_TO: Partial<Record<StoredEvent['kind'], readonly TdiState[]>> = {
  'guest.lock': [BOUND_LOCKED],
  // Whether the accept starts the TDI, or the first use of it does, differs between platforms.
  'guest.accept': [BOUND_LOCKED, BOUND_RUN],
  'guest.unlock': [BOUND_UNLOCKED],
};

/**
 * The belief after a call of the guest's TSM core that succeeded, as it comes to its end; null where it is no such call. The start of
 * the function says nothing against it: no guest sees its host connect and bind.
 */
export function afterGuest(before: Belief, heard: Heard): Belief | null {
  const states = isDone(heard) ? LEADS_TO[heard.kind] : undefined;
  if (states === undefined || (heard.phase === 'enter' && heard.pairId !== null)) return null;
  const branches = states.map((to): Branch => ({ to, cost: 0, assumes: null }));
  return before.apply(() => branches, { sourceId: heard.sourceId, line: heard.line });
}

/** Keeps the calls of the guest that lock, as evidence of the state; an unlock puts an end to them. */
export function noteGuestState(event: StoredEvent, track: DeviceTrack): void {
  if (isInVain(event, track.ledger.steps.guest)) return;
  if (!isDone(event) || (event.phase === 'exit' && event.pairId !== null)) return;
  if (event.kind === 'guest.unlock' && isOfGuest(track)) track.stateEvidence = [];
  if (event.kind !== 'guest.lock' && event.kind !== 'guest.accept') return;
  track.boundEvidence = true;
  track.everBound = true;
  const isAnew = event.kind === 'guest.lock' && isOfGuest(track);
  track.stateEvidence = isAnew ? [event] : withEvidence(track.stateEvidence, event);
}

/** Whether all that is known of the state is what a guest was told. */
export function isOfGuest({ stateEvidence }: Pick<DeviceTrack, 'stateEvidence'>): boolean {
  return stateEvidence.length > 0 && stateEvidence.every(({ kind }) => kind.startsWith('guest.'));
}

const BY_GUEST: ReadonlySet<Effect['type']> = new Set(['function-reset', 'conventional-reset', 'power-loss']);

/**
 * Whether it is something that a guest asks of its device, beyond what its driver does as it comes and goes: that one clears Bus Master
 * as a matter of course.
 */
export function isByGuest(effect: Effect, { kind }: Pick<StoredEvent, 'kind'>): boolean {
  return BY_GUEST.has(effect.type) || (effect.type === 'command-clear' && kind === 'pci.config_write');
}

/** The call did what it was called for, as its own result says; the lines of drivers tell of troubles only. */
function isDone({ kind, symbol, outcome, supersededBy }: Heard): boolean {
  if (symbol === null || supersededBy !== null) return false;
  return outcome === 'ok' || (kind === 'guest.unlock' && outcome === 'void');
}
