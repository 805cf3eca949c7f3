import { describe, expect, test } from 'vitest';
import type { KernelRecord } from '../../../src/formats/record.ts';
import { eventDefinitions, Records } from '../../support/trace-dat-events.ts';
import {
  ByteWriter,
  type Machine,
  PageWriter,
  PC,
  type TraceDat,
  writeTraceDat,
} from '../../support/trace-dat-writer.ts';
import { HAS_ZSTD } from '../../support/zstd.ts';
import { readBytesAsFile, type WholeRead } from './read.ts';

const FLR = 0xffffffff8142e200n;
const RESET = 0xffffffff8142b030n;
const DISABLE = 0xffffffffa0417820n;
const KALLSYMS = `0000000000000000 A fixed_percpu_data
ffffffff8142b030 T __pci_reset_function_locked
ffffffff8142e1f0 t __pfx_pcie_flr
ffffffff8142e200 T pcie_flr
ffffffff8142e400 D some_data
ffffffffa0417820 t vfio_pci_core_disable.cold\t[vfio_pci_core]
`;
/** The same addresses with 32 bits. */
const KALLSYMS_32 = KALLSYMS.replace(/^[0-9a-f]{8}/gm, '');

const address = (machine: Machine, value: bigint) => (machine.longSize === 8 ? value : value & 0xffffffffn);

/** Two CPUs, each kind of record once. */
function sample(machine: Machine, version: 6 | 7, compression: NonNullable<TraceDat['compression']>): Buffer {
  const make = new Records(machine);
  const at = (value: bigint) => address(machine, value);
  const first = new PageWriter(machine)
    .record(1_000_000_001n, make.call(7, at(FLR), at(RESET) + 0x20n))
    .record(1_000_000_900n, make.enter(7, at(DISABLE), 0))
    .record(1_000_002_000n, make.enter(7, at(FLR), 1))
    .record(1_000_003_500n, make.leave(7, at(FLR), 1, 0n, 1_000_002_000n, 1_000_003_500n))
    .record(1_000_004_000n, make.leave(7, at(DISABLE), 0, 0xffffffffffffffean, 1_000_000_900n, 1_000_004_000n))
    // 2.1 s later: the distance does not fit 27 bits.
    .record(3_100_004_000n, make.probe(7, at(FLR) + 4n, '0000:02:00.0', 0xffff888003a48000n))
    .record(3_100_004_001n, make.returned(7, at(FLR), at(RESET) + 0x40n, -25))
    .done();
  const second = new PageWriter(machine)
    .record(1_000_000_500n, make.console(0, 'vfio-pci 0000:02:00.0: resetting\n'))
    .record(3_100_004_001n, make.map(42, 0x100000n, 0x1f15000n, 4096n))
    .done();
  return writeTraceDat({
    version,
    machine,
    compression,
    events: eventDefinitions(machine),
    kallsyms: machine.longSize === 8 ? KALLSYMS : KALLSYMS_32,
    cmdlines: '7 drv\n42 name with blank\n',
    buffers: [{ name: '', clock: 'mono', cpus: [first, second] }],
  });
}

const row = (record: KernelRecord) => [record.line, record.time, record.cpu, record.pid, record.task] as const;

