import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { HealthItem } from '../../src/base/health.ts';
import { meaningOf } from '../../src/events/meaning.ts';
import { readParts } from '../../src/formats/read.ts';
import type { KernelRecord } from '../../src/formats/record.ts';
import { below } from '../../src/formats/remark.ts';
import { openSource } from '../../src/input/source.ts';
import { EVERYTHING } from './collect.ts';

async function read(lines: readonly string[]) {
  const records: KernelRecord[] = [];
  const health: HealthItem[] = [];
  const source = await openSource('-', Readable.from([Buffer.from(`${lines.join('\n')}\n`)]));
  if (source.kind !== 'log') throw new Error('not a log');
  const parts = await readParts(source, {
    inputFormat: null,
    interest: { ...EVERYTHING, meaning: meaningOf },
    maxBytes: 1e8,
    part: () => ({ emit: (record) => records.push(record), health: (item) => health.push(item) }),
  });
  const said = records.map((one) => (one.type === 'printk' ? one.message : one.type === 'event' ? one.body : one.type));
  const unparsed = parts.reduce((sum, part) => sum + part.unparsed, 0);
  return { parts, records, said, unparsed, codes: health.map(({ code, line }) => `${code} ${line}`) };
}

describe('messages that a terminal broke at its edge', () => {
  // The group is 12, and the pointer ends in 7000: what is cut in the middle is another one.
  const message = 'kern  :info  : [  529.763341] [   T63] pci 0000:02:10.0: Adding to iommu group 12';
  const event = '[   13.377318][  T278] tsmbind: (pci_tsm_bind+0x4/0x2a0) bdf="0000:02:00.0" kvm=0xffffc90000747000';

  // Two kinds of rows of two lengths each end in an open bracket where the width ends: nothing else is broken so.
  test.each([80, 100, 120, 91])('%d columns: the pieces make the message', async (width) => {
    const lines = [1, 2, 3, 4].map((n) => {
      const line = `[   10.00000${n}] vfio-pci 0000:02:00.0: ${n % 2 ? 'one' : 'another'} that goes on beyond the edge (`;
      return `${line.padEnd(width - 2, '.')}0x1${n}${'0'.repeat(n)})`;
    });
    const { said, unparsed, records, codes } = await read(
      lines.flatMap((line) => [line.slice(0, width), line.slice(width)]),
    );
    expect(said).toEqual(lines.map((line) => line.slice('[   10.000001] '.length)));
    expect(unparsed).toBe(0);
    expect(records.map(({ line, endLine }) => [line, endLine])).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
      [7, 8],
    ]);
    expect(records[0]?.text).toBe(`${lines[0]?.slice(0, width)}\n${lines[0]?.slice(width)}`);
    expect(codes).toEqual(['lines-repaired 2']);
  });

  test.each([
    [message, ''],
    [event, ''],
    [message, '> '],
  ])('a value that goes on as well as not is read as it stands, and said to be doubtful: %s', async (line, quote) => {
    const { records, codes } = await read([line.slice(0, 80), line.slice(80)].map((piece) => quote + piece));
    expect(records.map(({ text }) => text)).toEqual([quote + line.slice(0, 80)]);
    expect(codes).toContain('rest-doubtful 2');
  });

  test('a remark below a line that happens to be so wide is none of it', async () => {
    const line = '[100919.835178] [  T12345] vfio-pci 0000:02:00.0: enabling device (0000 -> 0002)';
    expect(line.length).toBe(80);
    const { said, unparsed } = await read([line, 'then it hangs', line]);
    expect(said.length).toBe(2);
    expect(said[0]).not.toContain('then');
    expect(unparsed).toBe(1);
  });
});

test.each(['', '> ', '>> '])('an arrow that a terminal broke is no mark of a quotation, behind %j', async (quote) => {
  const line = '[  167.513387] [  T537] vfio-pci 0000:02:00.0: restore config 0x3c: 0x00000100 -> 0x0000010a';
  const { said } = await read([line.slice(0, 80), line.slice(80)].map((piece) => quote + piece));
  expect(line.slice(80)).toBe('> 0x0000010a');
  expect(said).toEqual([line.slice('[  167.513387] [  T537] '.length)]);
});

test('behind a line that is none of a record of /dev/kmsg nothing is the rest of it', async () => {
  const records = [1, 2, 3, 4].map((n) => `6,69${n},238655840,-;vfio-pci 0000:02:00.0: resetting`);
  // Lines of something else, wide enough to go on one in the other.
  const other = 'some other program writes a line that is nearly as wide as a mail may be: ';
  const { said, unparsed } = await read([...records, other.trimEnd(), '0x1f28a000-0x1f28b000', ...records.slice(0, 1)]);
  expect(said.every((text) => text === 'vfio-pci 0000:02:00.0: resetting')).toBe(true);
  expect(unparsed).toBe(2);
});

