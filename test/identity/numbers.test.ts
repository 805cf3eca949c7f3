import { describe, expect, test } from 'vitest';
import { read, Trace } from './read.ts';

// Devices that records name by a number only: a requester id, a StreamID, an id of iommufd that stands for all devices in it.
const A = '0000:02:00.0';
const B = '0000:03:00.0';
const QEMU = 'qemu-700';
const FILES = { iommufd: 4, other: 5 };
const DESTROY = 0x3b80;
const IOAS_UNMAP = 0x3b86;
const HWPT_ALLOC = 0x3b89;
const ATTACH = 0x3b77;
const DETACH = 0x3b78;

const words = (list: readonly number[]) => `pl={${list.map((word) => `0x${word.toString(16)}`).join()}}`;

function iommufd(trace: Trace, cmd: number, list: readonly number[], task = QEMU): number {
  return trace.enter(task, 'iommufd_fops_ioctl', `cmd=0x${cmd.toString(16)} ${words(list)}`);
}

/** The ioctl on a device's file that attaches it to an address space, or detaches it. */
function vfio(trace: Trace, bdf: string, cmd: number, list: readonly number[] = [], task = QEMU): number {
  return trace.enter(task, 'vfio_pci_core_ioctl', `bdf="${bdf}" cmd=0x${cmd.toString(16)} ${words(list)}`);
}

const attach = (trace: Trace, bdf: string, id: number, task = QEMU) => vfio(trace, bdf, ATTACH, [0x10, 0, id], task);
const unmap = (trace: Trace, id: number, task = QEMU) => iommufd(trace, IOAS_UNMAP, [0x18, id, 0, 0, 0x1000, 0], task);

describe('address spaces', () => {
  test('what is unmapped from one concerns the device in it', async () => {
    const trace = new Trace();
    attach(trace, A, 5);
    attach(trace, B, 6);
    const [ofA, ofB, ofNobody] = [unmap(trace, 5), unmap(trace, 6), unmap(trace, 7)];
    const log = await trace.read();
    expect([ofA, ofB, ofNobody].map((line) => log.at(line).device)).toEqual([A, B, null]);
    expect(log.at(ofA).certainty).toBe('inherited');
    expect(log.at(ofNobody).maybe).toEqual([]);
  });

  test('of several it may be any', async () => {
    const trace = new Trace();
    attach(trace, A, 5);
    attach(trace, B, 5);
    const line = unmap(trace, 5);
    expect((await trace.read()).at(line)).toMatchObject({ device: null, maybe: [A, B] });
  });

  test('a device has one at a time, and none when it was detached or closed', async () => {
    const trace = new Trace();
    attach(trace, A, 5);
    attach(trace, A, 6);
    const left = unmap(trace, 5);
    vfio(trace, A, DETACH);
    const detached = unmap(trace, 6);
    attach(trace, A, 6);
    trace.enter(QEMU, 'vfio_pci_core_close_device', `bdf="${A}"`);
    trace.leave(QEMU, 'vfio_pci_core_close_device', `bdf="${A}"`);
    const closed = unmap(trace, 6);
    const log = await trace.read();
    for (const line of [left, detached, closed]) expect(log.at(line)).toMatchObject({ device: null, maybe: [] });
  });

  test('an attach that failed puts nobody into it', async () => {
    const trace = new Trace();
    trace.enter(QEMU, 'iommufd_device_attach', `bdf="${A}" pt_id=5`);
    trace.leave(QEMU, 'iommufd_device_attach', 'ret=-22');
    const line = unmap(trace, 5);
    expect((await trace.read()).at(line)).toMatchObject({ device: null, maybe: [] });
  });

  test('an HWPT over it has an id that only its return tells: its device may be in it', async () => {
    const trace = new Trace();
    trace.leave(QEMU, 'iommufd_device_bind', `bdf="${A}" id=1`);
    trace.leave(QEMU, 'iommufd_device_bind', `bdf="${B}" id=2`);
    const alloc = iommufd(trace, HWPT_ALLOC, [0x40, 0, 1, 5]);
    const line = unmap(trace, 5);
    const log = await trace.read();
    expect(log.at(alloc).device).toBe(A);
    expect(log.at(line)).toMatchObject({ device: null, maybe: [A] });
  });

  test('an unknown device that is put into one is not the one that is in it', async () => {
    const trace = new Trace();
    attach(trace, A, 5);
    attach(trace, B, 6);
    const line = iommufd(trace, HWPT_ALLOC, [0x40, 0, 9, 5]);
    expect((await trace.read()).at(line)).toMatchObject({ device: null, maybe: [] });
  });

  test('the numbers of another process are others, and so are those of a later one with its pid', async () => {
    const trace = new Trace();
    attach(trace, A, 5);
    attach(trace, B, 5, 'qemu-900');
    const [first, second] = [unmap(trace, 5), unmap(trace, 5, 'qemu-900')];
    trace.system(QEMU, 'exit_group', 'error_code: 0x0', null);
    trace.opens(QEMU, '/dev/iommu', 10);
    const later = unmap(trace, 5);
    const log = await trace.read();
    expect([first, second].map((line) => log.at(line).device)).toEqual([A, B]);
    expect(log.at(later).device).toBeNull();
  });
});

