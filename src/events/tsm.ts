import { BDF_SOURCE } from '../base/bdf.ts';
import {
  by,
  DEVICE,
  knownRow as known,
  type MessageRow,
  messageRow as message,
  PDEV,
  PERHAPS_UNBINDING,
  type PlatformMark,
  type SymbolRow,
} from './catalogue.ts';

const TSM = 'drivers/pci/tsm.c (7.1, 7.3.4)';
const CORE = 'drivers/virt/coco/tsm-core.c (7.1)';
const V5 = 'series: [PATCH v5 0/5] Add iommufd ioctls to support TSM operations, 2026-05-25';

/**
 * PCI/TSM core. It prints nothing when connect, bind, unbind or a guest request succeeds or fails, and has no tracepoints:
 * the functions are the only evidence. `__pci_tsm_unbind` and `pci_tsm_destroy` run for functions without a TDI too.
 */
export const TSM_SYMBOLS: readonly SymbolRow[] = [
  { symbol: 'connect_store', kind: 'tsm.connect', subject: DEVICE, versions: '6.19-', source: TSM },
  { symbol: 'disconnect_store', kind: 'tsm.disconnect', subject: DEVICE, versions: '6.19-', source: TSM },
  {
    symbol: 'pci_tsm_link_constructor',
    kind: 'tsm.context',
    subject: PDEV,
    within: ['connect_store'],
    versions: '6.19-',
    source: TSM,
  },
  {
    symbol: 'pci_tsm_bind',
    kind: 'tsm.bind',
    subject: PDEV,
    keeps: { vm: ['kvm'], tdi_id: ['tdi_id'] },
    handles: [
      { type: 'vm', arguments: ['kvm'] },
      { type: 'guest-bdf', arguments: ['tdi_id', 'vbdf'] },
    ],
    zeroOrError: true,
    // By way of tsm_bind() (drivers/iommu/iommufd/tsm.c of series v5).
    within: ['iommufd_vdevice_tsm_op_ioctl'],
    versions: '6.19-',
    source: TSM,
  },
  {
    symbol: 'pci_tsm_tdi_constructor',
    kind: 'tsm.bind_driver',
    subject: PDEV,
    void: true,
    within: ['pci_tsm_bind'],
    once: true,
    sameDevice: true,
    versions: '6.19-',
    source: TSM,
  },
  {
    symbol: 'pci_tsm_unbind',
    kind: 'tsm.unbind',
    subject: PDEV,
    void: true,
    perhapsWithin: PERHAPS_UNBINDING,
    keepsCaller: true,
    versions: '6.19-',
    source: TSM,
  },
  {
    symbol: '__pci_tsm_unbind',
    kind: 'tsm.unbind_core',
    subject: PDEV,
    void: true,
    within: ['pci_tsm_unbind', 'disconnect_store', 'pci_tsm_destroy', '__pci_tsm_disconnect', 'pci_tsm_unbind_all'],
    versions: '6.19-',
    source: TSM,
  },
  {
    symbol: 'pci_tsm_guest_req',
    kind: 'tsm.guest_request',
    subject: PDEV,
    keeps: { scope: ['scope'] },
    decodes: { scope: 'tsm-scope' },
    versions: '6.19-',
    source: TSM,
  },
  {
    symbol: 'pci_tsm_destroy',
    kind: 'tsm.destroy',
    subject: PDEV,
    void: true,
    within: ['pci_stop_and_remove_bus_device'],
    versions: '6.19-',
    source: TSM,
  },
  {
    symbol: 'pci_tsm_doe_transfer',
    kind: 'tsm.doe',
    subject: PDEV,
    within: ['connect_store', 'pci_tsm_bind', 'pci_tsm_guest_req', '__pci_tsm_unbind', 'disconnect_store'],
    versions: '6.19-',
    source: TSM,
  },
  {
    symbol: 'pci_tsm_connect',
    kind: 'tsm.connect_core',
    subject: PDEV,
    within: ['connect_store'],
    once: true,
    sameDevice: true,
    versions: '6.19-',
    source: `${TSM}; static: often inlined`,
  },
  {
    symbol: '__pci_tsm_disconnect',
    kind: 'tsm.disconnect_core',
    subject: PDEV,
    void: true,
    anywhere: true,
    versions: '6.19-',
    source: `${TSM}; of disconnect_store, pci_tsm_destroy and pci_tsm_unregister`,
  },
  {
    symbol: 'pci_tsm_unbind_all',
    kind: 'call',
    subject: PDEV,
    void: true,
    anywhere: true,
    versions: '6.19-',
    source: `${TSM}; of a device security manager: its functions follow one by one`,
  },
  { symbol: 'pci_tsm_register', kind: 'tsm.register', anywhere: true, versions: '6.19-', source: TSM },
  { symbol: 'pci_tsm_unregister', kind: 'tsm.unregister', void: true, anywhere: true, versions: '6.19-', source: TSM },
  { symbol: 'tsm_register', kind: 'tsm.register', pointer: true, anywhere: true, versions: '6.19-', source: CORE },
  { symbol: 'tsm_unregister', kind: 'tsm.unregister', void: true, anywhere: true, versions: '6.19-', source: CORE },
  // What iommufd calls; the core's functions run inside and say what was done.
  {
    symbol: 'tsm_bind',
    kind: 'tsm.bind_core',
    zeroOrError: true,
    subject: DEVICE,
    anywhere: true,
    versions: V5,
    source: CORE,
  },
  {
    symbol: 'tsm_unbind',
    kind: 'tsm.unbind_core',
    subject: DEVICE,
    void: true,
    anywhere: true,
    versions: V5,
    source: CORE,
  },
  { symbol: 'tsm_guest_req', kind: 'call', subject: DEVICE, anywhere: true, versions: V5, source: CORE },
];

