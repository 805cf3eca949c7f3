import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { HealthItem } from '../../src/base/health.ts';
import { FORMATS } from '../../src/formats/index.ts';
import { readSource } from '../../src/formats/read.ts';
import type { KernelRecord } from '../../src/formats/record.ts';
import { type OpenedSource, openSource } from '../../src/input/source.ts';
import { EVERYTHING, plain } from './collect.ts';
import { readLog } from './read-parts.ts';

// A case is read as the one form that it begins with; `NN-what.parts.txt` as the commands read it: each change of form, of clock or
// of machine begins a part.
// `UPDATE=1 npx vitest run test/formats` writes the expectations anew; read each one against its input before committing.
const ROOT = join(import.meta.dirname, '../../fixtures/formats');
const update = process.env['UPDATE'] === '1';

interface Content {
  readonly totals: unknown;
  readonly health: readonly unknown[];
  readonly records: readonly unknown[];
}

/** What a record holds, in one short object: the text is the input's, so only its absence would tell something. */
function short(record: KernelRecord): unknown {
  const { text: _text, truncated, endLine, ...rest } = record;
  return {
    ...rest,
    ...(truncated ? { truncated } : {}),
    ...(endLine === record.line ? {} : { endLine }),
  };
}

async function readWhole(source: OpenedSource): Promise<Content> {
  const records: KernelRecord[] = [];
  const health: HealthItem[] = [];
  const totals = await readSource(source, {
    inputFormat: null,
    interest: EVERYTHING,
    emit: (record) => records.push(record),
    health: (item) => health.push(item),
    maxBytes: 1e9,
  });
  expect(totals.records + totals.continuation + totals.skipped + totals.unparsed).toBe(totals.lines);
  return { totals, health, records: records.map(short) };
}

async function readApart(source: OpenedSource): Promise<{ parts: Content[] }> {
  const parts = await readLog(source);
  return {
    parts: parts.map(({ totals, health, records }) => ({
      totals: { ...totals, sink: undefined },
      health,
      records: records.map(short),
    })),
  };
}

for (const format of FORMATS) {
  describe(format.id, () => {
    const folder = join(ROOT, format.id);
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.txt'))) {
      test(name, async () => {
        const source = await openSource(join(folder, name));
        if (source.kind !== 'log') throw new Error('not a log');
        const isApart = name.endsWith('.parts.txt');
        const actual = plain(isApart ? await readApart(source) : await readWhole(source)) as Content & {
          parts?: Content[];
        };
        const path = join(folder, name.replace(/\.txt$/, '.expected.json'));
        if (update) writeFileSync(path, `${actual.parts === undefined ? listing(actual) : listingOf(actual.parts)}\n`);
        expect((actual.parts?.[0] ?? actual).totals).toMatchObject({ format: format.id });
        expect(actual).toEqual(JSON.parse(readFileSync(path, 'utf8')));
      });
    }
  });
}

function listingOf(parts: readonly Content[]): string {
  return `{ "parts": [\n${parts.map(listing).join(',\n')}\n] }`;
}

/** One record a line: that is what a reviewer compares with the input. */
function listing({ totals, health, records }: Content): string {
  const rows = (value: readonly unknown[]) => value.map((item) => `\n    ${JSON.stringify(item)}`).join(',');
  return `{
  "totals": ${JSON.stringify(totals)},
  "health": [${rows(health)}],
  "records": [${rows(records)}]
}`;
}
