import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'start-without-lock',
  title: 'START asked of a TDI not locked',
  order: 'START_INTERFACE_REQUEST is sent to a TDI in CONFIG_LOCKED only.',
  why: 'RUN is entered from CONFIG_LOCKED, with the nonce that the LOCK returned, after the guest has checked the report. A TDI that was never locked, was stopped since, or fell to ERROR refuses the START. AMD hosts read the state before they ask, and refuse by themselves.',
  consequence: 'The START is refused, and the device does no DMA into private memory; the guest sees its accept fail.',
  remedy: 'Lock the TDI, let the guest check the report, then start it; after an ERROR begin with STOP.',
  evidence: [
    'A START (sev_tio_tdi_bind with run 1, tdx_tdi_request RUN, rmi_vdev_start) whose answer is a status that names the state: definite.',
    'tdi_run with result -EFAULT (AMD series): its check of the state that it read. RMI_ERROR_DEVICE (RMM): the state, or a message that is under way. Both are definite where the records since boot (--complete bind,guest-request,firmware) leave no state in which the START is right; else probable, and possible.',
    'A START that succeeds proves that the TDI was locked.',
  ],
  disprove: [
    '-EFAULT of tdi_run may come from the exchange with the device: a probe on sev_tio_tdi_status_fin shows the state that was read.',
    'The TDI was in RUN already: AMD hosts take that for a success.',
  ],
  platforms: ['generic', 'tdx', 'sev-tio', 'cca'],
  needs: { trigger: ['firmware'], state: ['firmware'] },
  sources: [
    'PCIe Base 6.x, chapter 11, legality of requests by state',
    'tdi_run(), check of the state, AMDESE/linux-kvm drivers/crypto/ccp/sev-dev-tsm.c@16f379f5463a',
    'VDEV start, TF-RMM/tf-rmm runtime/rmi/vdev.c@9a7f8ef46378',
  ],
};
