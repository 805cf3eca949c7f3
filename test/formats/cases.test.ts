import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { HealthItem } from '../../src/base/health.ts';
import { FORMATS } from '../../src/formats/index.ts';
import { readSource } from '../../src/formats/read.ts';
import type { KernelRecord } from '../../src/formats/record.ts';
import { openSource } from '../../src/input/source.ts';
import { EVERYTHING, plain } from './collect.ts';

// `UPDATE=1 npx vitest run test/formats` writes the expectations anew; read each one against its input before committing.
const ROOT = join(import.meta.dirname, '../../fixtures/formats');
const update = process.env['UPDATE'] === '1';

/** What a record holds, in one short object: the text is the input's, so only its absence would tell something. */
function short(record: KernelRecord): unknown {
  const { text: _text, truncated, endLine, ...rest } = record;
  return {
    ...rest,
    ...(truncated ? { truncated } : {}),
    ...(endLine === record.line ? {} : { endLine }),
  };
}

for (const format of FORMATS) {
  describe(format.id, () => {
    const folder = join(ROOT, format.id);
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.txt'))) {
      test(name, async () => {
        const records: KernelRecord[] = [];
        const health: HealthItem[] = [];
        const source = await openSource(join(folder, name));
        if (source.kind !== 'log') throw new Error('not a log');
        const totals = await readSource(source, {
          inputFormat: null,
          interest: EVERYTHING,
          emit: (record) => records.push(record),
          health: (item) => health.push(item),
          maxBytes: 1e9,
        });
        expect(totals.format).toBe(format.id);
        expect(totals.records + totals.continuation + totals.skipped + totals.unparsed).toBe(totals.lines);
        const actual = plain({ totals, health, records: records.map(short) });
        const path = join(folder, name.replace(/\.txt$/, '.expected.json'));
        if (update) writeFileSync(path, `${listing(actual as Record<string, unknown>)}\n`);
        expect(actual).toEqual(JSON.parse(readFileSync(path, 'utf8')));
      });
    }
  });
}

/** One record a line: that is what a reviewer compares with the input. */
function listing(actual: Record<string, unknown>): string {
  const rows = (value: unknown) => (value as unknown[]).map((item) => `\n    ${JSON.stringify(item)}`).join(',');
  return `{
  "totals": ${JSON.stringify(actual['totals'])},
  "health": [${rows(actual['health'])}],
  "records": [${rows(actual['records'])}]
}`;
}
