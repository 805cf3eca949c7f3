import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'conventional-reset-while-locked',
  title: 'Hot, bus, slot or link reset of a locked TDI',
  order: 'A conventional reset follows the unbind of every TDI below the port that is reset, whoever owns it.',
  why: 'A conventional reset (secondary bus reset, slot reset, link down and retrain, DPC or AER recovery) returns every TDI of the devices below to CONFIG_UNLOCKED and takes the SPDM session and the IDE streams with it. It does not lead to ERROR: the device forgets that it was locked, while host, firmware and guest still believe in the lock. It reaches all functions below the port. The vfio hot reset asks that the caller own them all, but not that they be unbound.',
  consequence:
    'Every TDI below is in CONFIG_UNLOCKED after the reset, its link keys are gone, and requests made on the old lock fail. The firmware still has the TDI down as locked until it is stopped.',
  remedy:
    'Unbind every TDI below the port and disconnect before the reset. After error recovery, treat the TDIs as lost: unbind, connect, bind, lock and attest again.',
  evidence: [
    'pci_reset_bus, pci_bridge_secondary_bus_reset (its device is the port, not the endpoint) or pciehp_reset_slot: the reset. The functions below follow from the bus numbers of the port.',
    'pci_user_write_config_word (setpci) with position 0x3e and bit 6 set, on a known bridge: Secondary Bus Reset.',
    'vfio_pci_dev_set_hot_reset, or vfio_pci_core_ioctl with the hot reset command: who asked. The common dmesg line "resetting" appears for each function that a driver holds.',
    '"reset via bus" (dynamic debug): a function reset done as bus reset, on a device that is alone on its bus.',
    '"AER: Root Port link has been reset", "containment event" from the DPC service: recovery reset the link.',
    '"reset recovery - restoring BARs" from vfio: the device was reset behind the back of vfio some time before this line. PFs only.',
  ],
  disprove: [
    'The device is not below that port: the finding shows the line with the buses of the port, the sender of an AER message, or the file of --side; check that no later line, or lost one, gave the port other buses.',
    'Functions that share nothing but the bus: a reset of a slot that is not PCIe leaves the others alone, so the verdict is possible.',
    'The reset was refused: -EAGAIN or -EINVAL from pci_reset_bus or from the ioctl. -ENOTTY says that the bus cannot be reset, or that it was and no device came back; from pci_bridge_secondary_bus_reset only the latter.',
    'A bus reset from vfio_pci_dev_set_try_reset() runs at a close when no other device of the set is open; only a TDI that was left bound after its own close can be hit by it.',
    'An unlogged unbind or disconnect before it: probe __pci_tsm_unbind and disconnect_store, or read tsm/bound.',
  ],
  platforms: ['generic', 'tdx', 'sev-tio', 'cca'],
  needs: { trigger: ['reset'], state: ['bind'] },
  sources: [
    'PCIe Base 6.x, chapter 11 (TDISP): effect of a conventional reset on TDIs',
    'pci_reset_bus(), pci_bridge_secondary_bus_reset() and pci_parent_bus_reset(), drivers/pci/pci.c, Linux 7.1 merge window',
    'vfio_pci_dev_set_hot_reset() and vfio_pci_dev_set_try_reset(), drivers/vfio/pci/vfio_pci_core.c, Linux 7.1 merge window',
    'dpc_reset_link(), drivers/pci/pcie/dpc.c, Linux 7.1 merge window',
    'Xu Yilun, error recovery of a bound TDI is open, 2025-02-27, <Z7/jFhlsBrbrloia@yilunxu-OptiPlex-7050>',
  ],
};
