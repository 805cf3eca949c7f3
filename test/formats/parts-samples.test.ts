import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/base/errors.ts';
import { openSource } from '../../src/input/source.ts';
import { MORE } from './fuzz.ts';
import { PARTS } from './public-logs-parts.ts';
import { type ReadPart, readLog, readText, shape } from './read-parts.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures');
const SHARED = join(import.meta.dirname, '../../../shared');
const CAPTURES = process.env['TDI_TRACE_CAPTURES'] ?? join(SHARED, 'captures');
const PUBLIC = process.env['TDI_TRACE_PUBLIC_LOGS'] ?? join(SHARED, 'public-logs');
for (const [folder, what] of [
  [CAPTURES, 'captures'],
  [PUBLIC, 'public logs'],
] as const)
  if (!existsSync(folder))
    process.stderr.write(`SKIPPED: no ${what} at ${folder}: how they are taken apart is not tested\n`);

const below = (folder: string, pattern: RegExp): string[] =>
  existsSync(folder)
    ? (readdirSync(folder, { recursive: true }) as string[]).filter((path) => pattern.test(path)).sort()
    : [];

async function readFile(path: string): Promise<ReadPart[]> {
  const source = await openSource(path);
  if (source.kind !== 'log') throw new Error('no log');
  return readLog(source);
}

describe.skipIf(!existsSync(CAPTURES))('a capture is one part', () => {
  test('there are some', () => expect(paths.length).toBeGreaterThan(0));
  const paths = below(
    CAPTURES,
    /(?:^|\/)(?:dmesg|kmsg|trace|boot-dmesg|serial-console|opt-|clock-|tc-)[^/]*\.(?:txt|json|log|gz)$/,
  );
  for (const path of paths) {
    test(path, async () => {
      const parts = await readFile(join(CAPTURES, path)).catch((error: unknown) => {
        if (!(error instanceof InputError)) throw error;
        return [];
      });
      expect(shape(parts).length).toBeLessThan(2);
    });
  }
});

describe.skipIf(!existsSync(PUBLIC))('a public log has the parts that its reader sees', () => {
  test('there are some', () => expect(paths.length).toBeGreaterThan(0));
  const paths = below(PUBLIC, /\.(?!md$|bin$)\w+$/);
  for (const path of paths) {
    test(path, async () => {
      const parts = await readFile(join(PUBLIC, path)).catch((error: unknown) => {
        if (!(error instanceof InputError)) throw error;
        return [];
      });
      const expected = PARTS[path];
      if (expected === undefined) expect(parts.length).toBeLessThan(2);
      else expect(shape(parts)).toEqual(expected);
    });
  }
});

const text = (path: string) => {
  const bytes = readFileSync(path);
  return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1').replace(/\n?$/, '\n');
};
const cases = below(join(FIXTURES, 'formats'), /\.txt$/).map((path) => text(join(FIXTURES, 'formats', path)));

describe('logs one below the other', () => {
  // What one sees of a terminal or a mail, and what somebody makes up.
  const separator = fc.constantFrom(
    '',
    '\n',
    '\nand this is the next one:\n\n',
    '# tracer: nop\n#\n',
    '$ cat log\n',
    '\x00\xff\n',
  );
  const numRuns = 150 * MORE;

  test('any of them, in any order: each line is counted once, nothing is thrown but a refusal', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom(...cases), separator), { minLength: 2, maxLength: 6 }),
        async (logs) => {
          await readText(logs.flat().join('')).catch((error: unknown) => {
            if (!(error instanceof InputError)) throw error;
          });
        },
      ),
      { numRuns },
    );
  });

  test('lines of all of them in any mixture', async () => {
    const lines = [...new Set(cases.flatMap((log) => log.split('\n')))];
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...lines), { minLength: 1, maxLength: 120, size: 'max' }),
        async (mixture) => {
          await readText(`${mixture.join('\n')}\n`).catch((error: unknown) => {
            if (!(error instanceof InputError)) throw error;
          });
        },
      ),
      { numRuns },
    );
  });

  // Of each form that a capture has, where a boundary is clear.
  const own = below(join(FIXTURES, 'captures'), /\.(?:txt|json|gz)$/).map((path) => join(FIXTURES, 'captures', path));
  const more = below(
    CAPTURES,
    /^(?:t0[12]_\w+\/deb73-tsm|c_reset_mid\/c73-cdev)\/(?:dmesg|kmsg|trace)(?!.*notime|.*busybox)/,
  )
    .concat(
      below(
        CAPTURES,
        /^formats\/c73-cdev\/(?:opt-(?:fn|fg|ev)[\w-]*\.trace|tc-\w+(?:-ev)?\.report(?:-t|-latency|-raw)?)\.txt$/,
      ),
    )
    .map((path) => join(CAPTURES, path));
  const whole = [...own, ...more]
    .map((path) => ({ path, log: text(path) }))
    .filter(
      ({ log }) =>
        log.length < 100_000 && !/^\d+ \d+ \d+ type: |^[0-9a-f]{8} [0-9a-f]{8} [0-9a-f]{16} type: /m.test(log),
    );

  test('every record of each is found that is found in it alone', async () => {
    const alone = new Map<string, ReadPart['records']>();
    for (const { path, log } of whole)
      alone.set(
        path,
        (await readText(log)).flatMap(({ records }) => records),
      );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...whole), { minLength: 2, maxLength: 4 }),
        fc.constantFrom('\n', '\nand this is the next one:\n\n'),
        async (logs, between) => {
          const parts = await readText(logs.map(({ log }) => log).join(between));
          const found = new Set(
            parts.flatMap(({ records }) => records.map((record) => `${record.line} ${name(record)}`)),
          );
          let offset = 0;
          for (const { path, log } of logs) {
            const missing = (alone.get(path) ?? []).filter(
              (record) => !found.has(`${record.line + offset} ${name(record)}`),
            );
            expect(missing, path).toEqual([]);
            offset += `${log}${between}`.split('\n').length - 1;
          }
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);
});

/** What a record is about: its text may have another end where a mail goes on. */
function name(record: ReadPart['records'][number]): string {
  if (record.type === 'printk') return `printk ${record.message.split('\n')[0]?.slice(0, 40)}`;
  return `${record.type} ${record.type === 'event' ? record.name : record.symbol}`;
}
