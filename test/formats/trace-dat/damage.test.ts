import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../../src/base/errors.ts';
import { HEALTH_CODES, type HealthItem } from '../../../src/base/health.ts';
import type { KernelRecord } from '../../../src/formats/record.ts';
import { type RecordingTotals, readRecording } from '../../../src/formats/trace-dat/read.ts';
import { memoryBytes } from '../../../src/input/positioned.ts';
import { eventDefinitions, Records } from '../../support/trace-dat-events.ts';
import { ByteWriter, PageWriter, PC, type TraceDat, writeTraceDat } from '../../support/trace-dat-writer.ts';
import { HAS_ZSTD } from '../../support/zstd.ts';
import { EVERYTHING } from '../collect.ts';
import { MORE, runs } from '../fuzz.ts';

const ROOT = join(import.meta.dirname, '../../../fixtures/formats/trace-dat');

const FLR = 0xffffffff8142e200n;
const make = new Records(PC);
const call = make.call(7, FLR, FLR);

/** Some pages on two CPUs, of each kind of record. */
function sample(more: Pick<TraceDat, 'version' | 'compression'>): Buffer {
  const cpus = [0, 1].map((cpu) => {
    const pages = new PageWriter();
    for (let i = 0; i < 400; i++) {
      const time = BigInt(i * 1000 + cpu);
      pages.record(time, make.enter(7 + cpu, FLR, 0));
      pages.record(time + 10n, make.probe(7 + cpu, FLR, '0000:02:00.0', 1n));
      pages.record(time + 20n, make.leave(7 + cpu, FLR, 0, 0n, time, time + 20n));
      pages.record(time + 30n, make.console(7 + cpu, `vfio-pci 0000:02:00.0: message ${i}`));
    }
    return pages.done();
  });
  return writeTraceDat({
    ...more,
    events: eventDefinitions(PC),
    kallsyms: 'ffffffff8142e200 T pcie_flr\n',
    cmdlines: '7 drv\n8 drv\n',
    buffers: [{ name: '', clock: 'local', cpus }],
  });
}

const SAMPLES = [
  ...readdirSync(ROOT)
    .filter((name) => name.endsWith('.dat'))
    .map((name) => readFileSync(join(ROOT, name)))
    .filter((content) => HAS_ZSTD || !content.includes('zstd')),
  sample({ version: 6 }),
  sample({ version: 7, compression: 'none' }),
  sample({ version: 7, compression: 'zlib' }),
  ...(HAS_ZSTD ? [sample({ version: 7, compression: 'zstd' })] : []),
];

/** By number: a counterexample should not print the file. */
const sampleNumber = fc.nat(SAMPLES.length - 1);
const sampleOf = (number: number): Buffer => SAMPLES[number] ?? Buffer.alloc(0);

interface Read {
  readonly records: readonly KernelRecord[];
  readonly health: readonly HealthItem[];
  readonly totals: RecordingTotals;
}

async function read(bytes: Buffer, maxBytes = 2 ** 30): Promise<Read> {
  const records: KernelRecord[] = [];
  const health: HealthItem[] = [];
  const totals = await readRecording(memoryBytes(bytes), {
    path: 'trace.dat',
    interest: EVERYTHING,
    emit: (record) => records.push(record),
    health: (item) => health.push(item),
    maxBytes,
  });
  return { records, health, totals };
}

/** Null where the file is refused, which takes one line that names it. */
async function tryRead(bytes: Buffer): Promise<Read | null> {
  try {
    return await read(bytes);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    expect(error.message).toMatch(/^trace\.dat: [^\n]+$/);
    return null;
  }
}

function expectSound({ records, health, totals }: Read): void {
  expect(records.length).toBeLessThanOrEqual(totals.records);
  let line = 0;
  for (const record of records) {
    expect(record.line).toBeGreaterThan(line);
    line = record.line;
  }
  expect(line).toBeLessThanOrEqual(totals.records + totals.unparsed);
  for (const item of health) {
    expect(Object.keys(HEALTH_CODES)).toContain(item.code);
    expect(item.message).not.toMatch(/[\n\x1b]/);
    expect(item.count).toBeGreaterThan(0);
  }
}

