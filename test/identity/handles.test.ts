import { describe, expect, test } from 'vitest';
import { Trace } from './read.ts';

const A = '0000:02:00.0';
const B = '0000:03:00.0';
const QEMU = 'qemu-700';

/** What probes at both ends of iommufd_device_bind tell: the device and the id that it got. */
function bind(trace: Trace, bdf: string, id: number, task = QEMU, ictx = ''): void {
  trace.leave(task, 'iommufd_device_bind', `bdf="${bdf}" id=${id}${ictx}`);
}

/** `iommufd_fops_ioctl` with the first words of its argument. */
function ioctl(trace: Trace, cmd: number, words: readonly number[], task = QEMU): number {
  const payload = words.map((word) => `0x${word.toString(16)}`).join();
  return trace.enter(task, 'iommufd_fops_ioctl', `cmd=0x${cmd.toString(16)} pl={${payload}}`);
}

function vdevice(trace: Trace, deviceId: number, id: number, task = QEMU): number {
  return trace.leave(task, 'iommufd_vdevice_alloc_ioctl', `dev_id=${deviceId} virt_id=0x100 vdevice_id=${id} ret=0`);
}

const DESTROY = 0x3b80;
const HWPT_ALLOC = 0x3b89;
const TSM_OP = 0x3b95;

describe('objects of an iommufd', () => {
  test('a vDEVICE is of the device that it was made for', async () => {
    const trace = new Trace();
    bind(trace, A, 1);
    bind(trace, B, 2);
    const alloc = vdevice(trace, 2, 7);
    vdevice(trace, 1, 8);
    const hwpt = ioctl(trace, HWPT_ALLOC, [0x40, 0, 1, 3]);
    const ofB = ioctl(trace, TSM_OP, [0x10, 1, 0, 7]);
    const ofA = ioctl(trace, TSM_OP, [0x10, 1, 0, 8]);
    const destroyed = ioctl(trace, DESTROY, [8, 7]);
    const log = await trace.read();
    const lines = [alloc, hwpt, ofB, ofA, destroyed];
    expect(lines.map((line) => log.at(line).device)).toEqual([B, A, B, A, B]);
    expect(log.at(ofB).certainty).toBe('inherited');
  });

  test('an id is reused after it was destroyed', async () => {
    const trace = new Trace();
    bind(trace, A, 1);
    bind(trace, B, 2);
    vdevice(trace, 1, 7);
    ioctl(trace, DESTROY, [8, 7]);
    const unknown = ioctl(trace, TSM_OP, [0x10, 1, 0, 7]);
    vdevice(trace, 2, 7);
    const known = ioctl(trace, TSM_OP, [0x10, 1, 0, 7]);
    const log = await trace.read();
    expect([unknown, known].map((line) => log.at(line).device)).toEqual([null, B]);
  });

  test('the ids of another process are others', async () => {
    const trace = new Trace();
    bind(trace, A, 1);
    bind(trace, B, 1, 'qemu-900');
    const lines = [ioctl(trace, HWPT_ALLOC, [0x40, 0, 1, 3], 'qemu-900'), ioctl(trace, HWPT_ALLOC, [0x40, 0, 1, 3])];
    const log = await trace.read();
    expect(lines.map((line) => log.at(line).device)).toEqual([B, A]);
  });

  test('a thread that bound nothing may mean any of those with this number', async () => {
    const trace = new Trace();
    bind(trace, A, 1);
    bind(trace, B, 1, 'qemu-900');
    const line = ioctl(trace, HWPT_ALLOC, [0x40, 0, 1, 3], 'CPU-0/KVM-701');
    expect((await trace.read()).at(line)).toMatchObject({ device: null, maybe: [A, B] });
  });

  test('two contexts of one process: the one that the record names, else either', async () => {
    const trace = new Trace();
    trace.leave(QEMU, 'iommufd_device_bind', `bdf="${A}" ictx=0xffff888000000100 id=1`);
    trace.leave(QEMU, 'iommufd_device_bind', `bdf="${B}" ictx=0xffff888000000200 id=1`);
    const told = trace.enter(QEMU, 'iommufd_object_remove', 'ictx=0xffff888000000200 id=1');
    const log = await trace.read();
    expect(log.at(told).device).toBe(B);
  });

  test('what happens inside an operation on an unknown vDEVICE tells whose it is', async () => {
    const trace = new Trace();
    const op = trace.enter(QEMU, 'iommufd_vdevice_tsm_op_ioctl', 'vdevice_id=7 type=1');
    trace.enter(QEMU, 'pci_tsm_bind', `bdf="${A}"`);
    trace.leave(QEMU, 'pci_tsm_bind', `bdf="${A}" ret=0`);
    trace.leave(QEMU, 'iommufd_vdevice_tsm_op_ioctl', 'ret=0');
    const destroyed = ioctl(trace, DESTROY, [8, 7]);
    const log = await trace.read();
    expect([op, destroyed].map((line) => log.at(line).device)).toEqual([A, A]);
  });

  test('a process that ends its iommufd takes the ids along', async () => {
    const trace = new Trace();
    bind(trace, A, 1);
    trace.enter(QEMU, 'iommufd_fops_release');
    trace.leave(QEMU, 'iommufd_fops_release');
    const line = ioctl(trace, HWPT_ALLOC, [0x40, 0, 1, 3]);
    expect((await trace.read()).at(line)).toMatchObject({ device: null, maybe: [] });
  });

  test('a removed device leaves no ids to the one that comes after it', async () => {
    const trace = new Trace();
    bind(trace, A, 1);
    trace.enter('pciehp-50', 'pci_stop_and_remove_bus_device', `bdf="${A}"`);
    trace.leave('pciehp-50', 'pci_stop_and_remove_bus_device', `bdf="${A}"`);
    const line = ioctl(trace, HWPT_ALLOC, [0x40, 0, 1, 3]);
    expect((await trace.read()).at(line)).toMatchObject({ device: null, maybe: [] });
  });
});

test('the VM calls the device what the bind says', async () => {
  const trace = new Trace();
  trace.enter(QEMU, 'pci_tsm_bind', `bdf="${A}" kvm=0xffff888000001000 tdi_id=0x108`);
  trace.leave(QEMU, 'pci_tsm_bind', `bdf="${A}" ret=0`);
  trace.enter(QEMU, 'pci_tsm_bind', `bdf="${B}" kvm=0xffff888000001000 tdi_id=0x1fd01`);
  const { devices } = await trace.read();
  expect(devices.map(({ bdf, guestBdf }) => [bdf, guestBdf])).toEqual([
    [A, '0000:01:01.0'],
    [B, '0001:fd:00.1'],
  ]);
});
