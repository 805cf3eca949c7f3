import { doc } from './docs/unbind-before-disable.ts';
import { BIND_CLASSES, isBound, type Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 60,
  restsOnBind: true,
  settledBy: BIND_CLASSES,
  judge({ effect }) {
    if (effect.type !== 'disable') return null;
    return { wrongIn: isBound, summary: 'vfio_pci_core_disable() ran while the function was still bound to a VM' };
  },
};
