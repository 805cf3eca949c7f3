import type { EventKind } from '../events/event.ts';
import { noVf } from '../replay/origin-notes.ts';
import type { Step } from '../replay/replay.ts';
import { doc } from './docs/tsm-unregister-while-connected.ts';
import { type Rule, UNBINDS } from './rule.ts';

/**
 * pci_tsm_unregister() disconnects function 0 of a device, its security manager, by __pci_tsm_disconnect(), which unbinds and removes all
 * functions below. Before that it comes to those: pci_tsm_fn_exit() unbinds them, and what else it does leaves no record.
 */
const RIGHTED_BY: ReadonlySet<EventKind> = new Set([...UNBINDS, 'tsm.disconnect', 'tsm.disconnect_core']);

export const rule: Rule = {
  doc,
  rank: 68,
  restsOnBind: false,
  settledBy: ['link'],
  judge(step) {
    if (step.effect.type !== 'tsm-unregister') return null;
    return {
      wrongIn: (state) => state.bind !== 'unbound',
      summary: 'a TSM was unregistered while the function was still connected to one',
      onlyIfLikely: true,
      // pci_tsm_unregister() disconnects every function first.
      atMost: 'possible',
      // Which TSM goes, no record tells: a machine may have another one, with nothing connected to it.
      rightedBy: { by: RIGHTED_BY, otherwiseAtMost: isFunction0(step) ? 'probable' : 'possible' },
      takesForGranted: [
        'the function was connected to the TSM that went away',
        'the core did not disconnect it first, inside',
      ],
      toConfirm: [
        'probe __pci_tsm_disconnect, which the core calls for function 0 of every connected device, and the return of pci_tsm_unregister',
      ],
    };
  },
};

/** Whether the function has a disconnect of its own: no VF has, whatever its number. */
function isFunction0({ track, options }: Step): boolean {
  return track.bdf?.endsWith('.0') === true && noVf(track, options) !== null;
}
