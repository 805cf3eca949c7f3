import { existsSync } from 'node:fs';
import yargs, { type Argv } from 'yargs';
import { UsageError } from '../base/errors.ts';
import { toolVersion } from '../base/version.ts';
import { Arguments, DASH, nearest } from './arguments.ts';
import { COMMANDS, type CommandEntry } from './index.ts';

/** What the command line asks for. */
export interface Parsed {
  /** Help or version: to be printed on stdout; empty where a command is to run. */
  readonly output: string;
  readonly entry: CommandEntry | null;
  readonly args: Arguments;
}

/**
 * Reads the command line; runs nothing.
 *
 * @param width columns of the help.
 * @throws UsageError for unknown commands and options, and for options without their value.
 */
export async function parseCommandLine(argv: readonly string[], width: number): Promise<Parsed> {
  refuseUnknownCommand(argv);
  let chosen: { entry: CommandEntry; values: Readonly<Record<string, unknown>> } | null = null;
  let output = '';
  let known: readonly string[] = [];
  let flags: readonly string[] = [];
  let hasFailedToLoad = false;
  const parser = makeParser(width, {
    built: (own) => {
      known = optionsOf(own);
      flags = flagsOf(own);
    },
    failed: () => {
      hasFailedToLoad = true;
    },
    chosen: (entry, values) => {
      chosen = { entry, values };
      // Behind the choice yargs lays out the help of the command, in case somebody asks for it: 5 % of a start.
      throw CHOSEN;
    },
  });
  const words = argv.map((word) => (word === '-' ? DASH : word));
  try {
    await parser.parseAsync(words, {}, (_error: unknown, _values: unknown, text: string) => {
      output = text === '' ? '' : `${text}\n`;
    });
  } catch (error) {
    // Nothing of ours runs inside yargs but the loading of the command's file; all else that it throws is about the user's words.
    if (hasFailedToLoad) throw error;
    if (error !== CHOSEN) throw usageError(error instanceof Error ? error.message : String(error), known, words);
  }
  refuseFlagValues(words, flags);
  const { entry, values } = chosen ?? { entry: null, values: {} };
  return { output, entry, args: new Arguments(values) };
}

/** Thrown through yargs where all is known that it is asked for. */
const CHOSEN = new Error('chosen');

interface Listener {
  built(own: Argv): void;
  failed(): void;
  chosen(entry: CommandEntry, values: Readonly<Record<string, unknown>>): void;
}

function makeParser(width: number, listener: Listener): Argv {
  const parser = yargs()
    .scriptName('tdi-trace')
    .usage('$0 <command> [options]\n\nFinds TDISP ordering bugs in Linux kernel logs (dmesg, ftrace).')
    // Messages are part of the tests and of bug reports; they do not follow LANG.
    .locale('en')
    .parserConfiguration({
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'populate--': true,
    })
    .exitProcess(false)
    .fail(false)
    .strict()
    .wrap(width)
    .help('help', 'Show help')
    .alias('help', 'h')
    .version(toolVersion())
    .option('no-color', { type: 'boolean', description: 'No colours; NO_COLOR and TERM=dumb say the same' })
    .epilogue(
      'Exit codes: 0 no headline; 1 headlines; 2 usage; 3 an input could not be analysed; 4 capture health ' +
        '(--strict-capture); 70 internal error; 130 interrupted.',
    )
    .example('$0 analyze dmesg.log trace.txt', 'what went wrong, as text')
    .example('ssh host dmesg | $0 analyze -', 'from a pipe')
    .example('$0 explain unbind-before-disable', 'why a rule is one');
  for (const entry of COMMANDS) {
    parser.command(
      `${entry.name} ${entry.positionals}`.trim(),
      entry.description,
      async (own: Argv) => {
        try {
          const built = (await entry.load()).command.builder(own);
          listener.built(built);
          return built;
        } catch (error) {
          listener.failed();
          throw error;
        }
      },
      (values) => listener.chosen(entry, values),
    );
  }
  return parser;
}

/** No catch-all command: `tdi-trace dmesg.log` must not mean something today and something else tomorrow. */
function refuseUnknownCommand(argv: readonly string[]): void {
  const word = argv.find((item) => !item.startsWith('-') || item === '-' || item === '--');
  if (word === undefined) {
    if (argv.some((item) => ['-h', '--help', '--version'].includes(item))) return;
    const option = argv.find((item) => item !== '--no-color');
    if (option !== undefined)
      throw new UsageError(`unknown option ${option}: name a command first, see tdi-trace --help`);
    throw new UsageError('no command given; see tdi-trace --help');
  }
  const names = COMMANDS.map((entry) => entry.name);
  if (names.includes(word)) return;
  if (word === '-' || existsSync(word)) {
    const what = word === '-' ? 'stdin' : `'${word}' is an input`;
    throw new UsageError(`unknown command '${word}': ${what}: name the command first, tdi-trace analyze ${word}`);
  }
  const near = nearest(word, names);
  const hint = near === null ? `commands are ${names.join(', ')}` : `did you mean '${near}'?`;
  throw new UsageError(`unknown command '${word}': ${hint}`);
}

function usageError(message: string, known: readonly string[], words: readonly string[]): UsageError {
  const unknown = /^Unknown arguments?: (.*)$/s.exec(message)?.[1];
  const valueless = /^Not enough arguments following: (.*)$/s.exec(message)?.[1];
  if (valueless !== undefined) return new UsageError(`${dashed(valueless)} needs a value`);
  if (unknown === undefined) return new UsageError(message.replaceAll(DASH, '-').replaceAll('\n', ' '));
  const names = unknown.split(', ');
  // yargs calls a positional too many an unknown argument as well.
  const extra = names.find((name) => words.includes(name));
  if (extra !== undefined) return new UsageError(`unexpected argument '${extra.replace(DASH, '-')}'; see --help`);
  const hints = names.map((name) => {
    const near = name.length === 1 ? null : nearest(name, known);
    return near === null ? dashed(name) : `${dashed(name)} (did you mean --${near}?)`;
  });
  return new UsageError(`unknown option ${hints.join(', ')}; see --help`);
}

function dashed(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`;
}

/** `--from-boot=maybe` is false to yargs, without a word. */
function refuseFlagValues(words: readonly string[], flags: readonly string[]): void {
  const end = words.indexOf('--');
  for (const word of end < 0 ? words : words.slice(0, end)) {
    const [, name, value] = /^--?([^=]+)=(.*)$/s.exec(word) ?? [];
    if (name === undefined || !flags.includes(name) || value === 'true' || value === 'false') continue;
    throw new UsageError(`${dashed(name)} takes no value: '${value}'`);
  }
}

function flagsOf(parser: Argv): string[] {
  return (parser as Argv & { getOptions(): { boolean: string[] } }).getOptions().boolean;
}

/** The long options of a command; yargs knows them, its types do not. */
function optionsOf(parser: Argv): string[] {
  const { key } = (parser as Argv & { getOptions(): { key: Record<string, unknown> } }).getOptions();
  return Object.keys(key).filter((name) => name.length > 1);
}
