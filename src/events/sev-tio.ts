import { type HandleRow, PDEV, type SymbolRow, TDI, TSM_OPERATIONS } from './catalogue.ts';
import type { EventKind } from './event.ts';

const CCP = 'drivers/crypto/ccp';
export const TSM_C = `${CCP}/sev-dev-tsm.c (7.1)`;
export const TIO_C = `${CCP}/sev-dev-tio.c (7.1)`;
export const DEV_C = `${CCP}/sev-dev.c (6.12, 7.1)`;
export const SNP = 'arch/x86/virt/svm/sev.c (6.12, 7.1)';
export const KVM = 'arch/x86/kvm/svm/sev.c (6.12, 7.1)';
export const WIP = 'series: AMDESE/linux-kvm 16f379f5';
export const WIP_TSM = `${CCP}/sev-dev-tsm.c`;
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
