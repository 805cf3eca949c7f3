import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'config-change-while-locked',
  title: 'Registers written that a locked TDI freezes',
  order: 'Registers that affect the configuration of a TDI are left alone from LOCK to STOP.',
  why: 'LOCK freezes what the report describes: where the BARs are, which features are on. A write that changes it throws the TDI into ERROR, while the write itself completes normally. The list of the specification is informative, so a device may be more or less strict. Writing back the value that stands there, as every restore after a reset does, changes nothing, and no record holds the old value: the finding stays a possible one.',
  consequence: 'If the value changed, the TDI falls to ERROR without a word.',
  remedy: 'Unbind before the BARs are moved, the expansion ROM is mapped or a self-test is started.',
  evidence: [
    'pci_user_write_config_*, pci_write_config_* and vfio_user_config_write with a position in the BARs, the expansion ROM base or BIST: these reach the hardware.',
    'vfio_basic_config_write to a BAR does not count: vfio keeps what its user writes there to itself.',
  ],
  disprove: [
    'The write put back the value that stood there: a restore after a reset, or the end of sizing a BAR.',
    'The TDI was stopped or unbound before without a record: probe pci_tsm_unbind and pci_tsm_guest_req.',
  ],
  platforms: ['generic', 'tdx', 'sev-tio', 'cca'],
  needs: { trigger: ['config-write'], state: ['bind'] },
  sources: [
    'PCIe Base 6.x, 11.2.6 (TDISP), as cited by Aneesh Kumar K.V, 2025-06-04, <yq5ajz5r8w6p.fsf@kernel.org>',
    'vfio_basic_config_write() and vfio_default_config_write(), drivers/vfio/pci/vfio_pci_config.c, Linux 7.1 merge window',
  ],
};
