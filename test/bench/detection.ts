// npm run bench:detection -- --help: what the rules find of bugs that are put into generated histories, and what they find in legal
// ones, while lines are lost.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RULES } from '../../src/rules/index.ts';
import { measure, tableOf } from '../support/detection.ts';
import { optionsOf } from '../support/options.ts';

const RULE_IDS = Object.fromEntries(RULES.map(({ doc }) => [doc.id, doc.title]));

const { values } = optionsOf(
  { text: 'npm run bench:detection -- [OPTION..]: what the rules find of bugs that are put into generated histories' },
  {
    marked: { type: 'boolean', help: 'what is lost leaves a mark' },
    bugs: { type: 'string', argument: 'N', default: '24', help: 'histories of each bug', count: true },
    legal: { type: 'string', argument: 'N', default: '60', help: 'legal histories', count: true },
    seed: { type: 'string', argument: 'N', default: '1', help: 'the same seed gives the same table', count: true },
    rule: { type: 'string', argument: 'ID,..', help: 'these rules alone, see tdi-trace rules', oneOf: RULE_IDS },
    write: { type: 'boolean', help: 'put the table into README.md' },
  },
);

const table = tableOf(
  await measure({
    marked: values.marked,
    bugs: Number(values.bugs),
    legal: Number(values.legal),
    seed: Number(values.seed),
    ...(values.rule !== undefined && { only: values.rule.split(',') }),
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
