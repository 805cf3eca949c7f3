import {
  type AliasRow,
  by,
  type HandleRow,
  knownRow as known,
  type MessageRow,
  messageRow as message,
  PDEV,
  type SymbolRow,
  TDI,
  TSM_OPERATIONS,
} from './catalogue.ts';
import type { EventKind } from './event.ts';

const KVM = 'arch/x86/kvm/vmx/tdx.c (7.1)';
const VIRT = 'arch/x86/virt/vmx/tdx/tdx.c';
const RFC = 'series: 20250529053513.1592088-1-yilun.xu@linux.intel.com';
const CONNECT = 'series: PCI/TSM: TDX Connect: SPDM Session and IDE Establishment v1, 2025-11-17, and later';
const HOST_C = 'drivers/virt/coco/tdx-host/tdx-host.c (devsec_tsm 191928fb)';
const OLD_HOST_C = 'drivers/virt/coco/host/tdx_tsm.c, patch 27';
const GUEST = 'series: TDX Connect guest, intel-staging/tdx 8a7ec7ee, 2026';
const GUEST_C = 'drivers/virt/coco/tdx-guest/connect.c';

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

const problem = (
  text: string,
  versions: string,
  printedBy: string,
  source: string,
  contains: string,
  example: string,
  kind: EventKind = 'tsm.error',
) =>
  message(
    kind,
    contains,
    new RegExp(`^(?:tdx_host tdx_host: )?(?<problem>${text})$`),
    example,
    by(printedBy, source, versions),
    {
      outcome: 'failed',
      decodes: { status: 'tdx-status' },
    },
  );

const STATUS = '(?<status>(?:0x)?[0-9a-f]{1,16})';

