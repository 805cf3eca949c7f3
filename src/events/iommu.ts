import { BDF_SOURCE } from '../base/bdf.ts';
import {
  by,
  knownRow as known,
  type MessageRow,
  messageRow as message,
  PDEV,
  type SymbolRow,
  type TraceEventRow,
} from './catalogue.ts';

const CORE = 'drivers/iommu/iommu.c (7.1)';

/** The core of the IOMMU layer: which domain a device is in. */
export const IOMMU_SYMBOLS: readonly SymbolRow[] = [
  {
    symbol: '__iommu_group_set_domain_internal',
    kind: 'iommu.domain',
    keeps: { group: ['group'], domain: ['new_domain'] },
    anywhere: true,
    versions: '6.4-',
    source: `${CORE}; its argument is the group`,
  },
  {
    symbol: 'pci_dev_reset_iommu_prepare',
    kind: 'iommu.block',
    subject: PDEV,
    anywhere: true,
    versions: '7.0-',
    source: `${CORE}; not in 6.12, read in 7.1`,
  },
  {
    symbol: 'pci_dev_reset_iommu_done',
    kind: 'iommu.unblock',
    subject: PDEV,
    void: true,
    anywhere: true,
    versions: '7.0-',
    source: `${CORE}; not in 6.12, read in 7.1`,
  },
];

const HEADER = { versions: '3.12-', source: 'include/trace/events/iommu.h (6.12, 7.1)' };

const INTEL = { versions: '6.10-', source: 'cache_tag_log, drivers/iommu/intel/trace.h (6.12, 7.1)' };
const CACHE_TAG = new RegExp(
  `^\\S{1,32}/(?<bdf>${BDF_SOURCE}) type (?<type>\\S{1,32}) did (?<domain>\\d{1,10}) pasid (?<pasid>\\d{1,10}) ref \\d{1,10}$`,
);

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
    ...HEADER,
  },
  {
    name: 'add_device_to_group',
    kind: 'pci.add',
    pattern: new RegExp(`^IOMMU: groupID=(?<group>\\d+) device=(?<bdf>${BDF_SOURCE})$`),
    within: ['pci_enable_sriov', 'pci_iov_add_virtfn'],
    example: 'add_device_to_group: IOMMU: groupID=12 device=0000:02:10.0',
    ...HEADER,
  },
  {
    name: 'remove_device_from_group',
    kind: 'pci.remove',
    pattern: new RegExp(`^IOMMU: groupID=(?<group>\\d+) device=(?<bdf>${BDF_SOURCE})$`),
    within: ['pci_stop_and_remove_bus_device'],
    example: 'remove_device_from_group: IOMMU: groupID=12 device=0000:02:10.0',
    ...HEADER,
  },
  {
    name: 'map',
    kind: 'iommu.map',
    pattern: /^IOMMU: iova=(?<iova>0x[0-9a-f]+) - (?<end>0x[0-9a-f]+) paddr=(?<paddr>0x[0-9a-f]+) size=(?<size>\d+)$/,
    example: 'map: IOMMU: iova=0x0000000000100000 - 0x0000000000101000 paddr=0x0000000001f15000 size=4096',
    ...HEADER,
  },
  {
    name: 'unmap',
    kind: 'iommu.unmap',
    pattern:
      /^IOMMU: iova=(?<iova>0x[0-9a-f]+) - (?<end>0x[0-9a-f]+) size=(?<size>\d+) unmapped_size=(?<unmapped>\d+)$/,
    example: 'unmap: IOMMU: iova=0x0000000000100000 - 0x0000000000101000 size=4096 unmapped_size=4096',
    ...HEADER,
  },
  {
    name: 'io_page_fault',
    kind: 'iommu.fault',
    pattern: new RegExp(`^IOMMU:\\S{1,64} (?<bdf>${BDF_SOURCE}) iova=(?<iova>0x[0-9a-f]+)`),
    example: 'io_page_fault: IOMMU:[drvname] 0000:05:00.0 iova=0x0000000091482640 flags=0x0000',
    ...HEADER,
  },
  {
    name: 'cache_tag_assign',
    kind: 'iommu.domain',
    pattern: CACHE_TAG,
    example: 'cache_tag_assign: dmar1/0000:02:00.0 type iotlb did 5 pasid 0 ref 1',
    ...INTEL,
  },
  {
    name: 'cache_tag_unassign',
    kind: 'iommu.domain',
    pattern: CACHE_TAG,
    fixed: { left: '1' },
    example: 'cache_tag_unassign: dmar1/0000:02:00.0 type iotlb did 5 pasid 0 ref 0',
    ...INTEL,
  },
];

