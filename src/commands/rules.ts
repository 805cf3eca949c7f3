import { EXIT, UsageError } from '../base/errors.ts';
import { escapeJson, jsonLine } from '../report/json.ts';
import { modelDocument, modelDot, modelMermaid, modelText } from '../report/model.ts';
import { count, Page } from '../report/page.ts';
import type { RuleDoc } from '../rules/doc.ts';
import { ORDERS } from '../rules/orders.ts';
import { flagOption, valueOption } from './arguments.ts';
import type { Command } from './command.ts';
import { ruleDocs } from './rule-docs.ts';

const FORMATS = ['text', 'json', 'mermaid', 'dot'] as const;

/** `tdi-trace rules`: a table of what is checked; with `--model` the tables that the replay runs on. */
export const command: Command = {
  builder: (yargs) =>
    yargs
      .option('model', flagOption('print the TDISP and TSM model instead: states, requests, registers, platforms'))
      .option(
        'orders',
        flagOption('print every order that was found in kernels, firmware and specification, and who judges it'),
      )
      .option('format', valueOption('text, or json: one object a line; of the model also mermaid, dot', 'text'))
      .example('$0 rules', 'ids, platforms and titles')
      .example('$0 rules --model --format dot | dot -Tsvg', 'the state machine as a picture')
      .example("$0 rules --format json | jq -r '.id'", 'ids for a script'),

  async run(args, { stdout }) {
    const format = args.choice('format', FORMATS, 'text');
    if (args.flag('model')) {
      await stdout.write(model(format, new Page(stdout.width, stdout.color)));
      return EXIT.clean;
    }
    if (format === 'mermaid' || format === 'dot') throw new UsageError(`--format ${format} needs --model`);
    if (args.flag('orders')) {
      await stdout.write(
        format === 'json' ? ORDERS.map(jsonLine).join('') : orders(new Page(stdout.width, stdout.color)),
      );
      return EXIT.clean;
    }
    const docs = ruleDocs();
    if (format === 'json')
      await stdout.write(docs.map(({ id, title, platforms }) => jsonLine({ id, title, platforms })).join(''));
    else await stdout.write(table(docs, new Page(stdout.width, stdout.color)));
    return EXIT.clean;
  },
};

function model(format: (typeof FORMATS)[number], page: Page): string {
  switch (format) {
    case 'json':
      return `${escapeJson(JSON.stringify(modelDocument(), null, 2))}\n`;
    case 'mermaid':
      return modelMermaid();
    case 'dot':
      return modelDot();
    case 'text':
      return modelText(page);
  }
}

/** What no log shows comes with the reason, so that silence is not taken for a pass. */
function orders(page: Page): string {
  for (const { says, rules, unseen } of ORDERS) {
    page.paragraph(0, '', says, 2);
    if (rules.length > 0) page.paragraph(4, 'judged by ', rules.join(', '), 6);
    if (unseen !== null) page.paragraph(4, rules.length > 0 ? 'not seen: ' : 'not judged: ', unseen, 6);
  }
  const open = ORDERS.filter(({ rules }) => rules.length === 0).length;
  page.blank();
  page.line(0, `${count(ORDERS.length, 'order')}, ${open} of them judged by no rule`);
  return page.toString();
}

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
