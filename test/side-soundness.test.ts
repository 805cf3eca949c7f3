import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Bdf } from '../src/base/bdf.ts';
import { Hints } from '../src/identity/hints.ts';
import { SideCollector, type SideData } from '../src/input/side/collector.ts';
import { analyzeText, brief } from './support/analyze.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures');
const GOOD = readFileSync(join(FIXTURES, 'captures/good-order/trace.probes.txt'), 'utf8');
const LSPCI = readFileSync(join(FIXTURES, 'side/lspci-vvv.txt'), 'latin1');
// What is done to the PF, to the port and to D3hot reaches a bound function only if side data say so; the disable of another
// function is wrong without them.
const TRACE = [
  'c: (connect_store+0x0/0x100) bdf="0000:02:10.0"',
  'cr: (caller+0x5/0x10 <- connect_store) bdf="0000:02:10.0" ret=5',
  'b: (pci_tsm_bind+0x0/0x100) bdf="0000:02:10.0" kvm=0x1000 tdi_id=0x200',
  'br: (caller+0x5/0x10 <- pci_tsm_bind) bdf="0000:02:10.0" ret=0',
  'f: (pcie_flr+0x0/0x100) bdf="0000:02:00.0"',
  'r: (pci_bridge_secondary_bus_reset+0x0/0x100) bdf="0000:00:05.0"',
  'p: (pci_set_power_state+0x0/0x100) bdf="0000:02:10.0" state=3',
  'b: (pci_tsm_bind+0x0/0x100) bdf="0000:03:00.0" kvm=0x1000 tdi_id=0x300',
  'br: (caller+0x5/0x10 <- pci_tsm_bind) bdf="0000:03:00.0" ret=0',
  'd: (vfio_pci_core_disable+0x0/0x100) bdf="0000:03:00.0"',
]
  .map((text, i) => `         drv-300     [000] ...1.    10.0${i}0003: ${text}\n`)
  .join('');
// Of a function without a connect of its own: what side data show it to be for life decides.
const FOR_LIFE = [
  'c: (connect_store+0x0/0x100) bdf="0000:02:00.0"',
  'cr: (caller+0x5/0x10 <- connect_store) bdf="0000:02:00.0" ret=5',
  'console: pci 0000:02:10.2: PCI/TSM: setup TSM context: DSM: 0000:02:00.0 status: success',
  'w: (vfio_basic_config_write+0x0/0x100) bdf="0000:02:10.2" pos=0x4 count=2 off=0x4 val=0x106',
  'b: (pci_tsm_bind+0x0/0x100) bdf="0000:02:10.2" kvm=0x1000 tdi_id=0x400',
  'br: (caller+0x5/0x10 <- pci_tsm_bind) bdf="0000:02:10.2" ret=0',
  'w: (vfio_basic_config_write+0x0/0x100) bdf="0000:02:10.2" pos=0x4 count=2 off=0x4 val=0x104',
  'wr: (vfio_pci_config_rw_single+0x50/0x100 <- vfio_basic_config_write) bdf="0000:02:10.2" ret=2',
  'u: (pci_tsm_unbind+0x0/0x100) bdf="0000:02:10.2"',
  'ur: (caller+0x5/0x10 <- pci_tsm_unbind) bdf="0000:02:10.2"',
  'b: (pci_tsm_bind+0x0/0x100) bdf="0000:02:10.2" kvm=0x1000 tdi_id=0x400',
  'br: (caller+0x5/0x10 <- pci_tsm_bind) bdf="0000:02:10.2" ret=0',
  'p: (pci_set_power_state+0x0/0x100) bdf="0000:02:10.2" state=3',
  'pr: (caller+0x5/0x10 <- pci_set_power_state) bdf="0000:02:10.2" ret=0',
  'p: (pci_set_power_state+0x0/0x100) bdf="0000:02:10.2" state=0',
  'pr: (caller+0x5/0x10 <- pci_set_power_state) bdf="0000:02:10.2" ret=0',
]
  .map((text, i) => `         drv-300     [000] ...1.    11.0${String(i).padStart(2, '0')}003: ${text}\n`)
  .join('');
