import { BDF_SOURCE } from '../base/bdf.ts';
import { DEVICE, type MessageRow, PDEV, type PlatformMark, type SymbolRow } from './catalogue.ts';

const TSM = 'drivers/pci/tsm.c (6.19-, read in 7.1 and 7.3.4)';

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
  { symbol: 'pci_tsm_unbind', kind: 'tsm.unbind', subject: PDEV, void: true, versions: '6.19-', source: TSM },
  {
    symbol: '__pci_tsm_unbind',
    kind: 'tsm.unbind_core',
    subject: PDEV,
    void: true,
    within: ['pci_tsm_unbind', 'disconnect_store', 'pci_tsm_destroy'],
    versions: '6.19-',
    source: TSM,
  },
  {
    symbol: 'pci_tsm_guest_req',
    kind: 'tsm.guest_request',
    subject: PDEV,
    keeps: { scope: ['scope'] },
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
];

export const TSM_MESSAGES: readonly MessageRow[] = [
  {
    kind: 'tsm.context',
    contains: 'setup TSM context',
    pattern: new RegExp(`^PCI/TSM: setup TSM context: DSM: (?<dsm>${BDF_SOURCE}) status: (?<status>success|failed)$`),
    example: 'pci 0000:02:10.0: PCI/TSM: setup TSM context: DSM: 0000:02:00.0 status: success',
    source: `probe_fn, pci_dbg, ${TSM}`,
  },
  {
    kind: null,
    contains: 'Security Manager detected',
    pattern: /^PCI\/TSM: (?:Device|Platform TEE) Security Manager detected \([A-Z ]*\)$/,
    example: 'pci 0000:02:00.0: PCI/TSM: Device Security Manager detected (IDE TEE)',
    source: `pf0_sysfs_enable, link_sysfs_enable, pci_dbg, ${TSM}`,
  },
  {
    kind: null,
    contains: 'PCI/TSM: ',
    pattern:
      /^PCI\/TSM: (?:failed to find Device Security Manager|TSM init failure, no CMA mailbox|invalid context object|PCI\/TSM registration failure: -?\d+)$/,
    example: 'pci 0000:02:00.0: PCI/TSM: failed to find Device Security Manager',
    source: TSM,
  },
  {
    kind: null,
    contains: 'PCI/IDE: ',
    pattern:
      /^PCI\/IDE: (?:Stream ID \d+ active at init|Failed to claim (?:\S{1,32} Stream ID|active Selective Stream) \d+|Unsupported Selective Stream \d+ capability, SKIP the rest|Setup fail: (?:Invalid Stream ID: \d+|Stream ID \d+ in use)|not a PCIe device|setup expected (?:Endpoint|Root Port): \S{1,64}|invalid device type)$/,
    example: 'pci 0000:02:00.0: PCI/IDE: Stream ID 1 active at init',
    source: 'drivers/pci/ide.c (6.19-, read in 7.1)',
  },
  {
    kind: null,
    contains: 'SEV-TIO',
    pattern:
      /^(?:SEV-TIO status: EN=\d INIT_DONE=\d |SEV-TIO STATUS failed with -?\d+$|Failed to enable SEV-TIO: ret=-?\d+ en=\d |SEV-SNP firmware initialized, SEV-TIO is \w{1,16}$)/,
    example: 'Failed to enable SEV-TIO: ret=-5 en=0 initdone=0 SEV=1',
    source: 'drivers/crypto/ccp/sev-dev-tsm.c, sev-dev.c (6.19-, read in 7.1)',
  },
  {
    kind: null,
    contains: 'virt/tdx: ',
    pattern: /^virt\/tdx: (?:TDX[- ][Mm]odule initialized|BIOS enabled: private KeyID range \[)/,
    example: 'virt/tdx: TDX-Module initialized',
    source: 'arch/x86/virt/vmx/tdx/tdx.c (7.1)',
  },
];

/** What only one platform's code has. A host that merely could do TDX or SEV-TIO does not decide. */
export const PLATFORM_MARKS: readonly PlatformMark[] = [
  { platform: 'sev-tio', symbolPrefix: 'sev_tio_', source: 'drivers/crypto/ccp/sev-dev-tio.c (7.1)' },
  { platform: 'sev-tio', symbolPrefix: 'tio_dev_', source: 'drivers/crypto/ccp (AMDESE/linux-kvm 16f379f5)' },
  { platform: 'sev-tio', symbolPrefix: 'tio_tdi_', source: 'drivers/crypto/ccp (AMDESE/linux-kvm 16f379f5)' },
  {
    platform: 'sev-tio',
    message: /^(?:ccp [0-9a-f:.]+: )?SEV-TIO status: EN=1 /,
    source: 'sev_tio_init_locked, drivers/crypto/ccp (7.1)',
  },
  { platform: 'tdx', symbolPrefix: 'tdh_spdm_', source: 'TDX Connect series, tdx-host.c 2638266f' },
  { platform: 'tdx', symbolPrefix: 'tdh_ide_stream_', source: 'TDX Connect series, tdx-host.c 2638266f' },
  { platform: 'tdx', symbolPrefix: 'tdx_tdi_', source: 'RFC 20250529053513.1592088-1-yilun.xu@linux.intel.com' },
  { platform: 'cca', symbolPrefix: 'rmi_vdev_', source: 'Arm CCA device assignment RFC (RMM 1.0 to 2.0)' },
  { platform: 'cca', symbolPrefix: 'rmi_pdev_', source: 'Arm CCA device assignment RFC (RMM 1.0 to 2.0)' },
  { platform: 'cca', symbolPrefix: 'cca_vdev_', source: 'Arm CCA device assignment RFC' },
];