describe('a damaged file', () => {
  test(
    'cut anywhere is refused, or read up to there',
    async () => {
      const property = fc.asyncProperty(
        sampleNumber,
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (number, share) => {
          const bytes = sampleOf(number);
          const whole = await read(bytes);
          const cut = await tryRead(bytes.subarray(0, Math.floor(bytes.length * share)));
          if (cut === null) return;
          expectSound(cut);
          expect(cut.totals.records).toBeLessThanOrEqual(whole.totals.records);
          // Nothing goes missing without a word.
          if (cut.totals.records === whole.totals.records) return;
          const said = cut.health.find(({ code }) => code === 'source-cut');
          expect(said).toBeDefined();
          // Of the CPU that ends early nothing is missing before the line that is told.
          const upTo = (records: readonly KernelRecord[]) => records.filter(({ line }) => line <= (said?.line ?? 0));
          expect(upTo(cut.records)).toEqual(upTo(whole.records));
        },
      );
      await fc.assert(property, { numRuns: runs(40) });
    },
    30_000 * MORE,
  );

  test(
    'with bytes changed anywhere is refused, or read soundly',
    async () => {
      const change = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), fc.nat(255));
      const property = fc.asyncProperty(
        sampleNumber,
        fc.array(change, { minLength: 1, maxLength: 8 }),
        async (number, changes) => {
          const damaged = Buffer.from(sampleOf(number));
          for (const [share, value] of changes) damaged[Math.floor(share * damaged.length)] = value;
          const result = await tryRead(damaged);
          if (result !== null) expectSound(result);
        },
      );
      await fc.assert(property, { numRuns: runs(100) });
    },
    30_000 * MORE,
  );

  test(
    'with bytes changed where sizes, offsets and counts stand',
    async () => {
      // Head and tables: what is read before the records.
      const property = fc.asyncProperty(
        sampleNumber,
        fc.boolean(),
        fc.nat(700),
        fc.constantFrom(0x00, 0x01, 0x7f, 0x80, 0xff),
        fc.integer({ min: 1, max: 8 }),
        async (number, atEnd, at, value, length) => {
          const damaged = Buffer.from(sampleOf(number));
          const from = Math.max(0, atEnd ? damaged.length - 1 - at : at);
          damaged.fill(value, from, Math.min(damaged.length, from + length));
          const result = await tryRead(damaged);
          if (result !== null) expectSound(result);
        },
      );
      await fc.assert(property, { numRuns: runs(100) });
    },
    30_000 * MORE,
  );

  test('with changes in the pages only loses what is in them, and says so', async () => {
    const bytes = sample({ version: 7, compression: 'none' });
    const whole = await read(bytes);
    // The length in the head of the third page of the first CPU.
    const page = bytes.indexOf(new ByteWriter(PC).number(0, 8).done(), 8192);
    const pages = Math.ceil(page / 4096) * 4096;
    const damaged = Buffer.from(bytes);
    damaged.writeUInt32LE(0x07ffffff, pages + 2 * 4096 + 8);
    const { totals, health } = await read(damaged);
    expect(totals.records).toBeLessThan(whole.totals.records);
    expect(totals.records).toBeGreaterThan(whole.totals.records * 0.8);
    expect(health.map(({ code }) => code)).toEqual(['events-lost', 'source-cut']);
    expect(health[1]?.message).toContain(`the first at byte ${pages + 2 * 4096};`);
  });
});

describe('a hostile file', () => {
  const file = (more: Partial<TraceDat>) =>
    writeTraceDat({ version: 7, events: eventDefinitions(PC), kallsyms: '', cmdlines: '', buffers: [], ...more });
  const data = new PageWriter().record(1n, call).done();

  test('that unpacks to more than it says, or says to unpack to very much, takes no memory', async () => {
    const packed = file({ compression: 'zlib', buffers: [{ name: '', clock: 'local', cpus: [Buffer.alloc(40_960)] }] });
    const at = packed.lastIndexOf(Buffer.from([0x00, 0xa0, 0x00, 0x00]));
    for (const size of [16, 0x7fffffff, 0xffffffff]) {
      const damaged = Buffer.from(packed);
      damaged.writeUInt32LE(size, at);
      const result = await tryRead(damaged);
      expect(result?.totals.records ?? 0).toBe(0);
    }
  });

  test('that is larger than the limit is read up to it', async () => {
    const pages = new PageWriter();
    for (let i = 0; i < 40_000; i++) pages.record(BigInt(i), call);
    const bytes = file({ buffers: [{ name: '', clock: 'local', cpus: [pages.done()] }] });
    const { totals, health } = await read(bytes, 300_000);
    expect(totals.records + totals.unparsed).toBeGreaterThan(1000);
    expect(totals.records).toBeLessThan(40_000);
    expect(health.map(({ code }) => code)).toContain('source-capped');
  });

  test('whose CPUs share their data is refused', async () => {
    const bytes = file({ buffers: [{ name: '', clock: 'local', cpus: Array.from({ length: 20 }, () => data) }] });
    const damaged = Buffer.from(bytes);
    // All of them have a position and a size; with the size of the file each overlaps the next ones.
    const size = new ByteWriter(PC).number(4096, 8).done();
    for (let at = damaged.indexOf(size, damaged.lastIndexOf('local')); at >= 0; at = damaged.indexOf(size, at + 8))
      damaged.writeBigUInt64LE(80_000n, at);
    await expect(read(damaged)).rejects.toThrow(/damaged trace\.dat: the data of several CPUs/);
  });

  test.each([
    [
      'another version',
      Buffer.from('\x17\x08\x44tracing8\0\0\x08\0\x10\0\0', 'latin1'),
      /of a version that is not read/,
    ],
    [
      'nothing behind the magic',
      Buffer.from('\x17\x08\x44tracing', 'latin1'),
      /damaged trace\.dat: .* at byte 10: copy it again$/,
    ],
    [
      'an unknown compression',
      Buffer.from('\x17\x08\x44tracing7\0\0\x08\0\x10\0\0lz4\x001\0', 'latin1'),
      /compressed in an unknown way|ends before/,
    ],
  ])('%s', async (_, bytes, message) => {
    await expect(read(bytes)).rejects.toThrow(message);
  });
});
