import { by, knownRow as known, type MessageRow, messageRow as message, PDEV, type SymbolRow } from './catalogue.ts';

const SERIES = 'series: devsec, TDISP for guests, 2025-2026';
const CORE = 'drivers/pci/tsm/core.c';
const CCA = 'series: Arm CCA device assignment v2 (guest), 2025-11-17';
const CCA_C = 'drivers/virt/coco/arm-cca-guest/arm-cca.c, rsi-da.c';
const AMD = 'series: AMDESE/linux-kvm 16f379f5';
const AMD_C = 'drivers/virt/coco/sev-guest/tio.c, sev-guest-tio.c';
const GUEST = { world: 'guest' } as const;

/** What a guest says of its own TDI. Addresses are the guest's: they are no function of the host. */
export const GUEST_SYMBOLS: readonly SymbolRow[] = [
  {
    symbol: 'pci_tsm_lock',
    kind: 'guest.lock',
    subject: PDEV,
    fixed: GUEST,
    anywhere: true,
    versions: SERIES,
    source: `${CORE}; of tsm/lock in sysfs`,
  },
  {
    symbol: 'pci_tsm_accept',
    kind: 'guest.accept',
    subject: PDEV,
    fixed: GUEST,
    anywhere: true,
    versions: SERIES,
    source: `${CORE}; of tsm/accept in sysfs`,
  },
  {
    symbol: 'pci_tsm_unlock',
    kind: 'guest.unlock',
    subject: PDEV,
    void: true,
    fixed: GUEST,
    anywhere: true,
    versions: SERIES,
    source: `${CORE}; of tsm/unlock in sysfs`,
  },
  {
    symbol: 'pci_tsm_enable_dma',
    kind: 'guest.dma',
    subject: PDEV,
    fixed: GUEST,
    anywhere: true,
    versions: SERIES,
    source: CORE,
  },
  ...(
    [
      ['cca_device_lock', 'guest.lock', CCA, CCA_C],
      ['cca_device_unlock', 'guest.unlock', CCA, CCA_C],
      ['sev_guest_accept', 'guest.accept', AMD, AMD_C],
      ['sev_guest_enable_dma', 'guest.dma', AMD, AMD_C],
    ] as const
  ).map(
    ([symbol, kind, versions, source]): SymbolRow => ({
      symbol,
      kind,
      subject: PDEV,
      fixed: GUEST,
      anywhere: true,
      versions,
      source,
    }),
  ),
  {
    symbol: 'sev_guest_lock',
    kind: 'guest.lock',
    subject: PDEV,
    pointer: true,
    fixed: GUEST,
    anywhere: true,
    versions: AMD,
    source: AMD_C,
  },
  {
    symbol: 'sev_guest_unlock',
    kind: 'guest.unlock',
    void: true,
    fixed: GUEST,
    anywhere: true,
    versions: AMD,
    source: `${AMD_C}; its argument is the pci_tsm`,
  },
];

