import { doc } from './docs/vdevice-destroy-while-bound.ts';
import { BIND_CLASSES, isBound, type Rule, UNBINDS } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 64,
  restsOnBind: true,
  settledBy: BIND_CLASSES,
  judge({ effect }) {
    if (effect.type !== 'vdevice-destroy') return null;
    return {
      wrongIn: isBound,
      summary: 'the vDEVICE was destroyed while the function was still bound to a VM',
      // The series unbinds in iommufd_vdevice_abort(): rude to the guest, but in order.
      atMost: 'possible',
      rightedBy: { by: UNBINDS },
      takesForGranted: ['iommufd did not unbind it, inside'],
      toConfirm: [
        'probe pci_tsm_unbind, which iommufd calls when the vDEVICE of a bound TDI goes away, and the return of the destruction',
      ],
    };
  },
};
