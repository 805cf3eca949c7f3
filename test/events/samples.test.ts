import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { MESSAGES } from '../../src/events/index.ts';
import { splitPrefix } from '../../src/events/messages.ts';
import { read } from '../identity/read.ts';

// Real logs of 6.1, 6.12 and 7.3 lie outside of the repository.
const CAPTURES = process.env['TDI_TRACE_CAPTURES'] ?? join(import.meta.dirname, '../../../shared/captures');
const files = existsSync(CAPTURES)
  ? globSync(join(CAPTURES, '*/*/dmesg{,.dyndbg,.dyndbg-pmflt}.txt{,.gz}')).sort()
  : [];
if (files.length === 0) console.warn(`SKIPPED: no captures in ${CAPTURES}; set TDI_TRACE_CAPTURES`);

const textOf = (path: string): string => {
  const bytes = readFileSync(path);
  return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
};

test.skipIf(files.length === 0).each(files.map((path) => [relative(CAPTURES, path), path]))(
  '%s: of the known subsystems only the lab driver says what the tables do not hold, and it proves nothing',
  async (_name, path) => {
    const text = textOf(path);
    const log = await read(text);
    expect(log.unrecognised.filter((line) => !/ labtsm: /.test(line))).toEqual([]);
    expect(log.events.filter(({ kind }) => kind.startsWith('tsm.') && kind !== 'tsm.context')).toEqual([]);
    expect(log.findings).toEqual([]);
  },
);

test.skipIf(files.length === 0)('most examples are what real kernels printed', () => {
  const shape = (text: string): string => text.replace(/0x[0-9a-f]+|[0-9a-f]*\d[0-9a-f]*/g, '#');
  const printed = new Set<string>();
  for (const path of files) {
    for (const line of textOf(path).split('\n')) {
      const { prefix, body } = splitPrefix(line.replace(/^\[[^\]]*\] (?:\[[^\]]*\] )?/, ''));
      printed.add(shape(prefix === null ? line : body));
    }
  }
  const seen = MESSAGES.filter((row) => printed.has(shape(splitPrefix(row.example).body)));
  expect(seen.length).toBeGreaterThanOrEqual(15);
});
