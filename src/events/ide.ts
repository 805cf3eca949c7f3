import {
  by,
  knownRow as known,
  type MessageRow,
  messageRow as message,
  PDEV,
  type SymbolRow,
  TSM_OPERATIONS,
} from './catalogue.ts';
import type { EventKind } from './event.ts';

const IDE = 'drivers/pci/ide.c (7.1)';
/** The drivers of the TSMs call them to connect and disconnect a device. */
const CALLERS = [
  'dsm_connect',
  'dsm_disconnect',
  'tdx_tsm_link_connect',
  'tdx_tsm_link_disconnect',
  'cca_tsm_connect',
  'cca_tsm_disconnect',
  ...TSM_OPERATIONS,
];
const STREAM = [{ type: 'ide-pointer', arguments: ['ide'] }] as const;

/** PCI/IDE: each function but alloc, free and register acts on one port, which its argument names. */
export const IDE_SYMBOLS: readonly SymbolRow[] = [
  port('pci_ide_stream_setup', 'ide.setup', true),
  port('pci_ide_stream_enable', 'ide.enable', false),
  port('pci_ide_stream_disable', 'ide.disable', true),
  port('pci_ide_stream_teardown', 'ide.teardown', true),
  {
    symbol: 'pci_ide_stream_alloc',
    kind: 'ide.alloc',
    subject: PDEV,
    pointer: true,
    returnsAs: 'ide',
    within: CALLERS,
    versions: '6.19-',
    source: IDE,
  },
  {
    symbol: 'pci_ide_stream_free',
    kind: 'ide.free',
    handles: STREAM,
    keeps: { ide: ['ide'] },
    void: true,
    within: CALLERS,
    versions: '6.19-',
    source: IDE,
  },
  {
    symbol: 'pci_ide_stream_register',
    kind: 'ide.claim',
    handles: STREAM,
    keeps: { ide: ['ide'] },
    within: CALLERS,
    versions: '6.19-',
    source: `${IDE}; makes the stream visible in sysfs`,
  },
  {
    symbol: 'pci_ide_stream_unregister',
    kind: 'ide.claim',
    handles: STREAM,
    keeps: { ide: ['ide'] },
    void: true,
    within: CALLERS,
    versions: '6.19-',
    source: IDE,
  },
];

function port(symbol: string, kind: EventKind, isVoid: boolean): SymbolRow {
  const row = { symbol, kind, subject: PDEV, handles: STREAM, keeps: { ide: ['ide'] }, within: CALLERS } as const;
  return isVoid
    ? { ...row, void: true, versions: '6.19-', source: IDE }
    : { ...row, versions: '6.19-', source: `${IDE}; -ENXIO: the stream did not become secure` };
}

const SETUP = by('pci_ide_stream_register', IDE, '6.19-');
const SETTINGS = by('pci_ide_to_settings', IDE, '6.19-');

export const IDE_MESSAGES: readonly MessageRow[] = [
  message(
    'ide.error',
    'PCI/IDE: Setup fail: ',
    /^PCI\/IDE: Setup fail: (?<problem>Invalid Stream ID: (?<invalid>\d+)|Stream ID (?<stream>\d+) in use)$/,
    'pci 0000:02:00.0: PCI/IDE: Setup fail: Stream ID 1 in use',
    SETUP,
    { outcome: 'failed', handles: [{ type: 'ide-stream', arguments: ['stream', 'invalid'] }] },
  ),
  message(
    'ide.error',
    'PCI/IDE: ',
    /^PCI\/IDE: (?<problem>not a PCIe device|setup expected (?:Endpoint|Root Port): \S{1,64}|invalid device type)$/,
    'pci 0000:02:00.0: PCI/IDE: setup expected Root Port: 0000:00:01.0',
    SETTINGS,
    { outcome: 'failed' },
  ),
  message(
    'ide.claim',
    'PCI/IDE: ',
    /^PCI\/IDE: (?:Stream ID (?<stream>\d+) active at init|Failed to claim (?:\S{1,32} Stream ID|active Selective Stream) (?<unclaimed>\d+))$/,
    'pci 0000:02:00.0: PCI/IDE: Stream ID 1 active at init',
    by('claim_stream, pci_ide_init', IDE, '6.19-'),
  ),
  known(
    'PCI/IDE: ',
    /^PCI\/IDE: Unsupported Selective Stream \d+ capability, SKIP the rest$/,
    'pci 0000:02:00.0: PCI/IDE: Unsupported Selective Stream 1 capability, SKIP the rest',
    by('pci_ide_init', IDE, '6.19-'),
  ),
];
