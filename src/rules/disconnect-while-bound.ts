import { doc } from './docs/disconnect-while-bound.ts';
import { BIND_CLASSES, isBound, type Rule, UNBINDS } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 65,
  restsOnBind: true,
  settledBy: BIND_CLASSES,
  judge({ event, effect }) {
    if (effect.type !== 'disconnect') return null;
    // Asked for, it takes the device from a guest that uses it. What the core disconnects on its way to something else is in order.
    const isAsked = event.kind === 'tsm.disconnect';
    return {
      wrongIn: isBound,
      summary: 'disconnect was asked for while the function was bound to a VM',
      // __pci_tsm_disconnect() unbinds every function first.
      atMost: 'possible',
      rightedBy: { by: UNBINDS, ...(isAsked && { stays: 'the core unbound it first, under the guest' }) },
      takesForGranted: ['the core did not unbind it first, inside'],
      toConfirm: [
        'probe __pci_tsm_unbind, which the core calls for every function before it disconnects, and the return of the disconnect',
      ],
    };
  },
};