const COMPLETE = {
  fromBoot: true,
  complete: ['bind', 'guest-request', 'link', 'reset', 'hotplug'],
  platform: 'sev-tio',
} as const;

function sideOf(files: Readonly<Record<string, string>>): SideData {
  const collector = new SideCollector();
  for (const [name, text] of Object.entries(files)) collector.file(name, Buffer.from(text, 'latin1'));
  return collector.finish('side');
}

const bdf = fc.constantFrom('0000:00:05.0', '0000:02:00.0', '0000:02:10.0', '0000:02:10.2', '0000:03:00.0');
/** Side data that say wrong things of the very functions that the trace is of. */
const lies = fc
  .array(
    fc.oneof(
      fc
        .tuple(bdf, bdf)
        .map(([a, b]) => `lrwxrwxrwx 1 root root 0 Nov 22 06:20 /sys/bus/pci/devices/${a}/physfn -> ../${b}`),
      fc
        .tuple(bdf, bdf)
        .map(([a, b]) => `lrwxrwxrwx 1 root root 0 Nov 22 06:20 ${b} -> ../../../devices/pci0000:00/${a}/${b}`),
      fc
        .tuple(bdf, fc.constantFrom('+', '-'))
        .map(([a, flag]) => `${a} A: B\n\t\tStatus: D0 NoSoftRst${flag} PME-Enable-`),
      bdf.map(
        (a) =>
          `${a} A: B\n\tRegion 0: Memory at f0000000 (32-bit, prefetchable)\n\tCapabilities: [160 v1] Single Root I/O Virtualization (SR-IOV)`,
      ),
      bdf.map((a) => `${a} PCI bridge: A\n\tBus: primary=00, secondary=02, subordinate=03, sec-latency=0`),
      bdf.map((a) => `/sys/bus/pci/devices/${a}/tsm/bound:tsm0`),
      bdf.map((a) => `/sys/bus/pci/devices/${a}/tsm/connect:`),
    ),
    { maxLength: 12 },
  )
  .map((rows) => sideOf({ 'lies.txt': `${rows.join('\n\n')}\n`, 'lspci.txt': rows.length % 2 === 0 ? LSPCI : '' }));

const definiteOf = async (side: SideData | null, complete: (typeof COMPLETE)['complete'][number][]) =>
  (await analyzeText(`${TRACE}${FOR_LIFE}`, { ...COMPLETE, complete, side })).findings
    .filter(({ verdict }) => verdict === 'definite')
    .map(brief);

test('no side data make a finding definite that is not so without them, where functions may come and go unseen', async () => {
  const declared = COMPLETE.complete.filter((one) => one !== 'hotplug');
  const without = await definiteOf(null, declared);
  expect(without.length).toBeGreaterThan(0);
  await fc.assert(
    fc.asyncProperty(lies, async (side) => {
      for (const finding of await definiteOf(side, declared)) expect(without).toContain(finding);
    }),
    { numRuns: 40 },
  );
}, 60_000);

test('what a function is for life may: of the rules that ask for it, where functions come and go with a record', async () => {
  const declared = [...COMPLETE.complete];
  const without = await definiteOf(null, declared);
  const rules = new Set<string>();
  await fc.assert(
    fc.asyncProperty(lies, async (side) => {
      for (const finding of await definiteOf(side, declared)) {
        if (without.includes(finding)) continue;
        const [, rule = '', device = ''] = finding.split(' ');
        rules.add(rule);
        if (rule === 'power-state-while-locked') expect(side.noSoftReset.get(device as Bdf)?.value).toBe(false);
        else expect([rule, side.noVfs.has(device as Bdf)]).toEqual(['mse-clear-while-locked', true]);
      }
    }),
    { numRuns: 40 },
  );
  expect([...rules].sort()).toEqual(['mse-clear-while-locked', 'power-state-while-locked']);
}, 60_000);