export const TSM_MESSAGES: readonly MessageRow[] = [
  message(
    'tsm.context',
    'setup TSM context',
    new RegExp(`^PCI/TSM: setup TSM context: DSM: (?<dsm>${BDF_SOURCE}) status: (?<status>success|failed)$`),
    'pci 0000:02:10.0: PCI/TSM: setup TSM context: DSM: 0000:02:00.0 status: success',
    by('probe_fn, pci_dbg', TSM, '6.19-'),
  ),
  known(
    'Security Manager detected',
    /^PCI\/TSM: (?:Device|Platform TEE) Security Manager detected \([A-Z ]*\)$/,
    'pci 0000:02:00.0: PCI/TSM: Device Security Manager detected (IDE TEE)',
    by('pf0_sysfs_enable, link_sysfs_enable, pci_dbg', TSM, '6.19-'),
  ),
  message(
    'tsm.error',
    'PCI/TSM: ',
    /^PCI\/TSM: (?<problem>failed to find Device Security Manager|TSM init failure, no CMA mailbox)$/,
    'pci 0000:02:00.0: PCI/TSM: failed to find Device Security Manager',
    by('pci_tsm_link_constructor, pci_tsm_pf0_constructor', TSM, '6.19-'),
    { outcome: 'failed' },
  ),
  message(
    'tsm.error',
    'invalid context object',
    // Inside a WARN, which knows no dev_fmt: nothing in front tells of the core.
    /^(?<problem>invalid context object)$/,
    'vfio-pci 0000:02:00.0: invalid context object',
    by('to_pci_tsm_pf0, pci_WARN_ONCE', TSM, '6.19-'),
    { outcome: 'failed' },
  ),
  message(
    'tsm.register',
    'PCI/TSM registration failure',
    /^(?:PCI\/TSM: )?PCI\/TSM registration failure: (?<error>-?\d+)$/,
    'ccp 0000:42:00.5: PCI/TSM registration failure: -12',
    by('tsm_register_pci_or_reset', CORE, '6.19-'),
    { outcome: 'failed', reporter: true },
  ),
  message(
    'tsm.error',
    'no IDE streams associated with',
    /^(?:\S{1,32} \S{1,32}: )?(?<problem>no IDE streams associated with \S{1,64})$/,
    'tsm tsm0: no IDE streams associated with 0000:02:00.0',
    by('tsm_ide_stream_unregister, dev_WARN_ONCE', 'drivers/virt/coco/tsm-core.c', 'series: devsec, 2025'),
    { outcome: 'failed' },
  ),
];

/** What only one platform's code has. A host that merely could do TDX or SEV-TIO does not decide. */
export const PLATFORM_MARKS: readonly PlatformMark[] = [
  { platform: 'sev-tio', symbolPrefix: 'sev_tio_', source: 'drivers/crypto/ccp/sev-dev-tio.c (7.1)' },
  { platform: 'sev-tio', symbolPrefix: 'tio_dev_', source: 'drivers/crypto/ccp (AMDESE/linux-kvm 16f379f5)' },
  { platform: 'sev-tio', symbolPrefix: 'tio_tdi_', source: 'drivers/crypto/ccp (AMDESE/linux-kvm 16f379f5)' },
  {
    platform: 'sev-tio',
    message: /^(?:ccp [0-9a-f:.]{1,32}: )?SEV-TIO status: EN=1 /,
    source: 'sev_tio_init_locked, drivers/crypto/ccp (7.1)',
  },
  {
    platform: 'sev-tio',
    // TIO_DEV_CREATE and what follows; STATUS and INIT run on every host that could.
    // dev_printk() always puts the function first.
    message: /^ccp [0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]: sev command (?:id )?0x(?:d[2-9a-f]|e[0-5]) /,
    source: '__sev_do_cmd_locked, drivers/crypto/ccp/sev-dev.c (6.12, 7.1)',
  },
  { platform: 'tdx', symbolPrefix: 'tdh_spdm_', source: 'TDX Connect series, tdx-host.c 2638266f' },
  { platform: 'tdx', symbolPrefix: 'tdh_ide_stream_', source: 'TDX Connect series, tdx-host.c 2638266f' },
  { platform: 'tdx', symbolPrefix: 'tdx_tdi_', source: 'RFC 20250529053513.1592088-1-yilun.xu@linux.intel.com' },
  {
    platform: 'tdx',
    symbolPrefix: 'tdx_tsm_',
    source: 'drivers/virt/coco/tdx-host/tdx-host.c of the TDX Connect series',
  },
  {
    platform: 'cca',
    symbolPrefix: 'cca_tsm_',
    source: 'drivers/virt/coco/arm-cca-host/arm-cca.c of the Arm CCA series',
  },
  { platform: 'cca', symbolPrefix: 'rmi_vdev_', source: 'Arm CCA device assignment RFC (RMM 1.0 to 2.0)' },
  { platform: 'cca', symbolPrefix: 'rmi_pdev_', source: 'Arm CCA device assignment RFC (RMM 1.0 to 2.0)' },
  { platform: 'cca', symbolPrefix: 'cca_vdev_', source: 'Arm CCA device assignment RFC' },
];
