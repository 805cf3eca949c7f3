import { expect, test } from 'vitest';
import { syslog } from '../../src/formats/syslog.ts';

const LINE = 'Nov 22 05:53:14 host kernel: [   13.377318] vfio-pci 0000:02:00.0: resetting';

test.each([
  ['as it stands', LINE],
  ['with the number of a process', LINE.replace('kernel:', 'kernel[0]:')],
  ['of RFC 5424', '<6>1 2026-11-22T05:53:14.549803+00:00 host kernel - - - vfio-pci 0000:02:00.0: resetting'],
  ['with colours in the name of the kernel', LINE.replace('kernel', 'ker\x1b[01;31m\x1b[Knel\x1b[m')],
  ['with a NUL in it', LINE.replace('kernel', 'kern\0el')],
  ['with a carriage return in it', LINE.replace('kernel', 'kern\rel')],
  ['with a tag behind it', LINE.replace('kernel', '<b>kernel</b>')],
])('a line %s is one of a system log', (_how, line) => {
  expect(syslog.detect([line])).toBe(1);
});

test('a line of dmesg is none, whether it speaks of the kernel or not', () => {
  expect(syslog.detect(['[   13.377318] vfio-pci 0000:02:00.0: resetting'])).toBe(0);
  expect(syslog.detect(['[    0.000000] Kernel command line: quiet', '[    0.4] Booting kernel: slowly'])).toBe(0);
});
