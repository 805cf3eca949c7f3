import {
  by,
  knownRow as known,
  type MessageRow,
  messageRow as message,
  type SymbolRow,
  TSM_OPERATIONS,
} from './catalogue.ts';
import type { EventKind } from './event.ts';

const SERIES = 'series: Arm CCA device assignment v2, 2025-11-17, and later';
const HOST_C = 'drivers/virt/coco/arm-cca-host/arm-cca.c, rmi-da.c';
const CMDS = 'arch/arm64/include/asm/rmi_cmds.h; static inline there: traced only where the compiler keeps a function';
const PCI = { arguments: ['pdev', 'pci_dev'], space: 'pci' } as const;

const DRIVER = ['cca_tsm_connect', 'cca_tsm_disconnect', 'cca_tsm_bind', 'cca_tsm_unbind'] as const;
const VDEV_CALLS = [
  'cca_vdev_create',
  'cca_vdev_unlock_and_destroy',
  'cca_vdev_device_start',
  'cca_vdev_device_map',
] as const;

function host(symbol: string, kind: EventKind, more: Partial<SymbolRow> = {}): SymbolRow {
  const within = symbol.startsWith('cca_tsm_') ? TSM_OPERATIONS : [...DRIVER, ...TSM_OPERATIONS];
  return { symbol, kind, subject: PCI, within, sameDevice: true, versions: SERIES, source: HOST_C, ...more };
}

/** A wrapper of one call to the RMM. LOCK, START and UNLOCK only queue their message: communicating carries it out. */
function rmi(name: string, kind: EventKind): SymbolRow {
  return {
    symbol: `rmi_${name.toLowerCase()}`,
    kind,
    returns: 'rmi',
    handles: [{ type: 'tsm-object', arguments: ['vdev_phys', 'vdev_ptr', 'pdev_phys', 'pdev_ptr', 'rmm_vdev_phys'] }],
    fixed: { command_name: `RMI_${name}`, ...(QUEUED.has(name) ? { queued: '1' } : {}) },
    within: [...VDEV_CALLS, ...DRIVER, ...TSM_OPERATIONS],
    sameDevice: true,
    versions: SERIES,
    source: CMDS,
  };
}

const QUEUED: ReadonlySet<string> = new Set([
  'VDEV_LOCK',
  'VDEV_START',
  'VDEV_UNLOCK',
  'VDEV_GET_INTERFACE_REPORT',
  'VDEV_GET_MEASUREMENTS',
  'PDEV_STREAM_CONNECT',
  'PDEV_STREAM_DISCONNECT',
  'PDEV_STREAM_KEY_REFRESH',
  'PDEV_STREAM_KEY_PURGE',
]);

