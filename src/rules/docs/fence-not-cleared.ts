import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'fence-not-cleared',
  title: 'Fence of the guest left standing after the unbind',
  order:
    'On SEV-TIO the fence of the ASID is read after TIO_TDI_UNBIND and TIO_TDI_RECLAIM, and cleared where it stands, before the BARs are made shared or the function is bound again.',
  why: 'When something goes wrong with a TDI, the IOMMU fences the ASID of its guest: DMA of all its devices is blocked, writes to their MMIO are dropped, reads give all ones. The unbind does not end that. The driver asks with TIO_ASID_FENCE_STATUS and takes the fence away with TIO_ASID_FENCE_CLEAR, but only of a TDI that ran: one that never did is fenced by default. What the firmware answers to the clear is printed, and otherwise ignored.',
  consequence:
    'The guest keeps a fence that nobody takes away any more: its other devices stay without DMA and MMIO, and a device that is bound next does not work.',
  remedy: 'Read the fence after the reclaim, clear it, and check the answer before going on.',
  evidence: [
    '"Unfenced VM=... ret=... ..." (dmesg, inside a recorded unbind) or sev_tio_asid_fence_clear with an error: the fence was not taken away; definite where the same VM gets the function again, possible where another one does. A VM is the same one by its address only as long as it was not destroyed, and probably where the same task closed the device and opened it again.',
    'sev_tio_asid_fence_status whose fenced is 1 at its return, of a TDI that was started, and no clear before "Sharing ..." or the next bind.',
    'With --complete firmware, sev_tio_tdi_unbind and then "Sharing ..." with no fence command between them: possible, since nobody knows whether the fence stood.',
  ],
  disprove: [
    'The TDI never ran: the driver leaves the default fence on purpose.',
    'The commands were not recorded: probe sev_tio_asid_fence_status and sev_tio_asid_fence_clear, and say so with --complete firmware.',
    'The guest was gone by then: nobody needs its ASID.',
    'The fence was taken away at the unbind of another function of the same guest: on the same device it is the same fence; at another one it may be, since it is that of a root port.',
  ],
  platforms: ['sev-tio'],
  needs: { trigger: ['firmware'], state: ['firmware'] },
  sources: [
    'tdi_unbind() and tdi_run(), AMDESE/linux-kvm drivers/crypto/ccp/sev-dev-tsm.c@16f379f5463a',
    'Xu Yilun, quoting the SEV-TIO specification on the fence of the ASID, 2025-06-05, <aEEJi6ZLQUetiwWA@yilunxu-OptiPlex-7050>',
    'Alexey Kardashevskiy, what the host sees of a fence, 2025-06-11, <427483af-ab2b-4f02-a397-e5ee85b27441@amd.com>',
  ],
};
