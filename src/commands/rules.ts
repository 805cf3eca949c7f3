import { EXIT } from '../base/errors.ts';
import { jsonLine } from '../report/json.ts';
import { count, Page } from '../report/page.ts';
import type { RuleDoc } from '../rules/doc.ts';
import { valueOption } from './arguments.ts';
import type { Command } from './command.ts';
import { ruleDocs } from './rule-docs.ts';

/** `tdi-trace rules`: a table of what is checked. */
export const command: Command = {
  builder: (yargs) =>
    yargs
      .option('format', valueOption('text, or json: one object a line', 'text'))
      .example('$0 rules', 'ids, platforms and titles')
      .example("$0 rules --format json | jq -r '.id'", 'ids for a script'),

  async run(args, { stdout }) {
    const format = args.choice('format', ['text', 'json'], 'text');
    const docs = ruleDocs();
    if (format === 'json')
      await stdout.write(docs.map(({ id, title, platforms }) => jsonLine({ id, title, platforms })).join(''));
    else await stdout.write(table(docs, new Page(stdout.width, stdout.color)));
    return EXIT.clean;
  },
};

function table(docs: readonly RuleDoc[], page: Page): string {
  const rows = docs.map((doc) => [doc.id, platformsOf(doc), doc.title] as const);
  const idWidth = Math.max(4, ...rows.map(([id]) => id.length));
  const platformWidth = Math.max(8, ...rows.map(([, platforms]) => platforms.length));
  page.line(0, { text: `${'rule'.padEnd(idWidth)}  ${'platform'.padEnd(platformWidth)}  wrong is`, style: 'dim' });
  for (const [id, platforms, title] of rows) {
    page.line(0, { text: id.padEnd(idWidth), style: 'strong' }, `  ${platforms.padEnd(platformWidth)}  ${title}`);
  }
  page.blank();
  page.line(0, `${count(rows.length, 'rule')}; tdi-trace explain RULE says why, and how to disprove a finding`);
  return page.toString();
}

/** `all`, or the names; a rule that runs on `generic` and on every platform is bound to none. */
function platformsOf(doc: RuleDoc): string {
  return doc.platforms.includes('generic') ? 'all' : doc.platforms.join(', ');
}
