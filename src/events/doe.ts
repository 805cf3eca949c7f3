import { by, type MessageRow, messageRow as message, type SymbolRow } from './catalogue.ts';

const DOE = 'drivers/pci/doe.c (6.12, 7.1)';

/** The mailbox that SPDM, and inside it TDISP and IDE key management, go through. struct pci_doe_mb is private to doe.c. */
export const DOE_SYMBOLS: readonly SymbolRow[] = [
  {
    symbol: 'pci_doe',
    kind: 'doe.exchange',
    keeps: { vendor: ['vendor'], feature: ['type'] },
    anywhere: true,
    versions: '6.4-',
    source: `${DOE}; feature 1 is CMA, 2 secured CMA`,
  },
  {
    symbol: 'pci_doe_abort',
    kind: 'doe.error',
    fixed: { problem: 'abort' },
    anywhere: true,
    versions: '6.0-',
    source: `${DOE}; static: often inlined`,
  },
];

export const DOE_MESSAGES: readonly MessageRow[] = [
  message(
    'doe.error',
    'DOE: [',
    /^DOE: \[(?<mailbox>[0-9a-f]{1,4})\] (?<problem>Issuing Abort|ABORT timed out|Abort failed marking mailbox dead|busy detected; another entity is sending conflicting requests|failed to reset mailbox with abort command : -?\d+)$/,
    'pci 0000:02:00.0: DOE: [160] Abort failed marking mailbox dead',
    by('pci_doe_abort, signal_task_abort, doe_statemachine_work, pci_doe_create_mb', DOE, '6.0-'),
    { outcome: 'failed' },
  ),
  message(
    'doe.error',
    'DOE: [',
    // "Protocol" until 6.15.
    /^DOE: \[(?<mailbox>[0-9a-f]{1,4})\] (?<problem>expected \[VID, (?:Feature|Protocol)\] = \[[0-9a-f]{4}, [0-9a-f]{2}\], got \[[0-9a-f]{4}, [0-9a-f]{2}\])$/,
    'pci 0000:02:00.0: DOE: [160] expected [VID, Feature] = [0001, 02], got [0001, 01]',
    by('pci_doe_recv_resp', DOE, '6.0-'),
    { outcome: 'failed' },
  ),
];
