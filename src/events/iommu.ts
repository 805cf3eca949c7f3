import { BDF_SOURCE } from '../base/bdf.ts';
import { DEVICE, type MessageRow, type SymbolRow, type TraceEventRow } from './catalogue.ts';

const IDEV = { arguments: ['idev'], space: 'idev' } as const;
const IOMMUFD = 'drivers/iommu/iommufd/device.c';

export const IOMMU_SYMBOLS: readonly SymbolRow[] = [
  {
    symbol: 'iommufd_device_bind',
    kind: 'iommu.bind',
    subject: DEVICE,
    pointer: true,
    within: ['vfio_iommufd_physical_bind'],
    once: true,
    sameDevice: true,
    versions: '6.2-',
    source: IOMMUFD,
  },
  {
    symbol: 'iommufd_device_unbind',
    kind: 'iommu.unbind',
    subject: IDEV,
    void: true,
    versions: '6.2-',
    source: IOMMUFD,
  },
  { symbol: 'iommufd_device_attach', kind: 'iommu.attach_call', subject: IDEV, versions: '6.2-', source: IOMMUFD },
  {
    symbol: 'iommufd_device_detach',
    kind: 'iommu.detach_call',
    subject: IDEV,
    void: true,
    versions: '6.2-',
    source: IOMMUFD,
  },
];

const HEADER = 'include/trace/events/iommu.h (6.12, 7.1)';

/** The tracepoints of the iommu core. map and unmap carry an IOVA only: they name neither device nor domain. */
export const IOMMU_EVENTS: readonly TraceEventRow[] = [
  {
    name: 'attach_device_to_domain',
    kind: 'iommu.attach',
    pattern: new RegExp(`^IOMMU: device=(?<bdf>${BDF_SOURCE})$`),
    // A new domain at bind, attach, detach and unbind; since 7.x the blocking one during a reset (pci_dev_reset_iommu_prepare).
    within: [
      'iommufd_device_bind',
      'iommufd_device_attach',
      'iommufd_device_detach',
      'iommufd_device_unbind',
      '__pci_reset_function_locked',
      'pcie_flr',
      'pci_reset_bus',
      'vfio_group_fops_unl_ioctl',
      'vfio_df_ioctl_bind_iommufd',
    ],
    example: 'attach_device_to_domain: IOMMU: device=0000:02:00.0',
    source: HEADER,
  },
  {
    name: 'add_device_to_group',
    kind: 'pci.add',
    pattern: new RegExp(`^IOMMU: groupID=(?<group>\\d+) device=(?<bdf>${BDF_SOURCE})$`),
    example: 'add_device_to_group: IOMMU: groupID=12 device=0000:02:10.0',
    source: HEADER,
  },
  {
    name: 'remove_device_from_group',
    kind: 'pci.remove',
    pattern: new RegExp(`^IOMMU: groupID=(?<group>\\d+) device=(?<bdf>${BDF_SOURCE})$`),
    within: ['pci_stop_and_remove_bus_device'],
    example: 'remove_device_from_group: IOMMU: groupID=12 device=0000:02:10.0',
    source: HEADER,
  },
  {
    name: 'map',
    kind: 'iommu.map',
    pattern: /^IOMMU: iova=(?<iova>0x[0-9a-f]+) - (?<end>0x[0-9a-f]+) paddr=(?<paddr>0x[0-9a-f]+) size=(?<size>\d+)$/,
    example: 'map: IOMMU: iova=0x0000000000100000 - 0x0000000000101000 paddr=0x0000000001f15000 size=4096',
    source: HEADER,
  },
  {
    name: 'unmap',
    kind: 'iommu.unmap',
    pattern:
      /^IOMMU: iova=(?<iova>0x[0-9a-f]+) - (?<end>0x[0-9a-f]+) size=(?<size>\d+) unmapped_size=(?<unmapped>\d+)$/,
    example: 'unmap: IOMMU: iova=0x0000000000100000 - 0x0000000000101000 size=4096 unmapped_size=4096',
    source: HEADER,
  },
  {
    name: 'io_page_fault',
    kind: 'iommu.fault',
    pattern: new RegExp(`^IOMMU:\\S{1,64} (?<bdf>${BDF_SOURCE}) iova=(?<iova>0x[0-9a-f]+)`),
    example: 'io_page_fault: IOMMU:[drvname] 0000:05:00.0 iova=0x0000000091482640 flags=0x0000',
    source: HEADER,
  },
];

