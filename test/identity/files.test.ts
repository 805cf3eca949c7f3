import { describe, expect, test } from 'vitest';
import { Trace } from './read.ts';

const A = '0000:02:00.0';
const B = '0000:03:00.0';
const QEMU = 'qemu-700';
const RESET = 0x3b6f;
const BIND_IOMMUFD = 0x3b76;
const GET_DEVICE_FD = 0x3b6a;
const HOT_RESET = 0x3b71;

/** A process with a cdev of each device: 5 is A's, 7 is B's, as the attachment inside the ioctl shows. */
function twoDevices(trace: Trace, task = QEMU): void {
  trace.opens(task, '/dev/vfio/devices/vfio0', 5);
  trace.opens(task, '/dev/iommu', 6);
  trace.ioctl(task, 5, BIND_IOMMUFD, () => trace.attach(task, A));
  trace.opens(task, '/dev/vfio/devices/vfio1', 7);
  trace.ioctl(task, 7, BIND_IOMMUFD, () => trace.attach(task, B));
}

/** A record inside an ioctl that resets: its line. */
function reset(trace: Trace, fd: number, task = QEMU, result: number | null = 0): number {
  let line = 0;
  trace.ioctl(task, fd, RESET, () => (line = trace.enter(task, 'pcie_flr')), result);
  return line;
}

