import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';

// Options of the scripts that `npm run` starts: --help prints them, and what is wrong with them is one line and exit code 2.

interface Common {
  readonly help: string;
  /** Of its value. */
  readonly argument?: string;
}

/** Whether it is given. */
interface Flag extends Common {
  readonly type: 'boolean';
}

interface Value extends Common {
  readonly type: 'string';
  readonly default?: string;
  /** The values between its commas are keys of this. */
  readonly oneOf?: Readonly<Record<string, unknown>>;
  /** Its value is a whole number of one or more. */
  readonly count?: true;
}

type Options = Readonly<Record<string, Flag | Value>>;

type Values<T extends Options> = {
  readonly [K in keyof T]: T[K] extends Flag ? boolean : T[K] extends { default: string } ? string : string | undefined;
};

interface Usage {
  /** The first line of the help. */
  readonly text: string;
  /** Printed below the options, by what they are lists of. */
  readonly lists?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** What stands for the words that are no options; none are taken without it. */
  readonly words?: (words: readonly string[]) => string | null;
}

/** What was asked for. Ends the process after --help (0), and where it is wrong (2). */
export function optionsOf<T extends Options>(
  usage: Usage,
  options: T,
): { readonly values: Values<T>; readonly words: readonly string[] } {
  try {
    const { values, positionals } = parseArgs({
      options: { ...plain(options), help: { type: 'boolean', short: 'h', default: false } },
      allowPositionals: usage.words !== undefined,
    });
    if (values['help'] === true) end(0, helpOf(usage, options));
    const found = values as Readonly<Record<string, string | boolean | undefined>>;
    for (const [name, option] of Object.entries(options)) check(name, option, found[name]);
    const wrong = usage.words?.(positionals) ?? null;
    if (wrong !== null) throw new WrongOption(wrong);
    return { values: found as Values<T>, words: positionals };
  } catch (error) {
    const isNodes = error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_');
    if (!(error instanceof Error) || !(isNodes || error instanceof WrongOption)) throw error;
    // What Node adds is of names of files that begin with a dash.
    const text = isNodes ? error.message.split(/\. |\n/)[0] : error.message;
    return end(2, `${text}; --help lists what there is\n`);
  }
}

class WrongOption extends Error {
  override readonly name = 'WrongOption';
}

function end(code: number, text: string): never {
  (code === 0 ? process.stdout : process.stderr).write(text);
  process.exit(code);
}

function plain(options: Options): ParseArgsOptionsConfig {
  const known = (option: Flag | Value) =>
    option.type === 'boolean'
      ? ({ type: 'boolean', default: false } as const)
      : { type: 'string' as const, ...(option.default !== undefined && { default: option.default }) };
  return Object.fromEntries(Object.entries(options).map(([name, option]) => [name, known(option)]));
}

function check(name: string, option: Flag | Value, value: string | boolean | undefined): void {
  if (option.type === 'boolean' || typeof value !== 'string') return;
  const { count, oneOf } = option;
  if (count && !/^[1-9]\d{0,8}$/.test(value)) throw new WrongOption(`--${name} ${value}: not a number of one or more`);
  const unknown = oneOf === undefined ? undefined : value.split(',').find((one) => !Object.hasOwn(oneOf, one));
  if (unknown !== undefined)
    throw new WrongOption(`--${name} ${unknown}: not one of ${Object.keys(oneOf ?? {}).join(', ')}`);
}

function helpOf({ text, lists = {} }: Usage, options: Options): string {
  const rows = Object.entries(options).map(([name, option]): [string, string] => [
    `--${name}${option.argument === undefined ? '' : ` ${option.argument}`}`,
    option.type === 'string' && option.default !== undefined ? `${option.help} (${option.default})` : option.help,
  ]);
  const parts = [
    table(rows),
    ...Object.entries(lists).map(([name, list]) => `${name}:\n${table(Object.entries(list))}`),
  ];
  return [text, ...parts.filter((part) => part !== '')].join('\n\n').replace(/\n{3,}/g, '\n\n');
}

function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  return rows
    .map(([name, text]) => `  ${name.padEnd(width)}  ${text}`.trimEnd())
    .map((line) => `${line}\n`)
    .join('');
}
