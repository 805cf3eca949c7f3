import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'sriov-change-while-locked',
  title: 'SR-IOV changed on the PF of a locked TDI',
  order: 'SR-IOV is enabled or disabled on a PF only while neither the PF nor one of its VFs is a locked TDI.',
  why: 'VF Enable, NumVFs and VF Memory Space Enable sit in the PF and decide whether its VFs exist and decode memory; a change of that capability breaks the lock of the TDIs that depend on it. sriov_disable() removes the VFs one by one and then clears VF Enable and VF Memory Space Enable. Removing a VF releases its driver before pci_tsm_destroy() unbinds it, so a VF that a VMM has open goes through vfio_pci_core_disable() while bound. Neither sriov_numvfs_store() nor vfio_pci_core_sriov_configure() of Linux 7.1 asks whether a VF is bound.',
  consequence:
    'A locked VF is torn down under its VM and expected to be in TDISP ERROR on the way; a locked PF whose SR-IOV capability is written is expected to fall to ERROR itself.',
  remedy:
    'Unbind all VFs, and the PF if it is a TDI, before sriov_numvfs is written or the driver of the PF is removed.',
  evidence: [
    'pci_disable_sriov, sriov_numvfs_store: the change was asked on the PF. The register write follows the removal of the VFs.',
    'pci_iov_remove_virtfn, pci_tsm_destroy on the VFs: they go away, one by one.',
    '__pci_tsm_unbind on a VF inside pci_tsm_destroy runs for every VF and proves no bind; the unbind of the TSM driver inside it does.',
    'pci_enable_sriov, VFs that appear (an enumeration line with vendor, device and class for each, pci_tsm_init): SR-IOV was enabled. This matters only where the PF itself is locked.',
    'Functions that appear or go inside pci_enable_sriov, pci_iov_add_virtfn, pci_disable_sriov or pci_iov_remove_virtfn, where the return is recorded: they are VFs of that PF, which no number alone proves.',
  ],
  disprove: [
    'An unlogged unbind of the VF before it: probe pci_tsm_unbind, or read tsm/bound of the VF.',
    'The core unbound the VF in pci_tsm_destroy() while no driver held it: then the order was right, and only the owner of the VM was not asked.',
    'The change was refused: -EBUSY with VFs already enabled, -ENOENT without a driver that can do it, or a number equal to the present one.',
    'The VF belongs to another PF: physfn in sysfs, or the routing of its BDF.',
    'For a locked PF: pci_disable_sriov writes nothing where SR-IOV was not enabled, so without a VF on record the verdict is possible.',
  ],
  platforms: ['generic', 'tdx', 'sev-tio', 'cca'],
  needs: { trigger: ['hotplug'], state: ['bind'] },
  sources: [
    'PCIe Base 6.x, chapter 11 (TDISP): registers of a locked function, SR-IOV capability',
    'sriov_numvfs_store(), sriov_disable() and pci_iov_remove_virtfn(), drivers/pci/iov.c, Linux 7.1 merge window',
    'vfio_pci_core_sriov_configure(), drivers/vfio/pci/vfio_pci_core.c, Linux 7.1 merge window',
    'pci_stop_dev() and pci_destroy_dev(), drivers/pci/remove.c, Linux 7.1 merge window',
    'pci_tsm_destroy() and pci_tsm_fn_exit(), drivers/pci/tsm.c, Linux 7.1 merge window',
  ],
};
