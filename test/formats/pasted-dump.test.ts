import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { KernelRecord } from '../../src/formats/record.ts';
import { collect } from './collect.ts';
import { cut, mailed } from './pasting.ts';
import { type ReadPart, readText } from './read-parts.ts';

// "Dumping ftrace buffer:" as people paste it: what the log put before each line was cut off, and a mail program or a terminal
// broke the rows. broken-dump.test.ts has the same inside a log.

const HEAD = /^ *(?:<\d{1,3}>)?\[ *\d{1,10}\.\d{6}\] ?(?:\[ *[TC]\d{1,10}\] ?)?/;
const whole = readFileSync('fixtures/formats/ftrace-dump/01-sysrq.txt', 'utf8').trimEnd().split('\n').slice(1);
const pasted = whole.map((line) => line.replace(HEAD, ''));

/** Without where it stands: `enclosingLine` and `entryLine` are lines, too. */
function content(record: KernelRecord) {
  const { line: _line, endLine: _end, text: _text, ...rest } = record;
  return {
    ...rest,
    ...('enclosingLine' in rest && { enclosingLine: null }),
    ...('entryLine' in rest && { entryLine: null }),
  };
}

const read = async (lines: readonly string[], form: string | null = null) => readText(`${lines.join('\n')}\n`, form);

function only(parts: readonly ReadPart[]): ReadPart {
  const [part] = parts;
  if (part === undefined || parts.length > 1) throw new Error(`${parts.length} parts`);
  return part;
}

test('as it was printed nothing of it is touched', async () => {
  const { totals, records, health } = only(await read(pasted));
  expect(totals).toMatchObject({
    format: 'ftrace-dump',
    lines: 34,
    records: 30,
    continuation: 0,
    skipped: 4,
    unparsed: 0,
  });
  expect(health.map(({ code, line }) => [code, line])).toEqual([['events-lost', 3]]);
  expect(records.map(({ line, endLine }) => line === endLine)).not.toContain(false);
  // Read by eye: the first row, and the seventh one.
  expect(records[0]).toMatchObject({
    line: 4,
    symbol: 'vfio_df_ioctl_bind_iommufd',
    parent: '__x64_sys_ioctl',
    cpu: 0,
  });
  expect(records[6]).toMatchObject({ line: 10, symbol: 'pcie_flr', time: 53_645_000n, task: 'drv', pid: 210 });
});

describe.each([
  ['a mail program', mailed(pasted, 72), 29],
  ['a mail program that quotes', mailed(pasted, 72).map((line) => `> ${line}`), 29],
  ['a mail program, below words', ['Hi,', '', 'this is what I saw:', '', ...mailed(pasted, 72)], 29],
  // Of the log's own width: there the heads are still there, and the form is asked for.
  ['a mail program, with the heads of the log', mailed(whole, 76), null],
] as const)('rows that %s broke', (_, lines, further) => {
  test('are put together', async () => {
    const expected = only(await read(pasted)).records.map(content);
    const { totals, records, health } = only(await read(lines, 'ftrace-dump'));
    expect(records.map(content)).toEqual(expected);
    expect(totals.continuation).toBe(further ?? totals.continuation);
    expect(totals.continuation).toBeGreaterThan(10);
    expect(health.find(({ code }) => code === 'lines-repaired')?.message).toContain(
      `${totals.continuation} broken for their width`,
    );
    const row = records.find(({ line, endLine }) => endLine > line);
    expect(row?.text).toBe(lines.slice((row?.line ?? 0) - 1, row?.endLine).join('\n'));
  });

  test.runIf(further !== null)('also where nobody says what it is', async () => {
    const { totals, records } = only(await read(lines));
    expect([totals.format, totals.clock, records.length]).toEqual(['ftrace-dump', 'ftrace-relative', 30]);
  });
});

test.each([80, 90, 100])(
  'a terminal of %d columns: each row is whole, or said to be doubtful or lost',
  async (width) => {
    const lines = cut(pasted, width);
    const expected = new Set(only(await read(pasted)).records.map((one) => String(show(content(one)))));
    const { totals, records, health } = only(await read(lines));
    expect(totals.format).toBe('ftrace-dump');
    const doubted = new Set(
      health.filter(({ code }) => code === 'rest-doubtful' || code === 'lines-elided').map(({ line }) => line),
    );
    for (const record of records) {
      if (expected.has(show(content(record)))) continue;
      expect(doubted.has(record.endLine + 1), record.text).toBe(true);
    }
  },
);

const show = (row: unknown) => JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? String(value) : value));

describe('what stands in a dump and is no rest of a row', () => {
  const flr = '     drv-210       0..... 53645us@: pcie_flr <-__pci_reset_function_locked';
  const enable = '     drv-210       0..... 53700us@: pci_enable_device <-vfio_pci_core_enable';
  const RULE = '-'.repeat(33);
  const broken = mailed(pasted.slice(3, 15), 72);

  test.each(['and here it goes wrong, as far as we can tell', '[...]', '', '- 0x10 is the size that I meant'])(
    '%j',
    (line) => {
      const { records } = collect('ftrace-dump', ['Dumping ftrace buffer:', RULE, flr, line, enable, RULE]);
      expect(records.map((one) => (one.type === 'function' ? [one.symbol, one.line, one.endLine] : one.type))).toEqual([
        ['pcie_flr', 3, 3],
        ['pci_enable_device', 5, 5],
      ]);
    },
  );

  test('the rule below it, a message of the log, a second dump', async () => {
    const lines = ['Dumping ftrace buffer:', RULE, ...broken, RULE, 'Dumping ftrace buffer:', RULE, ...broken, RULE];
    const { totals, records } = only(await read(lines));
    expect(totals).toMatchObject({ format: 'ftrace-dump', records: 24, skipped: 6, unparsed: 0 });
    const half = records.length / 2;
    expect(records.slice(half).map(content)).toEqual(records.slice(0, half).map(content));
    for (const { endLine } of records) expect(lines[endLine - 1]).not.toBe(RULE);
  });

  test('rows outside of a dump are none', () => {
    const { kinds } = collect('ftrace-dump', [flr, enable]);
    expect(kinds).toMatchObject({ record: 0, unparsed: 2 });
  });
});