const DMAR = 'drivers/iommu/intel/dmar.c (6.12, 7.1)';
const AMD = 'drivers/iommu/amd/iommu.c (6.12, 7.1)';
const SMMU = 'drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3.c';
// Without a segment until 7.x; normalise.ts puts 0 there and says that it did.
const REQUESTER = `(?<bdf>${BDF_SOURCE}|[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7])`;

export const IOMMU_MESSAGES: readonly MessageRow[] = [
  message(
    'iommu.fault',
    'Request device [',
    // 5.x has `PASID ffffffff` behind the device and no 0x.
    new RegExp(
      `^DMAR: \\[DMA (?<access>Read|Write)(?: NO_PASID| PASID \\w+)?\\] Request device \\[${REQUESTER}\\] (?:PASID [0-9a-f]{1,8} )?fault addr (?<iova>(?:0x)?[0-9a-f]{1,16}) (?:\\[fault reason (?<reason>(?:0x)?[0-9a-f]{1,2})\\])?`,
    ),
    'DMAR: [DMA Read NO_PASID] Request device [0000:00:08.0] fault addr 0xdead0000 [fault reason 0x06] PTE Read access is not set',
    by('dmar_fault_do_one', DMAR, '4.20-'),
  ),
  message(
    'iommu.fault',
    'Request device [',
    new RegExp(
      `^DMAR: \\[INTR-REMAP\\] Request device \\[${REQUESTER}\\] fault index (?<index>(?:0x)?[0-9a-f]{1,16}) (?:\\[fault reason (?<reason>(?:0x)?[0-9a-f]{1,2})\\])?`,
    ),
    'DMAR: [INTR-REMAP] Request device [02:00.0] fault index 0x8 [fault reason 0x22] Present field in the IRTE entry is clear',
    by('dmar_fault_do_one', DMAR, '4.20-'),
    { fixed: { access: 'interrupt' } },
  ),
  known(
    'handling fault status reg',
    /^DMAR: DRHD: handling fault status reg [0-9a-f]{1,8}$/,
    'DMAR: DRHD: handling fault status reg 2',
    by('dmar_fault', DMAR, '2.6.30-'),
  ),
  message(
    'iommu.error',
    'VT-d detected Invalidation',
    /^DMAR: VT-d detected (?<problem>Invalidation (?:Queue|Time-out|Completion) Error): (?:SID (?<sid>[0-9a-f]{1,16})|Reason [0-9a-f]{1,16})$/,
    'DMAR: VT-d detected Invalidation Time-out Error: SID 200',
    by('qi_dump_fault', DMAR, '5.17-'),
    { outcome: 'failed', handles: [{ type: 'requester-id', arguments: ['sid'], hex: true }] },
  ),
  message(
    'iommu.fault',
    'AMD-Vi: Event logged [',
    /^AMD-Vi: Event logged \[(?<type>IO_PAGE_FAULT)(?! device=)(?: domain=(?<domain>0x[0-9a-f]{1,8}))?(?: address=(?<iova>0x[0-9a-f]{1,16}))?/,
    'vfio-pci 0000:00:08.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x0000 address=0x0 flags=0x0009]',
    by('amd_iommu_report_page_fault', AMD, '4.12-'),
  ),
  message(
    'iommu.fault',
    'AMD-Vi: Event logged [',
    /^AMD-Vi: Event logged \[(?<type>RMP_PAGE_FAULT|RMP_HW_ERROR)(?! device=)(?: vmg_tag=(?<vmg_tag>0x[0-9a-f]{1,8}))?(?:, gpa=(?<gpa>0x[0-9a-f]{1,16}))?(?:, spa=(?<spa>0x[0-9a-f]{1,16}))?/,
    'vfio-pci 0000:02:00.0: AMD-Vi: Event logged [RMP_PAGE_FAULT vmg_tag=0x0001, gpa=0xfd800000, flags_rmp=0x0010, flags=0x0020]',
    by('amd_iommu_report_rmp_fault, amd_iommu_report_rmp_hw_error', AMD, '5.12-'),
  ),
  message(
    'iommu.fault',
    'AMD-Vi: Event logged [',
    // Printed by the IOMMU or by nobody: the device stands inside. Without a domain until 5.19.
    new RegExp(
      `^AMD-Vi: Event logged \\[(?<type>IO_PAGE_FAULT|ILLEGAL_DEV_TABLE_ENTRY|INVALID_DEVICE_REQUEST|RMP_PAGE_FAULT|RMP_HW_ERROR) device=${REQUESTER}(?=[ ,])`,
    ),
    'pci 0000:00:00.2: AMD-Vi: Event logged [INVALID_DEVICE_REQUEST device=0000:03:00.0 pasid=0x00000 address=0xfffffffdf8000000 flags=0x0a00]',
    by('iommu_print_event, amd_iommu_report_page_fault, amd_iommu_report_rmp_fault', AMD, '2.6.27-'),
  ),
  message(
    'iommu.error',
    'AMD-Vi: Event logged [',
    new RegExp(
      `^AMD-Vi: Event logged \\[(?<problem>IOTLB_INV_TIMEOUT) device=${REQUESTER} address=(?<address>0x[0-9a-f]{1,16})\\]`,
    ),
    'pci 0000:00:00.2: AMD-Vi: Event logged [IOTLB_INV_TIMEOUT device=0000:02:00.0 address=0x100106000]',
    by('iommu_print_event', AMD, '2.6.27-'),
    { outcome: 'failed' },
  ),
  message(
    'iommu.error',
    'Completion-Wait loop timed out',
    // What stands before the IOMMU's address reads like a driver in front of a function.
    /^(?:AMD-Vi: )?(?<problem>Completion-Wait loop timed out)$/,
    'AMD-Vi: Completion-Wait loop timed out',
    by('wait_on_sem', 'drivers/iommu/amd/iommu.c (6.12 without the IOMMU, 7.1)', '2.6.27-'),
    { outcome: 'failed', reporter: true },
  ),
  message(
    'iommu.fault',
    ' client: ',
    new RegExp(
      `^arm-smmu-v3 (?<smmu>\\S{1,64}): event: (?<type>\\w{1,32}) client: (?<bdf>${BDF_SOURCE}) sid: (?<sid>0x[0-9a-f]{1,8}) ssid: 0x[0-9a-f]{1,8}(?: iova: (?<iova>0x[0-9a-f]{1,16}))?`,
    ),
    'arm-smmu-v3 arm-smmu-v3.0.auto: event: F_TRANSLATION client: 0000:01:00.0 sid: 0x100 ssid: 0x0 iova: 0x8000 ipa: 0x0',
    by('arm_smmu_dump_event', `${SMMU} (7.1)`, '6.14-'),
    { handles: [{ type: 'stream-id', arguments: ['sid'] }] },
  ),
  message(
    'iommu.fault',
    ' client: (unassigned sid) ',
    /^arm-smmu-v3 (?<smmu>\S{1,64}): event: (?<type>\w{1,32}) client: \(unassigned sid\) sid: (?<sid>0x[0-9a-f]{1,8}) ssid: 0x[0-9a-f]{1,8}(?: iova: (?<iova>0x[0-9a-f]{1,16}))?/,
    'arm-smmu-v3 arm-smmu-v3.0.auto: event: C_BAD_STREAMID client: (unassigned sid) sid: 0x900 ssid: 0x0',
    by('arm_smmu_dump_event', `${SMMU} (7.1)`, '6.14-'),
    { handles: [{ type: 'stream-id', arguments: ['sid'] }] },
  ),
  message(
    'iommu.fault',
    'arm-smmu-v3 ',
    // The words follow in four more records; the StreamID stands in the upper half of the first.
    /^arm-smmu-v3 \S{1,64}:\s{1,8}event (?<type>0x[0-9a-f]{2}) received:$/,
    'arm-smmu-v3 arm-smmu-v3.0.auto: event 0x10 received:',
    by('arm_smmu_dump_raw_event, arm_smmu_handle_evt', `${SMMU} (6.12, 7.1)`, '4.1-'),
  ),
  message(
    'iommu.error',
    'CMD_SYNC timeout at',
    /^arm-smmu-v3 \S{1,64}: (?<problem>CMD_SYNC timeout) at 0x[0-9a-f]{8} \[hwprod 0x[0-9a-f]{8}, hwcons 0x[0-9a-f]{8}\]$/,
    'arm-smmu-v3 arm-smmu-v3.0.auto: CMD_SYNC timeout at 0x00000a2d [hwprod 0x00000a2e, hwcons 0x00000a2c]',
    by('arm_smmu_cmdq_issue_cmdlist', `${SMMU} (6.12, 7.1)`, '5.4-'),
    { outcome: 'failed' },
  ),
];
