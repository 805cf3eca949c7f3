import { doc } from './docs/sriov-change-while-locked.ts';
import { isLocked, LOCK_CLASSES, type Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 80,
  restsOnBind: true,
  settledBy: LOCK_CLASSES,
  judge({ effect, event, calls, reach }) {
    if (effect.type !== 'sriov-change') return null;
    // A VF that goes inside the call on its PF: the call is what was wrong.
    const around = calls.find((call) => call.kind === 'pci.sriov_disable');
    if (reach !== null || event.kind === 'pci.remove') {
      return {
        wrongIn: isLocked,
        summary: 'SR-IOV was disabled on the PF while the TDI of this VF was locked or running',
        violation: around ?? event,
      };
    }
    const what = event.kind === 'pci.sriov_enable' ? 'enabled' : 'disabled';
    const charge = {
      wrongIn: isLocked,
      summary: `SR-IOV was ${what} on this PF while its own TDI was locked or running`,
    };
    if (effect.certain) return charge;
    return {
      ...charge,
      atMost: 'possible',
      takesForGranted: ['SR-IOV was enabled before: where it was not, nothing is written'],
      toConfirm: ['probe pci_enable_sriov, or read sriov_numvfs of the PF'],
    };
  },
};
