import { expect, test } from 'vitest';
import { functionNames, nameAddresses } from '../../src/formats/address-names.ts';

const KALLSYMS = Buffer.from(
  [
    'ffffffff8142b030 t __pci_reset_function_locked',
    'ffffffff8142f520 T pci_try_reset_function',
    'ffffffff8142f800 T pci_rescan_bus',
    'ffffffffa0400e90 t iommufd_device_bind\t[iommufd]',
    'ffffffffa04145a0 t vfio_iommufd_physical_bind\t[vfio]',
  ].join('\n'),
);
const names = () => functionNames(KALLSYMS, 'kallsyms');
const name = (body: string, by = names()) => nameAddresses(`ev: ${body}`, 4, by)?.slice(4) ?? null;

// As trace-cmd 3.3.1 reports fprobe events, and what the kernel itself prints for them.
test.each([
  ['(ffffffffa0400e90) bdf="0000:02:00.0"', '(iommufd_device_bind+0x0) bdf="0000:02:00.0"'],
  ['(ffffffffa0400e94) x=1', '(iommufd_device_bind+0x4) x=1'],
  ['(ffffffffa0400e90 <- ffffffffa04145a4) ret=0', '(vfio_iommufd_physical_bind+0x4 <- iommufd_device_bind) ret=0'],
  ['(ffffffffa0400e90 <- 0000000000000000) ret=0', '(0 <- iommufd_device_bind) ret=0'],
  ['__probe_ip=ffffffffa0400e90 bdf="a"', '__probe_ip=iommufd_device_bind+0x0 bdf="a"'],
  [
    '__probe_func=ffffffff8142b030 __probe_ret_ip=ffffffff8142f570 ret=0',
    '__probe_func=__pci_reset_function_locked+0x0 __probe_ret_ip=pci_try_reset_function+0x50 ret=0',
  ],
])('%s', (body, expected) => {
  expect(name(body)).toBe(expected);
});

test('below all functions, or far behind the last one, nothing is told', () => {
  expect(name('(ffffffff80000000)')).toBeNull();
  expect(name('(ffffffffc0000000)')).toBeNull();
  expect(name('(iommufd_device_bind+0x0/0x10)')).toBeNull();
});

test('a return into no entry: the names are of another boot, and name nothing from there on', () => {
  const by = names();
  expect(name('(ffffffffa0400e90)', by)).not.toBeNull();
  expect(name('(ffffffffa0400ea0 <- ffffffffa04145a4) ret=0', by)).toBeNull();
  expect(name('(ffffffffa0400e90)', by)).toBeNull();
});
