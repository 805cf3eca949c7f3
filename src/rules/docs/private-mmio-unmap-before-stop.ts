import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'private-mmio-unmap-before-stop',
  title: 'Private MMIO unmapped before the TDI stopped',
  order: 'On TDX the TDI is stopped, or its IDE stream blocked, before its private MMIO is unmapped.',
  why: 'The TDX module keeps a record of the state of every interface, which it changes on the answers to LOCK, START and STOP. TDH.MMIO.UNMAP looks at that record and refuses unless it says CONFIG_UNLOCKED or the IDE stream is blocked. A silent fall to ERROR does not change the record: the unmap stays refused until a STOP. On Arm CCA the order is the opposite.',
  consequence:
    'The module refuses the unmap with TDX_DEVIF_TDISP_INVALID_STATE; KVM gives up a VM whose private mapping cannot be removed.',
  remedy: 'Send STOP inside the unbind before the revoke of the dma-bufs and before the mappings are removed.',
  evidence: [
    'tdh_mmio_unmap whose answer is TDX_DEVIF_TDISP_INVALID_STATE: definite where a call named TDH.DEVIF shows the ABI whose numbers are public, probable where no call tells, possible where one of a later ABI (TDH.IDE.STREAM.KM, TDH.SPDM.CONNECT) does, or after a STOP that was answered with success.',
    'tdh_mmio_unmap without a recorded answer, while the TDI was locked or running: probable at most.',
  ],
  disprove: [
    'The IDE stream was blocked before: the module lets the memory go then.',
    'The platform is Arm CCA, where the unmap comes first.',
    'The unmap was repeated after a STOP and succeeded: the first one still came too early, but did no harm.',
  ],
  platforms: ['tdx'],
  needs: { trigger: ['mmio'], state: ['bind', 'guest-request'] },
  sources: [
    'tdh_mmio_unmap(), check of the TDISP state, intel/tdx-module src/vmm_dispatcher/api_calls/tdxio/tdh_mmio_unmap.c@1666adc494db',
    'Xu Yilun, RFC PATCH 30/30, order inside the TDX unbind, 2025-05-29, <20250529053513.1592088-31-yilun.xu@linux.intel.com>',
  ],
};
