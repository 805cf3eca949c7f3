import { AMD_GUEST, DAN_GUEST, judged, NOT_RECORDED, type Order, RSI, tdx, unseen } from './order.ts';

/** The guest. */
export const GUEST: readonly Order[] = [
  judged('The driver is off the device from lock to accept.', ['driver-probe-before-accept'], DAN_GUEST),
  judged(
    'The report is read after the lock and before the accept.',
    ['accept-before-report'],
    AMD_GUEST,
    'most guests leave it to user space, whose reads nobody records',
  ),
  judged(
    'The device is accepted, and runs, before its driver uses it as a trusted one.',
    ['driver-probe-before-accept', 'dma-enable-before-run'],
    DAN_GUEST,
  ),
  judged(
    'Before the unlock the driver lets go, and private MMIO is invalidated.',
    ['guest-unlock-while-in-use', 'unlock-before-private-mmio-unmap'],
    DAN_GUEST,
  ),
  unseen(
    'On SEV-TIO the guest stops the TDI, clears Bus Master, and has it unbound then.',
    'what it asks the hypervisor is a number that no tracepoint decodes; on the host, a STOP by the guest, a clear and an unbind are judged as such',
    AMD_GUEST,
  ),
  unseen(
    'Evidence that the host passes on is checked against digests of the firmware.',
    'the check is one of user space',
    RSI,
  ),
  unseen('The report shows neither ATS nor Page Request nor PASID on TDX.', NOT_RECORDED, tdx('tdh_devif_response.c')),
];
