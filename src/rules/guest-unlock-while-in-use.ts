import { doc } from './docs/guest-unlock-while-in-use.ts';
import type { Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 21,
  restsOnBind: false,
  settledBy: ['guest-request'],
  judge({ effect }) {
    if (effect.type !== 'guest-unlock') return null;
    const charge = { wrongIn: () => true };
    switch (effect.left) {
      case null:
        return { ...charge, provedByAnswer: false, summary: 'the TDI was unlocked' };
      case 'driver':
        return {
          ...charge,
          provedByAnswer: true,
          lacking: { what: 'pci_device_remove', kind: 'driver.remove', single: true },
          summary: 'the guest was told to unlock the TDI while a driver was attached to it, and refused',
        };
      case 'attached':
        return {
          ...charge,
          atMost: 'probable',
          shownBy: [effect.driver],
          takesForGranted: ['no record of the driver being taken from the device is missing'],
          lacking: { what: 'pci_device_remove', kind: 'driver.remove', single: true },
          summary: 'the guest was told to unlock the TDI while a driver was attached to it, and does nothing then',
        };
      case 'mmio':
        return {
          ...charge,
          provedByAnswer: true,
          atMost: 'probable',
          lacking: { what: 'the release of its MMIO resources', kind: null, single: false },
          summary: 'the guest unlocked the TDI while its MMIO was still in use as private memory',
        };
    }
  },
};
