import { type AliasRow, type HandleRow, PDEV, type SymbolRow, TDI, TSM_OPERATIONS } from './catalogue.ts';
import type { EventKind } from './event.ts';

export const KVM = 'arch/x86/kvm/vmx/tdx.c (7.1)';
export const VIRT = 'arch/x86/virt/vmx/tdx/tdx.c';
export const RFC = 'series: 20250529053513.1592088-1-yilun.xu@linux.intel.com';
export const CONNECT = 'series: PCI/TSM: TDX Connect: SPDM Session and IDE Establishment v1, 2025-11-17, and later';
export const HOST_C = 'drivers/virt/coco/tdx-host/tdx-host.c (devsec_tsm 191928fb)';
export const OLD_HOST_C = 'drivers/virt/coco/host/tdx_tsm.c, patch 27';
export const GUEST = 'series: TDX Connect guest, intel-staging/tdx 8a7ec7ee, 2026';
export const GUEST_C = 'drivers/virt/coco/tdx-guest/connect.c';

const SPDM: HandleRow = { type: 'tsm-object', arguments: ['spdm_id'] };
const STREAM: HandleRow = { type: 'ide-stream', arguments: ['stream_id'] };

const DRIVER = ['tdx_tsm_bind', 'tdx_tsm_unbind', 'tdx_tsm_link_connect', 'tdx_tsm_link_disconnect'] as const;
/** Leaves that concern the whole machine. */
const HOST_WIDE: ReadonlySet<string> = new Set(['tdh_iommu_setup', 'tdh_iommu_clear']);

/** A wrapper of one SEAMCALL leaf: returns the module's status, not an errno. */
function leaf(
  symbol: string,
  kind: EventKind,
  name: string,
  versions: string,
  more: Partial<SymbolRow> = {},
): SymbolRow {
  return {
    symbol,
    kind,
    returns: 'tdx',
    ...(HOST_WIDE.has(symbol)
      ? { anywhere: true as const }
      : { within: ['tdx_tdi_request', ...DRIVER, ...TSM_OPERATIONS], sameDevice: true as const }),
    fixed: { command_name: name },
    versions,
    source: `${VIRT}${versions === CONNECT ? ' (devsec_tsm 29838fc9)' : ' (7.1)'}`,
    ...more,
  };
}

const KVM_ARGUMENT: HandleRow = { type: 'vm', arguments: ['kvm'] };

