import type { Argv } from 'yargs';
import type { IngestOptions, JudgeOptions } from '../analysis.ts';
import { type Bdf, parseBdfWithoutDomain } from '../base/bdf.ts';
import { UsageError } from '../base/errors.ts';
import { parseSeconds } from '../base/time.ts';
import { INPUT_FORMATS } from '../formats/index.ts';
import { EVENT_CLASSES, PLATFORMS } from '../model/states.ts';
import { type Arguments, flagOption, NoInputError, oneOf, valueOption } from './arguments.ts';
import type { CommandContext } from './context.ts';
import { hintsOf } from './hints.ts';
import { fileKey, isSameFile } from './output-file.ts';
import { ruleDocs } from './rule-docs.ts';
import { sideOf } from './side.ts';

const DEFAULT_MAX_BYTES = '64G';

/** Options of every command that reads logs or timelines. */
export function readingOptions(yargs: Argv): Argv {
  return yargs
    .positional('input', {
      type: 'string',
      array: true,
      description: "kernel logs, also compressed, tar archives or directories of them, timelines; '-' is stdin",
    })
    .option(
      'input-format',
      valueOption('read every input as this format instead of detecting it; see formats', 'FORMAT'),
    )
    .option(
      'map',
      valueOption('what a pointer of the log belongs to, where no record tells; may be repeated', 'POINTER=BDF'),
    )
    .option('hints', valueOption('the same from a file, a line each: POINTER BDF', 'FILE'))
    .option(
      'side',
      valueOption('folder with what was stored beside the log: lspci, /sys, kallsyms, a sos report', 'DIR'),
    )
    .option('max-bytes', maxBytesOption());
}

export function maxBytesOption() {
  return valueOption('limit of decompressed bytes an input; K, M, G, T', DEFAULT_MAX_BYTES);
}

/** @throws UsageError where it is no size. */
export function maxBytes(args: Arguments): number {
  return byteCount(args.text('max-bytes') ?? DEFAULT_MAX_BYTES);
}

/** Options that say how to judge what was read. */
export function judgingOptions(yargs: Argv): Argv {
  return yargs
    .option('platform', valueOption(`auto, ${PLATFORMS.join(', ')}: whose teardown order holds`, 'auto'))
    .option('from-boot', flagOption('the capture begins at boot: every TDI starts out unbound and unlocked'))
    .option(
      'complete',
      valueOption(`the capture has every event of these classes: ${EVENT_CLASSES.join(', ')}`, 'CLASS,..'),
    )
    .option('device', valueOption('only this function', 'BDF'))
    .option(
      'since',
      valueOption(
        "only from this time on, in seconds of the input's own clock; of merged inputs that of the first",
        'T',
      ),
    )
    .option('until', valueOption('only up to this time', 'T'))
    .option('last-boot', flagOption('only what stands after the last boot in the input'));
}

/** @throws NoInputError, and UsageError where an output would overwrite an input. */
export function ingestOptions(
  args: Arguments,
  context: CommandContext,
  outputs: readonly (string | null)[],
): IngestOptions {
  const inputs = args.positionals('input');
  if (inputs.length === 0) throw new NoInputError(context.stdinIsTerminal);
  if (inputs.includes('')) throw new UsageError('an input has an empty name');
  if (inputs.filter((input) => input === '-').length > 1) throw new UsageError("stdin ('-') can be read only once");
  refuseTwice(inputs);
  for (const output of outputs) {
    const input = inputs.find((path) => output !== null && path !== '-' && isSameFile(path, output));
    if (input !== undefined) throw new UsageError(`'${output}' is an input and would be overwritten`);
  }
  return {
    inputs,
    db: null,
    inputFormat: inputFormat(args),
    maxBytes: maxBytes(args),
    hints: hintsOf(args, sideOf(args)),
    signal: context.signal,
  };
}

/** What one file says would be told twice, of two devices on clocks that do not relate. */
function refuseTwice(inputs: readonly string[]): void {
  const seen = new Map<string, string>();
  for (const path of inputs) {
    const key = path === '-' ? null : fileKey(path);
    const former = key === null ? undefined : seen.get(key);
    if (former !== undefined) throw new UsageError(`'${former}' and '${path}' are the same file: name it once`);
    if (key !== null) seen.set(key, path);
  }
}

/** @throws UsageError that names what is allowed. */
export function judgeOptions(args: Arguments): JudgeOptions {
  const ids = ruleDocs().map((doc) => doc.id);
  const since = seconds(args, 'since');
  const until = seconds(args, 'until');
  if (since !== null && until !== null && (parseSeconds(since) ?? 0n) > (parseSeconds(until) ?? 0n)) {
    throw new UsageError(`--since ${since} is later than --until ${until}`);
  }
  const rules = args.choices('rule', ids);
  const skipRules = args.choices('skip-rule', ids) ?? [];
  if ((rules ?? ids).every((id) => skipRules.includes(id))) {
    throw new UsageError('--rule and --skip-rule leave no rule to check');
  }
  return {
    platform: args.choice('platform', ['auto', ...PLATFORMS], 'auto'),
    fromBoot: args.flag('from-boot'),
    complete: args.choices('complete', EVENT_CLASSES) ?? [],
    device: bdf(args),
    rules,
    skipRules,
    since,
    until,
    lastBoot: args.flag('last-boot'),
    side: sideOf(args),
  };
}

/** The judgement of a command that does not ask how to judge. */
export const NEUTRAL_JUDGEMENT: JudgeOptions = {
  platform: 'auto',
  fromBoot: false,
  complete: [],
  device: null,
  rules: null,
  skipRules: [],
  since: null,
  until: null,
  lastBoot: false,
  side: null,
};

/** People copy addresses from lspci, which leaves domain 0 out. */
function bdf(args: Arguments): Bdf | null {
  const text = args.text('device');
  if (text === null) return null;
  const found = parseBdfWithoutDomain(text);
  if (found === null)
    throw new UsageError(`--device: '${text}' is no PCI address; they look like 0000:02:00.0 or 02:00.0`);
  return found;
}

function inputFormat(args: Arguments): string | null {
  const text = args.text('input-format');
  if (text === null) return null;
  return oneOf(
    'input-format',
    text,
    INPUT_FORMATS.map((format) => format.id),
  );
}

function seconds(args: Arguments, name: string): string | null {
  const text = args.text(name);
  if (text !== null && parseSeconds(text) === null) {
    throw new UsageError(`--${name}: '${text}' is no time; give seconds as the input prints them, such as 12.345678`);
  }
  return text;
}

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

function byteCount(text: string): number {
  const match = /^([0-9]{1,15})([KMGT]?)$/i.exec(text);
  const bytes = Number(match?.[1]) * (UNITS[match?.[2]?.toUpperCase() ?? ''] ?? Number.NaN);
  if (!Number.isSafeInteger(bytes) || bytes < 1) {
    throw new UsageError(`--max-bytes: '${text}' is no size; give a number of bytes, or one with K, M, G or T`);
  }
  return bytes;
}
