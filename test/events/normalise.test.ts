import { describe, expect, test } from 'vitest';
import type { SymbolRow } from '../../src/events/catalogue.ts';
import { SYMBOLS } from '../../src/events/index.ts';
import { type Normalised, normalise } from '../../src/events/normalise.ts';
import { call, graph, printk, probe, returnProbe, traceEvent } from './records.ts';

const BDF = '0000:02:00.0';
const POINTER = '0xffff888003c26000';

function eventOf(meaning: Normalised) {
  if (meaning?.type !== 'event') throw new Error(`no event: ${JSON.stringify(meaning)}`);
  return meaning.event;
}

describe('calls', () => {
  const rows = SYMBOLS.map((row) => [row.symbol, row] as const);

  /** What a record must have beside its symbol to be an event. */
  const needed = (row: SymbolRow): Record<string, string> =>
    Object.fromEntries((row.needs ?? []).map((name) => [row.keeps?.[name]?.[0] ?? name, '0x4']));

  test.each(rows)('%s by each tracer', (symbol, row) => {
    const outcome = row.void ? 'void' : 'unknown';
    const { kind } = row;
    const args = needed(row);
    const traced = { args: new Map(Object.entries(args)) };
    expect(eventOf(normalise(call(symbol, args)))).toMatchObject({ kind, phase: 'enter', outcome, symbol });
    expect(eventOf(normalise(graph('enter', symbol, traced)))).toMatchObject({ kind, phase: 'enter', outcome });
    expect(eventOf(normalise(graph('exit', symbol, traced)))).toMatchObject({ kind, phase: 'exit', outcome });
    expect(eventOf(normalise(graph('leaf', symbol, traced)))).toMatchObject({ kind, phase: 'point', outcome });
    expect(eventOf(normalise(probe(symbol, args)))).toMatchObject({ kind, phase: 'enter', outcome });
    expect(eventOf(normalise(returnProbe(symbol, args)))).toMatchObject({ kind, phase: 'exit', outcome });
  });

  test.each(rows.filter(([, row]) => row.needs))('%s says nothing without its arguments', (symbol) => {
    expect(normalise(call(symbol))).toBeNull();
    expect(normalise(graph('enter', symbol))).toBeNull();
    expect(normalise(probe(symbol, { bdf: BDF }))).toBeNull();
  });

  test.each(rows.filter(([, row]) => row.subject))(
    '%s: each of its arguments is the pointer it says',
    (symbol, row) => {
      for (const name of row.subject?.arguments ?? []) {
        const clue = { type: 'pointer', space: row.subject?.space, value: POINTER };
        expect(eventOf(normalise(call(symbol, { ...needed(row), [name]: POINTER }))).clues).toEqual([clue]);
        expect(eventOf(normalise(probe(symbol, { ...needed(row), bdf: BDF, [name]: POINTER }))).clues).toEqual([
          { type: 'bdf', bdf: BDF },
          clue,
        ]);
      }
    },
  );

  test.each(rows.filter(([, row]) => row.void))('%s returns nothing, whatever the register held', (symbol) => {
    expect(eventOf(normalise(returnProbe(symbol, { ret: '-5' })))).toMatchObject({ outcome: 'void', code: null });
    expect(eventOf(normalise(graph('exit', symbol, { ret: '0xffffffea' })))).toMatchObject({ outcome: 'void' });
  });

  test('a probe in the middle of a function is no entry', () => {
    expect(normalise(probe('pci_tsm_bind', { bdf: BDF }, 0))).not.toBeNull();
    expect(normalise(probe('pci_tsm_bind', { bdf: BDF }, 12))).not.toBeNull();
    expect(normalise(probe('pci_tsm_bind', { bdf: BDF }, 0x40))).toBeNull();
  });

  test('unknown functions and the names of probes mean nothing', () => {
    expect(normalise(call('pci_tsm_bind_something'))).toBeNull();
    expect(normalise(traceEvent('pci_tsm_bind', 'whatever'))).toBeNull();
  });

  test('BDFs in the fields that the recipes use, only where they are one', () => {
    expect(eventOf(normalise(probe('pci_tsm_bind', { dev: BDF }))).clues).toEqual([{ type: 'bdf', bdf: BDF }]);
    expect(eventOf(normalise(probe('pci_tsm_bind', { bdf: '0000:02:00' }))).clues).toEqual([]);
    expect(eventOf(normalise(probe('pci_tsm_bind', { bdf: '(fault)' }))).clues).toEqual([]);
    expect(eventOf(normalise(probe('pci_tsm_bind', { pdev: '0x0' }))).clues).toEqual([]);
  });

  test.each([
    [
      'vfio_basic_config_write',
      { pos: '0x4', count: '2', off: '0x4', val: '0x103' },
      { region: 'basic', position: '0x4', count: '2', offset: '0x4', value: '0x103' },
    ],
    ['vfio_exp_config_write', { offset: '0x8', val: '0x8810' }, { region: 'exp', offset: '0x8', value: '0x8810' }],
    ['vfio_pci_core_ioctl', { cmd: '0x3b6f' }, { cmd: '0x3b6f', cmd_name: 'VFIO_DEVICE_RESET' }],
    ['vfio_pci_ioctl_reset', {}, { cmd: '0x3b6f' }],
    ['vfio_pci_ioctl_pci_hot_reset', {}, { cmd: '0x3b71' }],
    ['vfio_pci_dma_buf_move', { revoked: '1' }, { revoked: '1' }],
    ['pci_set_power_state', { state: '3' }, { state: '3' }],
    ['pci_tsm_bind', { kvm: '0x1000', tdi_id: '0x200' }, { vm: '0x1000', tdi_id: '0x200' }],
    ['pci_tsm_guest_req', { scope: '1 [PCI_TSM_REQ_STATE_CHANGE]' }, { scope: '1', scope_name: 'STATE_CHANGE' }],
    ['pci_bridge_secondary_bus_reset', {}, { below: '1' }],
  ])('%s keeps its arguments', (symbol, fields, args) => {
    expect(eventOf(normalise(probe(symbol, fields))).args).toEqual(args);
    expect(eventOf(normalise(call(symbol, fields))).args).toEqual(args);
  });

  test.each([
    ['pci_tsm_bind', '0', 'ok', 0],
    ['pci_tsm_bind', '-22', 'failed', -22],
    ['pci_tsm_bind', '0xffffffea', 'failed', -22],
    ['pci_tsm_bind', '0xfffffffffffffff0', 'failed', -16],
    ['pci_tsm_guest_req', '0x14', 'ok', 20],
    ['pci_tsm_guest_req', '-6', 'failed', -6],
    ['connect_store', '5', 'ok', 5],
    ['iommufd_device_bind', '0xffff88810a3c2c00', 'ok', null],
    ['iommufd_device_bind', '0xfffffffffffffff0', 'failed', -16],
  ])('%s returned %s: %s', (symbol, ret, outcome, code) => {
    expect(eventOf(normalise(returnProbe(symbol, { ret })))).toMatchObject({ outcome, code });
    expect(eventOf(normalise(graph('exit', symbol, { ret })))).toMatchObject({ outcome, code });
    expect(eventOf(normalise(graph('leaf', symbol, { ret })))).toMatchObject({ outcome, code });
  });

  test('the return value under the names that people give it', () => {
    for (const name of ['ret', 'retval', 'rc', 'err'])
      expect(eventOf(normalise(returnProbe('pci_tsm_bind', { [name]: '-6' })))).toMatchObject({ code: -6 });
    expect(eventOf(normalise(returnProbe('pci_tsm_bind', { ret: '(fault)', rc: '-6' })))).toMatchObject({ code: -6 });
    expect(eventOf(normalise(returnProbe('pci_tsm_bind', { bdf: BDF })))).toMatchObject({ outcome: 'unknown' });
  });
});

