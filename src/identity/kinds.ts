import type { EventKind, PointerSpace } from '../events/event.ts';

/** Events that concern no single device, whatever surrounds them, unless they name one. */
export const IMPERSONAL: ReadonlySet<EventKind> = new Set([
  'iommu.map',
  'iommu.unmap',
  'iommu.domain',
  'iommu.error',
  'iommufd.ioctl',
  'iommufd.close',
  'iommufd.object_destroy',
  'dmabuf.export',
  'dmabuf.attach',
  'dmabuf.detach',
  'dmabuf.put',
  'vm.unmap',
  'vm.attributes',
  'vm.fault',
  'vm.exit',
  'vm.destroy',
  'tsm.register',
  'tsm.unregister',
  'firmware.ready',
  'firmware.dead',
  'firmware.refused',
  'pci.config_write',
  'pci.feature',
  'driver.probe',
  'driver.remove',
  'host.sleep',
  'syscall.ioctl',
  'host.splat',
  'host.hang',
  'host.machine_check',
  'task.exit',
]);

/** What makes a device worth a row although nothing names it. */
export const SIGNIFICANT: ReadonlySet<EventKind> = new Set([
  'tsm.bind',
  'tsm.bind_core',
  'tsm.unbind',
  'tsm.unbind_core',
  'tsm.disconnect',
  'tsm.disconnect_core',
  'tsm.destroy',
  'tsm.guest_request',
  'vfio.open',
  'vfio.disable',
]);

const ON_VDEVICE: ReadonlySet<EventKind> = new Set([
  'iommufd.tsm_op',
  'iommufd.tsm_request',
  'iommufd.vdevice_alloc',
  'iommufd.vdevice_destroy',
]);

/** Whether it is a call on the object that stands for a device in a VM. */
export function isOnVdevice({ kind, symbol }: { kind: EventKind; symbol: string | null }): boolean {
  return ON_VDEVICE.has(kind) || symbol === 'iommufd_vdevice_tsm_op_ioctl';
}

/** Objects that end with the call: the next one at the same address is another. */
export const ENDS: Readonly<Record<string, PointerSpace>> = { iommufd_device_unbind: 'idev', vfio_df_close: 'df' };

/** The same at the return: until then others may be closing it. vfio_pci_remove() frees it next (drivers/vfio/pci/vfio_pci.c, 7.1). */
export const ENDS_AT_RETURN: Readonly<Record<string, PointerSpace>> = { vfio_pci_core_unregister_device: 'vfio' };

/** Kernel threads act for many devices: what one of them names says nothing about its other records. */
export const KERNEL_THREAD = /^(?:kworker\/|ksoftirqd\/|irq\/|migration\/|swapper\/|<idle>|kthreadd)/;
