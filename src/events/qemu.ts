import { BDF_SOURCE } from '../base/bdf.ts';
import type { TraceEventRow } from './catalogue.ts';

const VFIO = { versions: 'QEMU 8.2-', source: 'hw/vfio/trace-events, hw/vfio/pci.c (QEMU 8.2, 10.1)' };
const IOMMUFD = { versions: 'QEMU 8.2-', source: 'hw/vfio/trace-events, hw/vfio/iommufd.c (QEMU 8.2, 10.1)' };

/**
 * Events of QEMU's vfio, which name the host's device. They tell what the guest or QEMU asked of the kernel: the only text
 * that shows the guest's writes to COMMAND with their values.
 */
export const QEMU_EVENTS: readonly TraceEventRow[] = [
  {
    name: 'vfio_pci_write_config',
    kind: 'vfio.config_write',
    // Printed before the write; the kernel may keep bits from the device or emulate them (vfio_basic_config_write).
    pattern: new RegExp(
      `^\\((?<bdf>${BDF_SOURCE}), @(?<position>0x[0-9a-f]{1,8}), (?<value>0x[0-9a-f]{1,8}), len=(?<count>0x[0-9a-f]{1,2})\\)$`,
    ),
    fixed: { region: 'basic', requested: '1' },
    example: 'vfio_pci_write_config  (0000:81:00.1, @0x4, 0x140, len=0x2)',
    ...VFIO,
  },
  {
    name: 'vfio_pci_reset_flr',
    kind: 'pci.reset',
    // Printed after ioctl VFIO_DEVICE_RESET succeeded: an FLR where the device has one, but the kernel chooses.
    pattern: new RegExp(`^(?<bdf>${BDF_SOURCE}) FLR/VFIO_DEVICE_RESET$`),
    example: 'vfio_pci_reset_flr 0000:00:02.0 FLR/VFIO_DEVICE_RESET',
    ...VFIO,
  },
  {
    name: 'vfio_pci_reset_pm',
    kind: 'pci.reset',
    pattern: new RegExp(`^(?<bdf>${BDF_SOURCE}) PCI PM Reset$`),
    example: 'vfio_pci_reset_pm 0000:00:02.0 PCI PM Reset',
    ...VFIO,
  },
  {
    name: 'vfio_pci_hot_reset_result',
    kind: 'pci.bus_reset',
    // Printed after ioctl VFIO_DEVICE_PCI_HOT_RESET; a failed one says strerror(errno) and reset nothing.
    pattern: new RegExp(`^(?<bdf>${BDF_SOURCE}) hot reset: Success$`),
    example: 'vfio_pci_hot_reset_result 0000:81:00.1 hot reset: Success',
    ...VFIO,
  },
  {
    name: 'iommufd_cdev_connect_and_bind',
    kind: 'iommu.bind',
    pattern: new RegExp(
      `^\\[iommufd=-?\\d{1,10}\\] Successfully bound device (?<bdf>${BDF_SOURCE}) \\(fd=-?\\d{1,10}\\): output devid=(?<devid>\\d{1,10})$`,
    ),
    example:
      'iommufd_cdev_connect_and_bind  [iommufd=22] Successfully bound device 0000:02:00.0 (fd=41): output devid=1',
    ...IOMMUFD,
  },
  {
    name: 'iommufd_cdev_attach_ioas_hwpt',
    kind: 'iommu.attach_call',
    pattern: new RegExp(
      `^\\[iommufd=-?\\d{1,10}\\] Successfully attached device (?<bdf>${BDF_SOURCE}) \\(-?\\d{1,10}\\) to (?:\\w{1,16}_)?id=(?<pt_id>\\d{1,10})$`,
    ),
    example: 'iommufd_cdev_attach_ioas_hwpt  [iommufd=22] Successfully attached device 0000:02:00.0 (41) to id=2',
    ...IOMMUFD,
  },
  {
    name: 'iommufd_cdev_detach_ioas_hwpt',
    kind: 'iommu.detach_call',
    pattern: new RegExp(
      `^\\[iommufd=-?\\d{1,10}\\] Successfully detached (?<bdf>${BDF_SOURCE})(?: from \\w{1,16}_id=\\d{1,10})?$`,
    ),
    example: 'iommufd_cdev_detach_ioas_hwpt  [iommufd=22] Successfully detached 0000:02:00.0',
    ...IOMMUFD,
  },
];
