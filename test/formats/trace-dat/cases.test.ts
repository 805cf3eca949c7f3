import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Interest } from '../../../src/formats/record.ts';
import { HAS_ZSTD } from '../../support/zstd.ts';
import { plain } from '../collect.ts';
import { readPath } from './read.ts';

// `UPDATE=1 npx vitest run test/formats/trace-dat` writes the expectations anew; compare each with what `trace-cmd report -t`
// prints of the file before committing.
const ROOT = join(import.meta.dirname, '../../../fixtures/formats/trace-dat');
/** Of the longest file only what bears on the device. */
const SOME: Interest = {
  symbol: (name) => /^(?:vfio|iommufd|pcie_|pci_(?:clear|set)_master)/.test(name),
  event: (name) => /^(?:attach|map|unmap)/.test(name),
  message: () => false,
};
const update = process.env['UPDATE'] === '1';

/** Compressed with zstd inside. */
const isPacked = (name: string) => readFileSync(join(ROOT, name)).includes('zstd');

for (const name of readdirSync(ROOT).filter((file) => file.endsWith('.dat'))) {
  test.skipIf(!HAS_ZSTD && isPacked(name))(name, async () => {
    const { totals, health, records } = await readPath(
      join(ROOT, name),
      name.includes('lost') ? { interest: SOME } : {},
    );
    expect(totals.format).toBe('trace-dat');
    // The text of a row shows these.
    const rows = records.map(
      ({ task: _task, cpu: _cpu, pid: _pid, endLine: _end, truncated: _truncated, ...rest }) => rest,
    );
    const actual = plain({ totals, health, records: rows }) as Record<string, unknown>;
    const path = join(ROOT, name.replace(/\.dat$/, '.expected.json'));
    if (update) writeFileSync(path, `${listing(actual)}\n`);
    expect(actual).toEqual(JSON.parse(readFileSync(path, 'utf8')));
  });
}

/** One record a line: that is what a reviewer compares with the report. */
function listing(actual: Record<string, unknown>): string {
  const rows = (value: unknown) => (value as unknown[]).map((item) => `\n    ${JSON.stringify(item)}`).join(',');
  return `{
  "totals": ${JSON.stringify(actual['totals'])},
  "health": [${rows(actual['health'])}],
  "records": [${rows(actual['records'])}]
}`;
}
