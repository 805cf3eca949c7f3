import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { InputError } from '../../src/base/errors.ts';
import type { HealthItem } from '../../src/base/health.ts';
import { readBytes } from '../../src/input/bytes.ts';
import { openSource } from '../../src/input/source.ts';
import { HAS_ZSTD } from '../support/zstd.ts';

const folder = mkdtempSync(join(tmpdir(), 'tdi-trace-packed-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sample = (name: string) => readFileSync(join(import.meta.dirname, 'samples', name));
const trace = readFileSync(
  join(import.meta.dirname, '../../fixtures/captures/close-before-unbind/trace.probes.txt'),
  'latin1',
);
const lines = Array.from({ length: 12_000 }, (_, i) => `[${i}.000000] line ${Math.imul(i, 7919)}\n`).join('');
const USB = '[    1.000000] usb 1-1: new high-speed USB device\n';

/** Of 64,000,000 bytes. */
const SKIPPABLE = Buffer.from('\x52\x2a\x4d\x18\x04\0\0\0abcd', 'latin1');
const FORMS = [
  { id: 'gzip', lines: gzipSync(lines), trace: sample('trace.gz'), keeps: 0.3 },
  { id: 'xz', lines: sample('lines.xz'), trace: sample('trace.xz'), keeps: 0.3 },
  { id: 'bzip2', lines: sample('lines.bz2'), trace: sample('trace.bz2'), keeps: 0.25 },
  ...(HAS_ZSTD ? [{ id: 'zstd', lines: sample('lines.zst'), trace: sample('trace.zst'), keeps: 0.3 }] : []),
] as const;

interface Whole {
  readonly text: string;
  readonly codes: readonly string[];
  readonly cut: boolean;
  readonly compression: string;
}

async function read(path: string, maxBytes = 1e9, stdin?: Readable): Promise<Whole> {
  const health: HealthItem[] = [];
  const chunks: Buffer[] = [];
  const source = await openSource(path, stdin);
  if (source.kind !== 'log') throw new Error(`a ${source.kind}`);
  const { cut, bytes } = await readBytes(source, {
    consume: (chunk) => chunks.push(Buffer.from(chunk)),
    health: (item) => health.push(item),
    maxBytes,
  });
  const text = Buffer.concat(chunks).toString('latin1');
  expect(bytes).toBe(text.length);
  return { text, codes: health.map(({ code }) => code), cut, compression: source.compression };
}

let files = 0;
const WAYS: readonly [string, (content: Buffer, maxBytes?: number) => Promise<Whole>][] = [
  [
    'a file',
    (content, maxBytes) => {
      const path = join(folder, `${files++}.log`);
      writeFileSync(path, content);
      return read(path, maxBytes);
    },
  ],
  [
    'a pipe',
    (content, maxBytes) => {
      const pieces = Array.from({ length: Math.ceil(content.length / 5000) }, (_, i) =>
        content.subarray(i * 5000, (i + 1) * 5000),
      );
      return read('-', maxBytes, Readable.from(pieces, { objectMode: false }));
    },
  ],
];

describe.each(FORMS)('$id', ({ id, lines: packed, trace: small, keeps }) => {
  describe.each(WAYS)('from %s', (_way, readAll) => {
    test('whole, once and twice over', async () => {
      expect(await readAll(packed)).toEqual({ text: lines, codes: [], cut: false, compression: id });
      expect((await readAll(small)).text).toBe(trace);
      const twice = await readAll(Buffer.concat([small, packed, small]));
      expect([twice.text === trace + lines + trace, twice.codes, twice.cut]).toEqual([true, [], false]);
    });

    test('with other bytes behind it', async () => {
      for (const rest of ['garbage\n', 'x'.repeat(50_000)]) {
        const whole = await readAll(Buffer.concat([packed, Buffer.from(rest)]));
        expect([whole.text === lines, whole.codes, whole.cut]).toEqual([true, ['source-trailing'], false]);
      }
    });

    test('cut in the middle: what stands before', async () => {
      const whole = await readAll(packed.subarray(0, packed.length >> 1));
      expect(whole.codes).toEqual(['source-cut']);
      expect(whole.cut).toBe(true);
      expect(whole.text.length).toBeGreaterThan(lines.length * keeps);
      expect(lines.startsWith(whole.text)).toBe(true);
    });

    test('one wrong byte: what stands before', async () => {
      const harmed = Buffer.concat([small, packed, small]);
      const at = small.length + packed.length - (packed.length >> 2);
      harmed[at] = (harmed[at] ?? 0) ^ 0xff;
      const whole = await readAll(harmed);
      expect([whole.codes, whole.cut]).toEqual([['source-cut'], true]);
      // Nothing behind the place of the damage is sure; a part of xz is one chunk of up to 2 MiB.
      const sure = id === 'xz' ? 0 : Math.floor(lines.length * keeps);
      expect(whole.text.startsWith(trace + lines.slice(0, sure))).toBe(true);
      if (id === 'xz' || id === 'bzip2') expect((trace + lines).startsWith(whole.text)).toBe(true);
    });

    test('larger than the limit', async () => {
      const whole = await readAll(packed, 100_001);
      expect([whole.text === lines.slice(0, 100_001), whole.codes, whole.cut]).toEqual([true, ['source-capped'], true]);
    });
  });
});

describe('hostile and rare', () => {
  const [, fromFile] = WAYS[0] as (typeof WAYS)[number];

  test.each([
    ['xz', sample('bomb.xz')],
    ['bzip2', sample('bomb.bz2')],
  ])('a bomb of %s stops at the limit, and is whole below it', async (_id, bomb) => {
    const capped = await fromFile(bomb, 1_000_001);
    expect([capped.text.length, capped.codes]).toEqual([1_000_001, ['source-capped']]);
    const whole = await fromFile(bomb, 64_000_000);
    expect([whole.text === USB.repeat(64_000_000 / USB.length), whole.codes]).toEqual([true, []]);
  });

  test.each([
    ['xz', sample('long.xz')],
    ['bzip2', sample('long.bz2')],
  ])('a line of ten million bytes in %s', async (_id, long) => {
    expect((await fromFile(long)).text).toBe(`[    1.000000] ${'a'.repeat(10_000_000)}\n`);
  });

  test('xz in small blocks with SHA-256; a cut one keeps the blocks before', async () => {
    const blocks = sample('blocks.xz');
    expect(await fromFile(blocks)).toMatchObject({ text: lines, codes: [] });
    const cut = await fromFile(blocks.subarray(0, blocks.length >> 1));
    expect(cut.codes).toEqual(['source-cut']);
    expect(cut.text.length).toBeGreaterThan(130_000);
    expect(lines.startsWith(cut.text)).toBe(true);
    const padded = Buffer.concat([blocks, Buffer.alloc(8), sample('trace.xz'), Buffer.alloc(4)]);
    expect(await fromFile(padded)).toMatchObject({ text: lines + trace, codes: [] });
  });

  test('each check of xz is checked', async () => {
    for (const name of ['lines.xz', 'blocks.xz']) {
      const harmed = Buffer.from(sample(name));
      // The index comes last, in front of it the check of the last block.
      const indexSize = (harmed.readUInt32LE(harmed.length - 8) + 1) * 4;
      const check = harmed.length - 12 - indexSize - 1;
      harmed[check] = (harmed[check] ?? 0) ^ 1;
      const whole = await fromFile(harmed);
      expect([whole.text === lines, whole.codes]).toEqual([true, ['source-cut']]);
    }
  });

  test('what would take too much memory, or another program, is refused with the command', async () => {
    await expect(fromFile(sample('dictionary.xz'))).rejects.toThrow(
      /: needs 1536 MiB of memory to be unpacked, more than 128: unpack it with: xz -dk \S+$/,
    );
    await expect(fromFile(sample('x86.xz'))).rejects.toThrow(/: was compressed with a filter for programs: .*xz -dk /);
    if (!HAS_ZSTD) return;
    await expect(fromFile(sample('window.zst'))).rejects.toThrow(/: needs 2048 MiB of memory .*: zstd -d --long=31 /);
  });

  test.skipIf(HAS_ZSTD)('zstd where Node has none', async () => {
    const refused = /: is compressed with zstd, which needs Node\.js 22\.15: unpack it with: zstd -d \S+$/;
    await expect(fromFile(sample('trace.zst'))).rejects.toThrow(refused);
  });

  test.runIf(HAS_ZSTD)('skippable frames of zstd, before, between and behind', async () => {
    const small = sample('trace.zst');
    const whole = await fromFile(Buffer.concat([SKIPPABLE, small, SKIPPABLE, SKIPPABLE, small, SKIPPABLE]));
    expect([whole.text === trace + trace, whole.codes]).toEqual([true, []]);
    const cut = await fromFile(Buffer.concat([small, SKIPPABLE.subarray(0, 10)]));
    expect([cut.text === trace, cut.codes]).toEqual([true, ['source-cut']]);
  });

  test("pstore's deflate, with a header by its content, without one by its name", async () => {
    const dump = `Oops#1 Part1\n${USB.repeat(300)}`;
    expect(await fromFile(deflateSync(dump))).toMatchObject({ text: dump, compression: 'deflate', codes: [] });
    const path = join(folder, 'dmesg-ramoops-0.enc.z');
    writeFileSync(path, deflateRawSync(dump));
    expect(await read(path)).toMatchObject({ text: dump, compression: 'deflate', codes: [] });
    // The kernel names it so whenever it could not unpack it, whatever it holds.
    writeFileSync(path, dump);
    expect(await read(path)).toMatchObject({ text: dump, compression: 'none' });
  });

  test('a run length of bzip2 beyond any block ends at once', async () => {
    // Hand-made: one block, one used byte, two tables in which RUNA has one bit; then RUNA for ever.
    const bits: string[] = [];
    const put = (value: number, count: number) => bits.push(value.toString(2).padStart(count, '0'));
    for (const byte of [0x31, 0x41, 0x59, 0x26, 0x53, 0x59]) put(byte, 8);
    put(0, 32);
    put(0, 1);
    put(0, 24);
    put(0x8000, 16);
    put(0x8000, 16);
    put(2, 3);
    put(100, 15);
    for (let i = 0; i < 100; i++) put(0, 1);
    // Lengths 1, 2, 2 of RUNA, RUNB and the end, in both tables.
    for (let table = 0; table < 2; table++) bits.push('00001', '0', '100', '0');
    for (let i = 0; i < 4000; i++) put(0, 1);
    const packed =
      bits
        .join('')
        .match(/.{8}/g)
        ?.map((byte) => Number.parseInt(byte, 2)) ?? [];
    const content = Buffer.concat([sample('trace.bz2'), Buffer.from('BZh9'), Buffer.from(packed)]);
    const whole = await fromFile(content);
    expect([whole.text === trace, whole.codes]).toEqual([true, ['source-cut']]);
  });
});

test('random cuts and wrong bytes: an InputError or a part, never more than the limit', async () => {
  const limit = 40_000;
  const [, fromFile] = WAYS[0] as (typeof WAYS)[number];
  const [, fromPipe] = WAYS[1] as (typeof WAYS)[number];
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...FORMS),
      fc.array(fc.record({ at: fc.nat(), to: fc.nat(255) }), { maxLength: 4 }),
      fc.option(fc.nat()),
      fc.boolean(),
      async (form, flips, cutAt, isFile) => {
        const harmed = Buffer.from(form.trace);
        for (const { at, to } of flips) harmed[at % harmed.length] = to;
        const content = cutAt === null ? harmed : harmed.subarray(0, cutAt % (harmed.length + 1));
        try {
          const whole = await (isFile ? fromFile : fromPipe)(content, limit);
          expect(whole.text.length).toBeLessThanOrEqual(limit);
          if (whole.codes.length === 0) expect(whole.compression === 'none' || whole.text === trace).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      },
    ),
    { numRuns: 400 },
  );
});
