import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'tdisp-request-refused',
  title: 'Firmware or device refused a request',
  order: 'A request is sent to a TDI only in a state that allows it.',
  why: 'The device answers a request that its state does not allow with an error and changes nothing; the firmware of the platform checks its own record of the state first and answers with a status of its own. Such an answer is evidence that needs no declared completeness: whatever was recorded, the TDI was not where the caller took it to be. The answer does not say who brought it there, so the finding names none: a more telling rule, or an earlier finding, does.',
  consequence: 'The operation that the request was part of fails; the TDI stays in the state that it was in.',
  remedy:
    'Find the step that took the TDI out of the state that the request needs: read the state back before it, and look at what came between.',
  evidence: [
    'A status of the firmware that names the state: INVALID_TDI_STATE (SEV-TIO), TDX_DEVIF_TDISP_INVALID_STATE and TDX_DEVIF_TDISP_ERROR_STATE (TDX). It is definite by itself; on TDX only where a call named TDH.DEVIF shows the ABI whose numbers are public.',
    'RMI_ERROR_GRANULE (Arm CCA): device memory is still mapped.',
    'A STOP that is refused inside an unbind, which goes on all the same: the core takes the function for unbound, while the TDI may be locked or run. What throws it out of that state later, or shows it, hangs below this finding, and makes it as strong as itself.',
    'A failure that names no reason ("failed to unlock vdev", "fial to request bind", an errno): possible at most.',
  ],
  disprove: [
    'The answer is of another TDI: the PSP takes one command at a time, but the line that prints its status names no device.',
    'The caller tries on purpose what may be refused, and has a second way: TIO_TDI_UNBIND is repeated with force.',
    'The number is of another version of the firmware, where it means something else.',
  ],
  platforms: ['generic', 'tdx', 'sev-tio', 'cca'],
  needs: { trigger: ['firmware'], state: ['firmware'] },
  sources: [
    'sev_tio_spdm_cmd() and tdi_unbind(), AMDESE/linux-kvm drivers/crypto/ccp/sev-dev-tsm.c@16f379f5463a',
    'tdh_mmio_unmap(), check of the TDISP state, intel/tdx-module src/vmm_dispatcher/api_calls/tdxio/tdh_mmio_unmap.c@1666adc494db',
    'VDEV state checks, TF-RMM/tf-rmm runtime/rmi/vdev.c@9a7f8ef46378',
  ],
};
