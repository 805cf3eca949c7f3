import { doc } from './docs/unbind-before-disable.ts';
import { BIND_CLASSES, isBound, type Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 60,
  restsOnBind: true,
  settledBy: BIND_CLASSES,
  judge({ effect, event, track }) {
    if (effect.type !== 'disable') return null;
    return {
      wrongIn: isBound,
      summary: 'vfio_pci_core_disable() ran while the function was still bound to a VM',
      // A removal asks whoever has the function open to close it, and waits (vfio_unregister_group_dev()).
      partOf: ({ kind, pairId }) => kind === 'pci.remove' && (pairId === null ? track.removing : pairId > event.id),
    };
  },
};