function expectSample({ records, totals, health }: WholeRead, machine: Machine): void {
  expect(health).toEqual([]);
  expect(totals).toEqual({
    ...{ format: 'trace-dat', compression: 'none', clock: 'mono', timeUnit: 'ns' },
    ...{ lines: 8, records: 8, continuation: 0, skipped: 0, unparsed: 0, lost: 0 },
    ...{ firstTime: 1_000_000_001n, lastTime: 3_100_004_001n },
  });
  expect(records.map(row)).toEqual([
    [1, 1_000_000_001n, 0, 7, 'drv'],
    [2, 1_000_000_500n, 1, 0, '<idle>'],
    [3, 1_000_000_900n, 0, 7, 'drv'],
    [4, 1_000_002_000n, 0, 7, 'drv'],
    [5, 1_000_004_000n, 0, 7, 'drv'],
    [6, 3_100_004_000n, 0, 7, 'drv'],
    // The same time: the lower CPU first.
    [7, 3_100_004_001n, 0, 7, 'drv'],
    [8, 3_100_004_001n, 1, 42, 'name with blank'],
  ]);
  const [call, console, enter, leaf, exit, probe, returned, map] = records;
  expect(call).toMatchObject({ type: 'function', symbol: 'pcie_flr', parent: '__pci_reset_function_locked' });
  expect(console).toMatchObject({
    type: 'event',
    name: 'console',
    body: 'vfio-pci 0000:02:00.0: resetting',
    stack: null,
  });
  const graph = { type: 'graph', stack: '7', parent: null };
  expect(enter).toMatchObject({
    ...graph,
    edge: 'enter',
    symbol: 'vfio_pci_core_disable',
    depth: 0,
    ret: null,
    enclosingLine: null,
  });
  expect(leaf).toMatchObject({ ...graph, edge: 'leaf', symbol: 'pcie_flr', depth: 1, ret: '0x0', enclosingLine: 3 });
  const refused = machine.longSize === 8 ? '-22' : '0xffffffea';
  expect(exit).toMatchObject({
    ...graph,
    edge: 'exit',
    symbol: 'vfio_pci_core_disable',
    depth: 0,
    ret: refused,
    entryLine: 3,
  });
  expect(probe).toMatchObject({
    name: 'flr',
    symbol: 'pcie_flr',
    offset: 4,
    isReturn: false,
    caller: null,
    stack: '7',
  });
  expect(probe).toMatchObject({
    fields: new Map([
      ['bdf', '0000:02:00.0'],
      ['dev', '0xffff888003a48000'],
    ]),
  });
  expect(probe?.type === 'event' && probe.body).toBe('(pcie_flr+0x4) bdf="0000:02:00.0" dev=0xffff888003a48000');
  expect(returned).toMatchObject({ name: 'flr_ret', symbol: 'pcie_flr', offset: null, isReturn: true });
  expect(returned).toMatchObject({ caller: '__pci_reset_function_locked', fields: new Map([['ret', '-25']]) });
  expect(map?.type === 'event' && map.body).toBe(
    'IOMMU: iova=0x0000000000100000 - 0x0000000000101000 paddr=0x0000000001f15000 size=4096',
  );
  expect(call?.text).toBe(
    '             drv-7     [000] d..2.     1.000000001: function:             pcie_flr <-- __pci_reset_function_locked',
  );
}

const ARM = { ...PC, pageSize: 65536 } as const;
const BIG = { ...PC, bigEndian: true } as const;
const OLD = { ...PC, longSize: 4 } as const;
const OLD_BIG = { ...OLD, bigEndian: true } as const;

describe.each([
  ['a PC', PC],
  ['sub-buffers of 64 KiB', ARM],
  ['big endian', BIG],
  ['32 bits', OLD],
  ['32 bits, big endian', OLD_BIG],
] as const)('%s', (_, machine) => {
  test.each([
    [6, 'none'],
    [7, 'none'],
    [7, 'zlib'],
    [7, 'zstd'],
  ] as const)('version %i, %s', async (version, compression) => {
    if (compression === 'zstd' && !HAS_ZSTD) return;
    expectSample(await readBytesAsFile(sample(machine, version, compression)), machine);
  });
});

/** One buffer of one CPU, or of as many as there are pieces of data. */
function file(cpus: readonly Buffer[], more: Partial<TraceDat> = {}): Buffer {
  return writeTraceDat({
    version: 7,
    events: eventDefinitions(PC),
    kallsyms: KALLSYMS,
    cmdlines: '7 drv\n',
    buffers: [{ name: '', clock: 'local', cpus }],
    ...more,
  });
}

const make = new Records(PC);
const call = make.call(7, FLR, RESET);
const times = ({ records }: WholeRead) => records.map(({ time }) => time);

