import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HINT_WINDOWS } from '../../src/events/hint-windows.ts';
import { HintFinder, type HintPattern, literal, patternText } from '../../src/events/hints.ts';
import { HINTS, INTEREST, MESSAGES } from '../../src/events/index.ts';
import { messageCandidates } from '../../src/events/messages.ts';
import { normalise } from '../../src/events/normalise.ts';
import { hostMark } from '../../src/events/platform.ts';
import type { PrintkRecord } from '../../src/formats/record.ts';
import { Chunk } from '../../src/input/chunk.ts';
import { SkimEngine } from '../../src/input/skim-engine.ts';

const ROOT = join(import.meta.dirname, '../../fixtures');

/** Without a device a reset or a power change is nobody's: `resetting` alone is not what dev_printk() prints. */
function matters(message: string): boolean {
  const record: PrintkRecord = {
    type: 'printk',
    line: 1,
    endLine: 1,
    time: 0n,
    cpu: null,
    task: null,
    pid: null,
    level: null,
    message,
    text: message,
    truncated: false,
  };
  if (hostMark(record) !== null) return true;
  const meaning = normalise(record);
  return (
    meaning !== null &&
    (meaning.type === 'unrecognised' || meaning.event.clues.length + meaning.event.handles.length > 0)
  );
}

function inBytes(text: string): boolean {
  const padded = Buffer.from(`.... ${text} ....\n`, 'latin1');
  return isWanted(padded, 5, padded.length - 6, INTEREST.hints);
}

/** What the first look says about a part of some bytes. */
function isWanted(bytes: Buffer, start: number, end: number, hints: Uint8Array | undefined): boolean {
  const engine = SkimEngine.get();
  if (engine === null || hints === undefined) throw new Error('no first look');
  return engine.isWanted(new Chunk(bytes), start, end, hints);
}

describe('a message that means something', () => {
  test('is never held back: examples of all rows', () => {
    for (const { example } of MESSAGES) {
      expect(INTEREST.message(example), example).toBe(true);
      expect(inBytes(example), example).toBe(true);
    }
  });

  test('is never held back: every line of every fixture', () => {
    const files = readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.(?:txt|log)$/.test(name),
    );
    const lines = new Set(files.flatMap((name) => readFileSync(join(ROOT, name), 'latin1').split('\n')));
    let mattering = 0;
    for (const line of lines) {
      expect(inBytes(line), line).toBe(INTEREST.message(line));
      const message = line.replace(/^(?:<\d+>)?(?:\[[ \d.]+\] ?)*(?:\[ *[TC]\d+\] ?)?/, '');
      if (!matters(message)) continue;
      mattering++;
      expect(INTEREST.message(message), message).toBe(true);
    }
    expect(mattering).toBeGreaterThan(80);
  });

  test('is never held back: rows with other numbers and words around and in them', () => {
    const changed = fc
      .tuple(fc.constantFrom(...MESSAGES), fc.nat(300), fc.string({ maxLength: 3 }), fc.boolean())
      .map(
        ([{ example }, at, text, replace]) =>
          example.slice(0, at) + text + example.slice(at + (replace ? text.length : 0)),
      );
    fc.assert(
      fc.property(changed, (message) => {
        if (matters(message)) expect(INTEREST.message(message)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });
});

test('the rows that may fit are those whose literal is there, in the order of the tables', () => {
  const all = MESSAGES.flatMap(({ example, contains }) => [example, contains, `${contains}[`, `x${contains}\u{100}`]);
  const cut = fc.tuple(fc.constantFrom(...all), fc.nat(80), fc.constantFrom(...all));
  fc.assert(
    fc.property(cut, ([a, at, b]) => {
      for (const text of [a, a.slice(at), a.slice(0, at) + b]) {
        expect(messageCandidates(text)).toEqual(MESSAGES.filter((row) => text.includes(row.contains)));
      }
    }),
    { numRuns: 2000 },
  );
});

describe('hints', () => {
  const character = fc.constantFrom(...'abcx. :');
  const pattern: fc.Arbitrary<HintPattern> = fc.array(
    fc.uniqueArray(character, { minLength: 1, maxLength: 3 }).map((set) => set.join('')),
    { minLength: 4, maxLength: 9, size: 'max' },
  );
  const text = fc.string({ unit: character, maxLength: 90, size: 'max' });

  test('are found in bytes where the regular expression finds them in text', () => {
    let found = 0;
    fc.assert(
      fc.property(
        fc.array(pattern, { maxLength: 5, size: 'max' }),
        text,
        fc.nat(20),
        fc.nat(20),
        (patterns, all, from, cut) => {
          const finder = new HintFinder(patterns);
          const to = Math.max(from, all.length - cut);
          const expected = finder.inText(all.slice(from, to));
          if (expected) found++;
          expect(isWanted(Buffer.from(all, 'latin1'), from, to, finder.table)).toBe(expected);
        },
      ),
      { numRuns: 3000 },
    );
    expect(found).toBeGreaterThan(80);
  });

  test('are found wherever they stand, to the first and the last byte', () => {
    const finder = new HintFinder([literal('Request device ['), literal('vfio')]);
    for (let before = 0; before < 30; before++) {
      for (let behind = 0; behind < 30; behind++) {
        for (const hint of ['vfio', 'Request device [']) {
          const bytes = Buffer.from(`${'.'.repeat(before)}${hint}${'.'.repeat(behind)}`);
          expect(isWanted(bytes, 0, bytes.length, finder.table)).toBe(true);
          expect(isWanted(bytes, before, bytes.length - behind, finder.table)).toBe(true);
          expect(isWanted(bytes, before + 1, bytes.length, finder.table)).toBe(false);
          expect(isWanted(bytes, 0, bytes.length - behind - 1, finder.table)).toBe(false);
        }
      }
    }
  });

  test('have windows that were chosen, but for a few new ones: see npm run build:windows', () => {
    const chosen = HINTS.filter((sets) => HINT_WINDOWS[patternText(sets)] !== undefined);
    expect(chosen.length / HINTS.length).toBeGreaterThan(0.8);
    for (const sets of chosen) {
      const [offset = -1, group = -1] = HINT_WINDOWS[patternText(sets)] ?? [];
      expect(offset >= 0 && offset + 4 <= sets.length && group >= 0 && group < 8, patternText(sets)).toBe(true);
    }
  });

  test('shorter than four characters are refused', () => {
    expect(() => new HintFinder([literal('abc')])).toThrow('too short');
  });
});
