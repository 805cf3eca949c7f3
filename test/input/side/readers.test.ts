import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { capabilityWithId } from '../../../src/input/side/capabilities.ts';
import { SideCollector, type SideData } from '../../../src/input/side/collector.ts';

const FIXTURES = join(import.meta.dirname, '../../../fixtures/side');
const fixture = (name: string) => readFileSync(join(FIXTURES, name), 'latin1');

function collect(files: Readonly<Record<string, string | Buffer>>): SideData {
  const collector = new SideCollector();
  for (const [name, text] of Object.entries(files))
    collector.file(name, typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
  return collector.finish('side');
}

const entries = <Key, Value>(map: ReadonlyMap<Key, Value>, show: (value: Value) => string) =>
  [...map].map(([key, value]) => `${key} ${show(value)}`);

describe('lspci', () => {
  const data = collect({ 'lspci.txt': fixture('lspci-vvv.txt') });

  test('bridges, VFs, No_Soft_Reset and capabilities of what lspci -vvv printed', () => {
    expect(entries(data.bridges, ({ first, last }) => `${first} ${last}`)).toEqual(['0000:00:05.0 0000:02 0000:03']);
    expect(entries(data.physical, ({ pf }) => pf)).toEqual(['0000:02:10.0 0000:02:00.0', '0000:02:10.2 0000:02:00.0']);
    expect(entries(data.noSoftReset, ({ value }) => String(value))).toEqual([
      '0000:00:05.0 false',
      '0000:02:00.0 false',
      '0000:03:00.0 true',
    ]);
    expect([...data.capabilities].map(([bdf, { list, upTo }]) => `${bdf} ${list.length} ${upTo}`)).toEqual([
      '0000:00:05.0 5 4096',
      '0000:00:06.0 1 256',
      '0000:02:00.0 13 4096',
      '0000:02:10.0 4 4096',
      '0000:02:10.2 4 4096',
      '0000:03:00.0 5 4096',
    ]);
  });

  test('the hex dump says the same, and what the words of that release do not', () => {
    const dump = collect({ 'lspci.txt': fixture('lspci-xxxx.txt') });
    const own = dump.capabilities.get('0000:02:00.0' as never);
    const words = data.capabilities.get('0000:02:00.0' as never);
    if (own === undefined || words === undefined) throw new Error('no capabilities');
    expect(own.list).toEqual(words.list);
    expect(own.upTo).toBe(words.upTo);
    // `Extended Capability ID 0x30`: IDE.
    expect(capabilityWithId(words, 'extended-capability', 0x30)?.offset).toBe(0x200);
    expect(entries(dump.teeIo, ({ value, fact }) => `${value} ${fact.place}`)).toEqual([
      '0000:02:00.0 true lspci.txt:2',
    ]);
    expect(entries(dump.noSoftReset, ({ value }) => String(value))).toEqual(['0000:02:00.0 false']);
    // Its VFs are not listed, so nobody knows that they are there.
    expect(dump.physical.size).toBe(0);
    expect(entries(collect({ a: `${fixture('lspci-xxxx.txt')}\n02:10.2 A: B\n` }).physical, ({ pf }) => pf)).toEqual([
      '0000:02:10.2 0000:02:00.0',
    ]);
  });

  test('a hex dump that is cut, refused or nonsense tells what it reaches', () => {
    const rows = fixture('lspci-xxxx.txt').split('\n');
    const upTo = (count: number) =>
      collect({ a: rows.slice(0, count + 1).join('\n') }).capabilities.get('0000:02:00.0' as never);
    expect(upTo(4)).toMatchObject({ list: [], upTo: 0x40 });
    expect(upTo(16)).toMatchObject({ upTo: 0x100 });
    expect(upTo(16)?.list.map(({ offset }) => offset)).toEqual([0x40, 0x50, 0x70, 0xa0]);
    const gone = rows.map((row) => row.replaceAll(/ [0-9a-f]{2}(?= |$)/g, ' ff'));
    expect(collect({ a: gone.join('\n') }).capabilities.size).toBe(0);
  });

  test('-t and -PP tell what is below what', () => {
    const told = (text: string) =>
      entries(collect({ a: text }).bridges, ({ first, last, fact }) => `${first} ${last} ${fact.place}`);
    expect(told(fixture('lspci-t.txt'))).toEqual(['0000:00:05.0 0000:02 0000:03 a:1']);
    expect(told(fixture('lspci-PP.txt'))).toEqual(['0000:00:05.0 0000:02 0000:03 a:3']);
    const deep = [
      '-[0000:00]-+-00.0  Intel Corporation Host Bridge',
      '           +-01.0-[01-04]----00.0-[02-04]--+-01.0-[03]----00.0  Intel Corporation 82576',
      '           |                               \\-02.0-[04]--+-00.0',
      '           |                                            \\-00.1',
      '           +-06.0--',
      '           \\-1c.4-[05]--',
      '',
      '+-01.0-[07]--',
    ].join('\n');
    expect(told(deep)).toEqual([
      '0000:00:01.0 0000:01 0000:04 a:2',
      '0000:01:00.0 0000:02 0000:04 a:2',
      '0000:02:01.0 0000:03 0000:03 a:2',
      '0000:02:02.0 0000:04 0000:04 a:3',
      '0000:00:1c.4 0000:05 0000:05 a:6',
    ]);
  });

  test('TEE-IO, driver and IOMMU group in the words of newer releases', () => {
    const text = [
      '0000:e1:00.0 Ethernet controller [0200]: A [aaaa:bbbb]',
      '\tIOMMU group: 12',
      '\tCapabilities: [70] Express (v2) Endpoint, IntMsgNum 0',
      '\t\tDevCap:\tMaxPayload 1024 bytes, PhantFunc 0, Latency L0s <64ns, L1 <1us',
      '\t\t\tExtTag+ AttnBtn- AttnInd- PwrInd- RBE+ FLReset+ SlotPowerLimit 75W TEE-IO+',
      '\tKernel driver in use: vfio-pci',
    ].join('\n');
    const found = collect({ 'lspci.txt': text });
    expect(entries(found.teeIo, ({ value, fact }) => `${value} ${fact.place}`)).toEqual([
      '0000:e1:00.0 true lspci.txt:5',
    ]);
    expect(entries(found.drivers, ({ driver }) => driver)).toEqual(['0000:e1:00.0 vfio-pci']);
    expect(found.groups.get(12)).toEqual({
      members: ['0000:e1:00.0'],
      isWhole: false,
      fact: { place: 'lspci.txt:2', text: 'IOMMU group 12 has at least 0000:e1:00.0' },
    });
  });
});

describe('what a function is for life', () => {
  const A = '0000:02:00.0';
  const noVfs = (data: SideData) => [...data.noVfs].map(([bdf, { place }]) => `${bdf} ${place}`);

  test('lspci shows what is no VF: SR-IOV and VFs of its own, and not Memory Space Enable, which vfio emulates for a VF', () => {
    // Two PFs, by where their capabilities begin; a port and a host bridge have Mem+, too.
    expect(noVfs(collect({ 'lspci.txt': fixture('lspci-vvv.txt') }))).toEqual([
      '0000:02:00.0 lspci.txt:109',
      '0000:03:00.0 lspci.txt:269',
    ]);
    const dump = fixture('lspci-xxxx.txt');
    expect(noVfs(collect({ a: dump }))).toEqual(['0000:02:00.0 a:2']);
    // COMMAND still says 0006, and the header is all that was dumped.
    expect(noVfs(collect({ a: dump.split('\n').slice(0, 5).join('\n') }))).toEqual([]);
    expect(noVfs(collect({ a: `/sys/bus/pci/devices/${A}/sriov_totalvfs\n` }))).toEqual([`${A} a:1`]);
    expect(noVfs(collect({ a: `/sys/bus/pci/devices/${A}/sriov_vf_msix_count\n` }))).toEqual([]);
  });

  test('a function that one file shows to be a VF and another to be none is neither', () => {
    const link = `lrwxrwxrwx 1 root root 0 Nov 22 06:20 /sys/bus/pci/devices/${A}/physfn -> ../0000:01:00.0\n`;
    const data = collect({
      a: link,
      b: `${A} A: B\n\tCapabilities: [160 v1] Single Root I/O Virtualization (SR-IOV)\n`,
    });
    expect([[...data.physical.keys()], noVfs(data)]).toEqual([[], ['0000:01:00.0 a:1']]);
    expect(data.disputed.map(({ place, text }) => `${place} ${text}`)).toEqual([
      `b:2 ${A} has the SR-IOV capability: it is no VF here, and ${A} is a VF of 0000:01:00.0 in a:1: neither was used`,
    ]);
  });

  test('No_Soft_Reset of which two files say different things is not known', () => {
    const status = (flag: string) => `${A} A: B\n\t\tStatus: D0 NoSoftRst${flag} PME-Enable-\n`;
    expect(collect({ a: status('-'), b: status('-') }).noSoftReset.get(A as never)?.fact.place).toBe('a:2');
    const data = collect({ a: status('-'), b: status('+') });
    expect([data.noSoftReset.size, data.disputed.map(({ text }) => text)]).toEqual([
      0,
      [`${A} has No_Soft_Reset + here, and ${A} has No_Soft_Reset - in a:2: neither was used`],
    ]);
  });

  test('BARs, by the words and by the bytes', () => {
    const bars = (text: string) =>
      [...(collect({ a: text }).bars.get(A as never) ?? [])].map(
        ([at, { value, mask, isRaw }]) => `${at.toString(16)} ${value.toString(16)} ${mask.toString(16)} ${isRaw}`,
      );
    const region = (row: string) => bars(`${A} A: B\n\t${row}\n`);
    expect(region('Region 0: Memory at fe800000 (32-bit, non-prefetchable) [size=128K]')).toEqual([
      '10 fe800000 fffe0000 false',
    ]);
    expect(region('Region 2: Memory at 380000000000 (64-bit, prefetchable) [disabled] [size=8G]')).toEqual([
      '1c 3800 fffffffe false',
    ]);
    expect(region('Region 2: I/O ports at e000 [size=32]')).toEqual(['18 e000 ffffffe0 false']);
    expect(region('Region 0: [virtual] Memory at fe800000 (32-bit, non-prefetchable)')).toEqual([]);
    expect(region('Region 0: Memory at <unassigned> (32-bit, non-prefetchable)')).toEqual([]);
    expect(bars(fixture('lspci-xxxx.txt'))).toEqual(['10 fe800000 fffffff0 true']);
    const dump = (row: string) => {
      const rows = fixture('lspci-xxxx.txt').split('\n').slice(0, 5);
      return bars(rows.map((one) => (one.startsWith('10: ') ? `10: ${row}` : one)).join('\n'));
    };
    // Flags alone are no address: of a BAR of 64 bits, prefetchable or not, of 32 bits, of ports.
    expect(dump('0c 00 00 00 00 00 00 00 04 00 00 00 00 00 00 00')).toEqual([]);
    expect(dump('08 00 00 00 01 00 00 00 00 00 00 00 00 00 00 00')).toEqual([]);
    // The upper half alone is one, and what is behind a BAR that was not assigned still is read.
    expect(dump('0c 00 00 00 00 38 00 00 04 00 00 00 00 00 00 00')).toEqual([
      '10 0 fffffff0 true',
      '14 3800 ffffffff true',
    ]);
    expect(dump('04 00 00 00 00 00 00 00 00 00 80 fe 00 00 00 00')).toEqual(['18 fe800000 fffffff0 true']);
  });
});

describe('/sys', () => {
  const A = '0000:02:00.0';
  test.each([
    [
      'ls -l of the folders',
      `/sys/bus/pci/devices/${A}/vfio-dev:\ntotal 0\ndrwxr-xr-x 3 root root 0 Nov 22 06:20 vfio3\n`,
    ],
    ['ls of the folders', `/sys/bus/pci/devices/${A}/vfio-dev:\nvfio3\n`],
    ['ls -d', `/sys/bus/pci/devices/${A}/vfio-dev/vfio3\n`],
    ['find', `/sys/devices/pci0000:00/0000:00:05.0/${A}/vfio-dev/vfio3/power/control\n`],
    [
      'ls -l of the class',
      `lrwxrwxrwx 1 root root 0 Nov 22 06:20 vfio3 -> ../../devices/pci0000:00/${A}/vfio-dev/vfio3\n`,
    ],
  ])('the number of a vfio device: %s', (_, text) => {
    expect(entries(collect({ 'vfio-dev.txt': text }).cdevs, ({ bdf }) => String(bdf))).toEqual([`3 ${A}`]);
  });

  test('a number that two functions claim is of none', () => {
    const text = `/sys/bus/pci/devices/${A}/vfio-dev/vfio0\n/sys/bus/pci/devices/0000:03:00.0/vfio-dev/vfio0\n`;
    expect(entries(collect({ a: text }).cdevs, ({ bdf }) => String(bdf))).toEqual(['0 null']);
  });

  test('groups: the folder of a group has all of them, a link of a function only that one', () => {
    const text = [
      `/sys/kernel/iommu_groups/7/devices/${A}`,
      '/sys/kernel/iommu_groups/7/devices/0000:02:00.1',
      'lrwxrwxrwx 1 root root 0 Nov 22 06:20 /sys/bus/pci/devices/0000:03:00.0/iommu_group -> ../../../../kernel/iommu_groups/9',
    ].join('\n');
    const { groups } = collect({ 'groups.txt': text });
    expect([...groups].map(([number, { members, isWhole }]) => [number, members, isWhole])).toEqual([
      [7, [A, '0000:02:00.1'], true],
      [9, ['0000:03:00.0'], false],
    ]);
  });

  test('what tsm/ said, by grep, by head and as copies', () => {
    const grep = `/sys/bus/pci/devices/${A}/tsm/connect:tsm0\n/sys/bus/pci/devices/${A}/tsm/dsm:${A}\n`;
    const head = `==> /sys/bus/pci/devices/${A}/tsm/connect <==\ntsm0\n\n==> /sys/bus/pci/devices/${A}/tsm/bound <==\n\n`;
    const said = (data: SideData) => data.tsm.map(({ fact }) => `${fact.place} ${fact.text}`);
    expect(said(collect({ 'tsm.txt': grep }))).toEqual([
      `tsm.txt:1 ${A} was connected to tsm0`,
      `tsm.txt:2 ${A} had its DSM on ${A}`,
    ]);
    expect(said(collect({ 'tsm.txt': head }))).toEqual([
      `tsm.txt:2 ${A} was connected to tsm0`,
      `tsm.txt:5 ${A} was not bound`,
    ]);
    expect(said(collect({ [`sys/bus/pci/devices/${A}/tsm/bound`]: 'tsm0\n' }))).toEqual([
      `sys/bus/pci/devices/${A}/tsm/bound:1 ${A} was bound (tsm0)`,
    ]);
  });

  test('a copy of the config space', () => {
    const rows = fixture('lspci-xxxx.txt').split('\n').slice(1);
    const bytes = Buffer.from(rows.map((row) => row.slice(row.indexOf(':') + 1).replaceAll(' ', '')).join(''), 'hex');
    const { capabilities } = collect({ [`devices/${A}/config`]: bytes });
    expect(capabilities.get(A as never)?.list).toHaveLength(13);
  });
});

describe('the kernel', () => {
  test.each([
    [
      'version',
      'Linux version 7.3.4-tditrace (root@vm) (gcc (Debian 12.2.0-14+deb12u1) 12.2.0) #2 SMP PREEMPT\n',
      '7.3.4-tditrace',
    ],
    [
      'uname.txt',
      'Linux host 6.12.107+deb13-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.12.107-1 x86_64 GNU/Linux\n',
      '6.12.107+deb13-amd64',
    ],
    ['uname-r', '6.1.0-50-amd64\n', '6.1.0-50-amd64'],
    ['notes', '6.1.0-50-amd64\n', null],
  ])('%s', (name, text, release) => {
    expect(collect({ [name]: text }).kernel?.release ?? null).toBe(release);
  });

  const KALLSYMS = [
    'ffffffff81000000 T _stext',
    'ffffffff81000100 T pci_tsm_bind',
    'ffffffff81000100 T __pfx_alias',
    'ffffffff82000000 D jiffies',
    'ffffffffc0400e90 t vfio_pci_core_disable\t[vfio_pci_core]',
  ].join('\n');

  test('kallsyms is told by its rows', () => {
    const found = collect({ 'any.txt': KALLSYMS });
    expect(found.symbols?.fact).toEqual({ place: 'any.txt:1', text: 'the addresses of functions' });
    expect(collect({ a: KALLSYMS, b: KALLSYMS }).left).toEqual(['b: a has symbols, too, and counts']);
  });

  test('hidden addresses are no addresses', () => {
    const hidden = KALLSYMS.replaceAll(/^[0-9a-f]{16}/gm, '0000000000000000');
    const data = collect({ kallsyms: hidden });
    expect(data.symbols).toBeNull();
    expect(data.left).toEqual(['kallsyms: the kernel hid its addresses (kptr_restrict): read /proc/kallsyms as root']);
  });
});

describe('hostile files', () => {
  const names = fc.constantFrom(
    'lspci.txt',
    'uname',
    'kallsyms',
    'devices/0000:02:00.0/config',
    'x/0000:02:00.0/tsm/bound',
  );
  const samples = ['lspci-vvv.txt', 'lspci-xxxx.txt', 'lspci-t.txt', 'lspci-PP.txt'].map(fixture);

  test('random bytes never throw', () => {
    fc.assert(
      fc.property(names, fc.uint8Array({ maxLength: 5000 }), (name, bytes) => {
        collect({ [name]: Buffer.from(bytes) });
      }),
    );
  });

  test('nor do good files with bytes changed and rows cut', () => {
    const edits = fc.array(fc.tuple(fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 6 })), { maxLength: 20 });
    fc.assert(
      fc.property(fc.constantFrom(...samples), edits, fc.nat(), (sample, changes, cut) => {
        const bytes = Buffer.from(sample, 'latin1');
        for (const [at, change] of changes)
          bytes.set(change.slice(0, bytes.length - (at % bytes.length)), at % bytes.length);
        collect({ 'lspci.txt': bytes.subarray(0, cut % bytes.length) });
      }),
    );
  });

  test('lines without end are capped, and that is said', () => {
    const data = collect({ a: '\n'.repeat(1_000_001), b: `02:00.0 A: B\n\t${' '.repeat(1 << 20)}x\n` });
    expect(data.left).toEqual(['a: more than 1000000 lines: the others were not read']);
  });

  test('a bridge or a PF without end is capped', () => {
    const rows = Array.from({ length: 70_000 }, (_, i) => {
      const [domain, bus] = [(i >> 8).toString(16).padStart(4, '0'), (i & 255).toString(16).padStart(2, '0')];
      return `/sys/bus/pci/devices/${domain}:${bus}:00.0/vfio-dev/vfio${i}`;
    });
    expect(collect({ a: rows.join('\n') }).cdevs.size).toBe(65_536);
  });
});
