import { doc } from './docs/flr-while-locked.ts';
import { type Charge, DONE_AND_SILENT, isLocked, LOCK_CLASSES, type Rule } from './rule.ts';

/**
 * Of a reset of a function other than 0 the session and the streams of the device are said to be left alone (PCIe Base 6.x, chapter 11);
 * of one of function 0 they are not, but neither that they end.
 */
const OF_MANAGER: Charge = {
  wrongIn: isLocked,
  summary: 'function 0, the device security manager of the TDI, was reset while the TDI was locked or running',
  atMost: 'possible',
  takesForGranted: [
    'the reset ended the SPDM session of the device or one of its IDE streams, which sends the TDI to ERROR',
  ],
  toConfirm: ['read the state of this TDI back after the reset of function 0'],
};

export const rule: Rule = {
  doc,
  rank: 50,
  restsOnBind: true,
  settledBy: LOCK_CLASSES,
  judge({ effect }) {
    if (effect.type === 'manager-reset') return OF_MANAGER;
    if (effect.type !== 'function-reset') return null;
    const charge = { wrongIn: isLocked, summary: 'the function was reset while the TDI was locked or running' };
    if (effect.mayBeUndone)
      return { ...charge, atMost: 'possible', takesForGranted: [DONE_AND_SILENT], toConfirm: ['probe pcie_flr'] };
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
