import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/base/errors.ts';
import { HEALTH_CODES, type HealthItem } from '../../src/base/health.ts';
import { FORMATS } from '../../src/formats/index.ts';
import { type PartTotals, readParts } from '../../src/formats/read.ts';
import type { KernelRecord } from '../../src/formats/record.ts';
import { openSource } from '../../src/input/source.ts';
import { EVERYTHING, plain } from './collect.ts';
import { damaged, runs, samples } from './fuzz.ts';

interface Outcome {
  /** Null where the input was refused. */
  readonly parts: readonly PartTotals[] | null;
  readonly refusal: string;
  readonly records: readonly KernelRecord[];
  readonly health: readonly HealthItem[];
}

/** Reads bytes in pieces of `size`. */
async function read(bytes: Buffer, size: number, inputFormat: string | null): Promise<Outcome> {
  const records: KernelRecord[] = [];
  const health: HealthItem[] = [];
  const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
    bytes.subarray(n * size, (n + 1) * size),
  );
  try {
    const source = await openSource('-', Readable.from(pieces, { objectMode: false }));
    if (source.kind !== 'log') return { parts: null, refusal: source.kind, records, health };
    const parts = await readParts(source, {
      inputFormat,
      interest: EVERYTHING,
      maxBytes: 1e8,
      part: () => ({ emit: (record) => records.push(record), health: (item) => health.push(item) }),
    });
    return { parts, refusal: '', records, health };
  } catch (error) {
    // Anything else is a fault of ours.
    expect(error).toBeInstanceOf(InputError);
    return { parts: null, refusal: String(error), records: [], health: [] };
  }
}

/** Lines as `wc -l` counts them, and one more where the last one has no newline. */
function countLines(bytes: Buffer): number {
  const text = bytes.subarray(bytes.subarray(0, 3).toString('latin1') === '\xef\xbb\xbf' ? 3 : 0);
  let count = 0;
  for (let at = text.indexOf(10); at >= 0; at = text.indexOf(10, at + 1)) count++;
  return count + (text.length > 0 && text.at(-1) !== 10 ? 1 : 0);
}

function check({ parts, records, health }: Outcome, bytes: Buffer): void {
  const lines = countLines(bytes);
  for (const item of health) {
    expect(HEALTH_CODES).toHaveProperty(item.code);
    expect(item.count).toBeGreaterThan(0);
    expect(item.line ?? 1).toBeGreaterThanOrEqual(1);
    expect(item.line ?? 1).toBeLessThanOrEqual(lines);
    expect(item.message).not.toContain('\n');
  }
  for (const { line, endLine, time, cpu, pid } of records) {
    expect(line).toBeGreaterThanOrEqual(1);
    expect(endLine).toBeGreaterThanOrEqual(line);
    expect(endLine).toBeLessThanOrEqual(lines);
    if (time !== null) expect(time).toBeGreaterThanOrEqual(0n);
    if (cpu !== null) expect(Number.isSafeInteger(cpu) && cpu >= 0).toBe(true);
    if (pid !== null) expect(Number.isSafeInteger(pid) && pid >= 0).toBe(true);
  }
  if (parts === null) return;
  expect(parts.reduce((sum, part) => sum + part.lines, 0)).toBe(lines);
  for (const part of parts) {
    expect(part.records + part.continuation + part.skipped + part.unparsed).toBe(part.lines);
    expect(Number.isSafeInteger(part.lost) && part.lost >= 0).toBe(true);
    for (const count of [part.records, part.continuation, part.skipped, part.unparsed])
      expect(count).toBeGreaterThanOrEqual(0);
  }
  expect(records.length).toBeLessThanOrEqual(parts.reduce((sum, part) => sum + part.records, 0));
}

const pool = samples();

describe('damaged samples', () => {
  test('there are some of every form', () => {
    expect(new Set(pool.map(({ id }) => id).filter((id) => id !== null))).toEqual(new Set(FORMATS.map(({ id }) => id)));
  });

  test('as they are: counted to the line', async () => {
    for (const { bytes } of pool) check(await read(bytes, 65_536, null), bytes);
  });

  test(
    'of each form: refused in one line or counted to the line, however the bytes come',
    async () => {
      for (const { id } of FORMATS) {
        const own = pool.filter((sample) => sample.id === id);
        await fc.assert(
          fc.asyncProperty(damaged(own), fc.integer({ min: 1, max: 3000 }), async (bytes, size) => {
            const whole = await read(bytes, 65_536, null);
            check(whole, bytes);
            expect(plain(await read(bytes, size, null))).toEqual(plain(whole));
          }),
          { numRuns: runs(25) },
        );
      }
    },
    60_000 * runs(1),
  );

  test(
    'of all forms together',
    async () => {
      await fc.assert(
        fc.asyncProperty(damaged(pool), async (bytes) => check(await read(bytes, 65_536, null), bytes)),
        { numRuns: runs(300) },
      );
    },
    60_000 * runs(1),
  );

  test(
    'read as a form that they are not',
    async () => {
      const form = fc.constantFrom(...FORMATS.map(({ id }) => id));
      await fc.assert(
        fc.asyncProperty(damaged(pool), form, async (bytes, id) => check(await read(bytes, 65_536, id), bytes)),
        { numRuns: runs(300) },
      );
    },
    60_000 * runs(1),
  );

  test(
    'bytes of no form',
    async () => {
      const any = fc.uint8Array({ maxLength: 6000 }).map((bytes) => Buffer.from(bytes));
      const text = fc
        .array(fc.constantFrom(...'[]<>(){}:;,.=+-*#|/\\ \t\n\n0123456789abcfxT"\'\r\0\xff'), { maxLength: 2000 })
        .map((characters) => Buffer.from(characters.join(''), 'latin1'));
      await fc.assert(
        fc.asyncProperty(fc.oneof(any, text), async (bytes) => check(await read(bytes, 65_536, null), bytes)),
        { numRuns: runs(300) },
      );
    },
    60_000 * runs(1),
  );

  test('UTF-16 is refused, with what to do', async () => {
    for (const encode of [(text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')]) {
      const { refusal } = await read(encode('[    1.000000] vfio-pci 0000:02:00.0: resetting\n'), 65_536, null);
      expect(refusal).toMatch(/UTF-16/);
    }
  });

  test('lines of ten megabytes, one after another', async () => {
    const long = Buffer.alloc(10 << 20, 'x');
    const bytes = Buffer.concat([
      Buffer.from('[    1.000000] vfio-pci 0000:02:00.0: resetting\n[    1.000001] '),
      long,
      Buffer.from('\n'),
      long,
      Buffer.from('\n[    1.000002] vfio-pci 0000:02:00.0: reset done\n'),
    ]);
    const outcome = await read(bytes, 65_536, null);
    check(outcome, bytes);
    expect(outcome.parts?.[0]).toMatchObject({ format: 'dmesg', lines: 4, records: 3, unparsed: 1 });
    expect(outcome.health).toContainEqual(expect.objectContaining({ code: 'lines-truncated', line: 2, count: 2 }));
  });
});
