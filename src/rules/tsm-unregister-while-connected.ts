import { doc } from './docs/tsm-unregister-while-connected.ts';
import type { Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 68,
  restsOnBind: false,
  settledBy: ['link'],
  judge({ effect }) {
    if (effect.type !== 'tsm-unregister') return null;
    return {
      wrongIn: (state) => state.bind !== 'unbound',
      summary: 'a TSM was unregistered while the function was still connected to one',
      onlyIfLikely: true,
      // pci_tsm_unregister() disconnects every function first.
      atMost: 'possible',
      rightedBy: 'tsm.disconnect_core',
      takesForGranted: [
        'the function was connected to the TSM that went away',
        'the disconnect that the core does first did not happen',
      ],
      toConfirm: ['probe __pci_tsm_disconnect: the core calls it for every connected device when a TSM goes away'],
    };
  },
};
