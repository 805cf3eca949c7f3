import { EXIT, UsageError } from '../base/errors.ts';
import { HEALTH_CODES } from '../base/health.ts';
import { Page } from '../report/page.ts';
import { VIEWS, type ViewDoc } from '../timeline/schema-doc.ts';
import { flagOption } from './arguments.ts';
import type { Command } from './command.ts';

/** `tdi-trace schema`: what scripts may rely on, views, health codes, and the JSON document of an analysis. */
export const command: Command = {
  builder: (yargs) =>
    yargs
      .option('json', flagOption('the JSON Schema of analyze --format json'))
      .option('follow', flagOption('with --json: that of the lines of analyze --follow --format json'))
      .example('$0 schema', 'views with their columns and example queries')
      .example('$0 schema --json > analysis.schema.json', 'to validate reports'),

  async run(args, { stdout }) {
    const ofFollow = args.flag('follow');
    if (args.flag('json')) {
      const { ANALYSIS_SCHEMA, FOLLOW_SCHEMA } = await import('../report/analysis-schema.ts');
      await stdout.write(`${JSON.stringify(ofFollow ? FOLLOW_SCHEMA : ANALYSIS_SCHEMA, null, 2)}\n`);
      return EXIT.clean;
    }
    if (ofFollow) throw new UsageError('--follow needs --json: the views are the same');
    const page = new Page(stdout.width, stdout.color);
    page.paragraph(
      0,
      '',
      'The views of a timeline (analyze --db FILE, or any log given to query). They are the interface: tables are ' +
        'private and change without notice. Times are exact integers in the time_unit of v_source: nanoseconds, or ticks.',
      0,
    );
    for (const view of VIEWS) writeView(page, view);
    writeHealthCodes(page);
    await stdout.write(page.toString());
    return EXIT.clean;
  },
};

function writeView(page: Page, view: ViewDoc): void {
  page.blank();
  page.line(0, { text: view.name, style: 'strong' }, `: one row is ${view.row}`);
  const width = Math.max(...view.columns.map((column) => column.name.length));
  for (const column of view.columns) {
    const type = column.nullable ? `${column.type}?` : column.type;
    const lead = `${column.name.padEnd(width)}  ${type.padEnd(8)}  `;
    page.paragraph(2, lead, column.meaning, 2 + lead.length);
  }
  for (const example of view.examples) {
    page.line(2, { text: `-- ${example.question}`, style: 'dim' });
    // One line, however long: it is there to be copied.
    page.line(2, example.sql);
  }
}

function writeHealthCodes(page: Page): void {
  page.heading('health codes');
  const rows = Object.entries(HEALTH_CODES);
  const width = Math.max(...rows.map(([code]) => code.length));
  for (const [code, { severity, meaning }] of rows) {
    const lead = `${code.padEnd(width)}  ${severity.padEnd(7)}  `;
    page.paragraph(2, lead, meaning, 2 + lead.length);
  }
}