describe('a ring buffer', () => {
  test('of many pages', async () => {
    const pages = new PageWriter();
    for (let i = 0; i < 5000; i++) pages.record(BigInt(i) * 1000n, call);
    const data = pages.done();
    expect(data.length).toBeGreaterThan(30 * 4096);
    for (const compression of ['none', 'zlib', ...(HAS_ZSTD ? (['zstd'] as const) : [])] as const) {
      const read = await readBytesAsFile(file([data, data], { compression }));
      expect(read.totals).toMatchObject({ lines: 10_000, records: 10_000, lost: 0 });
      expect(times(read)).toEqual(Array.from({ length: 10_000 }, (_, i) => BigInt(i >> 1) * 1000n));
      expect(read.records.slice(0, 4).map(({ cpu }) => cpu)).toEqual([0, 1, 0, 1]);
    }
  });

  test('time stamps: absolute, of times past 59 bits, and of days after the start', async () => {
    const tai = 1_795_329_150_941_257_001n;
    const later = tai + 200n * 24n * 3600n * 1_000_000_000n;
    const data = new PageWriter()
      .record(tai, call)
      .absolute(tai + 5n)
      .record(tai + 7n, call)
      .record(later, call)
      .done();
    expect(times(await readBytesAsFile(file([data])))).toEqual([tai, tai + 7n, later]);
  });

  test('what was discarded counts for the time and for nothing else', async () => {
    const data = new PageWriter().record(100n, call).padding(50n, 12).record(180n, call).done();
    const read = await readBytesAsFile(file([data]));
    expect(times(read)).toEqual([100n, 180n]);
    expect(read.totals.lines).toBe(2);
  });

  test('records with a length of their own word', async () => {
    const long = `vfio-pci 0000:02:00.0: ${'x'.repeat(300)}`;
    const data = new PageWriter().record(1n, make.console(7, long)).record(2n, call).done();
    const { records } = await readBytesAsFile(file([data]));
    expect(records[0]).toMatchObject({ body: long });
    expect(records[1]).toMatchObject({ symbol: 'pcie_flr' });
  });

  test('losses, with and without their number', async () => {
    const first = new PageWriter().record(1n, call).lose(145).record(20n, call).done();
    const second = new PageWriter().lose(null).record(10n, call).record(30n, call).done();
    const { health, totals } = await readBytesAsFile(file([first, second]));
    expect(health).toEqual([
      { code: 'events-lost', line: 2, message: 'CPU 1 lost an unknown number of events here', count: 1 },
      { code: 'events-lost', line: 3, message: 'CPU 0 lost 145 events here', count: 145 },
    ]);
    expect(totals).toMatchObject({ lines: 4, records: 4, lost: 146 });
  });

  test('what is lost between a call and its return keeps them apart', async () => {
    const leave = make.leave(7, FLR, 0, 0n, 1n, 9n);
    const whole = await readBytesAsFile(
      file([
        new PageWriter()
          .record(1n, make.enter(7, FLR, 0))
          .record(9n, leave)
          .done(),
      ]),
    );
    expect(whole.records).toMatchObject([{ edge: 'leaf', line: 1 }]);
    const data = new PageWriter()
      .record(1n, make.enter(7, FLR, 0))
      .lose(3)
      .record(9n, leave)
      .done();
    expect((await readBytesAsFile(file([data]))).records).toMatchObject([
      { edge: 'enter' },
      { edge: 'exit', entryLine: 1 },
    ]);
  });

  test('a return of another call than the open one closes none', async () => {
    const data = new PageWriter()
      .record(1n, make.enter(7, DISABLE, 0))
      .record(9n, make.leave(7, FLR, 0, 0n, 1n, 9n))
      .done();
    expect((await readBytesAsFile(file([data]))).records).toMatchObject([
      { edge: 'enter', symbol: 'vfio_pci_core_disable' },
    ]);
  });

  test('time that falls on one CPU keeps the order of the file', async () => {
    const data = Buffer.concat([
      new PageWriter().record(500n, call).done(),
      new PageWriter().record(100n, call).done(),
    ]);
    const read = await readBytesAsFile(file([data]));
    expect(times(read)).toEqual([500n, 100n]);
    expect(read.health).toMatchObject([{ code: 'time-backwards', line: 2 }]);
  });
});

describe('symbols', () => {
  const probe = (ip: bigint) => new PageWriter().record(1n, make.probe(7, ip, '0000:02:00.0', 1n)).done();

  test('an address that kallsyms does not list is no guess', async () => {
    const { records, health } = await readBytesAsFile(file([probe(0xffffffffc0000000n)]));
    expect(records).toMatchObject([
      { name: 'flr', symbol: null, offset: null, body: '(ffffffffc0000000) bdf="0000:02:00.0" dev=0x1' },
    ]);
    expect(health).toMatchObject([{ code: 'symbols-missing', line: 1, count: 1 }]);
  });

  test('nothing is known where the addresses were hidden (kptr_restrict)', async () => {
    const hidden = KALLSYMS.replace(/^[0-9a-f]{16}/gm, '0'.repeat(16));
    const { records, health } = await readBytesAsFile(
      file([new PageWriter().record(1n, call).done()], { kallsyms: hidden }),
    );
    expect(records).toEqual([]);
    expect(health).toMatchObject([{ code: 'symbols-missing', line: 1, count: 1 }]);
  });

  test('the entry of a function is near its start', async () => {
    const far = new PageWriter().record(1n, make.call(7, FLR + 0x100n, RESET)).done();
    const { records, health } = await readBytesAsFile(file([far]));
    expect(records).toEqual([]);
    expect(health).toMatchObject([{ code: 'symbols-missing' }]);
  });

  test('what the user chose as a name does not decide', async () => {
    const interest = { symbol: (name: string) => name === 'pcie_flr', event: () => false, message: () => false };
    expect((await readBytesAsFile(file([probe(FLR)]), { interest })).records).toHaveLength(1);
    expect((await readBytesAsFile(file([probe(RESET)]), { interest })).records).toHaveLength(0);
  });

  test('a string cannot pass for another argument', async () => {
    const data = new PageWriter().record(1n, make.probe(7, FLR, '" dev=0x2 bdf="0000:03:00.0', 1n)).done();
    const [record] = (await readBytesAsFile(file([data]))).records;
    expect(record).toMatchObject({
      fields: new Map([
        ['bdf', '" dev=0x2 bdf="0000:03:00.0'],
        ['dev', '0x1'],
      ]),
    });
  });
});