describe('vIOMMUs', () => {
  /** A vDEVICE of the device in vIOMMU 4. */
  function vdevice(trace: Trace, bdf: string, id: number): void {
    trace.enter(QEMU, 'iommufd_vdevice_alloc_ioctl', `bdf="${bdf}" viommu_id=4`);
    trace.leave(QEMU, 'iommufd_vdevice_alloc_ioctl', `vdevice_id=${id} ret=0`);
  }

  test('what is done to one concerns the device that has a vDEVICE in it', async () => {
    const trace = new Trace();
    trace.enter(QEMU, 'pci_set_master', `bdf="${B}"`);
    vdevice(trace, A, 7);
    const first = trace.enter(QEMU, 'iommufd_viommu_destroy', 'id=4');
    const second = trace.enter(QEMU, 'iommufd_viommu_destroy', 'id=4');
    const log = await trace.read();
    expect(log.at(first)).toMatchObject({ device: A, certainty: 'inherited' });
    // The id is another object's by now.
    expect(log.at(second).device).not.toBe(A);
  });

  test('of several it may be any', async () => {
    const trace = new Trace();
    vdevice(trace, A, 7);
    vdevice(trace, B, 8);
    const line = iommufd(trace, DESTROY, [8, 4]);
    const log = await trace.read();
    expect(log.at(line)).toMatchObject({ device: null, maybe: [A, B] });
  });
});

describe('two files of /dev/iommu in one process', () => {
  /** Both devices have the id 1, each in its own context; calls are told apart by the file that they are on. */
  function two(): Trace {
    const trace = new Trace();
    trace.opens(QEMU, '/dev/iommu', FILES.iommufd);
    trace.opens(QEMU, '/dev/iommu', FILES.other);
    for (const [bdf, fd] of [
      [A, FILES.iommufd],
      [B, FILES.other],
    ] as const)
      trace.ioctl(QEMU, fd, 0x3b91, () => {
        trace.enter(QEMU, 'iommufd_vdevice_alloc_ioctl', `bdf="${bdf}" dev_id=1`);
        trace.leave(QEMU, 'iommufd_vdevice_alloc_ioctl', `vdevice_id=7 ret=0`);
      });
    return trace;
  }

  test('ids are those of the file that is asked', async () => {
    const trace = two();
    const lines: number[] = [];
    for (const fd of [FILES.other, FILES.iommufd])
      trace.ioctl(QEMU, fd, 0x3b95, () => {
        lines.push(trace.enter(QEMU, 'iommufd_vdevice_tsm_op_ioctl', 'vdevice_id=7 type=1'));
      });
    const log = await trace.read();
    expect(lines.map((line) => log.at(line).device)).toEqual([B, A]);
  });

  test('without the system call the same number may mean either', async () => {
    const trace = two();
    const line = trace.enter(QEMU, 'iommufd_vdevice_tsm_op_ioctl', 'vdevice_id=7 type=1');
    expect((await trace.read()).at(line)).toMatchObject({ device: null, maybe: [A, B] });
  });

  test('one that is closed takes its own ids along', async () => {
    const trace = two();
    trace.system(QEMU, 'close', `fd: ${FILES.other}`, 0, () => {
      trace.enter(QEMU, 'iommufd_fops_release');
      trace.leave(QEMU, 'iommufd_fops_release');
    });
    const line = trace.enter(QEMU, 'iommufd_vdevice_tsm_op_ioctl', 'vdevice_id=7 type=1');
    expect((await trace.read()).at(line).device).toBe(A);
  });
});

test('an id that the return of a call tells beside the device of its entry is the device’s', async () => {
  const trace = new Trace();
  trace.enter(QEMU, 'iommufd_vdevice_alloc_ioctl', `bdf="${A}"`);
  trace.leave(QEMU, 'iommufd_vdevice_alloc_ioctl', 'vdevice_id=7 ret=0');
  const line = iommufd(trace, DESTROY, [8, 7]);
  expect((await trace.read()).at(line).device).toBe(A);
});

