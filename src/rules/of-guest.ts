import { isByGuest, isOfGuest } from '../replay/guest-belief.ts';
import type { Step } from '../replay/step.ts';
import type { Charge, Rule } from './rule.ts';

/**
 * What a guest does to a function that its own calls have locked. A VMM emulates the configuration space: it hands a reset, a change of
 * power or of COMMAND on (vfio_exp_config_write, vfio_pci_ioctl_reset), keeps it from the device, or has the TDI unbound first.
 */
export function ifHandedOn(rule: Rule, step: Step, charge: Charge): Charge {
  if (!rule.restsOnBind || !isOfGuest(step.track)) return charge;
  return {
    ...charge,
    atMost: 'possible',
    takesForGranted: [
      ...(charge.takesForGranted ?? []),
      'the VMM handed what the guest did on to the device, while the TDI was bound: it may have kept it back, or unbound first',
    ],
    toConfirm: [
      ...(charge.toConfirm ?? []),
      'look what the host did at that time: probe pcie_flr and pci_tsm_unbind there',
    ],
  };
}

/** Whether the step is none that a guest answers for: what its driver does as it comes and goes, and what only a host does. */
export function isBeyondGuest(rule: Rule, { track, effect, event }: Step): boolean {
  return rule.restsOnBind && isOfGuest(track) && !isByGuest(effect, event);
}
