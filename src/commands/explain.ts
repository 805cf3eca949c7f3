import { EXIT, UsageError } from '../base/errors.ts';
import { jsonLine } from '../report/json.ts';
import { Page } from '../report/page.ts';
import type { RuleDoc } from '../rules/doc.ts';
import { nearest, valueOption } from './arguments.ts';
import type { Command } from './command.ts';
import { ordersOf, ruleDocs } from './rule-docs.ts';

/** `tdi-trace explain RULE`: what a maintainer asks before believing a finding. */
export const command: Command = {
  builder: (yargs) =>
    yargs
      .positional('rule', { type: 'string', description: 'id of a rule, see tdi-trace rules' })
      .option('format', valueOption('text or json', 'text'))
      .example('$0 explain unbind-before-disable', 'the right order, why, and how to disprove it'),

  async run(args, { stdout }) {
    const format = args.choice('format', ['text', 'json'], 'text');
    const [id] = args.positionals('rule');
    if (id === undefined) throw new UsageError("which rule? 'tdi-trace rules' lists them");
    const doc = findDoc(id);
    await stdout.write(format === 'json' ? jsonLine(doc) : explain(doc, new Page(stdout.width, stdout.color)));
    return EXIT.clean;
  },
};

function findDoc(id: string): RuleDoc {
  const docs = ruleDocs();
  const doc = docs.find((candidate) => candidate.id === id);
  if (doc !== undefined) return doc;
  const near = nearest(
    id,
    docs.map((candidate) => candidate.id),
  );
  throw new UsageError(
    `no rule '${id}'${near === null ? '' : `, did you mean '${near}'?`}; 'tdi-trace rules' lists them`,
  );
}

function explain(doc: RuleDoc, page: Page): string {
  page.line(0, { text: doc.id, style: 'strong' }, `: ${doc.title}`);
  section(page, 'right order', doc.order);
  section(page, 'why', doc.why);
  section(page, 'otherwise', doc.consequence);
  section(page, 'what to do', doc.remedy);
  items(
    page,
    'orders that it judges',
    ordersOf(doc.id).map(({ says }) => says),
  );
  items(page, 'what shows it', doc.evidence);
  items(page, 'how to disprove a finding', doc.disprove);
  page.heading('scope');
  page.line(2, `platforms: ${doc.platforms.join(', ')}`);
  page.line(2, `needs, of the step:  ${doc.needs.trigger.join(', ')}`);
  page.line(2, `needs, of the state: ${doc.needs.state.join(', ')}`);
  items(page, 'sources', sourcesOf(doc));
  return page.toString();
}

/** Those of the rule, then those of the orders that it judges. */
function sourcesOf({ id, sources }: RuleDoc): string[] {
  const others = ordersOf(id)
    .map(({ source }) => source)
    .filter((source) => !sources.some((own) => own.endsWith(source) || own.startsWith(`${source},`)));
  return [...new Set([...sources, ...others])];
}

function section(page: Page, title: string, text: string): void {
  page.heading(title);
  page.paragraph(2, '', text, 2);
}

function items(page: Page, title: string, texts: readonly string[]): void {
  page.heading(title);
  for (const text of texts) page.paragraph(2, '- ', text, 4);
}