test('the address in the VM stands in the argument of the ioctl that makes the vDEVICE', async () => {
  const trace = new Trace();
  trace.leave(QEMU, 'iommufd_device_bind', `bdf="${A}" id=1`);
  iommufd(trace, 0x3b91, [0x18, 4, 1, 0, 0x108, 0]);
  const { devices } = await trace.read();
  expect(devices.map(({ bdf, guestBdf }) => [bdf, guestBdf])).toEqual([[A, '0000:01:01.0']]);
});

test('a device that is bound anew has none of its old ids', async () => {
  const trace = new Trace();
  trace.leave(QEMU, 'iommufd_device_bind', `bdf="${A}" id=1`);
  trace.leave(QEMU, 'iommufd_device_bind', `bdf="${A}" id=2`);
  const [old, present] = [iommufd(trace, HWPT_ALLOC, [0x40, 0, 1, 3]), iommufd(trace, HWPT_ALLOC, [0x40, 0, 2, 3])];
  const log = await trace.read();
  expect([old, present].map((line) => log.at(line).device)).toEqual([null, A]);
});

test('two devices with one id in one process, the end of neither recorded: it may be either', async () => {
  const trace = new Trace();
  trace.leave(QEMU, 'iommufd_device_bind', `bdf="${A}" id=1`);
  trace.leave(QEMU, 'iommufd_device_bind', `bdf="${B}" id=1`);
  const line = iommufd(trace, HWPT_ALLOC, [0x40, 0, 1, 3]);
  expect((await trace.read()).at(line)).toMatchObject({ device: null, maybe: [A, B] });
});

describe('requester ids', () => {
  const create = (trace: Trace, fields: string) => trace.enter('tsm-800', 'sev_tio_tdi_create', fields);

  test('AMD’s device id is the function; without a segment it is that of the only one', async () => {
    const trace = new Trace();
    trace.enter('sh-60', 'pci_set_master', `bdf="${A}"`);
    const plain = create(trace, 'dev_id=0x200');
    const full = create(trace, 'dev_id=0x300 rseg=0');
    const log = await trace.read();
    expect(log.at(plain)).toMatchObject({ device: A, certainty: 'inherited' });
    expect(log.at(full)).toMatchObject({ device: B, certainty: 'exact' });
  });

  test('of several segments it may be any, unless the record says which', async () => {
    const trace = new Trace();
    trace.enter('sh-60', 'pci_set_master', `bdf="${A}"`);
    trace.enter('sh-60', 'pci_set_master', 'bdf="0001:02:00.0"');
    const open = create(trace, 'dev_id=0x200');
    const told = create(trace, 'dev_id=0x200 rseg=1');
    const log = await trace.read();
    expect(log.at(open)).toMatchObject({ device: null, maybe: [A, '0001:02:00.0'] });
    expect(log.at(told).device).toBe('0001:02:00.0');
  });

  test('TDISP’s function id says in one number whether it has a segment', async () => {
    const trace = new Trace();
    trace.enter('sh-60', 'pci_set_master', `bdf="${A}"`);
    trace.enter('sh-60', 'pci_set_master', 'bdf="0001:02:00.0"');
    const told = trace.enter('tsm-800', 'tdh_spdm_create', 'func_id=0x1010200');
    expect((await trace.read()).at(told)).toMatchObject({ device: '0001:02:00.0', certainty: 'exact' });
  });

  test('inside a call on a device it is the device of the call', async () => {
    const trace = new Trace();
    trace.enter('tsm-800', 'pci_tsm_bind', `bdf="${A}"`);
    const line = create(trace, 'dev_id=0x300');
    expect((await trace.read()).at(line).device).toBe(A);
  });

  test('the source id of a DMAR queue error is printed in hexadecimal', async () => {
    const { at } = await read(
      '[    1.000000] pci 0000:12:00.0: enabling device\n' +
        '[    2.000000] vfio-pci 0000:12:00.0: resetting\n' +
        '[    3.000000] DMAR: VT-d detected Invalidation Time-out Error: SID 1200\n',
    );
    expect(at(3)).toMatchObject({ kind: 'iommu.error', device: '0000:12:00.0' });
  });
});

