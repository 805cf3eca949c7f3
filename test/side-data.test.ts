import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readSideData, type SideData } from '../src/input/side-data.ts';
import { analyzeText, brief } from './support/analyze.ts';

const folder = mkdtempSync(join(tmpdir(), 'tdi-trace-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

function sideOf(text: string): SideData {
  writeFileSync(join(folder, 'lspci.txt'), text);
  return readSideData(folder);
}

const PORT = '00:05.0 PCI bridge: A port\n\tBus: primary=00, secondary=02, subordinate=02, sec-latency=0\n\n';
const PF = `02:00.0 Ethernet controller: A PF
\t\tStatus: D0 NoSoftRst- PME-Enable- DSel=0 DScale=1 PME-
\t\tIOVCtl:\tEnable+ Migration- Interrupt- MSE+ ARIHierarchy-
\t\tInitial VFs: 8, Total VFs: 8, Number of VFs: 1, Function Dependency Link: 00
\t\tVF offset: 128, stride: 2, Device ID: 10ca

02:10.0 Ethernet controller: A VF
`;

function log(...texts: string[]): string {
  return texts.map((text, i) => `         drv-300     [000] ...1.    10.00${i}003: ${text}\n`).join('');
}

const bind = (bdf: string) => [
  `b: (pci_tsm_bind+0x0/0x100) bdf="${bdf}" kvm=0x1000 tdi_id=0x200`,
  `br: (caller+0x5/0x10 <- pci_tsm_bind) bdf="${bdf}" ret=0`,
];

test('a PF that only side data name is reset: the VF is reached, on the word of side data', async () => {
  const text = log(...bind('0000:02:10.0'), 'f: (pcie_flr+0x0/0x100) bdf="0000:02:00.0"');
  expect((await analyzeText(text)).findings).toEqual([]);
  const { findings, devices, health } = await analyzeText(text, { side: sideOf(PF) });
  expect(findings.map(brief)).toEqual(['probable flr-while-locked 0000:02:10.0 :3']);
  expect(findings[0]?.assumptions).toContain(
    'side: lspci.txt:5: 0000:02:10.0 is a VF of 0000:02:00.0, also when the step was done',
  );
  expect(devices.find(({ bdf }) => bdf === '0000:02:10.0')?.pf).toBe('0000:02:00.0');
  expect(health.map(({ code }) => code)).toContain('side-data');
});

test('declared complete, a finding that rests on side data is still no more than probable', async () => {
  const text = log(
    'c: (connect_store+0x0/0x100) bdf="0000:02:00.0"',
    'cr: (caller+0x5/0x10 <- connect_store) bdf="0000:02:00.0" ret=5',
    ...bind('0000:02:00.0'),
    'r: (pci_bridge_secondary_bus_reset+0x0/0x100) bdf="0000:00:05.0"',
  );
  const complete = ['bind', 'guest-request', 'link', 'hotplug'] as const;
  const judge = { fromBoot: true, complete, platform: 'sev-tio' } as const;
  const { findings } = await analyzeText(text, { ...judge, side: sideOf(PORT) });
  expect(findings.map(brief)).toEqual(['probable conventional-reset-while-locked 0000:02:00.0 :5']);
});

test('where a record says otherwise, the record counts', async () => {
  const text = log(
    'console: pci 0000:00:05.0: PCI bridge to [bus 03]',
    ...bind('0000:02:00.0'),
    'r: (pci_bridge_secondary_bus_reset+0x0/0x100) bdf="0000:00:05.0"',
  );
  const { findings, health } = await analyzeText(text, { side: sideOf(PORT) });
  expect(findings).toEqual([]);
  expect(health.filter(({ code }) => code === 'side-contradicted')).toEqual([
    {
      code: 'side-contradicted',
      severity: 'warning',
      source: 's1',
      line: 1,
      message: 'the log says otherwise than lspci.txt:2: 0000:00:05.0 is the bridge to bus 02',
      count: 1,
    },
  ]);
});

test.each([
  ['-', ['probable power-state-while-locked 0000:02:00.0 :3']],
  ['+', []],
])('NoSoftRst%s decides what D3hot does', async (flag, expected) => {
  const text = log(...bind('0000:02:00.0'), 'p: (pci_set_power_state+0x0/0x100) bdf="0000:02:00.0" state=3');
  const undecided = await analyzeText(text);
  expect(undecided.findings.map(brief)).toEqual(['possible power-state-while-locked 0000:02:00.0 :3']);
  const { findings, rules } = await analyzeText(text, { side: sideOf(PF.replace('NoSoftRst-', `NoSoftRst${flag}`)) });
  expect(findings.map(brief)).toEqual(expected);
  const row = rules.find(({ rule }) => rule === 'power-state-while-locked');
  expect(row?.status).toBe(flag === '+' ? 'held' : 'violated');
});

test('a VF by side data has an emulated Memory Space Enable', async () => {
  const write = 'w: (vfio_basic_config_write+0x0/0x100) bdf="0000:02:10.0" pos=0x4 count=2 off=0x4 val=';
  const text = log(`${write}0x106`, ...bind('0000:02:10.0'), `${write}0x104`);
  expect((await analyzeText(text)).findings.map(brief)).toEqual(['possible mse-clear-while-locked 0000:02:10.0 :4']);
  expect((await analyzeText(text, { side: sideOf(PF) })).findings).toEqual([]);
});

test.each([
  // What vfio_basic_config_read() gave a guest of a VF: the lspci may be the guest's.
  ['Memory Space Enable set', '\tControl: I/O- Mem+ BusMaster+ SpecCycle- MemWINV- VGASnoop- ParErr-', 'possible'],
  // Which no VF has.
  ['the SR-IOV capability', '\tCapabilities: [160 v1] Single Root I/O Virtualization (SR-IOV)', 'definite'],
])('a function of which lspci shows %s', async (_, row, verdict) => {
  const write = 'w: (vfio_basic_config_write+0x0/0x100) bdf="0000:02:00.1" pos=0x4 count=2 off=0x4 val=';
  const text = log(
    ...CONNECT,
    'console: pci 0000:02:00.1: PCI/TSM: setup TSM context: DSM: 0000:02:00.0 status: success',
    `${write}0x106`,
    ...bind('0000:02:00.1'),
    `${write}0x104`,
  );
  const side = sideOf(`0000:02:00.1 Ethernet controller: X\n${row}\n`);
  expect((await analyzeText(text, { ...ALL, side })).findings.map(brief)).toEqual([
    `${verdict} mse-clear-while-locked 0000:02:00.1 :7`,
  ]);
});

const D3 = (state: number, ...between: string[]) => [
  ...between,
  `p: (pci_set_power_state+0x0/0x100) bdf="0000:02:00.0" state=${state}`,
  'pr: (caller+0x5/0x10 <- pci_set_power_state) bdf="0000:02:00.0" ret=0',
];
const CONNECT = [
  'c: (connect_store+0x0/0x100) bdf="0000:02:00.0"',
  'cr: (caller+0x5/0x10 <- connect_store) bdf="0000:02:00.0" ret=5',
];
const ALL = {
  fromBoot: true,
  complete: ['bind', 'guest-request', 'link', 'reset', 'power', 'hotplug', 'config-write'],
  platform: 'sev-tio',
} as const;

test.each([
  ['its return to D0 is recorded', [...D3(3), ...D3(0)], 'definite'],
  ['it is not', D3(3), 'probable'],
  // The unbind is late, but the reset hits nobody.
  [
    'the function is unbound before it',
    [...D3(3), ...D3(0, 'u: (pci_tsm_unbind+0x0/0x100) bdf="0000:02:00.0"')],
    'probable',
  ],
  [
    'it did not take the state',
    [...D3(3, ''), ...D3(0, 'console: vfio-pci 0000:02:00.0: Refused to change power state from D0 to D3hot')],
    'probable',
  ],
  [
    'the guest asks for something in between',
    [...D3(3), ...D3(0, 'g: (pci_tsm_guest_req+0x0/0x100) bdf="0000:02:00.0" scope=1')],
    'probable',
  ],
])('a function without No_Soft_Reset that goes to D3hot, where %s: %s', async (_, lines, verdict) => {
  const text = log(...CONNECT, ...bind('0000:02:00.0'), ...lines.filter((line) => line !== ''));
  const side = sideOf(PF);
  const of = ({ findings }: Awaited<ReturnType<typeof analyzeText>>) =>
    findings.filter(({ rule }) => rule === 'power-state-while-locked').map((one) => one.verdict);
  expect(of(await analyzeText(text, { ...ALL, side }))).toEqual([verdict]);
  const { complete: _all, ...others } = ALL;
  expect(of(await analyzeText(text, { ...others, complete: ['bind', 'guest-request'], side }))).toEqual(['probable']);
  expect(of(await analyzeText(text, ALL))).toEqual(['possible']);
});

const MOVED = 'w: (pci_user_write_config_dword+0x0/0x100) bdf="0000:02:00.0" pos=0x10 val=';
test.each([
  ['another value than lspci shows', '0xfd000000', 'sev-tio', 'probable'],
  // It may have been stored after the write.
  ['the value that lspci shows', '0xfe800000', 'sev-tio', 'possible'],
  ['bits that the BAR does not have', '0xfe80000c', 'sev-tio', 'possible'],
  ['another value, where the kernel may have translated the address', '0xfd000000', 'cca', 'possible'],
] as const)('a BAR is written with %s', async (_, value, platform, verdict) => {
  const side = sideOf(`${PF.split('\n')[0]}\n\tRegion 0: Memory at fe800000 (32-bit, non-prefetchable) [size=128K]\n`);
  const read = platform === 'cca' ? ['g: (rmi_vdev_lock+0x0/0x100) bdf="0000:02:00.0"'] : [];
  const text = log(...CONNECT, ...bind('0000:02:00.0'), ...read, `${MOVED}${value}`);
  const { findings } = await analyzeText(text, { ...ALL, platform, side });
  const told = findings.filter(({ rule }) => rule === 'config-change-while-locked');
  if (platform === 'cca') expect(told.every((one) => one.verdict === verdict)).toBe(true);
  else expect(told.map((one) => one.verdict)).toEqual([verdict]);
});

test('a connect shows that a function is no VF, whatever side data say', async () => {
  const text = log(
    ...CONNECT.map((line) => line.replace('02:00.0', '02:10.0')),
    'w: (vfio_basic_config_write+0x0/0x100) bdf="0000:02:10.0" pos=0x4 count=2 off=0x4 val=0x106',
    ...bind('0000:02:10.0'),
    'w: (vfio_basic_config_write+0x0/0x100) bdf="0000:02:10.0" pos=0x4 count=2 off=0x4 val=0x104',
  );
  const { findings, health } = await analyzeText(text, { ...ALL, side: sideOf(PF) });
  expect(findings.map(brief)).toEqual(['definite mse-clear-while-locked 0000:02:10.0 :6']);
  expect(health.filter(({ code }) => code === 'side-contradicted').map(({ message }) => message)).toEqual([
    'the log says otherwise than lspci.txt:5: 0000:02:10.0 is a VF of 0000:02:00.0',
  ]);
});
