import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HealthItem } from '../../src/base/health.ts';
import { INTEREST } from '../../src/events/index.ts';
import { meaningOf } from '../../src/events/meaning.ts';
import { normalise } from '../../src/events/normalise.ts';
import { readParts } from '../../src/formats/read.ts';
import type { KernelRecord } from '../../src/formats/record.ts';
import { openSource } from '../../src/input/source.ts';
import { runs } from './fuzz.ts';

// What a script prints beside `cat trace_pipe` or between two calls of dmesg is no rest of the rows above it, however wide those are.

async function read(lines: readonly string[]) {
  const records: KernelRecord[] = [];
  const health: HealthItem[] = [];
  const source = await openSource('-', Readable.from([Buffer.from(`${lines.join('\n')}\n`, 'latin1')]));
  if (source.kind !== 'log') throw new Error('not a log');
  await readParts(source, {
    inputFormat: null,
    interest: { ...INTEREST, meaning: meaningOf },
    maxBytes: 1e8,
    part: () => ({ emit: (record) => records.push(record), health: (item) => health.push(item) }),
  });
  const events = records.flatMap((record) => {
    const meaning = normalise(record);
    if (meaning === null) return [];
    // Which line it is differs, and nothing else.
    return [
      JSON.stringify(meaning, (key, value) =>
        /line$/i.test(key) ? undefined : typeof value === 'bigint' ? String(value) : value,
      ),
    ];
  });
  return { events, records, doubted: health.filter(({ code }) => code === 'rest-doubtful').map(({ line }) => line) };
}

const head = (n: number) => `         drv-300     [000] ...1.    ${n}.001003: `;
const write = (n: number, module = '') =>
  `${head(n)}vfio_cfg_write: (vfio_basic_config_write+0x0/0x100${module}) bdf="0000:02:00.0" pos=0x4 count=2 off=0x4 val=0x107`;
const bind = (n: number) => `${head(n)}tsm_bind: (pci_tsm_bind+0x0/0x100) bdf="0000:02:00.0" kvm=0x1000 tdi_id=0x200`;
const bound = (n: number) =>
  `${head(n)}tsm_bind_ret: (iommufd_vdevice_tsm_op_ioctl+0x50/0x100 <- pci_tsm_bind) bdf="0000:02:00.0" ret=0`;
const syslog = (host: string, text: string) => `Nov 22 05:53:11 ${host} kernel: vfio-pci 0000:02:00.0: ${text}`;
const enabling = 'enabling device (0000 -> 0002)';
const waiting = (n: number) =>
  `[   1${n}.000001] [   T2780] vfio-pci 0000:02:00.0: not ready 1023ms after FLR; waiting`;

describe('a log is read as it is without the lines that somebody else wrote between', () => {
  test.each<[string, readonly string[], readonly [number, string][]]>([
    [
      'one row of 160 columns and a counter',
      [write(10), bind(11), bound(12), `         ${write(13)}`, bind(20)],
      [[4, '3']],
    ],
    [
      'a counter below rows of one probe',
      [bind(10), bound(11), ...[12, 13, 14].map((n) => write(n, ' [vfio_pci_core]')), bind(20)],
      [
        [3, '1'],
        [4, '2'],
        [5, '3'],
      ],
    ],
    [
      'a counter below every return of a bind',
      [1, 2, 3, 4].flatMap((n) => [bind(10 + n), bound(10 + n)]),
      [
        [2, '1'],
        [4, '2'],
        [6, '3'],
        [8, '4'],
      ],
    ],
    ...[22, 42, 54].map<[string, readonly string[], readonly [number, string][]]>((width) => [
      `a command below a message of ${width + 78} columns`,
      ['resetting', enabling, 'reset done'].map((text) => syslog('h'.repeat(width), text)),
      [[2, '# echo 1 > reset']],
    ]),
    ['a pass of a loop below messages of dmesg', [1, 2, 3, 4].map(waiting), [1, 2, 3, 4].map((n) => [n, `pass ${n}`])],
    [
      'a pass of a loop below messages of a syslog',
      [1, 2, 3, 4].map(() => syslog('testhost-number-17', enabling)),
      [1, 2, 3, 4].map((n) => [n, `${n}/4`]),
    ],
  ])('%s', async (_, lines, strays) => {
    const { events, records } = await read(lines);
    expect(records.length).toBe(lines.length);
    const found = await read(
      lines.flatMap((line, n) => [line, ...strays.filter(([at]) => at === n + 1).map(([, text]) => text)]),
    );
    expect(found.events).toEqual(events);
  });

  test('whatever short lines stand below rows that are as wide as each other', async () => {
    const row = fc.constantFrom(write, bind, bound, (n: number) => write(n, ' [vfio_pci_core]'));
    const stray = fc.oneof(
      fc.nat(1000).map(String),
      fc.constantFrom('# echo 1 > reset', 'ok', '0x10', 'ret=-5', ')', 'f', '1/4', 'val=0x103', 'pass 1', '+ dmesg'),
    );
    const wide = fc.tuple(row, fc.option(stray, { nil: null }));
    await fc.assert(
      fc.asyncProperty(fc.array(wide, { minLength: 3, maxLength: 30 }), fc.boolean(), async (items, isPadded) => {
        const rows = items.map(([make], n) => make(10 + n));
        const widest = Math.max(...rows.map((one) => one.length));
        const even = isPadded ? rows.map((one) => one.padStart(widest)) : rows;
        const { events } = await read(even);
        const found = await read(even.flatMap((one, n) => (items[n]?.[1] ? [one, items[n][1]] : [one])));
        expect(found.events).toEqual(events);
      }),
      { numRuns: runs(60) },
    );
  });
});

test('a value that would be another one with the line below is doubtful', async () => {
  const { doubted } = await read([bind(10), bound(11), write(12, ' [vfio_pci_core]'), '3', bind(20)]);
  expect(doubted).toEqual([4]);
});

test('a wider line says that there is no terminal', async () => {
  const rows = [
    write(10),
    '3',
    `${bind(11)} name="a much longer row than any of the others that were here before this"`,
  ];
  const filler = Array.from({ length: 3000 }, (_, n) => bind(12 + n));
  const { doubted } = await read([rows[0] ?? '', '3', ...filler, rows[2] ?? '', write(5000), '4']);
  expect(doubted).toEqual([2]);
});

describe('what another program says below a message of the kernel that fills the width', () => {
  const program = (text: string) => `Nov 22 05:53:11 host systemd-hostnamed[412]: ${text}`;
  const long = syslog('host', `${enabling}, and what makes this the longest one of all of them: vfio_pci_core_enable`);

  test('begins where it begins: nothing is doubtful', async () => {
    const { doubted, records } = await read([long, program('Hostname set to <a=b>'), syslog('host', enabling)]);
    expect(doubted).toEqual([]);
    expect(records.map(({ line, endLine }) => [line, endLine])).toEqual([
      [1, 1],
      [3, 3],
    ]);
  });

  test('and what has no head of its own still may be the rest of it', async () => {
    const { doubted } = await read([long, 'mmio=0x10', program('Reached target.'), syslog('host', enabling)]);
    expect(doubted).toEqual([2]);
  });
});