/** Arm CCA: the TSM driver of the host, and its calls to the RMM. */
export const CCA_SYMBOLS: readonly SymbolRow[] = [
  host('cca_tsm_connect', 'tsm.driver', { fixed: { op: 'connect' } }),
  host('cca_tsm_disconnect', 'tsm.driver', { fixed: { op: 'disconnect' }, void: true }),
  host('cca_tsm_bind', 'tsm.bind_core', {
    fixed: { op: 'bind' },
    pointer: true,
    keeps: { vm: ['kvm'], tdi_id: ['tdi_id'] },
    handles: [
      { type: 'vm', arguments: ['kvm'] },
      { type: 'guest-bdf', arguments: ['tdi_id'] },
    ],
  }),
  {
    ...host('cca_tsm_unbind', 'tsm.unbind_core', { fixed: { op: 'unbind' }, void: true }),
    subject: { arguments: ['tdi'], space: 'tdi' },
  },
  host('cca_vdev_create', 'tdi.create', { pointer: true, fixed: { locks: 'up to v6' } }),
  host('cca_vdev_unlock_and_destroy', 'tdisp.stop', { void: true, fixed: { destroys: '1' } }),
  host('cca_vdev_device_start', 'tdisp.start'),
  host('cca_vdev_device_map', 'mmio.accept', { keeps: { start: ['gpa_base'], end: ['gpa_top'] } }),
  rmi('VDEV_CREATE', 'tdi.create'),
  rmi('VDEV_DESTROY', 'tdi.destroy'),
  rmi('VDEV_LOCK', 'tdisp.lock'),
  rmi('VDEV_START', 'tdisp.start'),
  rmi('VDEV_UNLOCK', 'tdisp.stop'),
  rmi('VDEV_STOP', 'tdisp.stop'),
  rmi('VDEV_ABORT', 'firmware.call'),
  rmi('VDEV_COMMUNICATE', 'firmware.call'),
  {
    ...rmi('VDEV_GET_STATE', 'tdisp.state'),
    keeps: { state: ['state', 'out_state'] },
    decodes: { state: 'state.rmm-vdev' },
  },
  rmi('VDEV_GET_INTERFACE_REPORT', 'tdisp.report'),
  rmi('VDEV_GET_MEASUREMENTS', 'tdisp.measurements'),
  rmi('PDEV_CREATE', 'firmware.call'),
  rmi('PDEV_DESTROY', 'firmware.call'),
  rmi('PDEV_STOP', 'spdm.disconnect'),
  rmi('PDEV_COMMUNICATE', 'firmware.call'),
  rmi('PDEV_SET_PUBKEY', 'firmware.call'),
  rmi('PDEV_STREAM_CONNECT', 'ide.enable'),
  rmi('PDEV_STREAM_DISCONNECT', 'ide.disable'),
  rmi('PDEV_STREAM_KEY_REFRESH', 'ide.keys'),
  rmi('PDEV_STREAM_KEY_PURGE', 'ide.keys'),
  rmi('RTT_DEV_VALIDATE', 'mmio.accept'),
  rmi('RTT_DEV_MAP', 'mmio.map'),
  rmi('RTT_DEV_UNMAP', 'mmio.unmap'),
  {
    symbol: 'rhi_da_vdev_set_tdi_state',
    kind: 'tdisp.request',
    returns: 'rhi',
    handles: [{ type: 'tsm-object', arguments: ['vdev_id'] }],
    keeps: { state: ['target_state', 'state'] },
    decodes: { state: 'state.rhi-da' },
    kindBy: { argument: 'state', kinds: { 0: 'guest.unlock', 1: 'guest.lock', 2: 'guest.accept' } },
    fixed: { world: 'guest' },
    anywhere: true,
    versions: SERIES,
    source: 'drivers/virt/coco/arm-cca-guest/rhi-da.c; in the Realm',
  },
  {
    symbol: 'rhi_vdev_set_tdi_state',
    kind: 'tdisp.request',
    returns: 'rhi',
    subject: PCI,
    keeps: { state: ['target_state', 'state'] },
    decodes: { state: 'state.rhi-da' },
    kindBy: { argument: 'state', kinds: { 0: 'guest.unlock', 1: 'guest.lock', 2: 'guest.accept' } },
    fixed: { world: 'guest' },
    anywhere: true,
    versions: SERIES,
    source: 'drivers/virt/coco/arm-cca-guest/rhi-da.c; in the Realm',
  },
];

const WORDS = by('submit_vdev_state_transition_work, cca_vdev_unlock_and_destroy', HOST_C, SERIES);

export const CCA_MESSAGES: readonly MessageRow[] = [
  message(
    'tsm.driver',
    'tsm enabled',
    /^tsm enabled$/,
    'pci 0000:02:00.0: tsm enabled',
    by('cca_tsm_pci_probe, pci_dbg', HOST_C, SERIES),
    {
      fixed: { op: 'probe' },
    },
  ),
  message(
    'tsm.error',
    'device communication error',
    /^(?<problem>device communication error)$/,
    'vfio-pci 0000:02:00.0: device communication error',
    by('do_dev_communicate', HOST_C, SERIES),
    { outcome: 'failed' },
  ),
  message(
    'tdisp.refused',
    'failed to unlock vdev',
    /^failed to unlock vdev(?: \((?<error>-?\d{1,5})\))?$/,
    'vfio-pci 0000:02:00.0: failed to unlock vdev (-5)',
    WORDS,
    { outcome: 'failed', fixed: { request: 'UNLOCK' } },
  ),
  message(
    'ide.error',
    ' KEY_REFRESH state',
    /^(?<problem>failed to transition vdev to KEY_REFRESH state) \((?<error>-?\d{1,5})\)$/,
    'vfio-pci 0000:02:00.0: failed to transition vdev to KEY_REFRESH state (-5)',
    WORDS,
    { outcome: 'failed' },
  ),
  message(
    'ide.error',
    ' pdev stream key',
    /^(?<problem>failed to (?:refresh|purge) pdev stream key) \((?<error>-?\d{1,5})\)$/,
    'vfio-pci 0000:02:00.0: failed to purge pdev stream key (-5)',
    WORDS,
    { outcome: 'failed' },
  ),
  message(
    'tsm.error',
    'failed to destroy vdev',
    /^(?<problem>failed to destroy vdev)$/,
    'vfio-pci 0000:02:00.0: failed to destroy vdev',
    WORDS,
    { outcome: 'failed' },
  ),
  known(
    'parsing of certificate chain',
    /^parsing of certificate chain not successful$/,
    'pci 0000:02:00.0: parsing of certificate chain not successful',
    by('cca_tsm_connect', HOST_C, SERIES),
  ),
];
