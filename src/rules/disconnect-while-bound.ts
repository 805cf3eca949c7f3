import { doc } from './docs/disconnect-while-bound.ts';
import { BIND_CLASSES, isBound, type Rule, UNBINDS } from './rule.ts';

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
      // __pci_tsm_disconnect() unbinds every function first: rude to the guest, but in order, and nothing to find where that is seen.
      atMost: 'possible',
      rightedBy: { by: UNBINDS },
      takesForGranted: ['the core did not unbind it first, inside'],
      toConfirm: [
        'probe __pci_tsm_unbind, which the core calls for every function before it disconnects, and the return of the disconnect',
      ],
    };
  },
};
