import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'dma-enable-before-run',
  title: 'Trusted DMA opened before the TDI runs',
  order: 'On SEV-TIO and Arm CCA the guest accepts the device, which starts it, and opens trusted DMA only then.',
  why: 'A TDI in CONFIG_LOCKED may not use private memory yet: the guest has not said that it trusts it. The AMD guest opens DMA by writing the secure device table entry after the TDI was asked to run; the RMM enables DMA only of a VDEV that is STARTED, and only with the nonces of its current lock and report. TDX is different: its module accepts a DMA remapping entry in CONFIG_LOCKED as well as in RUN, so this rule does not apply there.',
  consequence:
    'The firmware refuses, and the device stays without DMA. Where it does not refuse, a device reaches private memory that nobody has accepted.',
  remedy: 'Accept the device first, check the result, then open DMA.',
  evidence: [
    'sev_guest_enable_dma or pci_tsm_enable_dma in a guest after its lock and before its accept: the accept may not have been recorded.',
    '"SDTE write failed ... status=2" (guest): the firmware says that the TDI is not bound; possible, since the line is the same where DMA was to be closed. Definite where it stands inside sev_guest_enable_dma or pci_tsm_enable_dma, whose return is recorded.',
    'The accept before it: the order was right.',
  ],
  disprove: [
    'DMA was to be closed: sev_guest_disable_dma writes with the same function, and "SDTE_WRITE failed, ret=..." follows then. The host had undone the bind first.',
    'The accept was not recorded: probe pci_tsm_accept, and say so with --complete guest-request.',
    'The platform is TDX, where DMA may be opened in CONFIG_LOCKED.',
  ],
  platforms: ['sev-tio', 'cca'],
  needs: { trigger: ['dma-gate'], state: ['guest-request'] },
  sources: [
    'sev_guest_accept() and sev_guest_enable_dma(), AMDESE/linux-kvm drivers/virt/coco/sev-guest/tio.c@16f379f5463a',
    'RSI_VDEV_DMA_ENABLE, TF-RMM/tf-rmm runtime/rsi/vdev.c@9a7f8ef46378',
    'Aneesh Kumar K.V, PATCH v2 11/11, DMA of a VDEV after attestation, in the series of 2025-11-17, <20251117140007.122062-1-aneesh.kumar@kernel.org>',
  ],
};
