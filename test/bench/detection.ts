// npm run bench:detection -- --help: what the rules find of bugs that are put into generated histories, and what they find in legal
// ones, while lines are lost.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RULES } from '../../src/rules/index.ts';
import { completeTable } from '../support/complete-table.ts';
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
    write: { type: 'boolean', help: 'put the table into README.md, and what a complete trace makes of each bug' },
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
  const kind = values.marked ? 'marked' : 'unmarked';
  const path = join(import.meta.dirname, '../../README.md');
  const text = put(readFileSync(path, 'utf8'), `detection, ${kind}`, table);
  writeFileSync(path, put(text, 'complete', completeTable()));
}

/** The text with this between its two marks. */
function put(text: string, what: string, table: string): string {
  const [begin, end] = [`<!-- ${what}: npm run bench:detection writes this -->\n`, `<!-- end of ${what} -->\n`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from)
    throw new Error(`README.md: no place for the table; expected ${begin.trim()} and ${end.trim()}`);
  return `${text.slice(0, from + begin.length)}\n${table}\n${text.slice(to)}`;
}
