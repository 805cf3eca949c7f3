import { doc } from './docs/sriov-change-while-locked.ts';
import { isLocked, LOCK_CLASSES, type Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 80,
  restsOnBind: true,
  settledBy: LOCK_CLASSES,
  judge({ effect, calls }) {
    const disable = calls.find((call) => call.kind === 'pci.sriov_disable');
    if (effect.type !== 'sriov-change' || !disable) return null;
    return {
      wrongIn: isLocked,
      summary: 'SR-IOV was disabled on the PF while the TDI of this VF was locked or running',
      violation: disable,
    };
  },
};