describe('what stands below a message that fills the width of a mail', () => {
  const whole = '[  919.835178] [   T12] vfio-pci 0000:01:00.0: enabling device (0000 -> 0002)';

  test.each(['then the device is gone', 'after that, resetting 0000:01:00.0 does not help', 'Any idea?'])(
    'is a remark where the kernel says no more than that: %s',
    async (remark) => {
      const { said, unparsed, codes } = await read([
        whole,
        remark,
        '[  920.000000] [   T12] vfio-pci 0000:01:00.0: reset done',
      ]);
      expect(whole.length).toBe(77);
      expect(said).toEqual([
        'vfio-pci 0000:01:00.0: enabling device (0000 -> 0002)',
        'vfio-pci 0000:01:00.0: reset done',
      ]);
      expect(unparsed).toBe(1);
      expect(codes).toEqual(['unparsed-lines 2']);
    },
  );

  test.each([
    // vfio_bar_restore() and pci_pm_reset() of drivers/pci: none of them ends where it is broken here.
    ['[  919.835178] vfio-pci 0000:01:00.0: vfio_bar_restore: reset recovery -', 'restoring BARs'],
    [
      "[  919.835178] [   T12] vfio-pci 0000:01:00.0: can't change power state from",
      'D3cold to D0 (config space inaccessible)',
    ],
    [
      '[  919.835178] DMAR: [DMA Read] Request device [01:00.0] fault addr 0x0 [fault',
      'reason 0x06] PTE Read access is not set',
    ],
  ])('is the rest of it where the kernel goes on so: %s', async (first, rest) => {
    const { said, unparsed, codes } = await read([first, rest]);
    expect(said).toEqual([`${first.replace(/^\[.{12}\] (?:\[ {3}T12\] )?/, '')} ${rest}`]);
    expect(unparsed).toBe(0);
    expect(codes).toEqual(['lines-repaired 2']);
  });

  test.each([
    '2026-11-22T06:27:40,599037+00:00 [ T1339] vfio-pci 0000:02:00.0: reset done',
    '[2024-01-09 23:29:48] [00:07.0] xen_pt_realize: a line of the stub domain',
    '<4>[  919.900000] vfio-pci 0000:02:00.0: reset done',
  ])('is none of it where it begins like the record of another form: %s', async (other) => {
    const line = '4,521,62488012,-,caller=T1339;vfio-pci 0000:02:00.0: enabling device (0000 -> 0002)';
    const next = [1, 2, 3].map((n) => `4,52${n + 1},62608437,-;vfio-pci 0000:02:00.0: reset done`);
    const { said } = await read([line.replace('521', '520'), line, other, ...next]);
    expect(said.slice(0, 2)).toEqual(Array(2).fill('vfio-pci 0000:02:00.0: enabling device (0000 -> 0002)'));
  });
});

describe('where the words of the kernel are the only evidence', () => {
  const known =
    (...texts: readonly string[]) =>
    (text: string) =>
      texts.includes(text) ? `means ${text}` : null;

  test.each([
    ['complete without it', known('a b'), 'remark'],
    ['none without it', known('a b that is so'), 'rest'],
    ['unknown both ways, so that nothing follows from it', known(), 'rest'],
    ['another message with it', known('a b', 'a b that is so'), 'open'],
    ['the same either way', () => 'the same', 'remark'],
  ] as const)('%s', (_, meaning, expected) => {
    expect(below('a b', 'that is so', meaning)).toBe(expected);
    // What is no prose, or has to follow, is asked nobody about.
    expect(below('a b', '0x10 (config)', () => 'the same')).toBe('rest');
    expect(below('a b [', 'that is so', () => 'the same')).toBe('rest');
    expect(below('a b', 'That is what we all wondered about.', () => null)).toBe('remark');
  });

  test('an open case is told, and the message read without it', async () => {
    const records: KernelRecord[] = [];
    const health: HealthItem[] = [];
    const first = '[  919.835178] [   T12] vfio-pci 0000:01:00.0: enabling device (0000 -> 0002)';
    const source = await openSource('-', Readable.from([Buffer.from(`${first}\nthen it hangs\n`)]));
    if (source.kind !== 'log') throw new Error('not a log');
    await readParts(source, {
      inputFormat: null,
      interest: { ...EVERYTHING, meaning: (text) => text },
      maxBytes: 1e8,
      part: () => ({ emit: (record) => records.push(record), health: (item) => health.push(item) }),
    });
    expect(records.map(({ text }) => text)).toEqual([first]);
    expect(health).toContainEqual(expect.objectContaining({ code: 'rest-doubtful', line: 2, count: 1 }));
  });
});

test.each(['', '> ', '> > '])('a further line of a message is one in a quotation, too, behind %j', async (quote) => {
  const lines = [
    'Nov 22 05:53:15 host kernel: vfio-pci 0000:02:00.0: reset done',
    `${' '.repeat(29)}and a second line`,
  ];
  const { said, unparsed } = await read(lines.map((line) => quote + line));
  expect(said).toEqual(['vfio-pci 0000:02:00.0: reset done\nand a second line']);
  expect(unparsed).toBe(0);
});

describe('marks of the console in a text that is indented or quoted', () => {
  test.each(['   ', '> ', '> > '])('behind %j', async (before) => {
    const { said, codes } = await read(
      [
        '[   13.377318] vfio-pci 0000:02:00.0: resetting',
        '[   13.492693] vfio-pci 0000:02:00.0: reset',
        '** replaying previous printk message **',
        '[   13.492693] vfio-pci 0000:02:00.0: reset done',
        '** 93 printk messages dropped **',
        '[   14.000000] vfio-pci 0000:02:00.0: resetting',
      ].map((line) => before + line),
    );
    expect(said.map((text) => text.slice('vfio-pci 0000:02:00.0: '.length))).toEqual([
      'resetting',
      'reset done',
      'resetting',
    ]);
    expect(codes).toContain('messages-dropped 5');
  });
});