export const IOMMU_MESSAGES: readonly MessageRow[] = [
  {
    kind: 'iommu.fault',
    contains: 'Request device [',
    // Without a domain up to 6.x (normalise.ts puts domain 0 there); 5.x has `PASID ffffffff` behind the device and no 0x.
    pattern: new RegExp(
      `^DMAR: \\[DMA (?<access>Read|Write)(?: NO_PASID| PASID \\w+)?\\] Request device \\[(?<bdf>${BDF_SOURCE}|[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7])\\] (?:PASID [0-9a-f]{1,8} )?fault addr (?<iova>(?:0x)?[0-9a-f]{1,16}) `,
    ),
    example:
      'DMAR: [DMA Read NO_PASID] Request device [0000:00:08.0] fault addr 0xdead0000 [fault reason 0x06] PTE Read access is not set',
    source: 'dmar_fault_do_one, drivers/iommu/intel/dmar.c (6.12, 7.1)',
  },
  {
    kind: 'iommu.fault',
    contains: 'AMD-Vi: Event logged [',
    pattern: /^AMD-Vi: Event logged \[(?<type>IO_PAGE_FAULT|RMP_PAGE_FAULT|RMP_HW_ERROR)(?! device=)/,
    example: 'vfio-pci 0000:00:08.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x0000 address=0x0 flags=0x0009]',
    source: 'amd_iommu_report_page_fault, drivers/iommu/amd/iommu.c (6.12, 7.1)',
  },
  {
    kind: 'iommu.fault',
    contains: 'AMD-Vi: Event logged [',
    // Printed by the IOMMU or by nobody: the device stands inside. Without a domain until 5.19.
    pattern: new RegExp(
      `^AMD-Vi: Event logged \\[(?<type>IO_PAGE_FAULT|ILLEGAL_DEV_TABLE_ENTRY|INVALID_DEVICE_REQUEST) device=(?<bdf>${BDF_SOURCE}|[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7]) `,
    ),
    example:
      'pci 0000:00:00.2: AMD-Vi: Event logged [INVALID_DEVICE_REQUEST device=0000:03:00.0 pasid=0x00000 address=0xfffffffdf8000000 flags=0x0a00]',
    source: 'iommu_print_event, amd_iommu_report_page_fault, drivers/iommu/amd/iommu.c (6.12, 7.1)',
  },
  {
    kind: 'iommu.fault',
    contains: ' client: ',
    pattern: new RegExp(
      `^arm-smmu-v3 \\S{1,64}: event: (?<type>\\w{1,32}) client: (?<bdf>${BDF_SOURCE}) sid: 0x[0-9a-f]{1,8} `,
    ),
    example:
      'arm-smmu-v3 arm-smmu-v3.0.auto: event: F_TRANSLATION client: 0000:01:00.0 sid: 0x100 ssid: 0x0 iova: 0x8000 ipa: 0x0',
    source: 'arm_smmu_dump_event, drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3.c (7.1)',
  },
  {
    kind: null,
    contains: 'iommufd: ',
    pattern:
      /^iommufd: (?:IOMMUFD is providing \/dev\/vfio\/vfio, not VFIO\.|Time out waiting for iommufd object to become free)$/,
    example: 'iommufd: IOMMUFD is providing /dev/vfio/vfio, not VFIO.',
    source: 'iommufd_fops_open, iommufd_object_dec_wait, drivers/iommu/iommufd/main.c (6.12, 7.1)',
  },
];
