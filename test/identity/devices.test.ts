import { describe, expect, test } from 'vitest';
import { devicesAt, fixture, read, Trace } from './read.ts';

const A = '0000:02:00.0';
const B = '0000:03:00.0';

/** Lines of a fixture after `head` header lines: a letter each, `a` and `b` for the two devices, `-` for none. */
function expected(head: number, letters: string): [number[], (string | null)[]] {
  const devices = { a: A, b: B, '-': null };
  const lines = [...letters].flatMap((letter, index) => (letter === '.' ? [] : [[head + index + 1, letter] as const]));
  return [lines.map(([line]) => line), lines.map(([, letter]) => devices[letter as keyof typeof devices])];
}

describe('two devices at the same time', () => {
  test('probes that name the device', async () => {
    const log = await read(fixture('interleaved-probes.txt'));
    const [lines, devices] = expected(2, 'ababababba' + 'bbaab' + 'aa');
    expect(devicesAt(log, lines)).toEqual(devices);
    expect(log.findings.filter((finding) => !finding.startsWith('possible'))).toEqual(
      expect.arrayContaining([`probable unbind-before-disable ${A}`]),
    );
    expect(log.findings.some((finding) => finding.endsWith(B))).toBe(false);
  });

  test('function tracer: each task names one device, a kernel worker none', async () => {
    const log = await read(fixture('interleaved-function.txt'));
    const [lines, devices] = expected(
      2,
      'ababab' + 'ba' + 'ab' + 'aabb' + 'ba' + 'ab' + '-' + 'ab' + 'b' + 'abab' + 'ba' + 'a',
    );
    // The ioctls and releases hold others and mean nothing by themselves.
    const acts = lines.filter((line) => log.at(line).kind !== 'call');
    expect(devicesAt(log, acts)).toEqual(acts.map((line) => devices[lines.indexOf(line)]));
    expect(acts.length).toBe(23);
    for (const line of acts) {
      const { certainty, kind, device } = log.at(line);
      expect([kind, certainty]).toEqual([
        kind,
        device === null ? 'none' : kind === 'iommu.attach' ? 'exact' : 'inherited',
      ]);
    }
    expect(log.findings).toContain(`probable unbind-before-disable ${A}`);
    expect(log.findings.some((finding) => !finding.startsWith('possible') && finding.endsWith(B))).toBe(false);
  });

  test('function tracer with pointers, one task: pointers tell what the task cannot', async () => {
    const log = await read(fixture('function-args.txt'));
    const [lines, devices] = expected(2, 'aaaaabbbbb' + 'abb' + 'bb' + 'aaa');
    expect(devicesAt(log, lines)).toEqual(devices);
    expect(log.findings).toContain(`probable unbind-before-disable ${A}`);
    expect(log.findings.some((finding) => finding.endsWith(B))).toBe(false);
    expect(log.devices.find((device) => device.bdf === A)?.aliases).toEqual([
      'dev=0xffff8880037a10d0',
      'pci=0xffff8880037a1000',
      'vfio=0xffff888003c26000',
    ]);
  });

  test('function_graph with tasks: entries, exits and leaves', async () => {
    const log = await read(fixture('graph-tasks.txt'));
    const [lines, devices] = expected(4, 'abba' + 'ba' + 'abbaab' + 'ba' + 'abab' + 'baab' + 'ab');
    expect(devicesAt(log, lines)).toEqual(devices);
    expect(log.at(19)).toMatchObject({ kind: 'tsm.bind', phase: 'enter', pair: 21, outcome: 'ok' });
    expect(log.at(20)).toMatchObject({ kind: 'tsm.bind', phase: 'enter', pair: 22, outcome: 'failed', code: -16 });
    expect(log.findings).toContain(`probable unbind-before-disable ${A}`);
    // B's bind was refused with -EBUSY, which the driver may say, too: nothing tells of a first bind.
    expect(log.findings.filter((finding) => finding.endsWith(B))).toEqual([]);
  });

  test('function_graph without tasks: the banners say who runs', async () => {
    const log = await read(fixture('graph-cpus.txt'));
    const events = log.events.map(({ kind, phase, device }) => `${kind} ${phase} ${device}`);
    expect(events).toEqual([
      `iommu.bind enter ${A}`,
      `iommu.attach point ${A}`,
      `iommu.bind exit ${A}`,
      `vfio.open enter ${A}`,
      `iommu.bind enter ${B}`,
      `iommu.attach point ${B}`,
      `iommu.bind exit ${B}`,
      `tsm.bind enter ${B}`,
      `tsm.bind exit ${B}`,
      `pci.clear_master point ${A}`,
      `vfio.open exit ${A}`,
      `vfio.disable enter ${A}`,
      `pci.clear_master point ${A}`,
      `vfio.disable exit ${A}`,
    ]);
    expect(log.findings).toEqual([]);
  });
});

