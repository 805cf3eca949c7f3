// npm run bench:detection -- [--marked] [--bugs N] [--legal N] [--seed N] [--rule ID] [--write]: what the rules find of bugs that are put into
// generated histories, and what they find in legal ones, while lines are lost. The same seed gives the same table.
// --write puts it into README.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measure, tableOf } from '../support/detection.ts';

const { values } = parseArgs({
  options: {
    marked: { type: 'boolean', default: false },
    bugs: { type: 'string', default: '24' },
    legal: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    rule: { type: 'string', multiple: true },
    write: { type: 'boolean', default: false },
  },
});

const table = tableOf(
  await measure({
    marked: values.marked,
    bugs: Number(values.bugs),
    legal: Number(values.legal),
    seed: Number(values.seed),
    ...(values.rule && { only: values.rule }),
    onProgress: (what) => process.stderr.write(`${what}\n`),
  }),
);
process.stdout.write(table);

if (values.write) {
  const path = join(import.meta.dirname, '../../README.md');
  const kind = values.marked ? 'marked' : 'unmarked';
  const text = readFileSync(path, 'utf8');
  const [begin, end] = [
    `<!-- detection, ${kind}: npm run bench:detection writes this -->\n`,
    `<!-- end of detection, ${kind} -->\n`,
  ];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from)
    throw new Error(`README.md: no place for the table; expected ${begin.trim()} and ${end.trim()}`);
  writeFileSync(path, `${text.slice(0, from + begin.length)}\n${table}\n${text.slice(to)}`);
}
