import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { Bdf } from '../../src/base/bdf.ts';
import { summaryOf } from '../../src/input/side/summary.ts';
import { readSideData, type SideData } from '../../src/input/side-data.ts';
import { sideHealth } from '../../src/report/side-health.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function side(files: Readonly<Record<string, string>>): SideData {
  const folder = mkdtempSync(join(tmpdir(), 'tdi-trace-test-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return readSideData(folder);
}

// As ls-caps.c and ls-ecaps.c of pciutils 3.x print them.
const LSPCI = `00:05.0 PCI bridge: Red Hat, Inc. QEMU PCIe Root port (prog-if 00 [Normal decode])
\tBus: primary=00, secondary=02, subordinate=02, sec-latency=0
\tCapabilities: [54] Express (v2) Root Port (Slot+), MSI 00

00:06.0 PCI bridge: Red Hat, Inc. QEMU PCIe Root port (prog-if 00 [Normal decode])
\tBus: primary=00, secondary=00, subordinate=00, sec-latency=0

02:00.0 Ethernet controller: Intel Corporation 82576 Gigabit Network Connection (rev 01)
\tCapabilities: [40] Power Management version 3
\t\tFlags: PMEClk- DSI+ D1- D2- AuxCurrent=0mA PME(D0+,D1-,D2-,D3hot+,D3cold-)
\t\tStatus: D0 NoSoftRst- PME-Enable- DSel=0 DScale=1 PME-
\tCapabilities: [160 v1] Single Root I/O Virtualization (SR-IOV)
\t\tIOVCap:\tMigration- 10BitTagReq- Interrupt Message Number: 000
\t\tIOVCtl:\tEnable+ Migration- Interrupt- MSE+ ARIHierarchy- 10BitTagReq-
\t\tInitial VFs: 8, Total VFs: 8, Number of VFs: 3, Function Dependency Link: 00
\t\tVF offset: 128, stride: 2, Device ID: 10ca

02:10.0 Ethernet controller: Intel Corporation 82576 Virtual Function (rev 01)
\tCapabilities: [70] MSI-X: Enable- Count=3 Masked-

02:10.2 Ethernet controller: Intel Corporation 82576 Virtual Function (rev 01)

03:00.0 Ethernet controller: Intel Corporation 82576 Gigabit Network Connection (rev 01)
\t\tStatus: D0 NoSoftRst+ PME-Enable- DSel=0 DScale=1 PME-
\t\tIOVCtl:\tEnable- Migration- Interrupt- MSE- ARIHierarchy-
\t\tInitial VFs: 8, Total VFs: 8, Number of VFs: 8, Function Dependency Link: 00
\t\tVF offset: 128, stride: 2, Device ID: 10ca

03:10.0 Ethernet controller: Intel Corporation I350 (rev 01)
`;

test('lspci -vv tells bridges, VFs and No_Soft_Reset', () => {
  const data = side({ 'lspci.txt': LSPCI });
  expect([...data.bridges]).toEqual([
    [
      '0000:00:05.0',
      {
        first: '0000:02',
        last: '0000:02',
        fact: { place: 'lspci.txt:2', text: '0000:00:05.0 is the bridge to bus 02' },
      },
    ],
  ]);
  // 02:00.0 is id 0x200; 128 on is 02:10.0, 2 on is 02:10.2; the third one is not listed, so it is nobody.
  expect([...data.physical].map(([vf, { pf, fact }]) => `${vf} ${pf} ${fact.place}`)).toEqual([
    '0000:02:10.0 0000:02:00.0 lspci.txt:16',
    '0000:02:10.2 0000:02:00.0 lspci.txt:16',
  ]);
  expect([...data.noSoftReset].map(([bdf, { value }]) => `${bdf} ${value}`)).toEqual([
    '0000:02:00.0 false',
    '0000:03:00.0 true',
  ]);
  expect(data.files).toEqual(['lspci.txt']);
});

test('VFs whose SR-IOV is not enabled are none, whatever the number says', () => {
  expect([...side({ 'lspci.txt': LSPCI }).physical.values()].map(({ pf }) => pf)).not.toContain('0000:03:00.0');
});

test('links in /sys tell PFs and what is below a port', () => {
  const data = side({
    'devices.txt': [
      'total 0',
      'lrwxrwxrwx 1 root root 0 Nov 22 06:20 0000:00:05.0 -> ../../../devices/pci0000:00/0000:00:05.0',
      'lrwxrwxrwx 1 root root 0 Nov 22 06:20 0000:02:00.0 -> ../../../devices/pci0000:00/0000:00:05.0/0000:02:00.0',
      'lrwxrwxrwx 1 root root 0 Nov 22 06:20 0000:04:00.0 -> ../../../devices/pci0000:00/0000:00:05.0/0000:03:00.0/0000:04:00.0',
    ].join('\r\n'),
    'physfn.txt': 'lrwxrwxrwx 1 root root 0 Nov 22 06:20 /sys/bus/pci/devices/0000:02:10.0/physfn -> ../0000:02:00.0\n',
    'virtfn.txt':
      '/sys/bus/pci/devices/0000:03:00.0:\nlrwxrwxrwx 1 root root 0 Nov 22 06:20 virtfn0 -> ../0000:03:10.0\n',
  });
  expect([...data.bridges].map(([bridge, { first, last }]) => `${bridge} ${first} ${last}`)).toEqual([
    '0000:00:05.0 0000:02 0000:04',
    '0000:03:00.0 0000:04 0000:04',
  ]);
  expect([...data.physical].map(([vf, { pf }]) => `${vf} ${pf}`)).toEqual([
    '0000:02:10.0 0000:02:00.0',
    '0000:03:10.0 0000:03:00.0',
  ]);
});

describe('a function has one PF: of two neither is used', () => {
  const VF = '0000:02:10.0' as Bdf;
  const link = (pf: string) => `lrwxrwxrwx 1 root root 0 Nov 22 06:20 /sys/bus/pci/devices/${VF}/physfn -> ../${pf}\n`;

  test.each([
    ['last', link('0000:02:00.0') + link('0000:03:00.0')],
    ['told a second time', link('0000:02:00.0') + link('0000:03:00.0') + link('0000:02:00.0')],
  ])('whichever is %s', (_what, text) => {
    const data = side({ 'physfn.txt': text });
    expect([...data.physical]).toEqual([]);
    const told = `${VF} is a VF of 0000:03:00.0 here and of 0000:02:00.0 in physfn.txt:1: neither was used`;
    expect(data.disputed).toEqual([{ place: 'physfn.txt:2', text: told }]);
    expect(summaryOf(data)).toEqual([{ file: 'physfn.txt', told: [told], count: 1 }]);
  });

  test('a link of /sys is worth no more than lspci', () => {
    const data = side({ 'lspci.txt': LSPCI, 'physfn.txt': link('0000:03:00.0') });
    expect([...data.physical.keys()]).toEqual(['0000:02:10.2']);
    expect(data.disputed).toEqual([
      {
        place: 'lspci.txt:16',
        text: `${VF} is a VF of 0000:02:00.0 here and of 0000:03:00.0 in physfn.txt:1: neither was used`,
      },
    ]);
  });

  test('one that is told twice is one', () => {
    expect(side({ 'lspci.txt': LSPCI, 'physfn.txt': link('0000:02:00.0') }).physical.get(VF)?.pf).toBe('0000:02:00.0');
  });
});

describe('what two files say of a bridge', () => {
  const PORT = '0000:00:05.0' as Bdf;
  const said = `${PORT} PCI bridge: Intel Corporation Device 0001\n\tBus: primary=00, secondary=02, subordinate=03, sec-latency=0\n`;
  const link = (bus: string) =>
    `lrwxrwxrwx 1 root root 0 Nov 22 06:20 0000:${bus}:00.0 -> ../../../devices/pci0000:00/${PORT}/0000:${bus}:00.0\n`;

  test('counts where both agree: lspci tells all of its buses', () => {
    const { bridges, disputedBridges } = side({ 'lspci.txt': said, 'devices.txt': link('03') });
    expect(bridges.get(PORT)).toMatchObject({ first: '0000:02', last: '0000:03' });
    expect(disputedBridges).toEqual([]);
  });

  test('does not where they contradict each other, and that is told', () => {
    const data = side({ 'lspci.txt': said, 'devices.txt': link('03') + link('04') });
    expect(data.bridges.has(PORT)).toBe(false);
    const text = `${PORT} is the bridge to buses 02-03 here, and devices.txt:2 puts bus 04 below it: neither was used`;
    expect(data.disputedBridges).toEqual([{ place: 'lspci.txt:2', text }]);
    expect(sideHealth(data)[0]).toMatchObject({
      code: 'side-contradicted',
      message: `${data.folder}: lspci.txt:2: ${text}`,
    });
  });
});

test('other files are passed over, and a folder without any of them tells nothing', () => {
  const data = side({ 'cmdline.txt': 'intel_iommu=on iommu.strict=1\n', 'notes.md': '# Lab 3\n\nIt hung again.\n' });
  expect(data.files).toEqual([]);
  expect(data.left).toEqual([]);
});

test('a folder that is not there is an error that says what to do', () => {
  expect(() => readSideData('/nowhere')).toThrow('--side /nowhere: no such folder; name the folder with the output of');
});
