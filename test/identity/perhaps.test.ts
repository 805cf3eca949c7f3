import { expect, test } from 'vitest';
import type { Analysis } from '../../src/model/analysis.ts';
import { EVENT_CLASSES } from '../../src/model/states.ts';
import { analyzeText } from '../support/analyze.ts';
import { Trace } from './read.ts';

const A = '0000:02:00.0';
const B = '0000:03:00.0';
const QEMU = 'qemu-700';

/** A task that names A and B, and binds A in a record that says so. */
function boundA(): Trace {
  const trace = new Trace();
  trace.attach(QEMU, A);
  trace.attach(QEMU, B);
  trace.enter('tsm-800', 'pci_tsm_bind', `bdf="${A}"`);
  trace.leave('tsm-800', 'pci_tsm_bind', `bdf="${A}" ret=0`);
  return trace;
}

function disables(trace: Trace, bdf: string): void {
  trace.enter('vmm-900', 'vfio_pci_core_disable', `bdf="${bdf}"`);
}

test('an unbind of one of two devices may excuse each of them', async () => {
  const trace = boundA();
  trace.enter(QEMU, 'pci_tsm_unbind');
  disables(trace, A);
  expect((await trace.read()).findings).toEqual([`possible unbind-before-disable ${A}`]);
});

test('what changes nothing, whether it happened or not, weakens nothing', async () => {
  const trace = boundA();
  trace.enter(QEMU, 'pci_tsm_bind');
  trace.leave(QEMU, 'pci_tsm_bind', 'ret=0');
  disables(trace, A);
  expect((await trace.read()).headlines).toEqual([`probable unbind-before-disable ${A}`]);
});

test('a bind of one of two devices accuses neither of more than possible', async () => {
  const trace = new Trace();
  trace.attach(QEMU, A);
  trace.attach(QEMU, B);
  trace.enter(QEMU, 'pci_tsm_bind');
  trace.leave(QEMU, 'pci_tsm_bind', 'ret=0');
  disables(trace, A);
  disables(trace, B);
  expect((await trace.read()).findings).toEqual([
    `possible unbind-before-disable ${A}`,
    `possible unbind-before-disable ${B}`,
  ]);
});

test('a bind that cannot have been of a device is of the other one: no contradiction', async () => {
  const trace = boundA();
  // A is bound already: a second bind that succeeds is B's.
  trace.enter(QEMU, 'pci_tsm_bind');
  trace.leave(QEMU, 'pci_tsm_bind', 'ret=0');
  const log = await trace.read();
  expect(log.findings).toEqual([]);
  expect(log.health).not.toContain('belief-reset');
});

const address = (device: number): string => `0000:${device.toString(16).padStart(2, '0')}:00.0`;

/** A task that names so many devices, and unbinds one of them; the first one was bound, and is closed. */
async function oneOf(count: number): Promise<Analysis> {
  const trace = new Trace();
  const devices = Array.from({ length: count }, (_, index) => address(index));
  for (const device of devices) trace.attach(QEMU, device);
  trace.enter('tsm-800', 'connect_store', `bdf="${devices[0]}"`);
  trace.leave('tsm-800', 'connect_store', `bdf="${devices[0]}" ret=5`);
  trace.enter('tsm-800', 'pci_tsm_bind', `bdf="${devices[0]}"`);
  trace.leave('tsm-800', 'pci_tsm_bind', `bdf="${devices[0]}" ret=0`);
  trace.enter(QEMU, 'pci_tsm_unbind');
  disables(trace, devices[0] ?? '');
  return analyzeText(trace.text(), { complete: EVENT_CLASSES, fromBoot: true, platform: 'sev-tio' });
}

test('an unbind of one of many devices makes no verdict definite, all declared complete', async () => {
  for (const count of [2, 9, 40]) {
    const { findings } = await oneOf(count);
    const named = findings.filter(({ rule }) => rule === 'unbind-before-disable');
    expect(named.map(({ verdict, device }) => [verdict, device])).toEqual([['possible', address(0)]]);
  }
});

test('more devices of a task than any machine has are none', async () => {
  const trace = new Trace();
  for (let device = 0; device < 257; device += 1)
    trace.attach(QEMU, address(device % 256).replace('0000', device < 256 ? '0000' : '0001'));
  const line = trace.enter(QEMU, 'pci_tsm_bind');
  expect((await trace.read()).at(line)).toMatchObject({ device: '?', maybe: [] });
});
