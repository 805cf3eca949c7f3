import { EXIT, TdiTraceError } from './base/errors.ts';
import { escapeForTerminal } from './base/untrusted.ts';
import { NoInputError } from './commands/arguments.ts';
import { type CommandContext, makeSink, type Sink } from './commands/context.ts';
import { parseCommandLine } from './commands/parser.ts';

const INTERRUPTED = 'tdi-trace: interrupted\n';

/** A second signal within this time is the first one once more: the terminal sends it, and the launcher passes it on. */
const SAME_SIGNAL_MS = 300;

/**
 * What an interrupted command gets to end by itself. A read of a pipe or a terminal that brings nothing cannot be called
 * off; the temporary timeline removes itself at exit.
 */
const GRACE_MS = 500;

/** The program. Sets `process.exitCode` and returns; it does not exit by itself, so that pipes drain. */
export async function main(): Promise<void> {
  const argv = process.argv.slice(2);
  const context = makeContext(argv);
  const fail = async (error: unknown): Promise<void> => {
    process.exitCode = exitCodeOf(error, context);
    await context.stderr.write(describe(error, context));
    if (error instanceof NoInputError) await showHelp(argv, context);
  };
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  try {
    const { output, entry, args } = await parseCommandLine(argv, context.stdout.width);
    await context.stdout.write(output);
    const code = entry === null ? EXIT.clean : await entry.load().then(({ command }) => command.run(args, context));
    // An error that came by another way (a full disk behind stdout) stands.
    process.exitCode ??= context.signal.aborted ? EXIT.interrupted : code;
    // A read that brings nothing cannot be called off: the command is over all the same.
    if (context.endedBySignal()) setTimeout(() => process.exit(), GRACE_MS).unref();
  } catch (error) {
    await fail(error);
  }
}

type Context = CommandContext & { readonly endedBySignal: () => boolean };

function makeContext(argv: readonly string[]): Context {
  const end = argv.indexOf('--');
  const noColor = (end < 0 ? argv : argv.slice(0, end)).includes('--no-color');
  const stderr = makeSink(process.stderr, noColor, process.env);
  return {
    stdout: makeSink(process.stdout, noColor, process.env),
    stderr,
    // Node takes 3 ms to make its stdin: only where somebody asks.
    get stdinIsTerminal() {
      return process.stdin.isTTY === true;
    },
    env: process.env,
    ...interruption(stderr),
  };
}

/**
 * `signal` is aborted by the first signal; the second one, or a command that does not end, ends the process. A command that
 * has asked for `endBySignal` gets to its end in its own time after the first one.
 */
function interruption(stderr: Sink): Pick<Context, 'signal' | 'endBySignal' | 'endedBySignal'> {
  const abort = new AbortController();
  const end = new AbortController();
  let isPatient = false;
  let since = 0;
  const giveUp = (): void => {
    void stderr.write(INTERRUPTED);
    process.exit(EXIT.interrupted);
  };
  const stop = (): void => {
    if (isPatient && !end.signal.aborted) {
      since = performance.now();
      end.abort();
    } else if (!isPatient && !abort.signal.aborted) {
      since = performance.now();
      abort.abort();
      setTimeout(giveUp, GRACE_MS).unref();
    } else if (performance.now() - since > SAME_SIGNAL_MS) {
      giveUp();
    }
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  // The terminal is gone: what is temporary has to go, too. Node takes no heed of nohup, with or without this.
  process.on('SIGHUP', stop);
  const endBySignal = (): AbortSignal => {
    isPatient = true;
    if (abort.signal.aborted) end.abort();
    return end.signal;
  };
  return { signal: abort.signal, endBySignal, endedBySignal: () => end.signal.aborted };
}

function exitCodeOf(error: unknown, context: CommandContext): number {
  if (context.signal.aborted) return EXIT.interrupted;
  return error instanceof TdiTraceError ? error.exitCode : isStreamError(error) ? EXIT.input : EXIT.internal;
}

/** Errors that we foresaw take one line; all others are ours and loud. */
function describe(error: unknown, context: CommandContext): string {
  if (context.signal.aborted) return INTERRUPTED;
  if (error instanceof TdiTraceError) {
    return [error, ...error.others].map(({ message }) => `tdi-trace: ${escapeForTerminal(message)}\n`).join('');
  }
  if (isStreamError(error)) return `tdi-trace: cannot write the output: ${escapeForTerminal(error.message)}\n`;
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const lines = stack.split('\n').map((line) => escapeForTerminal(line));
  return (
    `tdi-trace: internal error, please report it with the command line and, if you may, the input:\n` +
    `${lines.join('\n')}\n`
  );
}

/** stdout or stderr broke for another reason than that nobody reads on. */
function isStreamError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error && error.syscall === 'write';
}

/** On a terminal, who names no input wants to know how to. */
async function showHelp(argv: readonly string[], context: CommandContext): Promise<void> {
  if (!context.stdinIsTerminal) return;
  const command = argv.find((word) => !word.startsWith('-'));
  const { output } = await parseCommandLine(
    command === undefined ? ['--help'] : [command, '--help'],
    context.stderr.width,
  );
  await context.stderr.write(output);
}
