import type { Analyzed, Progress } from '../analysis.ts';
import { escapeForTerminal } from '../base/untrusted.ts';
import { type AnalyzeOptions, analyzeOptions } from './analyze-options.ts';
import { report } from './analyze-report.ts';
import { flagOption, valueOption } from './arguments.ts';
import type { Command } from './command.ts';
import type { CommandContext } from './context.ts';
import { FAIL_ON } from './exit-code.ts';
import { progressLine } from './progress.ts';
import { quietHint } from './quiet-hint.ts';
import { judgingOptions, readingOptions } from './reading.ts';

/** `tdi-trace analyze [input..]`: the main job. */
export const command: Command = {
  builder: (yargs) =>
    judgingOptions(readingOptions(yargs))
      .option('rule', valueOption('only these rules', 'ID,..'))
      .option('skip-rule', valueOption('all rules but these', 'ID,..'))
      .option('db', valueOption('keep the timeline (SQLite) in this file', 'FILE'))
      .option('format', valueOption('text or json', 'text'))
      .option('o', valueOption('write the report to this file instead of stdout', 'FILE'))
      .option('fail-on', valueOption(`${FAIL_ON.join(', ')}: the surest headlines below it exit with 0`, 'probable'))
      .option(
        'follow',
        flagOption('read on while the input grows, say at once what is wrong; Ctrl-C ends with the report'),
      )
      .option('strict-capture', flagOption('exit with 4 where entries were lost or damaged'))
      .option('quiet', flagOption('one line a headline, nothing else'))
      .option(
        'verbose',
        flagOption('also what is only possible, whole log lines, every state and note, probes to paste'),
      )
      .example('$0 analyze dmesg.log trace.txt', 'several captures of one machine')
      .example('dmesg | $0 analyze -', 'from a pipe')
      .example('dmesg -w | $0 analyze --follow -', 'while the bug is reproduced; Ctrl-C for the whole report')
      .example('$0 analyze --complete bind,link,guest-request trace.txt', 'the probes were on from the start')
      .example('$0 analyze --format json -o report.json --db run.db trace.txt', 'for scripts; the timeline to query'),

  async run(args, context) {
    const options = analyzeOptions(args, context);
    if (options.follow) return (await import('./follow.ts')).analyzeFollowing(options, context);
    const analyzed = await read(options, context);
    try {
      for (const failure of analyzed.failures) {
        await context.stderr.write(`tdi-trace: ${escapeForTerminal(failure.message)}\n`);
      }
      // Interrupted: half a report must not pass for one. The entry says so.
      context.signal.throwIfAborted();
      return await report(analyzed, options, context);
    } finally {
      analyzed.close();
    }
  },
};

async function read(options: AnalyzeOptions, context: CommandContext): Promise<Analyzed> {
  const progress = progressLine(context.stderr);
  const hint = options.quiet ? null : quietHint(options.ingest.inputs, context, progress.end);
  const onProgress = (now: Progress): void => {
    progress.update(now);
    hint?.heard(now);
  };
  try {
    const { analyze } = await import('../analysis.ts');
    return await analyze({ ...options.ingest, ...(!options.quiet && { onProgress }) }, options.judge);
  } finally {
    hint?.end();
    progress.end();
  }
}
