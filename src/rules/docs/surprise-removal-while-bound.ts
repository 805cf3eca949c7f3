import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'surprise-removal-while-bound',
  title: 'Function removed or link lost while bound',
  order:
    'The TDI is unbound while the device still answers; only then is the function removed, the slot emptied or the link taken down.',
  why: 'Unbind needs the device: STOP travels through its DOE mailbox. When the link is down or the card is gone, the message cannot be delivered, and the link down has already reset the device and ended its IDE streams. An orderly removal is not safe either: pci_stop_dev() releases the driver first, so vfio disables the device, and pci_tsm_destroy() unbinds only afterwards in pci_destroy_dev(). On a surprise removal vfio leaves CPU and DMA mappings to the device in place.',
  consequence:
    'STOP cannot reach the device, or comes after vfio has disabled it. Firmware and VM keep an interface that no longer exists until the TSM driver gives up on it.',
  remedy:
    'Unbind, then remove: have the VMM release the device first, and power off the slot through its attention button or sysfs. After a surprise removal, count the TDI as lost.',
  evidence: [
    '"Slot(N): Link Down", "Slot(N): Card not present" from pciehp, pci:pci_hp_event and pci:pcie_link_event (Linux 7.0 on): they name the port; the devices below follow from its bus numbers.',
    'remove_store, pci_stop_and_remove_bus_device, pci_iov_remove_virtfn: the kernel removes the function (sysfs, hot-unplug, VF removal).',
    'pci_tsm_destroy and inside it __pci_tsm_unbind: the core drops its context. Both run for every removed function, bound or not.',
    'The unbind of the TSM driver inside pci_tsm_destroy: this function was still bound when it was removed.',
  ],
  disprove: [
    'An unlogged unbind before it: probe pci_tsm_unbind, or read tsm/bound before the removal.',
    'The link came back without removal: "Link Down/Up ignored" is a reset or a DPC recovery and is judged by conventional-reset-while-locked.',
    'The device is not below that port: check the bus numbers.',
    'The BDF was used again: a function that was added later under the same BDF is another TDI.',
  ],
  platforms: ['generic', 'tdx', 'sev-tio', 'cca'],
  needs: { trigger: ['hotplug'], state: ['bind'] },
  sources: [
    'pci_stop_dev() and pci_destroy_dev(), drivers/pci/remove.c, Linux 7.1 merge window',
    'pci_tsm_destroy() and pci_tsm_fn_exit(), drivers/pci/tsm.c, Linux 7.1 merge window',
    'pciehp_unconfigure_device(), drivers/pci/hotplug/pciehp_pci.c, Linux 7.1 merge window',
    'pciehp_handle_presence_or_link_change(), drivers/pci/hotplug/pciehp_ctrl.c, Linux 7.1 merge window',
    'Alex Williamson, vfio and surprise removal, 2025-12-23, <20251223153534.0968cc15.alex@shazbot.org>',
    'Dan Williams, PATCH v8 4/9, teardown while in D0, 2025-10-31, <20251031212902.2256310-5-dan.j.williams@intel.com>',
  ],
};
