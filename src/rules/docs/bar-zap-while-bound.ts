import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'bar-zap-while-bound',
  title: 'BAR mappings taken away before the TDI stopped',
  order:
    'The BARs of a TDI stay mapped until it has been stopped by unbind; zap, dma-buf revoke and unmap of BAR ranges come after STOP.',
  why: 'While a TDI is locked or running, its private MMIO is mapped under control of the platform firmware. On TDX the module refuses to unmap private MMIO unless its own record of the TDI says CONFIG_UNLOCKED or the IDE stream is blocked, so a zap or revoke that comes first leads to a failing SEAMCALL in KVM. On SEV-TIO a host page table fault of a bound TDI makes the IOMMU fence the ASID of the whole guest. The vfio zap serves every path that takes memory away from the user (MSE clear, D3, reset, hot reset, low power), and none of them asks whether the device is bound. On Arm CCA the order is the opposite, so this rule does not apply there.',
  consequence:
    'On TDX the firmware refuses the unmap of private MMIO, and KVM gives up a VM whose S-EPT removal fails; on SEV-TIO the guest may lose DMA and MMIO of all its devices to the ASID fence.',
  remedy:
    'Unbind before the operation that zaps or revokes. On TDX the revoke of private MMIO belongs inside the unbind, after STOP.',
  evidence: [
    'vfio_pci_zap_and_down_write_memory_lock (vfio_pci_lock_revoke_bars in the 2026 series): the user mappings of the BARs go away. Compilers inline it into the reset ioctl, hot reset and low power entry, so that its absence there proves nothing.',
    'vfio_pci_dma_buf_move with revoked=1, vfio_pci_dma_buf_cleanup (Linux 7.x with dma-buf support): importers lose the BAR. The call says nothing about whether a dma-buf was exported.',
    'An unmap that names an address inside a known BAR of the device.',
    'Probable where nothing more is recorded: what is taken away are mappings of the host. That the guest loses its private MMIO with them shows on TDX where the module refuses the unmap inside the same call, whose return is recorded: private-mmio-unmap-before-stop is definite then, and names it; with --complete bind,guest-request so is this one. No record of SEV-TIO shows it.',
    'A later SEAMCALL error on the unmap, an RMP fault line of the AMD IOMMU: confirms that it did harm.',
  ],
  disprove: [
    'Look at what encloses it: a revoke inside pci_tsm_unbind after STOP is the right order on TDX. A second revoke after the unbind is right, too.',
    'The platform is Arm CCA: there the unmap has to come before the unlock.',
    'The own munmap of the VMM, and iommu:unmap events that carry an IOVA only, do not count and should not have been used as evidence.',
    'Nothing private was mapped: no dma-buf was exported for the BAR and the guest accepted no MMIO.',
    'The TDI was stopped or unbound before without a record: probe pci_tsm_unbind, __pci_tsm_unbind and pci_tsm_guest_req.',
  ],
  platforms: ['tdx', 'sev-tio'],
  needs: { trigger: ['mmio'], state: ['bind'] },
  sources: [
    'vfio_pci_zap_and_down_write_memory_lock() and its callers, drivers/vfio/pci/vfio_pci_core.c, Linux 7.1 merge window',
    'vfio_pci_dma_buf_move(), drivers/vfio/pci/vfio_pci_dmabuf.c, Linux 7.1 merge window',
    'tdx_sept_remove_private_spte() and __TDX_BUG_ON(), arch/x86/kvm/vmx/tdx.c, Linux 7.1 merge window',
    'tdh_mmio_unmap(), check of the TDISP state, intel/tdx-module src/vmm_dispatcher/api_calls/tdxio/tdh_mmio_unmap.c@1666adc494db',
    'VDEV unlock, check for mapped granules, TF-RMM/tf-rmm runtime/rmi/vdev.c@9a7f8ef46378',
    'Xu Yilun, RFC PATCH 30/30, order inside the TDX unbind, 2025-05-29, <20250529053513.1592088-31-yilun.xu@linux.intel.com>',
    'Xu Yilun, revoke twice on TDX, 2025-06-03, <aD5/AjaQQOKydUWz@yilunxu-OptiPlex-7050>',
    'Xu Yilun, ASID fence of SEV-TIO, 2025-05-30, <aDnXxk46kwrOcl0i@yilunxu-OptiPlex-7050>',
    'Alexey Kardashevskiy, what AMD hosts see, 2025-06-11, <427483af-ab2b-4f02-a397-e5ee85b27441@amd.com>',
  ],
};
