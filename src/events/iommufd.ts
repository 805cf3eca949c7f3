import { BDF_SOURCE } from '../base/bdf.ts';
import {
  by,
  DEVICE,
  type HandleRow,
  IDEV,
  knownRow as known,
  type MessageRow,
  messageRow as message,
  type SymbolRow,
} from './catalogue.ts';

const DEVICE_C = 'drivers/iommu/iommufd/device.c';
const MAIN_C = 'drivers/iommu/iommufd/main.c';
const VIOMMU_C = 'drivers/iommu/iommufd/viommu.c (7.1)';
const TSM_C = 'drivers/iommu/iommufd/tsm.c';
const V5 = 'series: [PATCH v5 0/5] Add iommufd ioctls to support TSM operations, 2026-05-25';

const CONTEXT: HandleRow = { type: 'iommufd-context', arguments: ['ictx'] };
const OBJECT: HandleRow = { type: 'iommufd-pointer', arguments: ['obj', 'to_destroy'] };

/** Which arguments of a probe hold what an ioctl's structure says: the names that the structure's fields have. */
const VDEVICE: readonly HandleRow[] = [
  { type: 'iommufd-vdevice', arguments: ['vdevice_id'] },
  { type: 'iommufd-viommu', arguments: ['viommu_id'] },
  { type: 'iommufd-device', arguments: ['dev_id'] },
  { type: 'guest-bdf', arguments: ['virt_id'] },
];

/** iommufd: objects that stand for a device, its address space, and its place in a VM. */
export const IOMMUFD_SYMBOLS: readonly SymbolRow[] = [
  {
    symbol: 'iommufd_device_bind',
    kind: 'iommu.bind',
    subject: DEVICE,
    handles: [CONTEXT, { type: 'iommufd-device', arguments: ['id'] }],
    pointer: true,
    within: ['vfio_iommufd_physical_bind'],
    once: true,
    sameDevice: true,
    versions: '6.2-',
    source: DEVICE_C,
  },
  {
    symbol: 'iommufd_device_unbind',
    kind: 'iommu.unbind',
    subject: IDEV,
    handles: [{ type: 'iommufd-device', arguments: ['id'] }],
    void: true,
    versions: '6.2-',
    source: DEVICE_C,
  },
  {
    symbol: 'iommufd_device_attach',
    kind: 'iommu.attach_call',
    subject: IDEV,
    handles: [
      { type: 'iommufd-device', arguments: ['id'] },
      { type: 'iommufd-pt', arguments: ['pt_id'] },
    ],
    versions: '6.2-',
    source: DEVICE_C,
  },
  {
    symbol: 'iommufd_device_detach',
    kind: 'iommu.detach_call',
    subject: IDEV,
    handles: [{ type: 'iommufd-device', arguments: ['id'] }],
    void: true,
    versions: '6.2-',
    source: DEVICE_C,
  },
  {
    symbol: 'iommufd_device_remove_vdev',
    kind: 'call',
    subject: IDEV,
    void: true,
    anywhere: true,
    versions: '6.17-',
    source: `${DEVICE_C} (7.1); of iommufd_device_unbind: a vDEVICE that is still there is destroyed`,
  },
  {
    symbol: 'iommufd_viommu_alloc_ioctl',
    kind: 'iommufd.viommu_alloc',
    handles: [
      { type: 'iommufd-device', arguments: ['dev_id'] },
      { type: 'iommufd-viommu', arguments: ['viommu_id'] },
    ],
    anywhere: true,
    versions: '6.13-',
    source: VIOMMU_C,
  },
  {
    symbol: 'iommufd_viommu_destroy',
    kind: 'iommufd.viommu_destroy',
    handles: [OBJECT, { type: 'iommufd-viommu', arguments: ['id'] }],
    void: true,
    anywhere: true,
    versions: '6.13-',
    source: VIOMMU_C,
  },
  {
    symbol: 'iommufd_vdevice_alloc_ioctl',
    kind: 'iommufd.vdevice_alloc',
    handles: VDEVICE,
    keeps: { virt_id: ['virt_id'] },
    anywhere: true,
    versions: '6.13-',
    source: VIOMMU_C,
  },
  {
    symbol: 'iommufd_vdevice_destroy',
    kind: 'iommufd.vdevice_destroy',
    handles: [OBJECT, { type: 'iommufd-vdevice', arguments: ['id'] }],
    void: true,
    anywhere: true,
    versions: '6.13-',
    source: VIOMMU_C,
  },
  {
    symbol: 'iommufd_vdevice_abort',
    kind: 'call',
    handles: [OBJECT],
    void: true,
    anywhere: true,
    versions: '6.17-',
    source: `${VIOMMU_C}; of iommufd_vdevice_destroy, and where the alloc fails; unbinds the TDI in the series`,
  },
  {
    symbol: 'iommufd_object_remove',
    kind: 'iommufd.object_destroy',
    handles: [CONTEXT, { type: 'iommufd-object', arguments: ['id'] }, OBJECT],
    keeps: { id: ['id'], flags: ['flags'] },
    anywhere: true,
    versions: '6.7-',
    source: `${MAIN_C} (6.12, 7.1)`,
  },
  {
    symbol: 'iommufd_fops_ioctl',
    kind: 'iommufd.ioctl',
    keeps: { cmd: ['cmd'], payload: ['pl', 'payload'] },
    decodes: { cmd: 'ioctl.iommufd' },
    anywhere: true,
    versions: '6.2-',
    source: `${MAIN_C} (6.12, 7.1)`,
  },
  {
    symbol: 'iommufd_fops_release',
    kind: 'iommufd.close',
    void: true,
    anywhere: true,
    versions: '6.2-',
    source: `${MAIN_C} (6.12, 7.1); destroys the objects, leaves first`,
  },
  {
    symbol: 'iommufd_vdevice_tsm_op_ioctl',
    kind: 'iommufd.tsm_op',
    handles: VDEVICE,
    keeps: { op: ['type', 'op'] },
    decodes: { op: 'iommufd-tsm-op' },
    kindBy: { argument: 'op', kinds: { 1: 'tsm.bind_core', 2: 'tsm.unbind_core' } },
    zeroOrError: true,
    anywhere: true,
    versions: V5,
    source: TSM_C,
  },
  {
    symbol: 'iommufd_vdevice_tsm_req_ioctl',
    kind: 'iommufd.tsm_request',
    handles: VDEVICE,
    keeps: { request: ['scope', 'op'] },
    decodes: { request: 'iommufd-tsm-request' },
    anywhere: true,
    versions: V5,
    source: TSM_C,
  },
];

