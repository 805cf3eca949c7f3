import { judged, NO_CALLER, NOT_RECORDED, type Order, RSI, TDISP, TDISP_STATES, tdx, unseen } from './order.ts';

/** Requests and states of TDISP. */
export const REQUESTS: readonly Order[] = [
  judged('LOCK is asked of an unlocked TDI.', ['lock-from-wrong-state', 'tdisp-request-refused'], TDISP_STATES),
  judged('START is asked of a locked TDI.', ['start-without-lock', 'tdisp-request-refused'], TDISP_STATES),
  judged(
    'The interface report is asked of a locked or running TDI.',
    ['report-before-lock', 'tdisp-request-refused'],
    TDISP_STATES,
  ),
  judged('In ERROR only the state is read, and STOP is sent.', ['tdisp-request-refused'], TDISP_STATES),
  judged(
    'From RUN there is no way back to CONFIG_LOCKED but by STOP, or a reset, and a new LOCK.',
    ['state-readback-conflict'],
    TDISP_STATES,
  ),
  judged('What is read back is a state that the steps before it lead to.', ['state-readback-conflict'], TDISP_STATES),
  judged(
    'One request is under way at a time, and only from the side that may send it.',
    ['tdisp-request-refused'],
    tdx('tdh_devif_request.c'),
    'which side it was',
  ),
  unseen('START carries the nonce of the current LOCK.', NOT_RECORDED, 'PCIe Base 6.x, 11.3.9'),
  unseen('Report and measurements are those of the current LOCK.', NOT_RECORDED, RSI),
  unseen('Peer-to-peer streams are bound and unbound in RUN only.', NO_CALLER, TDISP_STATES),
  unseen('Attributes of MMIO ranges are changed in RUN only.', NO_CALLER, TDISP_STATES),
];

/** What a locked TDI does not survive. */
export const FROZEN: readonly Order[] = [
  judged('Bus Master Enable is not cleared while the TDI is locked.', ['bme-clear-while-locked'], TDISP),
  judged(
    'Memory Space Enable is not cleared while the TDI is locked; of a VF its PF has the switch.',
    ['mse-clear-while-locked'],
    TDISP,
  ),
  judged(
    'No function level reset reaches a locked TDI, also not that of its PF.',
    ['flr-while-locked'],
    'PCIe Base 6.x, 11.4.9',
  ),
  judged(
    'No hot, bus or slot reset, no DPC and no loss of the link reaches a locked TDI, whoever asked for it and for whom.',
    ['conventional-reset-while-locked', 'surprise-removal-while-bound'],
    'PCIe Base 6.x, 11.4.8',
  ),
  judged(
    'Recovery from an AER error resets the device only after the unbind.',
    ['conventional-reset-while-locked', 'flr-while-locked'],
    TDISP,
  ),
  judged(
    'No power state that loses the state of the function is entered while the TDI is locked.',
    ['power-state-while-locked'],
    TDISP,
  ),
  judged(
    'The machine is not put to sleep with a TDI bound.',
    ['sleep-while-bound'],
    TDISP,
    'kexec and reboot end the record',
  ),
  judged(
    'BARs, expansion ROM, self-test, tags, No Snoop, PASID, Page Request, ARI, Resizable BAR stay as they are.',
    ['config-change-while-locked'],
    TDISP,
    'a write past the kernel, and one to a capability whose place nobody stored',
  ),
  unseen('MSI-X stays as it is where the lock asked for that.', 'no record tells the flags of the lock', TDISP),
  judged(
    'VFs are neither enabled nor disabled while the PF or one of them is locked.',
    ['sriov-change-while-locked', 'surprise-removal-while-bound'],
    TDISP,
  ),
  judged(
    'The registers of the root port above stay as they are: buses, windows, its Bus Master and Memory Space Enable.',
    ['bme-clear-while-locked', 'mse-clear-while-locked'],
    'PCIe Base 6.x, 11.4',
    'hot plug and rescans rewrite buses and windows with what they hold: no record tells which write changed them',
  ),
  unseen('The requester id does not change.', 'buses are renumbered only where no driver has the device', TDISP),
  unseen(
    'Firmware is not changed where the lock forbade it.',
    'vfio has the device, so no driver of the host can: the device refuses its guest',
    TDISP,
  ),
  unseen(
    'Bus Master is enabled before LOCK, since the driver that comes later may not touch COMMAND.',
    'enabling it is allowed at any time: what goes wrong is a clear, which rules judge',
    'Dan Williams, when COMMAND is written, 2025-07-31, <688c2155849a2_cff99100dd@dwillia2-xfh.jf.intel.com.notmuch>',
  ),
];