/** Intel TDX and TDX Connect: the private address space of the TD, and the SEAMCALLs around SPDM, IDE and the TDI. */
export const TDX_SYMBOLS: readonly SymbolRow[] = [
  {
    symbol: 'tdx_sept_remove_private_spte',
    kind: 'mmio.unmap',
    handles: [KVM_ARGUMENT],
    keeps: { gfn: ['gfn'], level: ['level'] },
    needs: ['gfn'],
    anywhere: true,
    versions: '6.16-',
    source: `${KVM}; of memory, too: device memory is it where the frame lies in a BAR`,
  },
  {
    symbol: 'tdx_sept_set_private_spte',
    kind: 'mmio.map',
    handles: [KVM_ARGUMENT],
    keeps: { gfn: ['gfn'], level: ['level'] },
    needs: ['gfn'],
    anywhere: true,
    versions: '6.16-',
    source: `${KVM}; of memory, too`,
  },
  {
    symbol: 'tdx_mmu_release_hkid',
    kind: 'vm.destroy',
    handles: [KVM_ARGUMENT],
    void: true,
    fixed: { what: 'key of the TD' },
    anywhere: true,
    versions: '6.16-',
    source: KVM,
  },
  {
    symbol: 'tdx_handle_ept_violation',
    kind: 'vm.fault',
    anywhere: true,
    versions: '6.16-',
    source: KVM,
  },
  leaf('tdh_iommu_setup', 'firmware.call', 'TDH.IOMMU.SETUP', CONNECT),
  leaf('tdh_iommu_clear', 'firmware.call', 'TDH.IOMMU.CLEAR', CONNECT),
  leaf('tdh_spdm_create', 'firmware.call', 'TDH.SPDM.CREATE', CONNECT, {
    handles: [{ type: 'requester-id', arguments: ['func_id'] }],
  }),
  leaf('tdh_spdm_delete', 'firmware.call', 'TDH.SPDM.DELETE', CONNECT, { handles: [SPDM] }),
  leaf('tdh_exec_spdm_connect', 'spdm.connect', 'TDH.SPDM.CONNECT', CONNECT, { handles: [SPDM] }),
  leaf('tdh_exec_spdm_disconnect', 'spdm.disconnect', 'TDH.SPDM.DISCONNECT', CONNECT, { handles: [SPDM] }),
  leaf('tdh_exec_spdm_mng', 'spdm.manage', 'TDH.SPDM.MNG', CONNECT, {
    handles: [SPDM],
    keeps: { op: ['spdm_op', 'op'] },
    decodes: { op: 'tdx-spdm-mng' },
  }),
  leaf('tdh_ide_stream_create', 'ide.setup', 'TDH.IDE.STREAM.CREATE', CONNECT, { handles: [SPDM] }),
  leaf('tdh_ide_stream_block', 'ide.disable', 'TDH.IDE.STREAM.BLOCK', CONNECT, { handles: [SPDM, STREAM] }),
  leaf('tdh_ide_stream_delete', 'ide.teardown', 'TDH.IDE.STREAM.DELETE', CONNECT, { handles: [SPDM, STREAM] }),
  leaf('tdh_ide_stream_km', 'ide.keys', 'TDH.IDE.STREAM.KM', CONNECT, {
    handles: [SPDM, STREAM],
    keeps: { op: ['operation', 'op', 'km_op'] },
    decodes: { op: 'tdx-ide-km' },
  }),
  // The DEVIF generation; the wrappers have their leaf's name.
  leaf('tdh_devif_create', 'tdi.create', 'TDH.DEVIF.CREATE', RFC),
  leaf('tdh_devif_remove', 'tdi.destroy', 'TDH.DEVIF.REMOVE', RFC),
  leaf('tdh_devif_request', 'tdisp.request', 'TDH.DEVIF.REQUEST', RFC),
  leaf('tdh_devif_response', 'firmware.call', 'TDH.DEVIF.RESPONSE', RFC),
  leaf('tdh_dmar_add', 'dma.enable', 'TDH.DMAR.ADD', RFC),
  leaf('tdh_dmar_block', 'dma.disable', 'TDH.DMAR.BLOCK', RFC),
  leaf('tdh_dmar_remove', 'dma.disable', 'TDH.DMAR.REMOVE', RFC),
  leaf('tdh_mmio_map', 'mmio.map', 'TDH.MMIO.MAP', RFC),
  leaf('tdh_mmio_block', 'mmio.block', 'TDH.MMIO.BLOCK', RFC),
  leaf('tdh_mmio_unmap', 'mmio.unmap', 'TDH.MMIO.UNMAP', RFC),
  {
    symbol: 'tdx_tdi_request',
    kind: 'tdisp.request',
    handles: [{ type: 'tsm-object', arguments: ['ttdi'] }],
    keeps: { request: ['req', 'request'] },
    decodes: { request: 'tdx-tdi-request' },
    kindBy: {
      argument: 'request',
      kinds: { 1: 'tdisp.lock', 2: 'tdisp.start', 3: 'tdisp.state', 4: 'tdisp.stop' },
    },
    within: [...DRIVER, ...TSM_OPERATIONS],
    sameDevice: true,
    versions: RFC,
    source: OLD_HOST_C,
  },
  {
    symbol: 'tdx_tsm_bind',
    kind: 'tsm.bind_core',
    subject: PDEV,
    keeps: { vm: ['kvm'], tdi_id: ['tdi_id'] },
    handles: [KVM_ARGUMENT, { type: 'guest-bdf', arguments: ['tdi_id'] }],
    pointer: true,
    fixed: { op: 'bind' },
    within: TSM_OPERATIONS,
    sameDevice: true,
    versions: RFC,
    source: OLD_HOST_C,
  },
  {
    symbol: 'tdx_tsm_unbind',
    kind: 'tsm.unbind_core',
    subject: TDI,
    void: true,
    fixed: { op: 'unbind' },
    within: TSM_OPERATIONS,
    sameDevice: true,
    versions: RFC,
    source: OLD_HOST_C,
  },
  {
    symbol: 'tdx_tsm_link_connect',
    kind: 'tsm.driver',
    subject: PDEV,
    fixed: { op: 'connect' },
    within: TSM_OPERATIONS,
    sameDevice: true,
    versions: CONNECT,
    source: HOST_C,
  },
  {
    symbol: 'tdx_tsm_link_disconnect',
    kind: 'tsm.driver',
    subject: PDEV,
    void: true,
    fixed: { op: 'disconnect' },
    within: TSM_OPERATIONS,
    sameDevice: true,
    versions: CONNECT,
    source: HOST_C,
  },
  {
    symbol: 'tdx_devsec_lock',
    kind: 'guest.lock',
    subject: PDEV,
    pointer: true,
    fixed: { world: 'guest' },
    anywhere: true,
    versions: GUEST,
    source: GUEST_C,
  },
];

const LATER = 'series: TDX Connect, later postings of 2026';
const LATER_C = 'drivers/virt/coco/tdx-host/tdx-host.c (AMDESE/linux-kvm 2638266f)';

export const TDX_ALIASES: readonly AliasRow[] = [
  { symbol: 'tdx_link_connect', of: 'tdx_tsm_link_connect', versions: LATER, source: LATER_C },
  { symbol: 'tdx_link_disconnect', of: 'tdx_tsm_link_disconnect', versions: LATER, source: LATER_C },
];
