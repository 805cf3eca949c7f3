import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'unlock-before-private-mmio-unmap',
  title: 'VDEV unlocked before its memory was unmapped',
  order: 'On Arm CCA every granule of device memory is unmapped before the VDEV is unlocked.',
  why: 'RMI_VDEV_UNLOCK walks the address ranges of the VDEV and refuses while a granule of them is still mapped into the realm. Only then it turns off the DMA of the device and queues the STOP. A VDEV that cannot be unlocked cannot be destroyed, and neither can the realm. On TDX the order is the opposite.',
  consequence:
    'The RMM refuses the unlock with RMI_ERROR_GRANULE; the VDEV, and with it the realm, cannot be destroyed.',
  remedy:
    'Unmap the device memory from the realm, through the revoke of the dma-bufs or RMI_RTT_DEV_UNMAP, before the unbind.',
  evidence: [
    'rmi_vdev_unlock whose answer is RMI_ERROR_GRANULE: definite without any other record.',
    '"failed to unlock vdev" (dmesg): the unlock failed, for whatever reason; possible at most.',
    'rmi_vdev_unlock that succeeds proves that nothing was mapped.',
  ],
  disprove: [
    'The unlock failed for another reason: RMI_ERROR_DEVICE says that the VDEV was in the wrong state or busy.',
    'The number is of another version of the RMM.',
  ],
  platforms: ['cca'],
  needs: { trigger: ['firmware'], state: ['mmio'] },
  sources: [
    'VDEV unlock, check for mapped granules, TF-RMM/tf-rmm runtime/rmi/vdev.c@9a7f8ef46378',
    'Xu Yilun, revoke twice on TDX, 2025-06-03, <aD5/AjaQQOKydUWz@yilunxu-OptiPlex-7050>',
  ],
};
