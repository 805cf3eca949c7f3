import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { FORMATS } from '../../src/formats/index.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/formats');
const CAPTURES = process.env['TDI_TRACE_CAPTURES'] ?? join(import.meta.dirname, '../../../shared/captures');
const PUBLIC = process.env['TDI_TRACE_PUBLIC_LOGS'] ?? join(import.meta.dirname, '../../../shared/public-logs');

/** `FUZZ_RUNS=20 npx vitest run test/formats` does twenty times as much as a run for every day. */
export const MORE = Math.max(1, Number(process.env['FUZZ_RUNS'] ?? '1') || 1);
export const runs = (usual: number): number => Math.ceil(usual * MORE);

/** So much of each file: what tells its form and what follows. */
const HEAD = 12 * 1024;

export interface Sample {
  readonly name: string;
  /** As in the registry; null for what is not of the repository. */
  readonly id: string | null;
  readonly bytes: Buffer;
}

function headOf(path: string): Buffer {
  const stored = readFileSync(path);
  const bytes = path.endsWith('.gz') ? gunzipSync(stored) : stored;
  const end = bytes.lastIndexOf(10, HEAD) + 1;
  return bytes.length <= HEAD ? bytes : bytes.subarray(0, end > 0 ? end : HEAD);
}

function filesBelow(folder: string, fits: (path: string) => boolean): string[] {
  if (!existsSync(folder)) return [];
  return (readdirSync(folder, { recursive: true }) as string[])
    .filter((path) => /\.\w+$/.test(path) && fits(path))
    .sort()
    .map((path) => join(folder, path));
}

/** Every case of every form, and, where they are at hand, the captures in every form and the logs that others posted. */
export function samples(): readonly Sample[] {
  const own = FORMATS.flatMap(({ id }) =>
    readdirSync(join(FIXTURES, id))
      .filter((name) => name.endsWith('.txt'))
      .map((name) => ({ name: `${id}/${name}`, id, bytes: headOf(join(FIXTURES, id, name)) })),
  );
  const captures = filesBelow(join(CAPTURES, 'formats'), (path) => /\.txt(?:\.gz)?$/.test(path));
  const posted = filesBelow(PUBLIC, (path) => !path.endsWith('README.md'));
  return [...own, ...[...captures, ...posted].map((path) => ({ name: path, id: null, bytes: headOf(path) }))];
}

const NASTY = [
  '\0\0\0',
  '\r',
  '\r\r\n',
  '\n\n\n',
  '\xff\xfe',
  '\xef\xbb\xbf',
  '\xc3',
  '\xc2\xa0',
  '\xe2\x80\xa8',
  '\x1b[31m',
  '\x1b]8;;',
  '10%\r20%\r100%\r',
  '[    1.000000] ',
  '[99999999999999999999.000000] ',
  '4,18446744073709551615,99999999999999999999,-;',
  '# tracer: nop\n',
  'CPU:0 [LOST 99999999999999999999 EVENTS]\n',
  '** 99999999999999999999 printk messages dropped **\n',
  '{"__CURSOR":',
  '-- Boot 0123456789abcdef0123456789abcdef --\n',
  'Dumping ftrace buffer:\n',
  '---------------------------------\n',
  'Panic#1 Part1\n',
  ' 0)  a-1 => b-2\n',
  ' =>\n',
  '=\n',
  '...\n',
];

/** A sample with some of its bytes cut, joined, doubled, flipped or mixed with others. */
export function damaged(pool: readonly Sample[]): fc.Arbitrary<Buffer> {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const change = fc.oneof(
    fc.record({ kind: fc.constant('cut' as const), at: share, length: fc.nat(400) }),
    fc.record({ kind: fc.constant('double' as const), at: share, length: fc.nat(400) }),
    fc.record({ kind: fc.constant('flip' as const), at: share, length: fc.nat(7) }),
    fc.record({ kind: fc.constant('join' as const), at: share, length: fc.nat(3) }),
    fc.record({ kind: fc.constant('insert' as const), at: share, length: fc.nat(NASTY.length - 1) }),
    fc.record({ kind: fc.constant('mix' as const), at: share, length: fc.nat(pool.length - 1) }),
    fc.record({ kind: fc.constant('wrap' as const), at: share, length: fc.integer({ min: 20, max: 80 }) }),
  );
  return fc
    .tuple(
      fc.constantFrom(...pool),
      fc.array(change, { maxLength: 6 }),
      fc.constantFrom('\n', '\n', '\n', '\r\n', '\n\r', '\r', ' \n', '\r\r\n'),
      fc.boolean(),
    )
    .map(([sample, changes, ending, cutEnd]) => {
      let text = sample.bytes.toString('latin1');
      for (const { kind, at, length } of changes) {
        const from = Math.floor(at * text.length);
        const before = text.slice(0, from);
        if (kind === 'cut') text = before + text.slice(from + length);
        else if (kind === 'double') text = before + text.slice(from, from + length) + text.slice(from);
        else if (kind === 'flip')
          text = before + String.fromCharCode((text.charCodeAt(from) || 0) ^ (1 << length)) + text.slice(from + 1);
        else if (kind === 'join') text = before + text.slice(from).replace(/\r?\n/, ' '.repeat(length));
        else if (kind === 'insert') text = before + (NASTY[length] ?? '') + text.slice(from);
        else if (kind === 'mix') text = before + (pool[length]?.bytes.toString('latin1') ?? '') + text.slice(from);
        else text = before + text.slice(from).replace(new RegExp(`(.{${length}}) `, 'g'), '$1\n');
      }
      if (ending !== '\n') text = text.replaceAll('\n', ending);
      if (cutEnd) text = text.slice(0, -1 - (text.length % 60));
      return Buffer.from(text, 'latin1');
    });
}
