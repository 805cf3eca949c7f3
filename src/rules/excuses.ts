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

/** What the event may excuse; null for all others, and for returns, whose entries count. */
export function excuseOf({ kind, phase, pairId, outcome, args }: StoredEvent): Excuse | null {
  if (phase === 'exit' && pairId !== null) return null;
  switch (kind) {
    case 'tsm.unbind':
    // Whoever calls it, the core unbinds the function then, if it was bound.
    case 'tsm.unbind_core':
      return 'unbind';
    case 'tsm.guest_request': {
      const scope = parseInteger(args['scope']);
      return outcome !== 'failed' && (scope === null || scope === STATE_CHANGE) ? 'stop' : null;
    }
    case 'tdisp.stop':
      return outcome === 'failed' ? null : 'stop';
    case 'tsm.disconnect':
    case 'tsm.disconnect_core':
    case 'tsm.destroy':
      return 'disconnect';
    case 'vfio.close':
    case 'vfio.disable':
      return 'close';
    default:
      return null;
  }
}
