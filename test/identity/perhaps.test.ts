import { expect, test } from 'vitest';
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

test('more than eight devices of a task are none', async () => {
  const trace = new Trace();
  for (let device = 1; device <= 9; device += 1) trace.attach(QEMU, `0000:0${device}:00.0`);
  const line = trace.enter(QEMU, 'pci_tsm_bind');
  expect((await trace.read()).at(line)).toMatchObject({ device: '?', maybe: [] });
});
