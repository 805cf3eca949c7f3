import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'mse-clear-while-locked',
  title: 'Memory Space Enable cleared while the TDI is locked',
  order: 'COMMAND bit 1 changes from 1 to 0 only after the TDI has left CONFIG_LOCKED and RUN by STOP or unbind.',
  why: 'Clearing Memory Space Enable is one of the configuration changes that move a locked or running TDI to ERROR; the write completes normally and nothing reports it. vfio zaps the BAR mappings and revokes the dma-bufs before it writes the register, so on TDX the unmap of private MMIO is asked for while the TDI is not stopped. A VF does not implement the bit: vfio emulates it, and the switch that counts is VF Memory Space Enable in the SR-IOV capability of the PF.',
  consequence:
    'The TDI is expected to be in TDISP ERROR from this write on, and its BARs no longer decode. Setting the bit again does not bring the TDI back; the guest has to unlock, lock and attest again.',
  remedy:
    'Unbind or STOP before the bit is cleared. While the TDI is bound, the VMM traps the write and keeps the bit set, or vfio refuses it before it zaps the BARs.',
  evidence: [
    'vfio_basic_config_write with offset 0x4 and a value whose bit 1 is 0, after a value with bit 1 set: the write of the guest or the VMM.',
    'pci_user_write_config_word (setpci, the sysfs file config, vfio itself) or pci_write_config_word (the kernel), or _byte, or _dword, with position 0x4 and a value whose bit 1 is 0, after a value with bit 1 set.',
    'vfio_pci_zap_and_down_write_memory_lock and, with dma-buf support, vfio_pci_dma_buf_move with revoked=1 inside that write: vfio saw a value with bit 1 clear. They run for every such write, also when the bit was clear before.',
    '"restore config 0x04: OLD -> NEW" (dynamic debug), "enabling device (OLD -> NEW)": COMMAND values with bit 1.',
    'vfio_pci_core_disable and pci_try_reset_function write COMMAND with INTx Disable alone: they clear the bit on their way, and the operation is then the headline.',
    'The same writes to a port above, where a record ("PCI bridge to [bus ..]") or lspci tells that the function is below it: the port forwards nothing any more, and the TDI is cut off. Probable at most: what a root port has to keep is an informative table.',
  ],
  disprove: [
    'The function is a VF (its record names a PF, or lspci shows a Virtual Function; --side reads that): the write changes the copy in vfio only and cannot disturb the lock. The zap in the same write is real and is judged by bar-zap-while-bound.',
    'What nothing shows to be no VF makes a possible finding. It is no VF where the kernel connected it (tsm/connect is a file of function 0, never of a VF), printed a BAR of it as it was enumerated, or made VFs of it with pci_enable_sriov; and where lspci -vv or /sys in the folder of --side shows the SR-IOV capability, VFs of its own or sriov_totalvfs, which a VF never has. Mem+ shows nothing: in a guest, vfio answers with it for a VF. Definite only where functions come and go with a record, too (--complete hotplug).',
    'The bit was clear before: a repeated write with bit 1 clear zaps again but changes nothing in the device.',
    'The write never reached the device: an error from vfio_basic_config_write, or a VMM that dropped it.',
    'The TDI was stopped or unbound before without a record: probe pci_tsm_unbind, __pci_tsm_unbind and pci_tsm_guest_req, or read the interface state from the device.',
  ],
  platforms: ['generic', 'tdx', 'sev-tio', 'cca'],
  needs: { trigger: ['config-write'], state: ['bind'] },
  sources: [
    'PCIe Base 6.x, 11.2.6 (TDISP), as cited by Aneesh Kumar K.V, 2025-06-04, <yq5ajz5r8w6p.fsf@kernel.org>',
    'Attribute tsm/bound, Documentation/ABI/testing/sysfs-bus-pci, Linux 7.1 merge window',
    'vfio_basic_config_write() and __vfio_pci_memory_enabled(), drivers/vfio/pci/vfio_pci_config.c, Linux 7.1 merge window',
    'PCI_USER_WRITE_CONFIG and PCI_OP_WRITE, drivers/pci/access.c, Linux 6.12',
    'pci_iov_scan_device(), no_command_memory of a VF, drivers/pci/iov.c, Linux 7.1 merge window',
    'is_pci_tsm_pf0(), include/linux/pci-tsm.h, and pci_tsm_link_group_visible(), drivers/pci/tsm.c, Linux 6.19',
    'pci_read_bases(), which leaves a VF alone, and __pci_read_base(), drivers/pci/probe.c, Linux 6.12',
    'Xu Yilun, RFC PATCH 20/30, unbind before zapping, 2025-05-29, <20250529053513.1592088-21-yilun.xu@linux.intel.com>',
    'Xu Yilun, no rebind after the bit is set again, 2025-06-02, <aD2ticKyMxxMXzZ+@yilunxu-OptiPlex-7050>',
  ],
};