describe('clocks', () => {
  const data = new PageWriter().record(5_000_000_000n, call).done();
  const text = (value: string) => Buffer.from(`${value}\0`);
  const read = (clock: string, options: TraceDat['options'] = []) =>
    readBytesAsFile(file([], { buffers: [{ name: '', clock, cpus: [data] }], options }));

  test.each([
    ['local', 'local', 'ns'],
    // trace-cmd report prints bare numbers, but they are nanoseconds: trace_clocks[] in kernel/trace/trace.c.
    ['boot', 'boot', 'ns'],
    ['x86-tsc', 'x86-tsc', 'ticks'],
    ['uptime', 'uptime', 'ticks'],
    ['\x1b[31mred', 'ftrace', 'ticks'],
  ])('%s', async (clock, name, timeUnit) => {
    expect((await read(clock)).totals).toMatchObject({ clock: name, timeUnit, firstTime: 5_000_000_000n });
  });

  test('a date makes times of day of them, an offset another clock', async () => {
    const date = await read('mono', [[1, text('0x665f5b1f1d2a0')]]);
    expect(date.totals).toMatchObject({ clock: 'wall', firstTime: 5_000_000_000n + 0x665f5b1f1d2a0n * 1000n });
    expect((await read('mono', [[7, text('-2000000000')]])).totals).toMatchObject({
      clock: 'mono-shifted',
      firstTime: 3_000_000_000n,
    });
  });

  test('ticks of the TSC become nanoseconds where the file tells how', async () => {
    const option = new ByteWriter(PC)
      .number(2 ** 31, 4)
      .number(32, 4)
      .number(0, 8)
      .done();
    expect((await read('x86-tsc', [[14, option]])).totals).toMatchObject({
      clock: 'tsc2nsec',
      timeUnit: 'ns',
      firstTime: 2_500_000_000n,
    });
  });

  test("a guest's times are not shifted to the host's", async () => {
    const { health, totals } = await read('x86-tsc', [[12, Buffer.alloc(20)]]);
    expect(health).toMatchObject([{ code: 'clocks-unrelated' }]);
    expect(totals.firstTime).toBe(5_000_000_000n);
  });
});

describe('instances', () => {
  const top = new PageWriter()
    .record(10n, make.enter(7, DISABLE, 0))
    .record(30n, make.leave(7, DISABLE, 0, 0n, 10n, 30n))
    .done();
  const instance = new PageWriter().record(20n, call).done();
  const buffers = (clock: string) => [
    { name: '', clock: 'local', cpus: [top] },
    { name: 'vfio', clock, cpus: [instance] },
  ];

  test.each([6, 7] as const)('are merged with the top buffer, and named in the rows: version %i', async (version) => {
    const { records, totals } = await readBytesAsFile(file([], { version, buffers: buffers('local') }));
    // A call and its return are one entry where they follow one another in their buffer, as trace-cmd report has it.
    expect(records).toMatchObject([
      { line: 1, type: 'graph', edge: 'leaf' },
      { line: 2, type: 'function' },
    ]);
    expect(records[0]?.text.startsWith(`${' '.repeat(6 + 13)}drv-7 `)).toBe(true);
    expect(records[1]?.text.startsWith(`vfio: ${' '.repeat(13)}drv-7 `)).toBe(true);
    expect(totals.lines).toBe(2);
  });

  test('of another clock are not mixed in', async () => {
    const { records, health } = await readBytesAsFile(file([], { buffers: buffers('x86-tsc') }));
    expect(records).toHaveLength(1);
    expect(health).toMatchObject([{ code: 'clocks-unrelated', count: 1 }]);
  });
});
