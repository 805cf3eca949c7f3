import { BDF_SOURCE } from '../base/bdf.ts';
import {
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

const CCP = 'drivers/crypto/ccp';
const TSM_C = `${CCP}/sev-dev-tsm.c (7.1)`;
const TIO_C = `${CCP}/sev-dev-tio.c (7.1)`;
const DEV_C = `${CCP}/sev-dev.c (6.12, 7.1)`;
const SNP = 'arch/x86/virt/svm/sev.c (6.12, 7.1)';
const KVM = 'arch/x86/kvm/svm/sev.c (6.12, 7.1)';
const WIP = 'series: AMDESE/linux-kvm 16f379f5';
const WIP_TSM = `${CCP}/sev-dev-tsm.c`;
const WIP_TIO = `${CCP}/sev-dev-tio.c`;

// dev_data is of the device security manager, also in the commands about a TDI, where it says nothing of that one.
const DEVICE_CONTEXT: HandleRow = { type: 'tsm-object', arguments: ['dev_data'] };
const TDI_CONTEXT: HandleRow = { type: 'tsm-object', arguments: ['tdi_data'] };
const DRIVER = ['dsm_connect', 'dsm_disconnect', 'tdi_bind', 'tdi_unbind', 'tdi_run'] as const;
const INSIDE = { within: TSM_OPERATIONS, sameDevice: true } as const;
const TIO = { returns: 'sev-tio', within: [...DRIVER, ...TSM_OPERATIONS], sameDevice: true } as const;

/** A function that gives one command to the PSP. A positive return is a DOE feature: the command wants an SPDM exchange. */
function command(
  symbol: string,
  kind: EventKind,
  name: string,
  versions: string,
  more: Partial<SymbolRow> = {},
): SymbolRow {
  return {
    symbol,
    kind,
    ...TIO,
    handles: [/^sev_tio_(?:dev_|ide_)/.test(symbol) ? DEVICE_CONTEXT : TDI_CONTEXT, ...(more.handles ?? [])],
    fixed: { command_name: name },
    versions,
    source: versions === WIP ? WIP_TIO : TIO_C,
    ...(more.keeps ? { keeps: more.keeps } : {}),
    ...(more.kindBy ? { kindBy: more.kindBy } : {}),
  };
}

/** AMD SEV-TIO: the TSM driver in ccp, and the commands to the PSP. Mainline has the connect side only. */
export const SEV_TIO_SYMBOLS: readonly SymbolRow[] = [
  ...(['connect', 'disconnect'] as const).map(
    (op): SymbolRow => ({
      symbol: `dsm_${op}`,
      kind: 'tsm.driver',
      subject: PDEV,
      ...(op === 'disconnect' ? { void: true as const } : {}),
      fixed: { op },
      ...INSIDE,
      versions: '6.19-',
      source: TSM_C,
    }),
  ),
  {
    symbol: 'tio_pf0_probe',
    kind: 'tsm.driver',
    subject: PDEV,
    pointer: true,
    fixed: { op: 'probe' },
    ...INSIDE,
    versions: '6.19-',
    source: TSM_C,
  },
  command('sev_tio_dev_create', 'firmware.call', 'TIO_DEV_CREATE', '6.19-', {
    handles: [{ type: 'requester-id', arguments: ['device_id'] }],
    keeps: { segment: ['segment_id'] },
  }),
  command('sev_tio_dev_connect', 'spdm.connect', 'TIO_DEV_CONNECT', '6.19-'),
  command('sev_tio_dev_disconnect', 'spdm.disconnect', 'TIO_DEV_DISCONNECT', '6.19-', { keeps: { force: ['force'] } }),
  command('sev_tio_dev_reclaim', 'firmware.call', 'TIO_DEV_RECLAIM', '6.19-'),
  {
    symbol: '__sev_do_cmd_locked',
    kind: 'firmware.call',
    keeps: { command: ['cmd'] },
    needs: ['command'],
    decodes: { command: 'psp-command' },
    anywhere: true,
    versions: '4.16-',
    source: `${DEV_C}; every command of SEV and SNP, too`,
  },
  command('sev_tio_dev_measurements', 'tdisp.measurements', 'TIO_DEV_MEASUREMENTS', WIP),
  command('sev_tio_dev_status', 'firmware.call', 'TIO_DEV_STATUS', WIP),
  command('sev_tio_ide_refresh', 'ide.keys', 'TIO_ROLL_KEY', WIP),
  command('sev_tio_tdi_create', 'tdi.create', 'TIO_TDI_CREATE', WIP, {
    handles: [{ type: 'requester-id', arguments: ['dev_id'] }],
    keeps: { segment: ['rseg'] },
  }),
  { ...command('sev_tio_tdi_reclaim', 'tdi.destroy', 'TIO_TDI_RECLAIM', WIP), void: true },
  // Without its last argument it may lock or start.
  command('sev_tio_tdi_bind', 'tdisp.request', 'TIO_TDI_BIND', WIP, {
    handles: [{ type: 'guest-bdf', arguments: ['guest_rid'] }],
    keeps: { run: ['force_run', 'run'], asid: ['asid'] },
    kindBy: { argument: 'run', kinds: { 0: 'tdisp.lock', 1: 'tdisp.start' } },
  }),
  command('sev_tio_tdi_unbind', 'tdisp.stop', 'TIO_TDI_UNBIND', WIP, { keeps: { force: ['force'] } }),
  command('sev_tio_tdi_report', 'tdisp.report', 'TIO_TDI_REPORT', WIP),
  command('sev_tio_tdi_status', 'tdisp.request', 'TIO_TDI_STATUS', WIP),
  {
    symbol: 'sev_tio_tdi_status_fin',
    kind: 'tdisp.state',
    handles: [TDI_CONTEXT],
    keeps: { state: ['state'] },
    decodes: { state: 'state.tdisp' },
    within: [...DRIVER, ...TSM_OPERATIONS],
    sameDevice: true,
    versions: WIP,
    source: `${WIP_TIO}; state is a pointer: a probe at the return has to fetch what it points to`,
  },
  command('sev_tio_asid_fence_status', 'fence.status', 'TIO_ASID_FENCE_STATUS', WIP, {
    handles: [{ type: 'requester-id', arguments: ['device_id'] }],
    keeps: { asid: ['asid'], fenced: ['fenced'] },
  }),
  command('sev_tio_asid_fence_clear', 'fence.clear', 'TIO_ASID_FENCE_CLEAR', WIP, {
    keeps: { gctx: ['gctx_paddr'] },
  }),
  command('sev_tio_guest_request', 'firmware.call', 'TIO_GUEST_REQUEST', WIP),
  {
    symbol: 'tdi_bind',
    kind: 'tsm.bind_core',
    subject: PDEV,
    keeps: { vm: ['kvm'], tdi_id: ['tdi_id'] },
    handles: [
      { type: 'vm', arguments: ['kvm'] },
      { type: 'guest-bdf', arguments: ['tdi_id'] },
    ],
    pointer: true,
    fixed: { op: 'bind' },
    ...INSIDE,
    versions: WIP,
    source: WIP_TSM,
  },
  {
    symbol: 'tdi_unbind',
    kind: 'tsm.unbind_core',
    subject: TDI,
    void: true,
    fixed: { op: 'unbind' },
    ...INSIDE,
    versions: WIP,
    source: WIP_TSM,
  },
  {
    symbol: 'tdi_run',
    kind: 'tdisp.start',
    handles: [{ type: 'tsm-object', arguments: ['ttdi'] }],
    ...INSIDE,
    versions: WIP,
    source: `${WIP_TSM}; reads the state first, and refuses with -EFAULT unless it is LOCKED`,
  },
];

const TIO_LINES = by('sev_tsm_init_locked', TSM_C, '6.19-');

export const SEV_TIO_MESSAGES: readonly MessageRow[] = [
  message(
    'tsm.driver',
    'TSM ',
    /^TSM (?:\(sub-function\) )?enabled$/,
    'pci 0000:02:00.0: TSM enabled',
    by('tio_pf0_probe, pci_dbg', TSM_C, '6.19-'),
    {
      fixed: { op: 'probe' },
    },
  ),
  message(
    'tsm.driver',
    'TSM disabled',
    /^TSM disabled$/,
    'pci 0000:02:00.0: TSM disabled',
    by('dsm_remove, pci_dbg', TSM_C, '6.19-'),
    {
      fixed: { op: 'remove' },
    },
  ),
  message(
    'ide.setup',
    'Forcing CFG/TEE for',
    new RegExp(`^Forcing CFG/TEE for (?<root_port>${BDF_SOURCE})$`),
    'pci 0000:02:00.0: Forcing CFG/TEE for 0000:00:01.0',
    by('stream_setup', TSM_C, '6.19-'),
  ),
  message(
    'tsm.error',
    'Stream for class=',
    /^(?<problem>Stream for class=\d{1,2} already registered)$/,
    'pci 0000:02:00.0: Stream for class=0 already registered',
    by('stream_alloc', TSM_C, '6.19-'),
    { outcome: 'failed' },
  ),
  message(
    'tsm.error',
    'CMA DOE MB must support SSESSION',
    /^(?<problem>CMA DOE MB must support SSESSION)$/,
    'pci 0000:02:00.0: CMA DOE MB must support SSESSION',
    by('dsm_connect', TSM_C, '6.19-'),
    { outcome: 'failed' },
  ),
  message(
    'firmware.ready',
    'SEV-TIO status: ',
    /^SEV-TIO status: EN=(?<able>\d) INIT_DONE=(?<init_done>\d) /,
    'ccp 0000:42:00.5: SEV-TIO status: EN=1 INIT_DONE=1 rq=16..4096 rs=16..4096 scr=0..0 out=16..4096 dev=4096 tdi=4096 algos=1',
    TIO_LINES,
    { reporter: true },
  ),
  message(
    'firmware.dead',
    'SEV-TIO STATUS failed with',
    /^SEV-TIO STATUS failed with (?<error>-?\d{1,5})$/,
    'ccp 0000:42:00.5: SEV-TIO STATUS failed with -5',
    TIO_LINES,
    { outcome: 'failed', reporter: true },
  ),
  message(
    'firmware.dead',
    'Failed to enable SEV-TIO: ',
    /^Failed to enable SEV-TIO: ret=(?<error>-?\d{1,5}) en=\d initdone=\d SEV=\d$/,
    'Failed to enable SEV-TIO: ret=-5 en=0 initdone=0 SEV=1',
    TIO_LINES,
    { outcome: 'failed', reporter: true },
  ),
  message(
    'firmware.ready',
    'SEV-TIO is ',
    /^SEV-SNP firmware initialized, SEV-TIO is (?<able>enabled|disabled)$/,
    'ccp 0000:42:00.5: SEV-SNP firmware initialized, SEV-TIO is enabled',
    by('__sev_snp_init_locked, dev_dbg', DEV_C, '6.19-'),
    { reporter: true },
  ),
  known(
    '! ERROR: expected ',
    /^! ERROR: expected -?\d{1,10}, found -?\d{1,10}$/,
    '! ERROR: expected 4, found 0',
    by('sla_to_dobj_hdr_check', TIO_C, '6.19-'),
  ),
  known(
    'Expanding BUFFER from',
    /^Expanding BUFFER from \d{1,12} to \d{1,12} bytes$/,
    'Expanding BUFFER from 4096 to 8192 bytes',
    by('sla_expand', TIO_C, '6.19-'),
  ),
  message(
    'firmware.call',
    'sev command id ',
    /^sev command id (?<command>0x[0-9a-f]{1,4}) buffer 0x[0-9a-f]{16} timeout \d{1,6}s$/,
    'ccp 0000:42:00.5: sev command id 0xdd buffer 0x0000000107e00000 timeout 100s',
    by('__sev_do_cmd_locked, dev_dbg', DEV_C, '4.16-'),
    { reporter: true, decodes: { command: 'psp-command' } },
  ),
  message(
    'firmware.dead',
    'timed out, disabling PSP',
    /^sev command (?<command>0x[0-9a-f]{1,4}) timed out, disabling PSP$/,
    'ccp 0000:42:00.5: sev command 0xdc timed out, disabling PSP',
    by('__sev_do_cmd_locked', DEV_C, '4.16-'),
    { reporter: true, outcome: 'failed', decodes: { command: 'psp-command' } },
  ),
  message(
    'firmware.refused',
    'sev command ',
    /^sev command (?<command>0x[0-9a-f]{1,4}) failed \((?<status>0x[0-9a-f]{1,16})\)$/,
    'ccp 0000:42:00.5: sev command 0xdc failed (0x8000003c)',
    by('__sev_do_cmd_locked, dev_dbg', DEV_C, '4.16-'),
    { reporter: true, outcome: 'failed', decodes: { command: 'psp-command', status: 'psp-status' } },
  ),
  message(
    'firmware.refused',
    'RMPUPDATE failed for PFN',
    /^(?:SEV-SNP: )?RMPUPDATE failed for PFN (?<pfn>[0-9a-f]{1,16}), pg_level: (?<level>\d{1,2}), ret: (?<status>-?\d{1,10})$/,
    'SEV-SNP: RMPUPDATE failed for PFN fd800, pg_level: 1, ret: 2',
    by('rmpupdate', SNP, '6.9-'),
    { outcome: 'failed', fixed: { command_name: 'RMPUPDATE' } },
  ),
  known(
    'RMP entry: [',
    /^(?:SEV-SNP: )?PFN 0x[0-9a-f]{1,16}, RMP entry: \[0x[0-9a-f]{16} - 0x[0-9a-f]{16}\]$/,
    'SEV-SNP: PFN 0xfd800, RMP entry: [0x0000000000000001 - 0x0000000000000000]',
    by('dump_rmpentry', SNP, '6.9-'),
  ),
  message(
    'vm.fault',
    'Unexpected RMP fault',
    /^(?:kvm_amd: )?(?:SEV: )?Unexpected RMP fault(?: for non-private|, non-private slot for) GPA (?<gpa>0x[0-9a-f]{1,16})$/,
    'kvm_amd: SEV: Unexpected RMP fault for non-private GPA 0xfd800000',
    by('sev_handle_rmp_fault', KVM, '6.11-'),
  ),
  message(
    'firmware.refused',
    'Failed to update RMP entry',
    /^(?:kvm_amd: )?(?:SEV: )?Failed to update RMP entry: GFN (?<gfn>[0-9a-f]{1,16}) PFN (?<pfn>[0-9a-f]{1,16}) level \d{1,2} error (?<status>-?\d{1,10})$/,
    'kvm_amd: SEV: Failed to update RMP entry: GFN fd800 PFN fd800 level 1 error -22',
    by('sev_gmem_prepare', KVM, '6.11-'),
    { outcome: 'failed', fixed: { command_name: 'RMPUPDATE' } },
  ),
  message(
    'tsm.error',
    'TDI not released',
    /^(?<problem>TDI not released)$/,
    'pci 0000:02:00.0: TDI not released',
    by('dsm_remove', WIP_TSM, WIP),
    { outcome: 'failed' },
  ),
  message(
    'tsm.error',
    'TDI status failed to read',
    // pr_err: the device is not named.
    /^(?:ccp: )?(?<problem>TDI status failed to read), ret=(?<error>-?\d{1,5})$/,
    'TDI status failed to read, ret=-22',
    by('tdi_unbind', WIP_TSM, WIP),
    { outcome: 'failed' },
  ),
  message(
    'fence.clear',
    'Unfenced VM=',
    /^Unfenced VM=(?<gctx>[0-9a-f]{1,16}) ASID=(?<asid>\d{1,10}) ret=(?<error>-?\d{1,5}) (?<status>-?\d{1,10})$/,
    'pcieport 0000:00:01.0: Unfenced VM=107e00000 ASID=5 ret=0 0',
    by('tdi_unbind', WIP_TSM, WIP),
    { reporter: true },
  ),
  message(
    'mmio.share',
    'Sharing ',
    /^Sharing (?<region>\S{1,64}(?: \S{1,32}){0,3}) (?<start>[0-9a-f]{1,16})\.\.(?<end>[0-9a-f]{1,16})$/,
    'vfio-pci 0000:02:00.0: Sharing 0000:02:00.0 fd800000..fd81ffff',
    by('tdi_unbind', WIP_TSM, WIP),
  ),
  message(
    'ide.state',
    ' <-> ',
    new RegExp(
      `^(?<near>[0-9a-f]{1,8})(?<near_secure>=SECURE)? <-> (?<port>${BDF_SOURCE}): (?<far>[0-9a-f]{1,8})(?<far_secure>=SECURE)? ret=(?<error>-?\\d{1,5})/-?\\d{1,5}$`,
    ),
    'pci 0000:02:00.0: 2=SECURE <-> 0000:00:01.0: 2=SECURE ret=0/0',
    by('stream_status', WIP_TSM, 'series: AMDESE/linux-kvm 20381bca'),
  ),
];