describe('the file that a call is about tells its device', () => {
  test('one process with two devices, probes without arguments', async () => {
    const trace = new Trace();
    twoDevices(trace);
    const bind = trace.enter(QEMU, 'pci_tsm_bind', `bdf="${A}"`);
    trace.leave(QEMU, 'pci_tsm_bind', `bdf="${A}" ret=0`);
    const ofB = reset(trace, 7);
    const ofA = reset(trace, 5);
    const log = await trace.read();
    expect([bind, ofB, ofA].map((line) => log.at(line).device)).toEqual([A, B, A]);
    expect(log.at(ofA).certainty).toBe('inherited');
    expect(log.headlines).toEqual([`probable flr-while-locked ${A}`]);
    expect(log.findings.some((finding) => finding.endsWith(B))).toBe(false);
  });

  test('the system call itself belongs to the device', async () => {
    const trace = new Trace();
    twoDevices(trace);
    const lines = [trace.ioctl(QEMU, 7, 0x3b6e), trace.ioctl(QEMU, 5, 0x3b6e), trace.ioctl(QEMU, 6, 0x3b81)];
    const log = await trace.read();
    expect(lines.map((line) => log.at(line).device)).toEqual([B, A, null]);
  });

  test('two processes that use the same number', async () => {
    const trace = new Trace();
    for (const [task, bdf] of [
      ['qemu-700', A],
      ['qemu-900', B],
    ] as const) {
      trace.opens(task, '/dev/vfio/devices/vfio0', 5);
      trace.ioctl(task, 5, BIND_IOMMUFD, () => trace.enter(task, 'vfio_pci_core_enable', `bdf="${bdf}"`));
    }
    const lines = [reset(trace, 5, 'qemu-900'), reset(trace, 5, 'qemu-700')];
    const log = await trace.read();
    expect(lines.map((line) => log.at(line).device)).toEqual([B, A]);
  });

  test('legacy: the group returns the file of the device', async () => {
    const trace = new Trace();
    for (const [group, fd, bdf] of [
      [6, 7, A],
      [8, 9, B],
    ] as const) {
      trace.opens(QEMU, `/dev/vfio/${group}`, group);
      trace.ioctl(QEMU, group, GET_DEVICE_FD, () => trace.enter(QEMU, 'vfio_pci_core_enable', `bdf="${bdf}"`), fd);
    }
    const lines = [reset(trace, 9), reset(trace, 7)];
    const log = await trace.read();
    expect(lines.map((line) => log.at(line).device)).toEqual([B, A]);
  });

  test('what is recorded before anything names the device is known in the end', async () => {
    const trace = new Trace();
    trace.opens(QEMU, '/dev/vfio/devices/vfio0', 5);
    trace.opens(QEMU, '/dev/vfio/devices/vfio1', 7);
    const first = reset(trace, 5);
    trace.ioctl(QEMU, 7, RESET, () => trace.enter(QEMU, 'vfio_pci_core_ioctl', `bdf="${B}" cmd=0x3b6f`));
    trace.ioctl(QEMU, 5, RESET, () => trace.enter(QEMU, 'vfio_pci_core_ioctl', `bdf="${A}" cmd=0x3b6f`));
    expect((await trace.read()).at(first).device).toBe(A);
  });

  test('close: the device is closed inside, also where its return is not recorded', async () => {
    const trace = new Trace();
    twoDevices(trace);
    let [close, disable, other] = [0, 0, 0];
    trace.system(QEMU, 'close', 'fd: 7', null, () => {
      close = trace.enter(QEMU, 'vfio_pci_core_close_device');
      disable = trace.enter(QEMU, 'vfio_pci_core_disable');
    });
    trace.system(QEMU, 'close', 'fd: 5', null, () => (other = trace.enter(QEMU, 'vfio_pci_core_disable')));
    const log = await trace.read();
    expect([close, disable, other].map((line) => log.at(line).device)).toEqual([B, B, A]);
  });

  test.each([
    ['the source of dup2 is not what it closes', 'dup2', 'oldfd: 7, newfd: 5'],
    ['dup3', 'dup3', 'oldfd: 7, newfd: 5, flags: 0'],
    ['close_range of one', 'close_range', 'fd: 5, max_fd: 6, flags: 0'],
  ])('%s', async (_what, name, args) => {
    const trace = new Trace();
    twoDevices(trace);
    let disable = 0;
    trace.system(QEMU, name, args, 0, () => (disable = trace.enter(QEMU, 'vfio_pci_core_disable')));
    expect((await trace.read()).at(disable).device).toBe(A);
  });

  test('close_range of several: each may be the one that is closed for good', async () => {
    const trace = new Trace();
    twoDevices(trace);
    trace.enter(QEMU, 'pci_tsm_bind', `bdf="${A}"`);
    // A is open by another number, too: what is closed for good is B.
    trace.system(QEMU, 'dup', 'fildes: 5', 11);
    let disable = 0;
    const close = () => (disable = trace.enter(QEMU, 'vfio_pci_core_disable'));
    trace.system(QEMU, 'close_range', 'fd: 5, max_fd: 7, flags: 0', 0, close);
    const log = await trace.read();
    expect(log.at(disable)).toMatchObject({ device: null, certainty: 'maybe', maybe: [A, B] });
    expect(log.headlines.filter((one) => !one.startsWith('possible'))).toEqual([]);
  });

  test.each([
    ['a cdev of its own', '/dev/vfio/devices/vfio1'],
    ['a file of which only the number is known', null],
  ])('a second file that nothing names is not of the device that the first one is of: %s', async (_what, path) => {
    const trace = new Trace();
    trace.opens(QEMU, '/dev/vfio/devices/vfio0', 5);
    trace.ioctl(QEMU, 5, BIND_IOMMUFD, () => trace.enter(QEMU, 'vfio_pci_core_enable', `bdf="${A}"`));
    if (path !== null) {
      trace.opens(QEMU, path, 7);
      trace.ioctl(QEMU, 7, BIND_IOMMUFD);
    }
    trace.enter(QEMU, 'pci_tsm_bind', `bdf="${A}"`);
    let disable = 0;
    trace.system(QEMU, 'close', 'fd: 7', 0, () => (disable = trace.enter(QEMU, 'vfio_pci_core_disable')));
    const log = await trace.read();
    expect(log.at(disable)).toMatchObject({ device: null, certainty: 'maybe', maybe: [A] });
    expect(log.headlines.filter((one) => !one.startsWith('possible'))).toEqual([]);
  });

  test('legacy: another file of a group may be of another device of it', async () => {
    const trace = new Trace();
    trace.opens(QEMU, '/dev/vfio/6', 6);
    trace.ioctl(QEMU, 6, GET_DEVICE_FD, () => trace.enter(QEMU, 'vfio_pci_core_enable', `bdf="${A}"`), 7);
    trace.ioctl(QEMU, 6, GET_DEVICE_FD, () => trace.enter(QEMU, 'vfio_pci_core_enable'), 8);
    let disable = 0;
    trace.system(QEMU, 'close', 'fd: 8', 0, () => (disable = trace.enter(QEMU, 'vfio_pci_core_disable')));
    expect((await trace.read()).at(disable)).toMatchObject({ device: null, maybe: [A] });
  });

  test('the same cdev, opened again, is of the same device', async () => {
    const trace = new Trace();
    for (const fd of [5, 9]) {
      trace.opens(QEMU, '/dev/vfio/devices/vfio0', fd);
      trace.ioctl(
        QEMU,
        fd,
        BIND_IOMMUFD,
        fd === 5 ? () => trace.enter(QEMU, 'vfio_pci_core_enable', `bdf="${A}"`) : undefined,
      );
      if (fd === 5) trace.system(QEMU, 'close', 'fd: 5', 0);
    }
    let disable = 0;
    trace.system(QEMU, 'close', 'fd: 9', 0, () => (disable = trace.enter(QEMU, 'vfio_pci_core_disable')));
    expect((await trace.read()).at(disable).device).toBe(A);
  });

  test('a hot reset is of all devices on the bus, not of the file alone', async () => {
    const trace = new Trace();
    twoDevices(trace);
    let zap = 0;
    trace.ioctl(QEMU, 5, HOT_RESET, () => (zap = trace.enter(QEMU, 'vfio_pci_zap_bars')));
    const log = await trace.read();
    expect(log.at(zap)).toMatchObject({ device: null, certainty: 'maybe', maybe: [A, B] });
  });

  test.each([
    [`__syscall_nr=0x10 (16) fd=0x7 (7) cmd=0x3b6f (15215) arg=0x0`, '__syscall_nr=0x10 (16) ret=0x0 (0)'],
    ['fd: 0x00000007, cmd: 0x00003b6f, arg: 0x00000000', '0x0'],
  ])('as other tools print it: %s', async (entry, exit) => {
    const trace = new Trace();
    twoDevices(trace);
    trace.say(QEMU, `sys_enter_ioctl: ${entry}`);
    const line = trace.enter(QEMU, 'pcie_flr');
    trace.say(QEMU, `sys_exit_ioctl: ${exit}`);
    expect((await trace.read()).at(line).device).toBe(B);
  });

  test.each([
    ['x86', { openat: 257, ioctl: 16, close: 3, dup: 32 }],
    ['arm64', { openat: 56, ioctl: 29, close: 57, dup: 23 }],
  ])('raw_syscalls of %s', async (_machine, number) => {
    const trace = new Trace();
    const raw = (nr: number, args: string, result: number, inside = () => {}) => {
      trace.say(QEMU, `sys_enter: NR ${nr} (${args}, 0, 0, 0)`);
      inside();
      trace.say(QEMU, `sys_exit: NR ${nr} = ${result}`);
    };
    for (const [fd, bdf] of [
      [5, A],
      [7, B],
    ] as const) {
      raw(number.openat, 'ffffff9c, 55d0c0a1e2b0, 2', fd);
      raw(number.ioctl, `${fd}, 3b76, 7ffd0`, 0, () => trace.attach(QEMU, bdf));
    }
    raw(number.dup, '7, 0, 0', 11);
    raw(number.close, '7, 0, 0', 0);
    let line = 0;
    raw(number.ioctl, 'b, 3b6f, 0', 0, () => (line = trace.enter(QEMU, 'pcie_flr')));
    expect((await trace.read()).at(line).device).toBe(B);
  });

  test('numbers without 0x are hexadecimal up to 6.17: 1a is 26', async () => {
    const trace = new Trace();
    trace.say(QEMU, 'sys_openat(dfd: ffffff9c, filename: 7ffe50a7f870, flags: 2, mode: 0)');
    trace.say(QEMU, 'sys_openat -> 0x1a');
    trace.say(QEMU, 'sys_ioctl(fd: 1a, cmd: 3b76, arg: 4aa4a0)');
    trace.attach(QEMU, A);
    trace.say(QEMU, 'sys_ioctl -> 0x0');
    trace.opens(QEMU, '/dev/vfio/devices/vfio1', 7);
    trace.ioctl(QEMU, 7, BIND_IOMMUFD, () => trace.attach(QEMU, B));
    trace.say(QEMU, 'sys_ioctl(fd: 1a, cmd: 3b6f, arg: 0)');
    const line = trace.enter(QEMU, 'pcie_flr');
    trace.say(QEMU, 'sys_ioctl -> 0x0');
    expect((await trace.read()).at(line).device).toBe(A);
  });
});