test('what tsm/ says accuses nobody: a listing has no time', async () => {
  const rows = ['connect', 'bound'].map((name) => `/sys/bus/pci/devices/0000:02:00.0/tsm/${name}:tsm0\n`).join('');
  const said = async (side: SideData | null) => (await analyzeText(GOOD, { side })).findings.map(brief);
  expect(await said(sideOf({ 'tsm.txt': rows }))).toEqual(await said(null));
  const { health } = await analyzeText(GOOD, { side: sideOf({ 'tsm.txt': rows }) });
  expect(health.find(({ message }) => message.includes('when tsm/ was listed'))?.message).toBe(
    'side: when tsm/ was listed, 0000:02:00.0 was connected to tsm0 (tsm.txt:1), 0000:02:00.0 was bound (tsm0) (tsm.txt:2); when that was nothing tells, so it is not taken for the state in which the log begins',
  );
});

test('the log is of another kernel than the data beside it: said, and nothing else changes', async () => {
  const log =
    '[    0.000000] Linux version 7.3.4-tditrace (root@vm) (gcc 12) #2 SMP\n[    1.000000] vfio-pci 0000:02:00.0: resetting\n';
  const uname = (release: string) => sideOf({ uname: `Linux host ${release} #1 SMP x86_64 GNU/Linux\n` });
  const contradictions = async (release: string) => {
    const { health } = await analyzeText(log, { side: uname(release) }, new Hints(new Map(), uname(release)));
    return health.filter(({ code }) => code === 'side-contradicted').map(({ line, message }) => `${line} ${message}`);
  };
  expect(await contradictions('7.3.4-tditrace')).toEqual([]);
  expect(await contradictions('6.12.107+deb13-amd64')).toEqual([
    '1 the log says otherwise than uname:1: the kernel was 6.12.107+deb13-amd64: this is another one, and what was stored may not hold for it',
  ]);
});

// The reset and the disable know their function by a pointer only.
const POINTED = [
  'b: (pci_tsm_bind+0x0/0x100) bdf="0000:02:10.0" kvm=0x1000 tdi_id=0x200',
  'br: (caller+0x5/0x10 <- pci_tsm_bind) bdf="0000:02:10.0" ret=0',
  'f: (pcie_flr+0x0/0x100) dev=0xffff888000000100',
  'd: (vfio_pci_core_disable+0x0/0x100) pdev=0xffff888000000200',
  'b: (pci_tsm_bind+0x0/0x100) bdf="0000:03:00.0" kvm=0x1000 tdi_id=0x300',
  'br: (caller+0x5/0x10 <- pci_tsm_bind) bdf="0000:03:00.0" ret=0',
  'd: (vfio_pci_core_disable+0x0/0x100) bdf="0000:03:00.0"',
]
  // One task a call, so that nothing but the pointer tells the function.
  .map(
    (text, i) =>
      `         drv-${300 + (text.startsWith('br:') ? i - 1 : i)}     [000] ...1.    10.0${i}0003: ${text}\n`,
  )
  .join('');

// The connects came before the capture.
const UNDER_WAY = { ...COMPLETE, fromBoot: false } as const;

test('nor does what a user says of pointers', async () => {
  const definite = async (hints: Hints) =>
    (await analyzeText(POINTED, UNDER_WAY, hints)).findings.filter(({ verdict }) => verdict === 'definite').map(brief);
  const without = await definite(new Hints(new Map()));
  expect(without).toEqual(['definite unbind-before-disable 0000:03:00.0 :7']);
  const pointer = fc.constantFrom('0xffff888000000100', '0xffff888000000200');
  const said = fc.uniqueArray(fc.tuple(pointer, bdf), { minLength: 1, maxLength: 2, selector: ([one]) => one });
  await fc.assert(
    fc.asyncProperty(said, async (pairs) => {
      expect(await definite(new Hints(new Map(pairs.map(([one, told]) => [one, told as Bdf]))))).toEqual(without);
    }),
    { numRuns: 20 },
  );
  // It is used: the reset of the bound function is accused, on the word of the user.
  const used = await analyzeText(
    POINTED,
    UNDER_WAY,
    new Hints(new Map([['0xffff888000000100', '0000:02:10.0' as Bdf]])),
  );
  expect(used.findings.map(brief)).toContain('probable flr-while-locked 0000:02:10.0 :3');
}, 60_000);
