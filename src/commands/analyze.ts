import type { Analyzed } from '../analysis.ts';
import { UsageError } from '../base/errors.ts';
import { escapeForTerminal } from '../base/untrusted.ts';
import { renderJson } from '../report/json.ts';
import type { Scope } from '../report/scope.ts';
import { renderText } from '../report/text.ts';
import { type Arguments, flagOption, valueOption } from './arguments.ts';
import type { Command } from './command.ts';
import { type CommandContext, MAX_WIDTH } from './context.ts';
import { exitCodeOf, FAIL_ON } from './exit-code.ts';
import { isSameFile, writeFileAtomically } from './output-file.ts';
import { progressLine } from './progress.ts';
import { ingestOptions, judgeOptions, judgingOptions, readingOptions } from './reading.ts';
import { classesThatSettle } from './rule-docs.ts';
import { scopeOf, warnOf } from './scope.ts';

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
      .option('strict-capture', flagOption('exit with 4 where entries were lost or damaged'))
      .option('quiet', flagOption('one line a headline, nothing else'))
      .option('verbose', flagOption('also what is only possible, whole log lines, every state and note'))
      .example('$0 analyze dmesg.log trace.txt', 'several captures of one machine')
      .example('dmesg | $0 analyze -', 'from a pipe')
      .example('$0 analyze --complete bind,link,guest-request trace.txt', 'the probes were on from the start')
      .example('$0 analyze --format json -o report.json --db run.db trace.txt', 'for scripts; the timeline to query'),

  async run(args, context) {
    const options = analyzeOptions(args, context);
    const analyzed = await read(options, context);
    try {
      for (const failure of analyzed.failures) {
        await context.stderr.write(`tdi-trace: ${escapeForTerminal(failure.message)}\n`);
      }
      // Interrupted: half a report must not pass for one. The entry says so.
      context.signal.throwIfAborted();
      const scope = scopeOf(analyzed, options.judge);
      await warnOf(scope, context);
      await write(analyzed, scope, options, context);
      return exitCodeOf(analyzed.analysis, analyzed.failures.length, options.failOn, options.strictCapture);
    } finally {
      analyzed.close();
    }
  },
};

type AnalyzeOptions = ReturnType<typeof analyzeOptions>;

/** Checks all of the command line before anything is read. */
function analyzeOptions(args: Arguments, context: CommandContext) {
  const db = args.text('db');
  const file = args.text('o');
  if (db === '-') throw new UsageError('--db needs the name of a file: a timeline cannot go to stdout');
  const output = file === '-' ? null : file;
  if (db !== null && output !== null && (db === output || isSameFile(db, output))) {
    throw new UsageError(`--db and -o name the same file '${db}'`);
  }
  const quiet = args.flag('quiet');
  const verbose = args.flag('verbose');
  if (quiet && verbose) throw new UsageError('--quiet and --verbose contradict each other');
  return {
    ingest: { ...ingestOptions(args, context, [db, output]), db },
    judge: judgeOptions(args),
    output,
    format: args.choice('format', ['text', 'json'], 'text'),
    failOn: args.choice('fail-on', FAIL_ON, 'probable'),
    strictCapture: args.flag('strict-capture'),
    quiet,
    verbose,
  };
}

async function read(options: AnalyzeOptions, context: CommandContext): Promise<Analyzed> {
  const progress = progressLine(context.stderr);
  try {
    const { analyze } = await import('../analysis.ts');
    const onProgress = options.quiet ? undefined : progress.update;
    return await analyze({ ...options.ingest, ...(onProgress && { onProgress }) }, options.judge);
  } finally {
    progress.end();
  }
}

async function write(
  { analysis }: Analyzed,
  scope: Scope,
  options: AnalyzeOptions,
  { stdout }: CommandContext,
): Promise<void> {
  const toFile = options.output !== null;
  const report =
    options.format === 'json'
      ? renderJson(analysis)
      : renderText(analysis, {
          width: toFile ? MAX_WIDTH : stdout.width,
          color: !toFile && stdout.color,
          // What fails the run has to be seen.
          floor: options.verbose || options.failOn === 'possible' ? 'possible' : 'probable',
          verbose: options.verbose,
          quiet: options.quiet,
          settledBy: classesThatSettle,
          scope,
        });
  if (options.output === null) await stdout.write(report);
  else writeFileAtomically(options.output, report);
}
