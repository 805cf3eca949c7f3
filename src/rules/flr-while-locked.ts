import { doc } from './docs/flr-while-locked.ts';
import { isLocked, LOCK_CLASSES, type Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 50,
  restsOnBind: true,
  settledBy: LOCK_CLASSES,
  judge({ effect }) {
    if (effect.type !== 'function-reset') return null;
    const charge = { wrongIn: isLocked, summary: 'the function was reset while the TDI was locked or running' };
    if (effect.certain) return charge;
    return {
      ...charge,
      atMost: 'probable',
      takesForGranted: ['the reset was done by FLR: the record names no method'],
      toConfirm: [
        'probe pcie_flr and pci_bridge_secondary_bus_reset, or turn on dynamic debug of drivers/pci ("reset via ...")',
      ],
    };
  },
};
