import type { Argv } from 'yargs';
import type { Arguments } from './arguments.ts';
import type { CommandContext } from './context.ts';

/**
 * A command: `src/commands/<name>.ts` exports one as `command`. The entry imports the file only when the command is asked
 * for (also for its `--help`), and `run` imports what is heavy (the pipeline, SQLite) only when it runs.
 */
export interface Command {
  /** Declares options with the helpers of `arguments.ts`, and examples. */
  builder(yargs: Argv): Argv;
  /** Does the work; returns the exit code. Throws a `TdiTraceError` for what we foresaw. */
  run(args: Arguments, context: CommandContext): Promise<number>;
}
