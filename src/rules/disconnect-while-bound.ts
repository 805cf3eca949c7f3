import { doc } from './docs/disconnect-while-bound.ts';
import { BIND_CLASSES, isBound, type Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 65,
  restsOnBind: true,
  settledBy: BIND_CLASSES,
  judge({ effect }) {
    if (effect.type !== 'disconnect') return null;
    return {
      wrongIn: isBound,
      summary: 'disconnect was asked for while the function was bound to a VM',
      // __pci_tsm_disconnect() unbinds every function first: rude to the guest, but in order.
      atMost: 'possible',
      rightedBy: 'tsm.unbind_core',
      takesForGranted: ['the unbind that the core does first did not happen'],
      toConfirm: ['probe __pci_tsm_unbind: the core calls it for every function before it disconnects'],
    };
  },
};
