import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'state-readback-conflict',
  title: 'State read back that nothing recorded explains',
  order: 'The state that the device or the firmware reports is one that the recorded steps lead to.',
  why: 'A TDI leaves CONFIG_LOCKED or RUN for ERROR without a word, so the host learns of it only when it asks. DEVICE_INTERFACE_STATE, which TIO_TDI_STATUS passes on, is what the device itself says. RMI_VDEV_GET_STATE is what the RMM remembers of its own messages: it does not know of a device that fell to ERROR, so it is held against what was agreed on, not against the device. A state that takes an unrecorded step to reach says that the step happened, or that a record or a declared completeness is wrong.',
  consequence:
    'A TDI that reports ERROR does no more DMA and answers no more MMIO with the T bit until it is stopped. Any other unexpected state means that a step is missing from the capture.',
  remedy:
    'Look for the step between the last state that was confirmed and this one: a write that clears Bus Master or Memory Space, a reset, a power change, a stream that became insecure. Where an unbind left the TDI running, look at the answers to its STOP: a driver that goes on after a refusal leaves the device to its next user as it is.',
  evidence: [
    'sev_tio_tdi_status_fin with its state fetched at the return: the word of the device.',
    'rmi_vdev_get_state with its state fetched at the return: the memory of the RMM.',
    'LOCKED, RUN or ERROR after an unbind whose STOP was refused: probable, the unbind left the TDI behind like that. The function is no longer bound, so nobody will stop it.',
    'Where no history of the records leads to the state, the verdict is inconsistent: lines are missing, or something was declared complete that is not.',
  ],
  disprove: [
    'The probe fetched the state at the entry of the function, where it is not filled in yet, or fetched a pointer.',
    'The number was printed by a version with another numbering: early series count from UNAVAIL.',
    'The step was not recorded: probe the configuration writes, resets and guest requests.',
  ],
  platforms: ['generic', 'tdx', 'sev-tio', 'cca'],
  needs: { trigger: ['firmware'], state: ['bind', 'guest-request'] },
  sources: [
    'sev_tio_tdi_status_fin() and its callers, AMDESE/linux-kvm drivers/crypto/ccp/sev-dev-tsm.c@16f379f5463a',
    'VDEV state, TF-RMM/tf-rmm runtime/rmi/vdev.c@9a7f8ef46378',
    'PCIe Base 6.x, 11.2.6 (TDISP), as cited by Aneesh Kumar K.V, 2025-06-04, <yq5ajz5r8w6p.fsf@kernel.org>',
  ],
};
