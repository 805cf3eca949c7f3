import { expect, test } from 'vitest';
import { Trace } from './read.ts';

// A finding whose records do not name the device says what its device rests on.
const A = '0000:02:00.0';
const B = '0000:03:00.0';
const QEMU = 'qemu-700';

test('on the other records of the task', async () => {
  const trace = new Trace();
  trace.attach(QEMU, A);
  trace.enter(QEMU, 'pci_tsm_bind');
  trace.leave(QEMU, 'pci_tsm_bind', 'ret=0');
  trace.enter(QEMU, 'pcie_flr');
  const log = await trace.read();
  expect(log.findings).toEqual([`probable flr-while-locked ${A}`]);
  const word = 'names no device: it is taken to be the only one that its task names';
  expect(log.assumptions[0]?.slice(0, 2)).toEqual([`the record ${word}`, `line 4 (pci_tsm_bind) ${word}`]);
});

test('on the file that the system call around it is on', async () => {
  const trace = new Trace();
  trace.attach(QEMU, A);
  trace.attach(QEMU, B);
  trace.opens(QEMU, '/dev/vfio/devices/vfio0', 7);
  trace.ioctl(QEMU, 7, 0x3b76, () => {
    trace.enter(QEMU, 'vfio_pci_core_enable', `bdf="${A}"`);
    trace.leave(QEMU, 'vfio_pci_core_enable', 'ret=0');
  });
  trace.enter('tsm-800', 'pci_tsm_bind', `bdf="${A}"`);
  trace.leave('tsm-800', 'pci_tsm_bind', `bdf="${A}" ret=0`);
  trace.ioctl(QEMU, 7, 0x3b6f, () => {
    trace.enter(QEMU, 'pcie_flr');
  });
  const log = await trace.read();
  expect(log.findings).toEqual([`probable flr-while-locked ${A}`]);
  expect(log.assumptions[0]?.[0]).toBe(
    'the record names no device: it was made in a system call on a file of this one (ioctl, fd 7 of process 700)',
  );
});

test('on an object whose device other records tell', async () => {
  const trace = new Trace();
  trace.attach(QEMU, A);
  trace.attach(QEMU, B);
  trace.enter('tsm-800', 'connect_store', `bdf="${A}"`);
  trace.enter('tsm-800', 'sev_tio_dev_create', 'dev_data=0xffff888000000100');
  trace.leave('tsm-800', 'sev_tio_dev_create', 'ret=0');
  trace.leave('tsm-800', 'connect_store', `bdf="${A}" ret=5`);
  trace.enter('tsm-800', 'pci_tsm_bind', `bdf="${A}"`);
  trace.leave('tsm-800', 'pci_tsm_bind', `bdf="${A}" ret=0`);
  trace.enter('psp-900', 'sev_tio_dev_disconnect', 'dev_data=0xffff888000000100');
  const log = await trace.read();
  expect(log.findings).toEqual([`probable spdm-session-end-while-locked ${A}`]);
  expect(log.assumptions[0]).toContain(
    "the record names no device but tsm-object=0xffff888000000100, which is this one's as other records tell",
  );
});
