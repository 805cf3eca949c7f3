import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HealthItem } from '../../src/base/health.ts';
import { Intake } from '../../src/follow/intake.ts';

function taken(chunks: readonly Buffer[], maxBytes = 2 ** 20, restartAfter = -1) {
  const out: Buffer[] = [];
  const health: HealthItem[] = [];
  const intake = new Intake('log', {
    consume: (bytes) => out.push(Buffer.from(bytes)),
    health: (item) => health.push(item),
    maxBytes,
  });
  for (const [index, chunk] of chunks.entries()) {
    intake.take(chunk);
    if (index === restartAfter) intake.restart('cut');
  }
  intake.end();
  return { text: Buffer.concat(out).toString('latin1'), health, bytes: intake.bytes, isFull: intake.isFull };
}

/** Cuts a buffer at any places. */
const cuts = (bytes: Buffer): fc.Arbitrary<Buffer[]> =>
  fc.array(fc.nat(bytes.length), { maxLength: 12 }).map((places) => {
    const ends = [...new Set([...places, bytes.length])].sort((a, b) => a - b);
    return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
  });

test('however it is cut, the text is the same', () => {
  const text = `\xef\xbb\xbf${'[    1.000000] a line of some length\r\n'.repeat(300)}the last`;
  fc.assert(
    fc.property(cuts(Buffer.from(text, 'latin1')), (chunks) => {
      expect(taken(chunks)).toMatchObject({ text: text.slice(3), bytes: text.length, isFull: false });
    }),
    { numRuns: 50 },
  );
});

test('a first line is handed over as soon as it is there', () => {
  const seen: string[] = [];
  const intake = new Intake('log', { consume: (bytes) => seen.push(String(bytes)), health: () => {}, maxBytes: 99 });
  intake.take(Buffer.from('[    1.0'));
  expect(seen).toEqual([]);
  intake.take(Buffer.from('00000] x\nmore'));
  expect(seen).toEqual(['[    1.000000] x\nmore']);
  intake.take(Buffer.from('\n'));
  expect(seen).toEqual(['[    1.000000] x\nmore', '\n']);
});

describe('what is no text', () => {
  test('is refused at once where its first bytes tell, though it may never have a line', () => {
    const intake = new Intake('log', { consume: () => {}, health: () => {}, maxBytes: 99 });
    expect(() => intake.take(Buffer.from('1f8b0800', 'hex'))).toThrow(/^--follow: log is compressed, /);
  });

  test('is refused, however it is cut', () => {
    const bytes = Buffer.from(Array.from({ length: 6000 }, (_, i) => (i % 9 === 0 ? 1 : i % 50 === 0 ? 10 : 65)));
    fc.assert(
      fc.property(cuts(bytes), (chunks) => {
        expect(() => taken(chunks)).toThrow(/^log: is binary: /);
      }),
      { numRuns: 20 },
    );
  });

  test('a serial console may begin with a few odd bytes', () => {
    const text = `\0\0\0\0\n${'[    1.000000] x\n'.repeat(300)}`;
    expect(taken([Buffer.from('\0\0\0\0\n'), Buffer.from(text.slice(5))]).text).toBe(text);
  });

  test.each([
    ['compressed', '\x1f\x8b\x08\0\0\0\0\0\0\x03\n'],
    ['a timeline', 'SQLite format 3\0\n'],
  ])('%s: refused by name', (what, bytes) => {
    expect(() => taken([Buffer.from(bytes, 'latin1')])).toThrow(
      `--follow: log is ${what}, not text that grows: leave --follow away`,
    );
  });
});

test('the limit is that of a whole file', () => {
  const { text, bytes, isFull, health } = taken([Buffer.from('a\nb\n'), Buffer.from('c\nd\n')], 5);
  expect({ text, bytes, isFull }).toEqual({ text: 'a\nb\nc', bytes: 5, isFull: true });
  expect(health.map(({ code }) => code)).toEqual(['source-capped']);
});

test('another file ends an open line, and the place is told', () => {
  const { text, health } = taken([Buffer.from('a\nb'), Buffer.from('c\n')], 99, 0);
  expect(text).toBe('a\nb\nc\n');
  expect(health).toEqual([
    {
      code: 'source-rotated',
      line: 3,
      message: 'the file was cut while it was followed: what was written meanwhile may be missing',
      count: 1,
    },
  ]);
});