export const IOMMUFD_MESSAGES: readonly MessageRow[] = [
  known(
    'iommufd: IOMMUFD is providing',
    /^iommufd: IOMMUFD is providing \/dev\/vfio\/vfio, not VFIO\.$/,
    'iommufd: IOMMUFD is providing /dev/vfio/vfio, not VFIO.',
    by('iommufd_fops_open', `${MAIN_C} (6.12, 7.1)`, '6.2-'),
  ),
  message(
    'iommufd.refused',
    'Time out waiting for iommufd object',
    /^(?:iommufd: )?(?<problem>Time out waiting for iommufd object to become free)$/,
    'iommufd: Time out waiting for iommufd object to become free',
    by('iommufd_object_dec_wait', `${MAIN_C} (6.12, 7.1)`, '6.3-'),
    { outcome: 'failed' },
  ),
  message(
    'iommufd.refused',
    'MSI interrupts are not secure',
    /^(?<problem>MSI interrupts are not secure), they cannot be isolated by the platform\./,
    'vfio-pci 0000:02:00.0: MSI interrupts are not secure, they cannot be isolated by the platform. Check that platform features like interrupt remapping are enabled. Use the "allow_unsafe_interrupts" module parameter to override',
    by('iommufd_device_bind', `${DEVICE_C} (6.12, 7.1)`, '6.2-'),
    { outcome: 'failed' },
  ),
  message(
    'iommufd.vdevice_destroy',
    'iommufd_vdevice_destroy',
    new RegExp(`^(?:iommufd_vdevice_destroy: )?(?:(?<bdf>${BDF_SOURCE}) )?iommufd_vdevice_destroy$`),
    'vfio-pci 0000:02:00.0: iommufd_vdevice_destroy',
    by('iommufd_vdevice_destroy, a debug print', VIOMMU_C, 'series: AMDESE/linux-kvm 20381bca'),
  ),
];
