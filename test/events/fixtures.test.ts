import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { MessageRow } from '../../src/events/catalogue.ts';
import type { CodeTable } from '../../src/events/code-table.ts';
import { CODE_SPACES } from '../../src/events/codes.ts';
import { INTEREST, MESSAGES, SYMBOLS, TRACE_EVENTS } from '../../src/events/index.ts';
import { splitPrefix } from '../../src/events/messages.ts';
import { normalise } from '../../src/events/normalise.ts';
import { PLATFORM_MARKS } from '../../src/events/tsm.ts';
import { readSource } from '../../src/formats/read.ts';
import type { KernelRecord } from '../../src/formats/record.ts';
import { openSource } from '../../src/input/source.ts';

const folder = join(import.meta.dirname, '../../fixtures/events');

/** What all rows that fit say, so that two of them may say the same. */
const meaningOf = (row: MessageRow): string => JSON.stringify([row.kind, row.phase, row.outcome, row.fixed]);

function rowsOf(message: string): MessageRow[] {
  const { body } = splitPrefix(message);
  return MESSAGES.filter((row) => body.includes(row.contains) && row.pattern.test(body));
}

/** Label and line, in turn. */
const lines = readFileSync(join(folder, 'messages.txt'), 'utf8')
  .replace(/^(?:##.*\n|\n)+/, '')
  .trimEnd()
  .split('\n');
const labelled = lines.flatMap((label, at) => (at % 2 === 0 ? [[lines[at + 1] ?? '', label] as const] : []));

describe('lines of messages', () => {
  test.each(labelled)('%s', (line, label) => {
    // Where it was printed; or what prints it, with the file, after its format where that is known.
    expect(label).toMatch(/^# (?:real: \w+\/[\w-]+\/[\w.-]+|constructed: (?:".+", )?[\w, ()]+, .*\.[ch]\b.*)$/);
    expect(INTEREST.message(line)).toBe(true);
    expect([...new Set(rowsOf(line).map(meaningOf))]).toHaveLength(1);
  });

  test('there is one for every row', () => {
    const shown = new Set(labelled.flatMap(([line]) => rowsOf(line)));
    expect(MESSAGES.filter((row) => !shown.has(row)).map((row) => row.example)).toEqual([]);
  });

  test('are labelled as they are built: a format is found in the line', () => {
    const literals = (format: string) =>
      format.split(/%[#0-9.*+-]*(?:ll|l|z|h)*[a-zA-Z]+|\\n/).map((part) => part.trim());
    const odd = labelled.filter(([line, label]) => {
      const format = /^# constructed: "(.*?)", \w/.exec(label)?.[1];
      return format !== undefined && !literals(format).every((part) => part.length < 4 || line.includes(part));
    });
    expect(odd).toEqual([]);
  });
});

async function recordsOf(name: string): Promise<KernelRecord[]> {
  const source = await openSource(join(folder, name));
  if (source.kind !== 'log') throw new Error(`${name} is no log`);
  const records: KernelRecord[] = [];
  await readSource(source, {
    inputFormat: null,
    interest: INTEREST,
    emit: (record) => records.push(record),
    health: () => undefined,
    maxBytes: 1e9,
  });
  return records;
}

test('there is a call of every function', async () => {
  const shown = new Set(
    (await recordsOf('functions.txt')).flatMap((record) => {
      const meaning = normalise(record);
      return meaning?.type === 'event' ? (meaning.event.symbol ?? []) : [];
    }),
  );
  expect(SYMBOLS.map((row) => row.symbol).filter((symbol) => !shown.has(symbol))).toEqual([]);
});

test('there is a line of every trace event of the kernel', async () => {
  const records = await recordsOf('trace-events.txt');
  const shown = new Set(
    records.flatMap((record) =>
      record.type === 'event'
        ? TRACE_EVENTS.filter((row) => row.name === record.name && row.pattern.test(record.body.trim()))
        : [],
    ),
  );
  const kernels = TRACE_EVENTS.filter((row) => !row.versions.startsWith('QEMU'));
  expect(kernels.filter((row) => !shown.has(row)).map((row) => row.example)).toEqual([]);
  expect(records.map((record) => normalise(record)?.type)).toEqual(records.map(() => 'event'));
});

/** `6.13-`, `5.8-6.12`, `-5.0`, of QEMU too, or a posting. */
const RANGE = /^(?:QEMU )?(?:\d+\.\d+(?:\.\d+)?-(?:\d+\.\d+)?|-\d+\.\d+)$|^series: \S.{5,}$/;
/** A file of the kernel's, a message id, a tree with its commit, a header of a firmware, or QEMU's. */
const CITATION = /[\w-]+\.[ch]\b|\/trace-events|@|[0-9a-f]{8}|drivers\/|include\/|arch\/|hw\/vfio|RMM|TDISP|SEV-TIO/;

describe('every row says what it holds for, and where that was read', () => {
  const tables: readonly (readonly [string, { versions: string; source: string }])[] = [
    ...MESSAGES.map((row) => [row.example, row] as const),
    ...SYMBOLS.map((row) => [row.symbol, row] as const),
    ...TRACE_EVENTS.map((row) => [row.example, row] as const),
    ...Object.entries(CODE_SPACES).flatMap(([space, codes]) =>
      codes.map((table: CodeTable) => [`${space} ${table.versions}`, table] as const),
    ),
  ];

  test.each(tables)('%s', (_what, { versions, source }) => {
    expect(versions).toMatch(RANGE);
    const [first, last] = versions.startsWith('series') ? [] : versions.replace('QEMU ', '').split('-');
    if (first && last) expect(Number(last) >= Number(first) || compare(first, last) <= 0).toBe(true);
    expect(source).toMatch(CITATION);
  });

  test('messages name the function that prints them', () => {
    expect(MESSAGES.filter((row) => !/^[_a-zA-Z]\w+/.test(row.printedBy)).map((row) => row.example)).toEqual([]);
  });

  test('codes stand once in a table', () => {
    for (const tables of Object.values(CODE_SPACES))
      for (const { codes } of tables as readonly CodeTable[])
        expect(new Set(codes.map(([code]) => BigInt(code))).size).toBe(codes.length);
  });

  test('marks have a source', () => expect(PLATFORM_MARKS.every((mark) => mark.source !== '')).toBe(true));
});

function compare(a: string, b: string): number {
  const [x = [], y = []] = [a, b].map((version) => version.split('.').map(Number));
  return (x[0] ?? 0) - (y[0] ?? 0) || (x[1] ?? 0) - (y[1] ?? 0);
}