describe('who a clue is', () => {
  test('what a task that names two devices did to nobody may be of either', async () => {
    const trace = new Trace('function');
    trace.attach('qemu-700', A);
    trace.attach('qemu-700', B);
    const bind = trace.call('qemu-700', 'pci_tsm_bind', 'tsm_bind');
    const disable = trace.call('qemu-700', 'vfio_pci_core_disable', 'vfio_pci_core_close_device');
    const unbind = trace.call('qemu-700', 'pci_tsm_unbind', 'tsm_unbind');
    const log = await trace.read();
    expect(devicesAt(log, [bind, disable, unbind])).toEqual([null, null, null]);
    for (const line of [bind, disable, unbind])
      expect(log.at(line)).toMatchObject({ certainty: 'maybe', maybe: [A, B] });
    expect(log.findings.filter((finding) => !finding.startsWith('possible '))).toEqual([]);
  });

  test('a hint inside one call of such a task does not decide for the others', async () => {
    const trace = new Trace('function');
    trace.call('qemu-700', 'iommufd_device_bind', 'vfio_iommufd_physical_bind');
    trace.attach('qemu-700', A);
    trace.attach('qemu-700', B);
    const bind = trace.call('qemu-700', 'pci_tsm_bind', 'tsm_bind');
    expect((await trace.read()).at(bind).maybe).toEqual([A, B]);
  });

  test.each(['kworker/u8:1-14', 'irq/26-aerdrv-42', 'ksoftirqd/0-15'])(
    '%s works for many and inherits nothing',
    async (worker) => {
      const trace = new Trace('function');
      trace.attach(worker, A);
      const act = trace.call(worker, 'pci_tsm_unbind', 'somebody');
      expect((await trace.read()).at(act).device).toBe('?');
    },
  );

  test('task names with blanks, slashes and dashes: the pid is what follows the last one', async () => {
    const trace = new Trace('function');
    trace.attach('CPU 0/KVM-a-700', A);
    trace.attach('CPU 0/KVM-a-701', B);
    const one = trace.call('CPU 0/KVM-a-700', 'pci_tsm_bind', 'tsm_bind');
    const two = trace.call('CPU 0/KVM-a-701', 'pci_tsm_bind', 'tsm_bind');
    expect(devicesAt(await trace.read(), [one, two])).toEqual([A, B]);
  });

  test('a struct device belongs to the struct pci_dev that it lies in, and to no other', async () => {
    const trace = new Trace('function');
    const call = (text: string) => trace.say('sh-700', text);
    const inside = call('pci_tsm_bind(pdev=0xffff888003700000, kvm=0x1000, tdi_id=0x1) <-tsm_bind');
    const outside = call('pci_tsm_bind(pdev=0xffff888003701000, kvm=0x1000, tdi_id=0x1) <-tsm_bind');
    trace.say('qemu-701', 'iommufd_device_bind(ictx=0x1, dev=0xffff8880037000c8, id=0x2) <-vfio_iommufd_physical_bind');
    trace.attach('qemu-701', A);
    trace.attach('other-702', B);
    const log = await trace.read();
    expect(devicesAt(log, [inside, outside])).toEqual([A, '?']);
  });

  test('a stale call does not take what the task attaches later', async () => {
    const trace = new Trace('function');
    trace.say('qemu-700', 'vfio_pci_core_enable(vdev=0xffff888003c26000) <-vfio_pci_open_device');
    trace.say('qemu-700', 'pci_enable_device(dev=0xffff8880037a1000) <-vfio_pci_core_enable');
    // Another device, by a way that is not traced.
    trace.attach('qemu-700', B);
    trace.attach('qemu-700', A);
    const open = trace.say('qemu-700', 'vfio_pci_core_disable(vdev=0xffff888003c26000) <-vfio_pci_core_close_device');
    expect((await trace.read()).at(open).device).not.toBe(B);
  });
});

