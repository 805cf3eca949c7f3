import { UsageError } from '../base/errors.ts';
import type { Arguments } from './arguments.ts';
import type { CommandContext } from './context.ts';
import { FAIL_ON } from './exit-code.ts';
import { isSameFile } from './output-file.ts';
import { ingestOptions, judgeOptions } from './reading.ts';

export type AnalyzeOptions = ReturnType<typeof analyzeOptions>;

/** Checks all of the command line before anything is read. */
export function analyzeOptions(args: Arguments, context: CommandContext) {
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
  const ingest = { ...ingestOptions(args, context, [db, output]), db, transient: true };
  const follow = args.flag('follow');
  if (follow && ingest.inputs.length > 1) {
    throw new UsageError(
      '--follow takes one input: follow each capture by itself, and analyze them together afterwards',
    );
  }
  return {
    ingest,
    follow,
    judge: judgeOptions(args),
    output,
    format: args.choice('format', ['text', 'json'], 'text'),
    failOn: args.choice('fail-on', FAIL_ON, 'probable'),
    strictCapture: args.flag('strict-capture'),
    quiet,
    verbose,
  };
}
