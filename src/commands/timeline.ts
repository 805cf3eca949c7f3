import { EXIT } from '../base/errors.ts';
import { parseSeconds } from '../base/time.ts';
import { escapeForTerminal } from '../base/untrusted.ts';
import { flagOption, valueOption } from './arguments.ts';
import type { Command } from './command.ts';
import { history } from './history.ts';
import { entryAsJson, entryAsText } from './history-format.ts';
import { sideEntries } from './history-side.ts';
import { progressLine } from './progress.ts';
import { ingestOptions, judgeOptions, judgingOptions, readingOptions } from './reading.ts';
import { scopeOf, warnOf } from './scope.ts';

/** Entries that are handed to the output at once. */
const BATCH = 512;

/** `tdi-trace timeline [input..]`: what happened to the devices, line by line, and what that made of them. */
export const command: Command = {
  builder: (yargs) =>
    judgingOptions(readingOptions(yargs))
      .option('format', valueOption('text, or json: one object a line', 'text'))
      .option('verbose', flagOption('also calls that mean nothing by themselves'))
      .example('$0 timeline trace.txt --device 0000:02:00.0', 'the history of one function')
      .example('$0 timeline --format json trace.txt | jq \'select(.type=="state")\'', 'only the changes of state'),

  async run(args, context) {
    const ingest = ingestOptions(args, context, []);
    const judge = judgeOptions(args);
    const format = args.choice('format', ['text', 'json'], 'text');
    const verbose = args.flag('verbose');
    const { stdout, stderr, signal } = context;

    const progress = progressLine(stderr);
    const { analyze } = await import('../analysis.ts');
    const analyzed = await analyze({ ...ingest, onProgress: progress.update }, judge).finally(progress.end);
    try {
      for (const failure of analyzed.failures) await stderr.write(`tdi-trace: ${escapeForTerminal(failure.message)}\n`);
      await warnOf(scopeOf(analyzed, judge), context);
      const render = format === 'json' ? entryAsJson : entryAsText(stdout);
      const filter = {
        device: judge.device,
        since: judge.since === null ? null : parseSeconds(judge.since),
        until: judge.until === null ? null : parseSeconds(judge.until),
        withCalls: verbose,
      };
      const entries = history(analyzed.timeline, analyzed.analysis, filter, sideEntries(analyzed.side));
      let batch: string[] = [];
      for (const entry of entries) {
        batch.push(render(entry));
        if (batch.length < BATCH) continue;
        await stdout.write(batch.join(''));
        batch = [];
        signal.throwIfAborted();
        if (stdout.closed) break;
      }
      await stdout.write(batch.join(''));
      return analyzed.failures.length > 0 ? EXIT.input : EXIT.clean;
    } finally {
      analyzed.close();
    }
  },
};
