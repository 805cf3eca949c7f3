import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { HealthItem } from '../../src/base/health.ts';
import { readParts } from '../../src/formats/read.ts';
import type { KernelRecord } from '../../src/formats/record.ts';
import { openSource } from '../../src/input/source.ts';
import { EVERYTHING } from './collect.ts';
import { cut, mailed } from './pasting.ts';

interface Read {
  readonly format: string;
  readonly lines: number;
  readonly sum: number;
  readonly unparsed: number;
  readonly records: KernelRecord[];
  readonly health: HealthItem[];
}

async function read(lines: readonly string[]): Promise<Read[]> {
  const source = await openSource('-', Readable.from([Buffer.from(`${lines.join('\n')}\n`)]));
  if (source.kind !== 'log') throw new Error('not a log');
  const kept: {
    emit: (record: KernelRecord) => void;
    health: (item: HealthItem) => void;
    records: KernelRecord[];
    items: HealthItem[];
  }[] = [];
  const totals = await readParts(source, {
    inputFormat: null,
    interest: EVERYTHING,
    maxBytes: 1e8,
    part: () => {
      const records: KernelRecord[] = [];
      const items: HealthItem[] = [];
      const sink = {
        records,
        items,
        emit: (one: KernelRecord) => records.push(one),
        health: (one: HealthItem) => items.push(one),
      };
      kept.push(sink);
      return sink;
    },
  });
  return totals.map(({ sink, format, lines: all, records, continuation, skipped, unparsed }) => {
    const own = kept.find((one) => one === sink);
    const sum = records + continuation + skipped + unparsed;
    return { format, lines: all, sum, unparsed, records: own?.records ?? [], health: own?.items ?? [] };
  });
}

/** What the rows of the dump say. */
function rowsOf(parts: readonly Read[]) {
  const dump = parts.find(({ format }) => format === 'ftrace-dump');
  return (dump?.records ?? []).map((one) => {
    const { line: _line, endLine: _end, text: _text, truncated: _cut, ...rest } = one;
    return {
      ...rest,
      ...('enclosingLine' in rest && { enclosingLine: null }),
      ...('entryLine' in rest && { entryLine: null }),
    };
  });
}

describe.each(['01-sysrq', '02-caller-no-end'])('%s: a dump whose rows were broken', (name) => {
  // One row was cut behind a word that nothing shows to be its rest, were it broken off.
  const whole = readFileSync(`fixtures/formats/ftrace-dump/${name}.txt`, 'utf8')
    .trimEnd()
    .split('\n')
    .filter((line) => !line.endsWith(' length'));

  test.each<[string, (lines: readonly string[]) => string[]]>([
    ['by a mail program at 72', (lines) => mailed(lines, 72)],
    ['by a mail program at 76', (lines) => mailed(lines, 76)],
    ['by a mail program, then quoted', (lines) => mailed(lines, 74).map((line) => `> ${line}`)],
  ])('%s', async (_, damage) => {
    const expected = rowsOf(await read(whole));
    expect(expected.length).toBeGreaterThan(20);
    const broken = damage(whole);
    const parts = await read(broken);
    expect(rowsOf(parts)).toEqual(expected);
    for (const { lines, sum, unparsed } of parts) {
      expect(sum).toBe(lines);
      expect(unparsed).toBe(0);
    }
    expect(parts.reduce((sum, { lines }) => sum + lines, 0)).toBe(broken.length);
    // What stood in the source stands in the record, line by line.
    const row = parts.flatMap(({ records }) => records).find((one) => one.type !== 'printk' && one.endLine > one.line);
    expect(row?.text).toBe(broken.slice((row?.line ?? 0) - 1, row?.endLine).join('\n'));
    const repaired = parts.flatMap(({ health }) => health).filter(({ code }) => code === 'lines-repaired');
    expect(repaired.map(({ message }) => message).join()).toContain('broken for their width');
  });
});

const textOf = (row: unknown) => JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? String(value) : value));

test.each([
  ['01-sysrq', 80],
  ['01-sysrq', 100],
  ['02-caller-no-end', 80],
  ['02-caller-no-end', 100],
] as const)('%s: a row that a terminal of %d columns broke is whole, or said to be doubtful', async (name, width) => {
  const whole = readFileSync(`fixtures/formats/ftrace-dump/${name}.txt`, 'utf8').trimEnd().split('\n');
  const expected = new Set(rowsOf(await read(whole)).map(textOf));
  const parts = await read(cut(whole, width));
  for (const part of parts) {
    const doubted = new Set(part.health.filter(({ code }) => code === 'rest-doubtful').map(({ line }) => line));
    for (const record of part.records) {
      const [row] = rowsOf([{ ...part, records: [record] }]);
      if (row === undefined || expected.has(textOf(row))) continue;
      expect(doubted.has(record.endLine + 1), record.text).toBe(true);
    }
  }
});

describe('what stands in a dump and is no rest of a row', () => {
  const head = (n: number) => `[   15.00000${n}] `;
  const flr = '     drv-210       0..... 53645us@: pcie_flr <-__pci_reset_function_locked';
  const enable = '     drv-210       0..... 53700us@: pci_enable_device <-vfio_pci_core_enable';
  const dump = (...rows: readonly string[]) => [
    `${head(1)}Dumping ftrace buffer:`,
    `${head(2)}---------------------------------`,
    ...rows,
    `${head(9)}---------------------------------`,
  ];
  const symbols = (parts: readonly Read[]) =>
    rowsOf(parts).map((one) => (one.type === 'function' ? one.symbol : one.type));

  test.each([
    'and here it goes wrong, as far as we can tell',
    'dev=foo is what goes wrong here, as far as we can tell',
    '[...]',
    '',
  ])('%j', async (line) => {
    const parts = await read(dump(head(3) + flr, line, head(4) + enable));
    expect(symbols(parts)).toEqual(['pcie_flr', 'pci_enable_device']);
    expect(parts.flatMap(({ records }) => records).every(({ line: from, endLine }) => from === endLine)).toBe(true);
    for (const { lines, sum } of parts) expect(sum).toBe(lines);
  });

  test('a row that another CPU cut counts once, when it comes again', async () => {
    const parts = await read(
      dump(`${head(3)}${flr.slice(0, -9)}`, '** replaying previous printk message **', head(3) + flr, head(4) + enable),
    );
    expect(symbols(parts)).toEqual(['pcie_flr', 'pci_enable_device']);
    for (const { lines, sum } of parts) expect(sum).toBe(lines);
    const [row] = parts.find(({ format }) => format === 'ftrace-dump')?.records ?? [];
    expect(row).toMatchObject({ line: 5, parent: '__pci_reset_function_locked' });
  });

  test('a message of another CPU between two rows is one of the log', async () => {
    const other = `${head(4)}vfio-pci 0000:02:00.0: resetting`;
    const parts = await read(dump(head(3) + flr, other, head(5) + enable));
    expect(symbols(parts)).toEqual(['pcie_flr', 'pci_enable_device']);
    expect(parts[0]?.records.map((one) => (one.type === 'printk' ? one.message : ''))).toContain(
      'vfio-pci 0000:02:00.0: resetting',
    );
  });
});
