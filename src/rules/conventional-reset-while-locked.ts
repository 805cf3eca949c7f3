import type { Tie } from '../replay/topology.ts';
import { doc } from './docs/conventional-reset-while-locked.ts';
import { DONE_AND_SILENT, isLocked, LOCK_CLASSES, type Rule } from './rule.ts';

const HOW: Readonly<Record<Tie, string>> = {
  below: 'a reset of the link above reached the device',
  device: 'a reset of another function reached the whole device',
  bus: 'a reset of another function reached the bus',
  vf: 'a conventional reset of the PF reached this VF',
  dsm: 'a reset reached the device',
};

export const rule: Rule = {
  doc,
  rank: 50,
  restsOnBind: true,
  settledBy: LOCK_CLASSES,
  judge({ effect, reach }) {
    if (effect.type !== 'conventional-reset') return null;
    const how = reach ? HOW[reach.tie] : 'a conventional reset hit the device';
    const charge = { wrongIn: isLocked, summary: `${how} while the TDI was locked or running` };
    if (!effect.mayBeUndone) return charge;
    const toConfirm = ['probe pci_bridge_secondary_bus_reset'];
    return { ...charge, atMost: 'possible', takesForGranted: [DONE_AND_SILENT], toConfirm };
  },
};