describe('lifetimes', () => {
  test('a number that is given to another file means that one', async () => {
    const trace = new Trace();
    twoDevices(trace);
    trace.system(QEMU, 'close', 'fd: 5', 0);
    trace.system(QEMU, 'close', 'fd: 7', 0);
    trace.opens(QEMU, '/dev/vfio/devices/vfio1', 5);
    trace.ioctl(QEMU, 5, BIND_IOMMUFD, () => trace.attach(QEMU, B));
    const line = reset(trace, 5);
    expect((await trace.read()).at(line).device).toBe(B);
  });

  test('the same where the close was lost: it opens anew', async () => {
    const trace = new Trace();
    twoDevices(trace);
    trace.opens(QEMU, '/dev/vfio/devices/vfio2', 5);
    const line = reset(trace, 5);
    const log = await trace.read();
    // The process names two devices, and nothing says which of them, or whether any, the new file is.
    expect(log.at(line)).toMatchObject({ device: null, maybe: [A, B] });
  });

  test('where the new owner of a number shows inside a call, what is inside is its own', async () => {
    const trace = new Trace();
    trace.ioctl(QEMU, 5, RESET, () => trace.enter(QEMU, 'vfio_pci_core_ioctl', `bdf="${A}" cmd=0x3b6f`));
    let flr = 0;
    trace.ioctl(QEMU, 5, RESET, () => {
      flr = trace.enter(QEMU, 'pcie_flr');
      trace.enter(QEMU, 'vfio_pci_core_ioctl', `bdf="${B}" cmd=0x3b6f`);
    });
    const log = await trace.read();
    expect(log.at(flr).device).toBe(B);
  });

  test('lost records: a number may mean another file by now', async () => {
    const trace = new Trace();
    twoDevices(trace);
    trace.raw('CPU:0 [LOST 12 EVENTS]');
    const line = reset(trace, 5);
    // The other device of the task may have got the number.
    expect((await trace.read()).at(line)).toMatchObject({ device: null, certainty: 'maybe', maybe: [A, B] });
  });

  test.each([
    ['dup', 'dup', 'fildes: 5', 11],
    ['dup2', 'dup2', 'oldfd: 5, newfd: 7', 7],
    ['fcntl F_DUPFD_CLOEXEC', 'fcntl', 'fd: 5, cmd: 0x406, arg: 0', 12],
  ])('%s', async (_what, name, args, fd) => {
    const trace = new Trace();
    twoDevices(trace);
    trace.system(QEMU, name, args, fd);
    const line = trace.system(QEMU, 'ioctl', `fd: 0x${fd.toString(16)}, cmd: 0x3b6e, arg: 0`, 0);
    expect((await trace.read()).at(line).device).toBe(A);
  });

  test('fork: the child has the files of its parent, and goes its own way', async () => {
    const trace = new Trace();
    const CHILD = 'qemu-701';
    twoDevices(trace);
    trace.say(QEMU, 'task_newtask: pid=701 comm=qemu clone_flags=1200011 oom_score_adj=0');
    trace.system(QEMU, 'close', 'fd: 5', 0);
    const inChild = trace.ioctl(CHILD, 5, 0x3b6e);
    trace.system(CHILD, 'close', 'fd: 7', 0);
    const inParent = trace.ioctl(QEMU, 7, 0x3b6e);
    const log = await trace.read();
    expect([log.at(inChild).device, log.at(inParent).device]).toEqual([A, B]);
  });

  test('a thread has the very files of its process', async () => {
    const trace = new Trace();
    twoDevices(trace);
    trace.say(QEMU, 'task_newtask: pid=701 comm=qemu clone_flags=3d0f00 oom_score_adj=0');
    trace.system('CPU-0/KVM-701', 'close', 'fd: 5', 0);
    trace.opens(QEMU, '/dev/vfio/devices/vfio1', 5);
    trace.ioctl(QEMU, 5, BIND_IOMMUFD, () => trace.attach(QEMU, B));
    const line = trace.ioctl('CPU-0/KVM-701', 5, 0x3b6e);
    expect((await trace.read()).at(line).device).toBe(B);
  });

  test('a birth that does not say whether files are shared leaves doubt', async () => {
    const trace = new Trace();
    twoDevices(trace);
    trace.say(QEMU, 'sched_process_fork: comm=qemu pid=700 child_comm=qemu child_pid=701');
    const line = trace.ioctl('qemu-701', 5, 0x3b6e);
    expect((await trace.read()).at(line)).toMatchObject({ device: null, maybe: [A] });
  });

  test('exec closes what was opened so; of the rest nothing is sure', async () => {
    const trace = new Trace();
    trace.opens(QEMU, '/dev/vfio/devices/vfio0', 5, 'O_RDWR|O_CLOEXEC');
    trace.ioctl(QEMU, 5, BIND_IOMMUFD, () => trace.attach(QEMU, A));
    trace.system(QEMU, 'openat', 'dfd: ffffff9c, filename: 47c250, flags: 2, mode: 0', 7);
    trace.ioctl(QEMU, 7, BIND_IOMMUFD, () => trace.attach(QEMU, B));
    trace.system(QEMU, 'execve', 'filename: 0x7ffe239b92e0 "/bin/sh", argv: 0x7ffe239ba7f8, envp: 0x7ffe239ba818', 0);
    trace.system(QEMU, 'close', 'fd: 9', 0);
    const lines = [trace.ioctl(QEMU, 5, 0x3b6e), trace.ioctl(QEMU, 7, 0x3b6e)];
    const log = await trace.read();
    expect(lines.map((line) => log.at(line).maybe)).toEqual([
      [A, B],
      [A, B],
    ]);
  });

  test('a process that has ended leaves its numbers to nobody', async () => {
    const trace = new Trace();
    twoDevices(trace);
    trace.system('other-800', 'close', 'fd: 3', 0);
    trace.say(QEMU, 'sys_exit_group(error_code: 0)');
    const line = trace.ioctl(QEMU, 5, 0x3b6e);
    expect((await trace.read()).at(line)).toMatchObject({ device: null, maybe: [] });
  });

  test('what a process closes as it ends may be any of its devices', async () => {
    const trace = new Trace();
    twoDevices(trace);
    trace.say(QEMU, 'sys_exit_group(error_code: 0)');
    const line = trace.enter(QEMU, 'vfio_pci_core_disable');
    expect((await trace.read()).at(line)).toMatchObject({ device: null, certainty: 'maybe', maybe: [A, B] });
  });
});