export const TDX_MESSAGES: readonly MessageRow[] = [
  message(
    'firmware.refused',
    'SEAMCALL TDH_',
    // rcx and rdx until 6.18; entry and level_state after; a macro prints one comma too many.
    /^(?:kvm_intel: )?SEAMCALL (?<command_name>TDH_\w{1,40}) failed: (?<status>0x[0-9a-f]{1,16})(?:, \w{1,16},? 0x[0-9a-f]{1,16}){0,4}$/,
    'kvm_intel: SEAMCALL TDH_MEM_PAGE_REMOVE failed: 0xc0000f1000000000, entry 0x0, level_state 0x0',
    by('TDX_BUG_ON', KVM, '6.16-'),
    { outcome: 'failed', decodes: { status: 'tdx-status' } },
  ),
  message(
    'firmware.refused',
    'TDH_VP_RD[',
    /^(?:kvm_intel: )?(?<command_name>TDH_VP_RD)\[\w{1,32}\.0x[0-9a-f]{1,16}\] failed (?<status>0x[0-9a-f]{1,16})$/,
    'kvm_intel: TDH_VP_RD[VMCS.0x4012] failed 0xc000010000000000',
    by('tdh_vp_rd_failed', KVM, '6.16-'),
    { outcome: 'failed', decodes: { status: 'tdx-status' } },
  ),
  message(
    'firmware.refused',
    'virt/tdx: SEAMCALL (',
    /^virt\/tdx: SEAMCALL \((?<command>0x[0-9a-f]{1,16})\) failed: (?<status>0x[0-9a-f]{1,16})$/,
    'virt/tdx: SEAMCALL (0x00000000000000a0) failed: 0xc0000f1000000000',
    by('seamcall_err', `${VIRT} (6.12, 7.1)`, '6.7-'),
    { outcome: 'failed', decodes: { command: 'seamcall', status: 'tdx-status' } },
  ),
  known(
    'virt/tdx: R',
    /^virt\/tdx: (?:RCX|R09) 0x[0-9a-f]{16} (?:RDX|R10) 0x[0-9a-f]{16} (?:R08|R11) 0x[0-9a-f]{16}$/,
    'virt/tdx: RCX 0x0000000000000000 RDX 0x0000000000000000 R08 0x0000000000000000',
    by('seamcall_err_ret', `${VIRT} (6.12, 7.1)`, '6.7-'),
  ),
  message(
    'vm.fault',
    'Guest access before accepting',
    /^(?:kvm_intel: )?Guest access before accepting (?<gpa>0x[0-9a-f]{1,16}) on vCPU \d{1,6}$/,
    'kvm_intel: Guest access before accepting 0xfd800000 on vCPU 0',
    by('tdx_handle_ept_violation', KVM, '6.16-'),
  ),
  message(
    'firmware.refused',
    ' is leaked.',
    /^(?:kvm_intel: )?(?<command_name>tdh_mng_\w{1,32})\(\) failed\. HKID (?<hkid>\d{1,6}) is leaked\.$/,
    'kvm_intel: tdh_mng_vpflushdone() failed. HKID 33 is leaked.',
    by('tdx_mmu_release_hkid', KVM, '6.16-'),
    { outcome: 'failed' },
  ),
  message(
    'firmware.ready',
    'virt/tdx: TDX',
    /^virt\/tdx: (?<able>TDX[- ][Mm]odule initialized)$/,
    'virt/tdx: TDX-Module initialized',
    by('init_tdx_module', `${VIRT} (7.1; "TDX module" in 6.12)`, '6.8-'),
  ),
  known(
    'virt/tdx: BIOS enabled',
    /^virt\/tdx: BIOS enabled: private KeyID range \[/,
    'virt/tdx: BIOS enabled: private KeyID range [16, 64)',
    by('tdx_init', `${VIRT} (6.12, 7.1)`, '6.8-'),
  ),
  problem(
    'spdm msg exchange fail (?<error>-?\\d{1,5})',
    CONNECT,
    'tdx_spdm_msg_exchange',
    HOST_C,
    'spdm msg exchange fail',
    'pci 0000:02:00.0: spdm msg exchange fail -5',
  ),
  problem(
    'fail to setup spdm session',
    CONNECT,
    'tdx_tsm_link_connect',
    HOST_C,
    'fail to setup spdm session',
    'pci 0000:02:00.0: fail to setup spdm session',
  ),
  problem(
    'fail to teadown spdm session',
    CONNECT,
    'tdx_tsm_link_disconnect',
    HOST_C,
    'fail to teadown spdm',
    'pci 0000:02:00.0: fail to teadown spdm session',
  ),
  problem(
    'fail to setup ide stream',
    CONNECT,
    'tdx_tsm_link_connect',
    HOST_C,
    'fail to setup ide stream',
    'tdx_host tdx_host: fail to setup ide stream',
    'ide.error',
  ),
  problem(
    `fail to delete spdm(?: ${STATUS})?`,
    CONNECT,
    'tdx_spdm_delete',
    HOST_C,
    'fail to delete spdm',
    'pci 0000:02:00.0: fail to delete spdm 0xc0000f1f00000000',
  ),
  problem(
    '(?:\\S{1,48} )?fail to release (?:spdm_mt|IDE stream_mt|iommu_mt|metadata|IDE stream metadata) pages',
    CONNECT,
    'tdx_spdm_delete, tdx_ide_stream_delete',
    HOST_C,
    'fail to release ',
    'pci 0000:02:00.0: fail to release IDE stream_mt pages',
  ),
  problem(
    `ide stream (?:block|delete) fail ${STATUS}`,
    CONNECT,
    'tdx_ide_stream_delete',
    HOST_C,
    'ide stream ',
    'pci 0000:02:00.0: ide stream block fail 0xc0000f1900000000',
    'ide.error',
  ),
  problem(
    `(?:\\S{1,48} )?fail to clear tdx iommu(?: ${STATUS})?`,
    CONNECT,
    'tdx_iommu_clear',
    HOST_C,
    'fail to clear tdx iommu',
    'fail to clear tdx iommu 0xc0000f0300000000',
    'firmware.dead',
  ),
  problem(
    'fail to enable tdx mode for DRHD\\[0x[0-9a-f]{1,16}\\]',
    CONNECT,
    'tdx_iommu_enable_one',
    HOST_C,
    'fail to enable tdx mode',
    'tdx_host tdx_host: fail to enable tdx mode for DRHD[0xfed90000]',
    'firmware.dead',
  ),
  problem(
    'Enable extension failed',
    CONNECT,
    'tdx_connect_init',
    HOST_C,
    'Enable extension failed',
    'tdx_host tdx_host: Enable extension failed',
    'firmware.dead',
  ),
  problem(
    'Enable tdx iommu failed',
    CONNECT,
    'tdx_connect_init',
    HOST_C,
    'Enable tdx iommu failed',
    'tdx_host tdx_host: Enable tdx iommu failed',
    'firmware.dead',
  ),
  problem(
    'failed to register TSM',
    CONNECT,
    'tdx_connect_init',
    HOST_C,
    'failed to register TSM',
    'tdx_host tdx_host: failed to register TSM',
    'firmware.dead',
  ),
  known(
    ' complete: vendor 0x',
    /^(?:\w{1,48}:? )?(?:\w{1,48} )?complete: vendor 0x[0-9a-f]{1,4} type 0x[0-9a-f]{1,2} rsp_sz -?\d{1,10}$/,
    'pci 0000:02:00.0: tdx_spdm_msg_exchange complete: vendor 0x1 type 0x2 rsp_sz 128',
    by('tdx_spdm_msg_exchange, pci_dbg', HOST_C, CONNECT),
  ),
  message(
    'ide.setup',
    ' stream id 0x',
    /^\w{1,48} stream id (?<stream>0x[0-9a-f]{1,8}) rp ide_id (?<rp_ide>0x[0-9a-f]{1,16})$/,
    'pci 0000:02:00.0: tdx_ide_stream_create stream id 0x1 rp ide_id 0x1',
    by('tdx_ide_stream_create, pci_dbg', HOST_C, CONNECT),
    { handles: [{ type: 'ide-stream', arguments: ['stream'] }] },
  ),
  problem(
    '(?:\\S{1,48} )?fail to init devif|fail to init devifmt|(?:\\S{1,48} )?fail to create mmiomt',
    RFC,
    'tdx_tsm_bind',
    OLD_HOST_C,
    'fail to ',
    'pci 0000:02:00.0: tdx_tsm_bind fail to init devif',
  ),
  message(
    'tdisp.refused',
    'fial to request bind',
    // The word is spelt so in the source.
    /^(?:\S{1,48} )?fial to request bind$/,
    'pci 0000:02:00.0: tdx_tsm_bind fial to request bind',
    by('tdx_tsm_bind', OLD_HOST_C, RFC),
    { outcome: 'failed', fixed: { request: 'BIND' } },
  ),
  problem(
    '(?:\\S{1,48} )?no driver or driver not support bind',
    RFC,
    'tdx_tsm_bind',
    OLD_HOST_C,
    'driver not support bind',
    'pci 0000:02:00.0: tdx_tsm_bind no driver or driver not support bind',
  ),
  message(
    'tsm.driver',
    ' tsm enabled',
    /^(?:PF|VF\/MFD) tsm enabled$/,
    'pci 0000:02:00.0: PF tsm enabled',
    by('tdx_tsm_pci_probe', OLD_HOST_C, RFC),
    { fixed: { op: 'probe' } },
  ),
  message(
    'tsm.driver',
    'PF tsm disabled',
    /^PF tsm disabled$/,
    'pci 0000:02:00.0: PF tsm disabled',
    by('tdx_tsm_pci_remove', OLD_HOST_C, RFC),
    {
      fixed: { op: 'remove' },
    },
  ),
  message(
    'tdisp.refused',
    'TDCM request ',
    /^(?:tdx_guest: tdx_connect: )?TDCM request (?<request>\d{1,5}) (?:timed out|failed: status (?<status>0x[0-9a-f]{1,8}), error (?<error>0x[0-9a-f]{1,8}), .{1,120})$/,
    'tdx_guest: tdx_connect: TDCM request 2 failed: status 0x1, error 0x3, max_rsp_data_sz 0x1000, returned 0x0',
    by('tdx_tdcm_run', GUEST_C, GUEST),
    { outcome: 'failed', fixed: { world: 'guest' } },
  ),
  message(
    'mmio.accept',
    'accept MMIO entry',
    /^(?:tdx_guest: tdx_connect: )?accept MMIO entry (?<entry>\d{1,5}) .{0,120}gpa=(?<gpa>0x[0-9a-f]{1,16})$/,
    'pci 0000:00:04.0: accept MMIO entry 0 [mem 0xc0000000-0xc001ffff] gpa=0xc0000000',
    by('tdx_tdi_mmio_accept', GUEST_C, GUEST),
    { fixed: { world: 'guest' } },
  ),
  message(
    'mmio.accept',
    'Failed to accept MMIO entry',
    /^(?:tdx_guest: tdx_connect: )?Failed to accept MMIO entry (?<entry>\d{1,5}) \(gpa=(?<gpa>0x[0-9a-f]{1,16})\), ret=(?<error>-?\d{1,5})$/,
    'pci 0000:00:04.0: Failed to accept MMIO entry 0 (gpa=0xc0000000), ret=-5',
    by('tdx_tdi_mmio_accept', GUEST_C, GUEST),
    { outcome: 'failed', fixed: { world: 'guest' } },
  ),
];

const LATER = 'series: TDX Connect, later postings of 2026';
const LATER_C = 'drivers/virt/coco/tdx-host/tdx-host.c (AMDESE/linux-kvm 2638266f)';

export const TDX_ALIASES: readonly AliasRow[] = [
  { symbol: 'tdx_link_connect', of: 'tdx_tsm_link_connect', versions: LATER, source: LATER_C },
  { symbol: 'tdx_link_disconnect', of: 'tdx_tsm_link_disconnect', versions: LATER, source: LATER_C },
];
