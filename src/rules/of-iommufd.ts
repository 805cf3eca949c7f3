import type { StoredEvent } from '../timeline/rows.ts';

/**
 * Functions of iommufd that unbind a vDEVICE for a user of iommufd, or because one goes away (drivers/iommu/iommufd/viommu.c and main.c,
 * 20260525154816.1029642-1-aneesh.kumar@kernel.org). A kernel that unbinds by itself inside an operation of vfio does so through vfio
 * (20250529053513.1592088-1-yilun.xu@linux.intel.com, patches 20 and 21): these wait for locks that such an operation may hold.
 */
const OF_IOMMUFD: ReadonlySet<string> = new Set([
  'iommufd_vdevice_tsm_op_ioctl',
  'iommufd_vdevice_destroy',
  'iommufd_vdevice_abort',
  'iommufd_fops_ioctl',
  'iommufd_fops_release',
  'iommufd_destroy',
]);

/** Whether the call is one of these, or returned to one. */
export function isOfIommufd({ symbol, args }: Pick<StoredEvent, 'symbol' | 'args'>): boolean {
  return (symbol !== null && OF_IOMMUFD.has(symbol)) || OF_IOMMUFD.has(args['called_from'] ?? '');
}