export const GUEST_MESSAGES: readonly MessageRow[] = [
  message(
    'guest.report',
    'PCI/TSM: ',
    /^PCI\/TSM: (?<problem>Invalid reporting bar ID \d{1,5}|Reporting bar ID not in ascending order|Reporting ranges within BAR not in ascending order|Reporting range overflow|Reporting range larger than BAR size|misaligned report data)$/,
    'pci 0000:00:04.0: PCI/TSM: Reporting range larger than BAR size',
    by('pci_tsm_mmio_setup, pci_dbg', CORE, SERIES),
    { outcome: 'failed', fixed: GUEST },
  ),
  known(
    'PCI/TSM: Skipping',
    /^PCI\/TSM: Skipping (?:non-TEE range, |MSIX range )BAR\d /,
    'pci 0000:00:04.0: PCI/TSM: Skipping non-TEE range, BAR2 [range 0xc0020000-0xc002ffff]',
    by('pci_tsm_mmio_setup, pci_dbg', CORE, SERIES),
  ),
  message(
    'guest.unlock',
    'unlock attempted on',
    // A WARN knows no dev_fmt: nothing in front tells of the core.
    /^(?<problem>unlock attempted on driver attached device)$/,
    'virtio-pci 0000:00:04.0: unlock attempted on driver attached device',
    by('pci_tsm_unlock, dev_WARN_ONCE', CORE, SERIES),
    { outcome: 'failed', fixed: GUEST },
  ),
  message(
    'guest.unlock',
    'PCI/TSM: ',
    /^PCI\/TSM: (?<problem>MMIO resource still assigned) ?/,
    'pci 0000:00:04.0: PCI/TSM: MMIO resource still assigned [mem 0xc0000000-0xc001ffff]',
    by('pci_tsm_unlock', CORE, SERIES),
    { outcome: 'failed', fixed: GUEST },
  ),
  message(
    'guest.dma',
    'DMA access only finalized',
    /^(?:PCI\/TSM: )?(?<problem>DMA access only finalized at driver attach)$/,
    'pci 0000:00:04.0: PCI/TSM: DMA access only finalized at driver attach',
    by('pci_tsm_enable_dma', CORE, SERIES),
    { outcome: 'failed', fixed: GUEST },
  ),
  message(
    'guest.lock',
    'failed to lock the device',
    /^failed to lock the device \((?<error>-?\d{1,5})\)$/,
    'pci 0000:00:04.0: failed to lock the device (-5)',
    by('cca_device_lock', CCA_C, CCA),
    { outcome: 'failed', fixed: GUEST },
  ),
  message(
    'guest.unlock',
    'failed to unlock the device',
    /^failed to unlock the device \((?<error>-?\d{1,5})\)$/,
    'pci 0000:00:04.0: failed to unlock the device (-5)',
    by('cca_device_unlock', CCA_C, CCA),
    { outcome: 'failed', fixed: GUEST },
  ),
  message(
    'guest.report',
    'failed to get interface report',
    /^(?<problem>failed to get interface report) \((?<error>-?\d{1,5})\)$/,
    'pci 0000:00:04.0: failed to get interface report (-5)',
    by('cca_update_device_object_cache', CCA_C, CCA),
    { outcome: 'failed', fixed: GUEST },
  ),
  message(
    'guest.lock',
    'TDI bind CONFIG_LOCKED failed',
    /^TDI bind CONFIG_LOCKED failed rc=(?<error>-?\d{1,5}) fw=(?<status>0x[0-9a-f]{1,16})$/,
    'pci 0000:00:04.0: TDI bind CONFIG_LOCKED failed rc=-5 fw=0x3c',
    by('sev_guest_lock', AMD_C, AMD),
    { outcome: 'failed', fixed: GUEST, decodes: { status: 'psp-status' } },
  ),
  message(
    'mmio.accept',
    'MMIO #',
    /^MMIO #(?<entry>\d{1,3}) (?<start>[0-9a-f]{1,16})\.\.(?<end>[0-9a-f]{1,16}) validated$/,
    'pci 0000:00:04.0: MMIO #0 c0000000..c001ffff validated',
    by('tio_tdi_mmio_validate', AMD_C, AMD),
    { fixed: GUEST },
  ),
  message(
    'mmio.unmap',
    'MMIO #',
    /^MMIO #(?<entry>\d{1,3}) (?<start>[0-9a-f]{1,16})\.\.(?<end>[0-9a-f]{1,16}) invalidated$/,
    'pci 0000:00:04.0: MMIO #0 c0000000..c001ffff invalidated',
    by('tio_tdi_mmio_validate', AMD_C, AMD),
    { fixed: GUEST },
  ),
  message(
    'mmio.accept',
    'MMIO validate failed',
    /^MMIO validate failed with rc=(?<error>-?\d{1,5}), fwerr=(?<fwerr>0x[0-9a-f]{1,16}), status=(?<status>[0-9a-f]{1,8})$/,
    'pci 0000:00:04.0: MMIO validate failed with rc=-5, fwerr=0x0, status=8',
    by('tio_tdi_mmio_validate', AMD_C, AMD),
    { outcome: 'failed', fixed: GUEST },
  ),
  message(
    'guest.dma',
    'SDTE write vTOM=',
    /^SDTE write vTOM=(?<vtom>[0-9a-f]{1,16})$/,
    'pci 0000:00:04.0: SDTE write vTOM=0',
    by('tio_tdi_sdte_write', AMD_C, AMD),
    { fixed: GUEST },
  ),
  message(
    'guest.dma',
    'SDTE_WRITE failed',
    /^(?:[\w-]{1,32}: )?SDTE_WRITE failed, ret=(?<error>-?\d{1,5})$/,
    'SDTE_WRITE failed, ret=-5',
    by('sev_guest_disable_dma, pr_err', AMD_C, AMD),
    { outcome: 'failed', fixed: GUEST },
  ),
  message(
    'guest.dma',
    'SDTE write failed',
    /^SDTE write failed with rc=(?<error>-?\d{1,5}), fwerr=(?<fwerr>0x[0-9a-f]{1,16}), status=(?<status>[0-9a-f]{1,8})$/,
    'pci 0000:00:04.0: SDTE write failed with rc=0, fwerr=0x0, status=2',
    by('tio_tdi_sdte_write', AMD_C, AMD),
    { outcome: 'failed', fixed: GUEST },
  ),
  message(
    'guest.accept',
    'Cannot accept without the report',
    /^(?<problem>Cannot accept without the report)$/,
    'pci 0000:00:04.0: Cannot accept without the report',
    by('sev_guest_accept', AMD_C, AMD),
    { outcome: 'failed', fixed: GUEST },
  ),
];
