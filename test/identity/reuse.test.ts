import { describe, expect, test } from 'vitest';
import { Trace } from './read.ts';

// What had been bound is gone, and another device has its address, its pointer or the number of its file: nothing of the old
// one's state is the new one's. Each with the same records but for the end of the old one, which then are a finding.
const A = '0000:02:00.0';
const B = '0000:03:00.0';
const PDEV = '0xffff8880037a1000';
const QEMU = 'qemu-700';

function binds(trace: Trace, bdf: string, rest = ''): void {
  trace.enter('tsm-800', 'connect_store', `bdf="${bdf}"`);
  trace.leave('tsm-800', 'connect_store', `bdf="${bdf}" ret=5`);
  trace.enter('tsm-800', 'pci_tsm_bind', `bdf="${bdf}"${rest}`);
  trace.leave('tsm-800', 'pci_tsm_bind', `bdf="${bdf}" ret=0`);
}

/** The device is pulled, and another one opened in its place; that one's coming was not recorded. */
function replugs(trace: Trace, bdf: string): void {
  trace.enter('pciehp-50', 'pci_stop_and_remove_bus_device', `bdf="${bdf}"`);
  trace.leave('pciehp-50', 'pci_stop_and_remove_bus_device', `bdf="${bdf}"`);
  trace.enter('vmm-90', 'vfio_pci_core_enable', `bdf="${bdf}"`);
  trace.leave('vmm-90', 'vfio_pci_core_enable', `bdf="${bdf}" ret=0`);
}

describe.each([
  ['gone', true],
  ['still there', false],
])('the old one is %s', (_what, isGone) => {
  const flr = (...found: string[]) => (isGone ? [] : found);

  test('a reused object of vfio', async () => {
    const trace = new Trace();
    trace.enter(QEMU, 'vfio_pci_core_enable', `bdf="${A}" vdev=${PDEV}`);
    trace.leave(QEMU, 'vfio_pci_core_enable', 'ret=0');
    binds(trace, A);
    if (isGone) {
      trace.enter('bash-60', 'vfio_pci_core_unregister_device', `vdev=${PDEV}`);
      trace.leave('bash-60', 'vfio_pci_core_unregister_device');
    }
    trace.enter('vmm-90', 'vfio_pci_core_disable', `vdev=${PDEV}`);
    const { findings } = await trace.read();
    expect(findings.filter((one) => one.includes('unbind-before-disable'))).toEqual(
      flr(`probable unbind-before-disable ${A}`),
    );
  });

  test('a reused address', async () => {
    const trace = new Trace();
    binds(trace, A);
    if (isGone) replugs(trace, A);
    const at = trace.enter('sh-60', 'pcie_flr', `bdf="${A}"`);
    const log = await trace.read();
    expect(log.findings.filter((one) => one.includes('flr'))).toEqual(flr(`probable flr-while-locked ${A}`));
    expect(log.at(at).deviceId === log.at(5).deviceId).toBe(!isGone);
  });

  test('a reused pointer', async () => {
    const trace = new Trace();
    binds(trace, A, ` pdev=${PDEV}`);
    if (isGone) replugs(trace, A);
    const at = trace.enter('sh-60', 'pcie_flr', `dev=${PDEV}`);
    const log = await trace.read();
    expect(log.findings.filter((one) => one.includes('flr'))).toEqual(flr(`probable flr-while-locked ${A}`));
    expect(log.at(at).deviceId === log.at(5).deviceId).toBe(!isGone);
  });

  test('a reused file number', async () => {
    const trace = new Trace();
    const opens = (bdf: string) =>
      trace.ioctl(QEMU, 7, 0x3b76, () => {
        trace.enter(QEMU, 'vfio_pci_core_enable', `bdf="${bdf}"`);
        trace.leave(QEMU, 'vfio_pci_core_enable', `bdf="${bdf}" ret=0`);
      });
    trace.opens(QEMU, '/dev/vfio/devices/vfio0', 7);
    opens(A);
    binds(trace, A);
    if (isGone) {
      trace.system(QEMU, 'close', 'fd: 7', 0);
      trace.opens(QEMU, '/dev/vfio/devices/vfio1', 7);
      opens(B);
    }
    trace.ioctl(QEMU, 7, 0x3b6f, () => {
      trace.enter(QEMU, 'pcie_flr');
    });
    const { findings } = await trace.read();
    expect(findings).toEqual(flr(`probable flr-while-locked ${A}`));
  });

  test('a reused id of iommufd', async () => {
    const trace = new Trace();
    const ids = (bdf: string) => {
      trace.leave(QEMU, 'iommufd_device_bind', `bdf="${bdf}" id=1`);
      trace.enter(QEMU, 'iommufd_vdevice_alloc_ioctl', 'dev_id=1');
      trace.leave(QEMU, 'iommufd_vdevice_alloc_ioctl', 'vdevice_id=3 ret=0');
    };
    ids(A);
    trace.enter('sh-60', 'pci_set_master', `bdf="${B}"`);
    trace.enter('tsm-800', 'connect_store', `bdf="${A}"`);
    trace.leave('tsm-800', 'connect_store', `bdf="${A}" ret=5`);
    trace.enter('tsm-800', 'pci_tsm_bind', `bdf="${A}"`);
    trace.leave('tsm-800', 'pci_tsm_bind', `bdf="${A}" ret=0`);
    if (isGone) {
      trace.enter(QEMU, 'iommufd_fops_release');
      trace.leave(QEMU, 'iommufd_fops_release');
      ids(B);
    }
    trace.enter(QEMU, 'iommufd_vdevice_destroy', 'id=3');
    const { findings } = await trace.read();
    expect(findings).toEqual(flr(`possible vdevice-destroy-while-bound ${A}`));
  });
});

test('a file number that was closed is nobody’s until its new owner shows', async () => {
  const trace = new Trace();
  trace.attach(QEMU, A);
  trace.attach(QEMU, B);
  trace.opens(QEMU, '/dev/vfio/devices/vfio0', 7);
  trace.ioctl(QEMU, 7, 0x3b76, () => {
    trace.enter(QEMU, 'vfio_pci_core_enable', `bdf="${A}"`);
  });
  const before = trace.ioctl(QEMU, 7, 0x3b6c);
  trace.system(QEMU, 'close', 'fd: 7', 0);
  const after = trace.ioctl(QEMU, 7, 0x3b6c);
  const log = await trace.read();
  expect(log.at(before).device).toBe(A);
  expect(log.at(after)).toMatchObject({ device: null, maybe: [A, B] });
});

test('a pointer that changes hands unseen: what was done by it in between may be of either device', async () => {
  const trace = new Trace();
  binds(trace, A, ` pdev=${PDEV}`);
  trace.enter('sh-60', 'pcie_flr', `dev=${PDEV}`);
  const alone = await trace.read();
  expect(alone.findings.filter((one) => one.includes('flr'))).toEqual([`probable flr-while-locked ${A}`]);
  expect(alone.health).not.toContain('pointer-reused');
  binds(trace, B, ` pdev=${PDEV}`);
  const log = await trace.read();
  expect(log.findings.filter((one) => one.includes('flr'))).toEqual([`possible flr-while-locked ${A}`]);
  expect(log.health).toContain('pointer-reused');
});
