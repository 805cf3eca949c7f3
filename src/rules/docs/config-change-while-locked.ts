import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'config-change-while-locked',
  title: 'Registers written that a locked TDI freezes',
  order: 'Registers that affect the configuration of a TDI are left alone from LOCK to STOP.',
  why: 'LOCK freezes what the report describes: where the BARs are, which features are on. A write that changes it throws the TDI into ERROR, while the write itself completes normally. The list of the specification is informative, so a device may be more or less strict: tdi-trace rules --model prints it. Writing back the value that stands there, as every restore after a reset does, changes nothing; where no earlier record holds the old value the finding stays a possible one.',
  consequence: 'If the value changed, the TDI falls to ERROR without a word.',
  remedy: 'Unbind before the BARs are moved, the expansion ROM is mapped or a self-test is started.',
  evidence: [
    'pci_user_write_config_*, pci_write_config_* and vfio_user_config_write with a position in the BARs, the expansion ROM base or BIST: these reach the hardware.',
    'The same beyond the header, where lspci -vv in the folder of --side tells which capability stands at the position: PASID, Page Request, Resizable BAR, SR-IOV, ARI, Device Control.',
    'pci_enable_pasid and pci_enable_pri with result 0: they refuse where the feature is on already, so the register changed.',
    'A value that differs from the one that an earlier record wrote there, or all ones in a BAR (asking for its size): probable. The same value: harmless.',
    'A value of a BAR other than the one that lspci -vv or -x in the folder of --side shows: probable, since the BAR may have been moved since it was stored. That it shows the same proves nothing: it may have been stored after the write. The address that lspci prints is that of the register on x86 only; the bytes of -x always are.',
    'vfio_exp_config_write to Device Control or Device Control 2: only the bits that count, and only where an earlier record holds them.',
    'vfio_basic_config_write to a BAR does not count: vfio keeps what its user writes there to itself.',
    'MSI-X does not count: it is frozen only where the lock asked for it, which no log shows.',
  ],
  disprove: [
    'The function is a VF: its BARs and its expansion ROM base are fixed at 0, and those that count are in the SR-IOV capability of the PF. Where a record or lspci (--side) shows it, nothing is said; where nothing shows that it is none, the finding is possible and no more.',
    'The write put back the value that stood there: a restore after a reset, or the end of sizing a BAR.',
    'The TDI was stopped or unbound before without a record: probe pci_tsm_unbind and pci_tsm_guest_req.',
  ],
  platforms: ['generic', 'tdx', 'sev-tio', 'cca'],
  needs: { trigger: ['config-write'], state: ['bind'] },
  sources: [
    'PCIe Base 6.x, 11.2.6 (TDISP), as cited by Aneesh Kumar K.V, 2025-06-04, <yq5ajz5r8w6p.fsf@kernel.org>',
    'pci_enable_pasid() and pci_enable_pri(), drivers/pci/ats.c, Linux 6.12',
    'init_pci_cap_exp_perm(), vfio_basic_config_write() and vfio_default_config_write(), drivers/vfio/pci/vfio_pci_config.c, Linux 7.1 merge window',
  ],
};
