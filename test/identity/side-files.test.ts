import { describe, expect, test } from 'vitest';
import { Hints } from '../../src/identity/hints.ts';
import { SideCollector } from '../../src/input/side/collector.ts';
import { Trace } from './read.ts';

const A = '0000:02:00.0';
const B = '0000:03:00.0';
const QEMU = 'qemu-700';
const RESET = 0x3b6f;
const GET_DEVICE_FD = 0x3b6a;

function told(text: string): Hints {
  const collector = new SideCollector();
  collector.file('vfio.txt', Buffer.from(text));
  return new Hints(new Map(), collector.finish('side'));
}

const cdevs = `/sys/bus/pci/devices/${A}/vfio-dev/vfio0\n/sys/bus/pci/devices/${B}/vfio-dev/vfio1\n`;

/** A bind of A by name, and a reset through the file of vfioN that no record names: its line. */
function resetOf(number: number, trace = new Trace()): { trace: Trace; line: number } {
  trace.enter('tsm-1', 'pci_tsm_bind', `bdf="${A}"`);
  trace.leave('tsm-1', 'pci_tsm_bind', `bdf="${A}" ret=0`);
  trace.opens(QEMU, `/dev/vfio/devices/vfio${number}`, 5);
  let line = 0;
  trace.ioctl(QEMU, 5, RESET, () => (line = trace.enter(QEMU, 'pcie_flr')));
  return { trace, line };
}

describe('vfio devices by their numbers', () => {
  test('the number of the file names the function, and no verdict that rests on it is definite', async () => {
    const { trace, line } = resetOf(0);
    expect((await trace.read()).at(line).device).toBeNull();
    const log = await trace.read(told(cdevs));
    expect(log.at(line)).toMatchObject({ device: A, certainty: 'inherited' });
    expect(log.headlines).toEqual([`probable flr-while-locked ${A}`]);
    expect(log.devices.find(({ bdf }) => bdf === A)?.aliases).toContain(
      'fd 5 of process 700 (vfio0, side: vfio.txt:1)',
    );
    // The finding says what it rests on.
    expect(log.assumptions[0]?.[0]).toBe(
      'the record names no device: it was made in a system call on a file of this one (ioctl, fd 5 of process 700 (vfio0, side: vfio.txt:1))',
    );
  });

  test('another number is another function: the bound one was not reset', async () => {
    const { trace, line } = resetOf(1);
    const log = await trace.read(told(cdevs));
    expect(log.at(line).device).toBe(B);
    expect(log.findings).toEqual([]);
  });

  test('where a record says otherwise, the record counts, also for what came before it', async () => {
    const { trace, line } = resetOf(0);
    trace.ioctl(QEMU, 5, RESET, () => trace.enter(QEMU, 'vfio_pci_core_ioctl', `bdf="${B}" cmd=0x3b6f`));
    // The number means nothing any more, also where it is opened again.
    trace.opens(QEMU, '/dev/vfio/devices/vfio0', 9);
    let again = 0;
    trace.ioctl(QEMU, 9, RESET, () => (again = trace.enter(QEMU, 'pcie_flr')));
    const log = await trace.read(told(cdevs));
    expect(log.at(line).device).toBe(B);
    expect(log.at(again).device).not.toBe(A);
    expect(log.findings.filter((finding) => finding.endsWith(A))).toEqual([]);
    expect(log.health.filter((code) => code === 'side-contradicted')).toHaveLength(1);
  });

  test('a number that side data do not know tells nothing', async () => {
    const { trace, line } = resetOf(7);
    expect((await trace.read(told(cdevs))).at(line).device).toBeNull();
  });
});

describe('groups by their numbers', () => {
  function inGroup(): { trace: Trace; line: number } {
    const trace = new Trace();
    trace.enter('tsm-1', 'pci_tsm_bind', `bdf="${A}"`);
    trace.leave('tsm-1', 'pci_tsm_bind', `bdf="${A}" ret=0`);
    trace.opens(QEMU, '/dev/vfio/12', 6);
    trace.ioctl(QEMU, 6, GET_DEVICE_FD, undefined, 7);
    let line = 0;
    trace.ioctl(QEMU, 7, RESET, () => (line = trace.enter(QEMU, 'pcie_flr')));
    return { trace, line };
  }
  const members = (...bdfs: string[]) =>
    told(bdfs.map((bdf) => `/sys/kernel/iommu_groups/12/devices/${bdf}\n`).join(''));

  test('the only member of a group is the device', async () => {
    const { trace, line } = inGroup();
    const log = await trace.read(members(A));
    expect(log.at(line)).toMatchObject({ device: A, certainty: 'inherited' });
    expect(log.headlines).toEqual([`probable flr-while-locked ${A}`]);
  });

  test('of several it may be any: nothing above possible', async () => {
    const { trace, line } = inGroup();
    const log = await trace.read(members(A, B));
    expect(log.at(line).maybe).toEqual([A, B]);
    expect(log.headlines).toEqual([`possible flr-while-locked ${A}`]);
  });

  test('a link of one function does not say that the group has no other', async () => {
    const { trace, line } = inGroup();
    const link = `lrwxrwxrwx 1 root root 0 Nov 22 06:20 /sys/bus/pci/devices/${A}/iommu_group -> ../../../kernel/iommu_groups/12\n`;
    const log = await trace.read(told(link));
    expect(log.at(line).maybe).toEqual([A]);
    expect(log.headlines).toEqual([`possible flr-while-locked ${A}`]);
  });

  test('of several, a record that names one settles it', async () => {
    const { trace, line } = inGroup();
    trace.ioctl(QEMU, 7, RESET, () => trace.enter(QEMU, 'vfio_pci_core_ioctl', `bdf="${B}" cmd=0x3b6f`));
    const log = await trace.read(members(A, B));
    expect(log.at(line).device).toBe(B);
    expect(log.health).not.toContain('side-contradicted');
  });
});