describe('removed and made anew', () => {
  test('the same address is another device', async () => {
    const log = await read(fixture('remove-add.txt'));
    const [first, second] = log.devices;
    expect(log.devices.map(({ bdf }) => bdf)).toEqual(['0000:02:10.0', '0000:02:10.0']);
    expect(log.events.map(({ deviceId }) => deviceId)).toEqual([
      ...Array.from({ length: 5 }, () => first?.id),
      ...Array.from({ length: 4 }, () => second?.id),
    ]);
  });

  test('a function that a quirk uses before it gets its IOMMU group is one device', async () => {
    const log = await read(fixture('reboot.txt').split('\n').slice(0, 4).join('\n'));
    expect(log.devices.map(({ bdf }) => bdf)).toEqual([A]);
  });

  test('a pointer of the removed function does not lead to it any more', async () => {
    const pointer = '0xffff8880037a1000';
    const trace = new Trace();
    const before = trace.enter('drv-700', 'pci_tsm_bind', `bdf="0000:02:10.0" pdev=${pointer}`);
    trace.leave('drv-700', 'pci_tsm_bind', 'ret=0');
    trace.enter('sh-63', 'pci_stop_and_remove_bus_device', `dev=${pointer}`);
    const during = trace.enter('sh-63', '__pci_tsm_unbind', `pdev=${pointer}`);
    trace.leave('sh-63', 'pci_stop_and_remove_bus_device');
    const after = trace.enter('drv-701', 'pci_tsm_bind', `pdev=${pointer}`);
    trace.enter('drv-701', 'pci_set_master', `bdf="0000:02:10.2" dev=${pointer}`);
    const log = await trace.read();
    expect(devicesAt(log, [before, during, after])).toEqual(['0000:02:10.0', '0000:02:10.0', '0000:02:10.2']);
  });

  test('nor where no return of the removal is traced', async () => {
    const trace = new Trace('function');
    trace.say('sh-63', 'pci_stop_and_remove_bus_device(dev=0xffff8880037a1000) <-pci_iov_remove_virtfn');
    const inside = trace.say('sh-63', '__pci_tsm_unbind(pdev=0xffff8880037a1000, data=0x0) <-__pci_tsm_destroy');
    trace.say('sh-63', 'remove_device_from_group: IOMMU: groupID=12 device=0000:02:10.0');
    trace.say('sh-63', 'pci_set_master(dev=0xffff8880037c0000) <-somebody');
    const other = trace.say('drv-700', 'pci_tsm_bind(pdev=0xffff8880037a1000, kvm=0x1, tdi_id=0x1) <-tsm_bind');
    const log = await trace.read();
    expect(log.at(inside).deviceId).not.toBe(log.at(other).deviceId);
    expect(log.at(other).device).not.toBe('0000:02:10.0');
  });

  test('a file and an iommufd object end with their session', async () => {
    const trace = new Trace('function');
    const df = '0xffff888003f7e400';
    for (const [bdf, vdev] of [
      [A, '0xffff888003c26000'],
      [B, '0xffff888003d48000'],
    ]) {
      trace.say('qemu-700', `vfio_df_open(df=${df}) <-vfio_df_ioctl_bind_iommufd`);
      trace.say('qemu-700', `vfio_pci_core_enable(vdev=${vdev}) <-vfio_pci_open_device`);
      trace.enter('qemu-700', 'pci_set_master', `bdf="${bdf}" vdev=${vdev}`);
      trace.say('qemu-700', `vfio_df_close(df=${df}) <-vfio_df_unbind_iommufd`);
      trace.say('qemu-700', `vfio_pci_core_disable(vdev=${vdev}) <-vfio_pci_core_close_device`);
    }
    const log = await trace.read();
    const opens = log.events.filter(({ kind }) => kind === 'vfio.open');
    expect(opens.map(({ deviceId }) => deviceId)).toHaveLength(2);
    expect(opens[0]?.deviceId).not.toBe(opens[1]?.deviceId);
  });

  test('a reboot ends every device, pointer, task and call', async () => {
    const log = await read(fixture('reboot.txt'));
    expect(log.health).toContain('reboot');
    expect(log.devices.map(({ bdf }) => bdf)).toEqual([A, A]);
    const [first, second] = log.devices;
    expect(log.at(5)).toMatchObject({ kind: 'pci.reset', pair: null, deviceId: first?.id });
    // This end of a reset is of the new boot: its beginning was not printed.
    expect(log.at(7)).toMatchObject({ kind: 'pci.reset_done', pair: null, deviceId: second?.id });
    expect(log.at(8)).toMatchObject({ pair: 9, deviceId: second?.id });
  });
});
