import type { BindLocks } from '../model/tdi.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import type { Ledger } from './ledger.ts';
import type { RecordedEvents } from './recorded.ts';
import type { ReplayOptions } from './step.ts';

/** Records between the entry of a bind and its return that are looked at. */
const INSIDE_MAX = 256;

export function bindLocks({ platform, x86, perhaps }: ReplayOptions): BindLocks {
  if (platform === 'cca' || perhaps?.includes('cca')) return 'maybe';
  return platform === 'generic' && !x86 ? 'likely' : 'always';
}

/** Whether this bind, which succeeded, is seen to have locked the TDI: where the platform leaves it open, the driver tells. */
export function sawItLock(event: StoredEvent, { locked, stopped }: Ledger): boolean {
  return isEnd(event) && locked !== null && !stopped;
}

/**
 * Whether this bind, which succeeded, is seen not to have locked it: the RMM made the VDEV inside it, so that commands to the RMM are
 * recorded and the function was not bound before; every command is declared to be, and no LOCK is among them.
 */
export function sawItNotLock(
  event: StoredEvent,
  { locked }: Ledger,
  { platform, complete }: ReplayOptions,
  recorded: RecordedEvents,
): boolean {
  if (platform !== 'cca' || !complete.has('firmware') || !isEnd(event) || locked !== null) return false;
  const from = event.pairId ?? event.id;
  const inside = recorded.events(from, INSIDE_MAX).filter(({ id }) => id < event.id);
  const isOwn = (one: StoredEvent) => one.deviceId === event.deviceId && one.certainty === 'exact';
  return inside.some(
    (one) =>
      isOwn(one) && one.outcome === 'ok' && one.args['command_name'] === 'RMI_VDEV_CREATE' && one.pid === event.pid,
  );
}

function isEnd({ kind, phase, outcome, pairId }: StoredEvent): boolean {
  return kind === 'tsm.bind' && phase === 'exit' && outcome === 'ok' && pairId !== undefined;
}
