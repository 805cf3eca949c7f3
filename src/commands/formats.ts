import { EXIT } from '../base/errors.ts';
import { INPUT_FORMATS } from '../formats/index.ts';
import { jsonLine } from '../report/json.ts';
import { Page } from '../report/page.ts';
import { valueOption } from './arguments.ts';
import type { Command } from './command.ts';

/** `tdi-trace formats`: what can be read. */
export const command: Command = {
  builder: (yargs) =>
    yargs
      .option('format', valueOption('text, or json: one object a line', 'text'))
      .example('$0 formats', 'ids for --input-format, each with a line as it looks'),

  async run(args, { stdout }) {
    if (args.choice('format', ['text', 'json'], 'text') === 'json') {
      await stdout.write(INPUT_FORMATS.map(({ id, title, example }) => jsonLine({ id, title, example })).join(''));
      return EXIT.clean;
    }
    const page = new Page(stdout.width, stdout.color);
    const width = Math.max(...INPUT_FORMATS.map((format) => format.id.length));
    for (const format of INPUT_FORMATS) {
      page.line(0, { text: format.id.padEnd(width), style: 'strong' }, `  ${format.title}`);
      page.cut(width + 2, format.example, 2);
    }
    page.blank();
    page.line(0, 'The format is detected from the content; --input-format overrides it.');
    await stdout.write(page.toString());
    return EXIT.clean;
  },
};
