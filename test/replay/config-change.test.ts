import { describe, expect, it, test } from 'vitest';
import { parseBdf } from '../../src/base/bdf.ts';
import type { SideData } from '../../src/input/side-data.ts';
import { configChanges, NO_REGISTERS, noteRegisters, writesRegister } from '../../src/replay/config-change.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { storedEvent } from './stored-event.ts';

const BDF = parseBdf('0000:02:00.0');
const FACT = { place: 'lspci.txt:12', text: 'where the capabilities of 0000:02:00.0 stand' };
/** MSI-X at 0x70, PCI Express at 0xa0; SR-IOV at 0x160, PASID at 0x1b0. */
const SIDE = {
  capabilities: new Map([
    [
      BDF,
      {
        list: [
          { in: 'capability', id: 0x11, offset: 0x70 },
          { in: 'capability', id: 0x10, offset: 0xa0 },
          { in: 'extended-capability', id: 0x10, offset: 0x160 },
          { in: 'extended-capability', id: 0x1b, offset: 0x1b0 },
        ],
        upTo: 0x1000,
        fact: FACT,
      },
    ],
  ]),
} as unknown as SideData;

const write = (position: string, value?: string, width = '4'): StoredEvent =>
  storedEvent('pci.config_write', { args: { position, width, ...(value === undefined ? {} : { value }) } });

const said = (event: StoredEvent, side: SideData | null = null, registers = NO_REGISTERS) =>
  configChanges(event, BDF, registers, side).map(({ register, old }) => `${register}: ${old}`);

const left = (event: StoredEvent, side: SideData | null = null) => noteRegisters(NO_REGISTERS, event, BDF, side);

describe('a write to configuration space', () => {
  // Type 0 header: BARs from 0x10 to 0x27, Expansion ROM 0x30, BIST 0x0f; COMMAND is judged bit by bit elsewhere.
  test.each([
    ['0x10', '0xfe000000', '4', ['Base Address Registers: unknown']],
    ['0x10', '0xffffffff', '4', ['Base Address Registers: differs']],
    ['0x24', undefined, '4', ['Base Address Registers: unknown']],
    ['0x24', '0xfe', '1', ['Base Address Registers: unknown']],
    ['0x30', '0xfe000001', '4', ['Expansion ROM Base Address: unknown']],
    ['0x0c', '0x40000010', '4', ['BIST: differs']],
    ['0x0c', '0x10', '4', []],
    ['0x0c', undefined, '4', []],
    ['0x04', '0x0', '2', []],
    ['0x3c', '0xff', '1', []],
    ['0x28', '0x0', '4', []],
    ['0x72', '0x8009', '2', []],
    ['0x1b6', '0x1', '2', []],
  ] as const)('at %s, value %s, %s bytes: %j', (position, value, width, expected) => {
    const event = write(position, value, width);
    expect(said(event)).toEqual(expected);
    if (expected.length > 0) expect(writesRegister(event, BDF, null)).toBe(true);
  });

  test.each([
    ['0x1b6', '0x1', '2', ['Process Address Space ID: unknown']],
    ['0x168', '0x9', '2', []],
    ['0x170', '0x4', '2', ['Single Root I/O Virtualization: unknown']],
    ['0xa8', '0x2810', '2', []],
    ['0x72', '0x8009', '2', []],
  ] as const)('whose capability side data tell, at %s, value %s, %s bytes: %j', (position, value, width, expected) => {
    expect(said(write(position, value, width), SIDE)).toEqual(expected);
  });

  it('is compared with what an earlier record wrote there, bit by bit', () => {
    const before = left(write('0xa8', '0x2910', '2'), SIDE);
    // Extended Tag is bit 8; the payload size, bits 5 to 7, is free.
    expect(said(write('0xa8', '0x2950', '2'), SIDE, before)).toEqual(['PCI Express Device Control: same']);
    expect(said(write('0xa8', '0x2810', '2'), SIDE, before)).toEqual(['PCI Express Device Control: differs']);
    const bar = left(write('0x10', '0xfe000000'));
    expect(said(write('0x10', '0xfe000000'), null, bar)).toEqual(['Base Address Registers: same']);
    expect(said(write('0x10', '0xfd000000'), null, bar)).toEqual(['Base Address Registers: differs']);
    expect(said(write('0x14', '0xfe000000'), null, bar)).toEqual(['Base Address Registers: unknown']);
  });

  it('ends the sizing of a BAR by writing back what stood there', () => {
    expect(said(write('0x10', '0xfe000000'), null, left(write('0x10', '0xffffffff')))).toEqual([]);
  });

  it('forgets what stood there once a part of it was written', () => {
    const whole = left(write('0x10', '0xfe000000'));
    const part = noteRegisters(whole, write('0x10', '0x0', '1'), BDF, null);
    expect(said(write('0x10', '0xfe000000'), null, part)).toEqual(['Base Address Registers: unknown']);
  });

  it('that failed changes nothing', () => {
    const failed = storedEvent('pci.config_write', { outcome: 'failed', args: write('0x10', '0x1').args });
    expect(said(failed)).toEqual([]);
    expect(noteRegisters(NO_REGISTERS, failed, BDF, null)).toBe(NO_REGISTERS);
  });
});

describe('what a user of vfio writes', () => {
  const user = (region: string, offset: string, value: string) =>
    storedEvent('vfio.config_write', { args: { region, offset, value, count: '2' } });

  it('reaches Device Control, as far as an earlier write tells what stood there', () => {
    const event = user('exp', '0x8', '0x2910');
    expect(said(event)).toEqual([]);
    expect(said(user('exp', '0x8', '0x2810'), null, left(event))).toEqual(['PCI Express Device Control: differs']);
  });

  it('does not reach the header', () => {
    expect(said(user('basic', '0x10', '0xffff'))).toEqual([]);
  });
});

describe('a function that changes a register', () => {
  const feature = (symbol: string, to: string | null, outcome: StoredEvent['outcome']) =>
    storedEvent('pci.feature', { symbol, outcome, args: { register: 'R', ...(to === null ? {} : { to }) } });

  test.each([
    ['pci_enable_pasid', 'on', 'ok', ['R: differs']],
    ['pci_enable_pasid', 'on', 'unknown', ['R: unknown']],
    ['pci_enable_pasid', 'on', 'failed', []],
    ['pci_disable_pri', 'off', 'void', ['R: unknown']],
    ['pci_rebar_set_size', null, 'ok', ['R: unknown']],
  ] as const)('%s turns %s, %s: %j', (symbol, to, outcome, expected) => {
    expect(said(feature(symbol, to, outcome))).toEqual(expected);
  });

  it('is one of the PF for PASID and Page Request', () => {
    const ofPf = (symbol: string) =>
      configChanges(feature(symbol, 'on', 'ok'), BDF, NO_REGISTERS, null).map((change) => change.ofPf);
    expect(ofPf('pci_enable_pasid')).toEqual([true]);
    expect(ofPf('pci_enable_pri')).toEqual([true]);
    expect(ofPf('pci_rebar_set_size')).toEqual([false]);
  });
});