describe('what the firmware calls a device', () => {
  test('the context of a TDI is its own, that of the device is the security manager’s', async () => {
    const trace = new Trace();
    trace.enter('tsm-800', 'pci_tsm_bind', `bdf="${B}"`);
    trace.enter('tsm-800', 'sev_tio_tdi_create', 'dev_data=0xffff888000000100 tdi_data=0xffff888000000200');
    trace.leave('tsm-800', 'sev_tio_tdi_create', 'ret=0');
    trace.leave('tsm-800', 'pci_tsm_bind', `bdf="${B}" ret=0`);
    const tdi = trace.enter('tsm-801', 'sev_tio_tdi_status', 'tdi_data=0xffff888000000200');
    const dsm = trace.enter('tsm-801', 'sev_tio_dev_disconnect', 'dev_data=0xffff888000000100');
    const log = await trace.read();
    expect(log.at(tdi).device).toBe(B);
    expect(log.at(dsm).device).not.toBe(B);
  });

  test('a context that was reclaimed may be another one’s', async () => {
    const trace = new Trace();
    trace.enter('tsm-800', 'connect_store', `bdf="${A}"`);
    trace.enter('tsm-800', 'sev_tio_dev_create', 'dev_data=0xffff888000000100');
    trace.leave('tsm-800', 'connect_store', 'ret=5');
    const first = trace.enter('psp-900', 'sev_tio_dev_status', 'dev_data=0xffff888000000100');
    trace.enter('psp-900', 'sev_tio_dev_reclaim', 'dev_data=0xffff888000000100');
    const later = trace.enter('psp-900', 'sev_tio_dev_status', 'dev_data=0xffff888000000100');
    const log = await trace.read();
    expect(log.at(first).device).toBe(A);
    expect(log.at(later).device).not.toBe(A);
  });

  test('the number of an IDE stream is free once the stream is', async () => {
    const trace = new Trace();
    trace.enter('tsm-800', 'connect_store', `bdf="${A}"`);
    trace.enter('tsm-800', 'tdh_ide_stream_km', 'spdm_id=0x5 stream_id=0x1 operation=1');
    trace.leave('tsm-800', 'connect_store', 'ret=5');
    const before = trace.enter('tsm-900', 'tdh_ide_stream_km', 'stream_id=0x1 operation=1');
    trace.enter('tsm-901', 'pci_ide_stream_free', `bdf="${A}" ide=0xffff888000000300`);
    const after = trace.enter('tsm-900', 'tdh_ide_stream_km', 'stream_id=0x1 operation=1');
    const log = await trace.read();
    // A root complex beside it may have a stream with this number, too.
    expect(log.at(before)).toMatchObject({ device: null, maybe: [A] });
    expect(log.at(after).maybe).toEqual([]);
  });
});

test('that one device is called so in its VM does not make it the only one', async () => {
  const trace = new Trace();
  trace.attach(QEMU, A);
  trace.attach(QEMU, B);
  trace.enter('tsm-800', 'pci_tsm_bind', `bdf="${A}" kvm=0x1000 tdi_id=0x200`);
  const line = trace.enter(QEMU, 'pci_tsm_bind', 'kvm=0x2000 tdi_id=0x200');
  expect((await trace.read()).at(line)).toMatchObject({ device: null, maybe: [A, B] });
});

describe('streams of an SMMU', () => {
  const fault = (smmu: string, client: string, sid: string) =>
    `arm-smmu-v3 ${smmu}: event: F_TRANSLATION client: ${client} sid: ${sid} ssid: 0x0 iova: 0x8000 ipa: 0x0`;
  const log = (...texts: string[]) => read(texts.map((text, at) => `[    ${at}.000000] ${text}\n`).join(''));
  const NOBODY = '(unassigned sid)';

  test('one that a record showed to be of a client may be that one’s, on its SMMU, where it is nobody’s now', async () => {
    const { at } = await log(
      fault('arm-smmu-v3.0.auto', A, '0x200'),
      fault('arm-smmu-v3.0.auto', NOBODY, '0x200'),
      fault('arm-smmu-v3.1.auto', NOBODY, '0x200'),
      fault('arm-smmu-v3.0.auto', NOBODY, '0x300'),
    );
    expect(at(1)).toMatchObject({ device: A, certainty: 'exact' });
    expect(at(2)).toMatchObject({ device: null, maybe: [A] });
    // The firmware maps requester ids to streams as it likes: that 0x300 looks like 03:00.0 says nothing.
    for (const line of [3, 4]) expect(at(line)).toMatchObject({ kind: 'iommu.fault', device: null, maybe: [] });
  });

  test('of two clients with one stream it may be either', async () => {
    const { at } = await log(
      fault('arm-smmu-v3.0.auto', A, '0x200'),
      fault('arm-smmu-v3.0.auto', B, '0x200'),
      fault('arm-smmu-v3.0.auto', NOBODY, '0x200'),
    );
    expect(at(3)).toMatchObject({ device: null, maybe: [A, B] });
  });
});
