import {
  AMD,
  ANEESH,
  DAN_BIND,
  IN_FIRMWARE,
  JASON,
  judged,
  NO_CALLER,
  NO_NUMBER,
  type Order,
  PDEV,
  TDISP,
  TSM,
  tdx,
  unseen,
  VDEV,
  YILUN,
} from './order.ts';

/** Objects and their lifetimes. */
export const OBJECTS: readonly Order[] = [
  judged('A function is connected before it is bound.', ['bind-without-connect'], TSM),
  unseen(
    'A vIOMMU and a vDEVICE are there before the TDI is bound, and there is one vDEVICE a device.',
    'iommufd refuses the others before the core is asked, and the history shows its answer',
    ANEESH,
  ),
  judged(
    'A vDEVICE that goes away, and the device below it, first unbinds its TDI.',
    ['vdevice-destroy-while-bound'],
    ANEESH,
  ),
  judged('A TDI has one VM: the same again changes nothing, another one is refused.', ['double-bind'], TSM),
  judged(
    'The bind lies inside the time that vfio has the device: the unbind comes before vfio_pci_core_disable(), close and removal of the driver.',
    ['unbind-before-disable', 'bound-at-exit'],
    YILUN,
  ),
  judged('An unbind never fails, and does nothing where nothing is bound.', ['unbind-without-bind'], TSM),
  judged(
    'Guest requests are made of a bound function only, and of a scope that is allowed.',
    ['guest-request-while-unbound'],
    TSM,
  ),
  judged(
    'The kernel object of a VM, its TD or Realm, goes after every TDI of it was unbound.',
    ['vm-destroy-while-bound'],
    ANEESH,
  ),
  judged('A bind that fails after LOCK stops the TDI again.', ['failed-bind-not-cleaned'], AMD),
  judged(
    'On SEV-TIO: unbind, reclaim of the TDI, then of the device.',
    ['reclaim-order'],
    AMD,
    'the reclaim of the device is part of the disconnect',
  ),
  judged(
    'On SEV-TIO the fence of the ASID is read after the unbind, and cleared, before the BARs are shared or bound again.',
    ['fence-not-cleared'],
    AMD,
  ),
  judged(
    'On TDX the interface is removed when none of its MMIO and DMA is mapped any more.',
    ['tdisp-request-refused'],
    tdx('tdh_devif_remove.c'),
    NO_NUMBER,
  ),
  judged('On Arm a VDEV is destroyed new or unlocked.', ['vdev-destroy-before-unlock'], VDEV),
  unseen('On Arm a PDEV is destroyed when it is stopped, and stopped without VDEVs and streams.', IN_FIRMWARE, PDEV),
  unseen(
    'What hangs behind a vIOMMU outlives it.',
    'iommufd refuses to free it, and its line is in the history',
    ANEESH,
  ),
  unseen(
    'Trusted DMA is one domain for all devices of a VM: none of them closes it alone.',
    NO_CALLER,
    'Xu Yilun, RFC PATCH 18/30, trusted IOMMU, 2025-05-29, <20250529053513.1592088-19-yilun.xu@linux.intel.com>',
  ),
];

/** The ends of VM, function and machine. */
export const ENDS: readonly Order[] = [
  judged(
    'At the end of a VM: unbind, vDEVICE, vIOMMU, close of vfio, then the VM.',
    ['unbind-before-disable', 'vdevice-destroy-while-bound', 'vm-destroy-while-bound'],
    JASON,
  ),
  judged('A process that ends leaves no TDI bound.', ['bound-at-exit', 'unbind-before-disable'], JASON),
  judged(
    'A function is removed while it is there and in D0, and its TDI is unbound first.',
    ['surprise-removal-while-bound', 'power-state-while-locked'],
    TSM,
  ),
  unseen(
    'Functions and VFs are disconnected before function 0.',
    'the core does it in one loop: each of its steps is judged by itself',
    DAN_BIND,
  ),
  unseen(
    'What happens to a TDI whose memory is poisoned is nowhere written down.',
    'there is no rule to judge by',
    TDISP,
  ),
];