describe('printk', () => {
  const RESET = { type: 'event', event: { kind: 'pci.reset', phase: 'enter', clues: [{ type: 'bdf', bdf: BDF }] } };

  test.each([
    'vfio-pci 0000:02:00.0: resetting',
    'xe-vfio-pci 0000:02:00.0: resetting',
    'pci 0000:02:00.0: resetting',
    '[257] pci:pci_dev_save_and_disable:5188: vfio-pci 0000:02:00.0: resetting',
    'pci:pci_dev_save_and_disable:drivers/pci/pci.c:5188: vfio-pci 0000:02:00.0: resetting',
    'pci_dev_save_and_disable: vfio-pci 0000:02:00.0: resetting',
    '<intr> pci: vfio-pci 0000:02:00.0: resetting',
    '[257] vfio-pci 0000:02:00.0: resetting',
  ])('%s: the driver and what dynamic debug puts in front do not matter', (text) => {
    expect(normalise(printk(text))).toMatchObject(RESET);
  });

  test('printk:console carries the same text inside a trace', () => {
    expect(normalise(traceEvent('console', 'vfio-pci 0000:02:00.0: resetting'))).toMatchObject(RESET);
    expect(normalise(traceEvent('console', 'vfio-pci 0000:02:00.0: a new kernel says this'))).toMatchObject({
      type: 'unrecognised',
      subsystem: 'vfio-pci',
    });
  });

  test.each([
    ['vfio-pci 0000:02:00.0: labtsm: bind tdi_id=0x200 state=CONFIG_LOCKED', 'vfio-pci'],
    ['vfio-pci 0000:02:00.0: labtsm: unbind from tdi_id=0x200 state=ERROR', 'vfio-pci'],
    ['vfio-pci 0000:43:00.0: AMD_VEGA20: performing reset', 'vfio-pci'],
    ['mlx5_vfio_pci 0000:02:00.1: something new', 'vfio-pci'],
    ['vfio_device_something: failed to do it', 'vfio'],
    ['pci 0000:02:00.0: PCI/TSM: something new', 'PCI/TSM'],
    ['pci 0000:02:00.0: PCI/IDE: something new', 'PCI/IDE'],
    ['iommufd: something new', 'iommufd'],
    ['ccp 0000:42:00.5: SEV-TIO something new', 'SEV-TIO'],
    ['virt/tdx: something new', 'TDX'],
    ['tdx_host tdx_host: something new', 'TDX'],
    ['vfio-pci 0000:02:00.0: resetting\nand another line', 'vfio-pci'],
  ])('%s: unknown words of a known subsystem', (text, subsystem) => {
    expect(normalise(printk(text))).toEqual({ type: 'unrecognised', subsystem, text });
  });

  test.each([
    'pci 0000:02:00.0: enabling Extended Tags',
    'pci 0000:00:05.0:   bridge window [mem 0xfd800000-0xfd9fffff]',
    'pci_bus 0000:02: resource 1 [mem 0xfd800000-0xfd9fffff]',
    'pcieport 0000:00:05.0: PME: Signaling with IRQ 25',
    'pcieport 0000:00:05.0: pciehp: Slot(3): Link Down/Up ignored',
    'igb 0000:02:00.0: added PHC on eth0',
    'labtsm: module loaded',
    'iommufd/404 is trying to acquire lock:',
    'vfio_ap_mdev b01a7c33-9696-48b2-9a98-050e8e17c69a: Adding to iommu group 1',
    "sysfs: cannot create duplicate filename '/devices/faux/tdx_host/tsm/tsm0/stream0.0.0'",
    'Linux version 7.3.4 (root@vm) (gcc 12.2.0) #1 SMP',
    'vfio-pci',
    '',
  ])('%s: none of our business', (text) => {
    expect(normalise(printk(text))).toBeNull();
  });

  test('a caller column is the business of the formats', () => {
    expect(normalise(printk('[   T86] vfio-pci 0000:02:00.0: resetting'))).toBeNull();
  });
});
