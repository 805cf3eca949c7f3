import { expect, test } from 'vitest';
import { hostMark } from '../../src/events/platform.ts';
import { call, graph, printk, probe } from './records.ts';

test.each([
  ['tdh_spdm_connect', 'tdx'],
  ['sev_tio_dev_connect', 'sev-tio'],
  ['rmi_vdev_lock', 'cca'],
  ['cca_vdev_create', 'cca'],
  ['cca_tsm_bind', 'cca'],
  ['tdx_tsm_link_connect', 'tdx'],
  ['tdx_devsec_lock', null],
  ['pci_tsm_bind', null],
  ['tdx_track', null],
])('%s runs only on %s', (symbol, mark) => {
  expect(hostMark(call(symbol))).toBe(mark);
  expect(hostMark(graph('enter', symbol))).toBe(mark);
  expect(hostMark(probe(symbol))).toBe(mark);
});

test('entries of system calls name the architecture', () => {
  expect(hostMark(call('vfio_device_fops_unl_ioctl', {}, '__x64_sys_ioctl'))).toBe('x86');
  expect(hostMark(call('vfio_device_fops_unl_ioctl', {}, '__arm64_sys_ioctl'))).toBe('arm64');
  expect(hostMark(call('vfio_device_fops_unl_ioctl', {}, 'vfs_ioctl'))).toBeNull();
});

test('SEV-TIO that is off decides nothing', () => {
  const rest = 'rq=16..4096 rs=16..4096 scr=0..0 out=16..4096 dev=4096 tdi=4096 algos=1';
  expect(hostMark(printk(`ccp 0000:42:00.5: SEV-TIO status: EN=1 INIT_DONE=1 ${rest}`))).toBe('sev-tio');
  expect(hostMark(printk(`SEV-TIO status: EN=1 INIT_DONE=1 ${rest}`))).toBe('sev-tio');
  expect(hostMark(printk(`SEV-TIO status: EN=0 INIT_DONE=0 ${rest}`))).toBeNull();
  expect(hostMark(printk('virt/tdx: TDX-Module initialized'))).toBeNull();
  expect(hostMark(printk('ccp 0000:42:00.5: sev command id 0xd1 buffer 0x0 timeout 100s'))).toBeNull();
  expect(hostMark(printk('ccp 0000:42:00.5: sev command id 0xdc buffer 0x0 timeout 100s'))).toBe('sev-tio');
  expect(hostMark(printk('ccp 0000:42a00.5: sev command 0xdc timed out, disabling PSP'))).toBeNull();
  expect(hostMark(printk('sev command 0xdc timed out, disabling PSP'))).toBeNull();
});
