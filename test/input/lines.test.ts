import { Readable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import split2 from 'split2';
import { describe, expect, test } from 'vitest';
import { type LineSink, LineSplitter, MAX_LINE } from '../../src/input/lines.ts';

interface Got {
  readonly lines: string[];
  readonly numbers: number[];
  readonly truncated: number[];
  readonly openEnd: boolean;
  readonly splitter: LineSplitter;
}

/** `skim`: how many of the lines that are there the first look takes; what it takes is written down too. */
function split(chunks: readonly Buffer[], skim: (line: string) => number = () => 0): Got {
  const lines: string[] = [];
  const numbers: number[] = [];
  const truncated: number[] = [];
  const keep = (line: string, number: number) => {
    lines.push(line);
    numbers.push(number);
  };
  const sink: LineSink = {
    line(line, number, cut) {
      keep(line, number);
      if (cut) truncated.push(number);
    },
    skim(chunk, start, number) {
      let end = start;
      let taken = 0;
      while (end < chunk.end) {
        const feed = chunk.bytes.indexOf(10, end);
        const line = chunk.bytes.toString('latin1', end, feed).replace(/\r$/, '');
        if (taken >= skim(line)) break;
        keep(line, number + taken++);
        end = feed + 1;
      }
      return taken === 0 ? null : { lines: taken, end };
    },
  };
  const splitter = new LineSplitter(sink);
  for (const chunk of chunks) splitter.push(chunk);
  const openEnd = splitter.end(false);
  return { lines, numbers, truncated, openEnd, splitter };
}

/** The yardstick decodes UTF-8, so the bytes are given to it as characters. */
async function withSplit2(bytes: Buffer): Promise<string[]> {
  const lines: string[] = [];
  const text = Buffer.from(bytes.toString('latin1'), 'utf8');
  for await (const line of Readable.from([text]).pipe(split2())) lines.push(line as string);
  return lines;
}

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let at = 0;
  for (const size of sizes) {
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  chunks.push(bytes.subarray(at));
  return chunks;
}

const byte = fc.oneof(fc.constantFrom(10, 13, 10, 13, 0, 97), fc.nat(255));
const sizes = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 40, size: 'max' });

describe('LineSplitter', () => {
  test('splits any bytes in any chunks as split2 does', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(byte, { maxLength: 200, size: 'max' }),
        sizes,
        fc.nat(3),
        async (raw, chunkSizes, skims) => {
          const bytes = Buffer.from(raw);
          const got = split(cut(bytes, chunkSizes), () => skims);
          const wanted = await withSplit2(bytes);
          const last = wanted.at(-1);
          // A carriage return at the very end may be half of an ending: it is dropped, where split2 keeps it.
          if (!raw.includes(10, raw.length - 1) && last?.endsWith('\r')) wanted[wanted.length - 1] = last.slice(0, -1);
          expect(got.lines).toEqual(wanted);
          expect(got.numbers).toEqual(wanted.map((_line, index) => index + 1));
          expect(got.openEnd).toBe(raw.length > 0 && raw.at(-1) !== 10);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('cuts a line at the cap, wherever the chunks end, and goes on after it', () => {
    const cases: [number, boolean][] = [
      [MAX_LINE - 1, false],
      [MAX_LINE, false],
      [MAX_LINE + 1, true],
      [3 * MAX_LINE, true],
    ];
    for (const [length, over] of cases) {
      for (const ending of ['\n', '\r\n']) {
        const bytes = Buffer.from(`${'x'.repeat(length)}${ending}after${ending}`);
        for (const size of [7919, MAX_LINE, bytes.length]) {
          const chunks = cut(
            bytes,
            Array.from({ length: Math.floor(bytes.length / size) }, () => size),
          );
          const { lines, truncated, splitter } = split(chunks);
          expect(lines.map((line) => line.length)).toEqual([Math.min(length, MAX_LINE), 5]);
          expect(truncated).toEqual(over ? [1] : []);
          expect([splitter.truncatedLines, splitter.firstTruncated]).toEqual(over ? [1, 1] : [0, 0]);
        }
      }
    }
  });

  test('keeps no more than the cap of a line that never ends', () => {
    const chunk = Buffer.alloc(1 << 20, 'x');
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    const { lines } = split(Array.from({ length: 64 }, () => chunk));
    collectGarbage();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toHaveLength(MAX_LINE);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(4 << 20);
  });

  test('says whether the last line is cut', () => {
    const seen: boolean[] = [];
    const splitter = new LineSplitter({ line: (_line, _number, truncated) => seen.push(truncated), skim: () => null });
    splitter.push(Buffer.from('one\ntwo'));
    expect(splitter.end(true)).toBe(true);
    expect(seen).toEqual([false, true]);
  });
});

test('lines with NUL bytes behind text are counted once, however the text is cut', () => {
  const text = Buffer.from('a\nb\0c\0d\n\0\n\0\0e\nf\0g');
  fc.assert(
    fc.property(fc.array(fc.nat(text.length), { maxLength: 6 }), (cuts) => {
      const at = [0, ...cuts.sort((a, b) => a - b), text.length];
      const { splitter } = split(at.slice(1).map((end, index) => text.subarray(at[index], end)));
      expect([splitter.nulLines, splitter.firstNul]).toEqual([2, 2]);
    }),
  );
});
