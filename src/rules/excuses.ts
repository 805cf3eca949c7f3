import type { EventKind } from '../events/event.ts';
import { parseInteger } from '../events/numbers.ts';
import { STATE_CHANGE } from '../model/link.ts';
import type { StoredEvent } from '../timeline/rows.ts';

/** What may have excused a step, had it come before it. */
export type Excuse = 'unbind' | 'stop' | 'disconnect' | 'close';

export const NAMES: Readonly<Record<Excuse, string>> = {
  unbind: 'unbind',
  stop: 'request, which may be a STOP,',
  disconnect: 'disconnect',
  close: 'close',
};

/** What is taken for granted where the owner of a device ends and no close of it stands in the log. */
export const CLOSE_UNSEEN = 'the close that the kernel does then was not recorded';

/** By kind of event what it may excuse. Whoever calls for `tsm.unbind_core`, the core unbinds the function then, if it was bound. */
const EXCUSES: ReadonlyMap<EventKind, Excuse> = new Map([
  ['tsm.unbind', 'unbind'],
  ['tsm.unbind_core', 'unbind'],
  ['tsm.guest_request', 'stop'],
  ['tdisp.stop', 'stop'],
  ['tsm.disconnect', 'disconnect'],
  ['tsm.disconnect_core', 'disconnect'],
  ['tsm.destroy', 'disconnect'],
  ['vfio.close', 'close'],
  ['vfio.disable', 'close'],
]);

/** Kinds of events after which a TDI may be unlocked, as far as the kind tells. */
export const EXCUSING_KINDS: readonly EventKind[] = [...EXCUSES.keys()];

/** What the event may excuse; null for all others, and for returns, whose entries count. */
export function excuseOf({ kind, phase, pairId, outcome, args }: StoredEvent): Excuse | null {
  if (phase === 'exit' && pairId !== null) return null;
  const excuse = EXCUSES.get(kind) ?? null;
  if (excuse !== 'stop') return excuse;
  if (outcome === 'failed') return null;
  const scope = kind === 'tsm.guest_request' ? parseInteger(args['scope']) : null;
  return scope === null || scope === STATE_CHANGE ? 'stop' : null;
}
