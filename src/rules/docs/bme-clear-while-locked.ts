import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'bme-clear-while-locked',
  title: 'Bus Master Enable cleared while the TDI is locked',
  order: 'COMMAND bit 2 changes from 1 to 0 only after the TDI has left CONFIG_LOCKED and RUN by STOP or unbind.',
  why: 'A TDI that is locked or running guards its configuration, and clearing Bus Master Enable is among the changes that move it to ERROR. The configuration write itself completes normally, so neither the writer nor the host is told. Setting the bit is allowed. vfio passes the guest write of this bit to the hardware without touching the BAR mappings and without a message; the kernel clears it in pci_clear_master(), in pci_disable_device() and before a function reset.',
  consequence:
    'The TDI is expected to be in TDISP ERROR from this write on: its DMA and its TEE MMIO stop, and the guest has to unlock, lock and attest again.',
  remedy:
    'Unbind or STOP before the bit is cleared. While the TDI is bound, the VMM traps the write and keeps the bit set, or vfio refuses it.',
  evidence: [
    'vfio_basic_config_write with offset 0x4 and a value whose bit 2 is 0, after a value with bit 2 set (probe or function arguments): the write of the guest or the VMM. The bit lies in the byte at 0x4; a write at 0x5 does not change it.',
    'pci_user_write_config_word (setpci, the sysfs file config, vfio itself) or pci_write_config_word (the kernel), or _byte, or _dword, with position 0x4 and a value whose bit 2 is 0, after a value with bit 2 set.',
    '"disabling bus mastering" (dynamic debug): pci_clear_master() found the bit set and cleared it. The call alone proves no change, because it writes nothing when the bit is already clear.',
    'vfio_pci_core_disable, pci_try_reset_function, pci_disable_device: operations that clear the bit on their way; the operation is then the headline.',
    '"restore config 0x04: OLD -> NEW" (dynamic debug): the COMMAND register as found and as restored after a reset.',
    'The same writes to a port above, where a record ("PCI bridge to [bus ..]") or lspci tells that the function is below it: the port forwards nothing any more, and the TDI is cut off. Probable at most: what a root port has to keep is an informative table.',
  ],
  disprove: [
    'The bit was clear before: look for the COMMAND value at bind (pci_set_master, the last vfio_basic_config_write). A lock does not require the bit to be set.',
    'The write never reached the device: vfio_basic_config_write returned an error, or the VMM dropped it. A write dropped in the VMM does not appear in vfio_basic_config_write at all.',
    'Somebody else has the function enabled: pci_disable_device() counts down, and clears the bit for the last one only. What vfio and sysfs enabled is counted where pci_enable_device and vfio_pci_core_enable are recorded.',
    'The TDI was stopped before, by a STATE_CHANGE request whose payload the trace does not show, or by an unlogged unbind (probe pci_tsm_unbind and __pci_tsm_unbind).',
    'The device keeps its state: the table of registers in the specification is informative. A read-back of the interface state from the device, not from host or firmware records, decides.',
  ],
  platforms: ['generic', 'tdx', 'sev-tio', 'cca'],
  needs: { trigger: ['config-write'], state: ['bind'] },
  sources: [
    'PCIe Base 6.x, 11.2.6 (TDISP), as cited by Aneesh Kumar K.V, 2025-06-04, <yq5ajz5r8w6p.fsf@kernel.org>',
    'Attribute tsm/bound, Documentation/ABI/testing/sysfs-bus-pci, Linux 7.1 merge window',
    'vfio_basic_config_write() and vfio_default_config_write(), drivers/vfio/pci/vfio_pci_config.c, Linux 7.1 merge window',
    'PCI_USER_WRITE_CONFIG and PCI_OP_WRITE, drivers/pci/access.c, Linux 6.12',
    '__pci_set_master(), do_pci_disable_device() and pci_dev_save_and_disable(), drivers/pci/pci.c, Linux 7.1 merge window',
    'Dan Williams, the VMM traps the clear, 2025-08-28, <68b0cc4632fc5_75db10074@dwillia2-mobl4.notmuch>',
    'Xu Yilun, vfio should block it while bound, 2025-06-05, <aEFmPaYorqaYCKBY@yilunxu-OptiPlex-7050>',
  ],
};
