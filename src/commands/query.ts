import { readFileSync, statSync } from 'node:fs';
import { EXIT, type InputError, UsageError } from '../base/errors.ts';
import { escapeForTerminal } from '../base/untrusted.ts';
import { type Arguments, flagOption, valueOption } from './arguments.ts';
import type { Command } from './command.ts';
import type { CommandContext } from './context.ts';
import { progressLine } from './progress.ts';
import { ingestOptions, NEUTRAL_JUDGEMENT, readingOptions } from './reading.ts';

const FORMATS = ['table', 'csv', 'json'] as const;
const DEFAULT_TIMEOUT = '30';
const DEFAULT_LIMIT = '10000';
const MAX_SECONDS = 86_400;
/** Of a result in memory. */
const MAX_BYTES = 64 * 2 ** 20;
const MAX_SQL_BYTES = 2 ** 20;

/** `tdi-trace query <input..> <sql>`: one SELECT on the views of a timeline. */
export const command: Command = {
  builder: (yargs) =>
    readingOptions(yargs)
      .option('f', valueOption('read the statement from this file; every positional is an input then', 'FILE'))
      .option('format', valueOption(FORMATS.join(', '), 'table'))
      .option('csv-raw', flagOption('csv without the quote before what a spreadsheet takes for a formula'))
      .option('timeout', valueOption('stop the query after this time, in seconds', DEFAULT_TIMEOUT))
      .option('limit', valueOption('print at most this many rows', DEFAULT_LIMIT))
      .example('$0 query dmesg.log "select line, kind, bdf from v_event"', 'ask a log')
      .example('$0 query run.db -f question.sql --format csv', 'ask a timeline that analyze --db has kept'),

  async run(args, context) {
    const options = queryOptions(args, context);
    const timeline = await openInputs(options.ingest, context);
    try {
      for (const failure of timeline.failures) await say(context, failure.message);
      const { runQuery } = await import('../timeline/query.ts');
      const { renderCsv, renderJsonRows, renderTable } = await import('../report/rows.ts');
      const result = await runQuery(timeline.path, options.sql, { ...options.caps, signal: context.signal });
      switch (options.format) {
        case 'table':
          await context.stdout.write(renderTable(result));
          break;
        case 'csv':
          await context.stdout.write(renderCsv(result, options.csvRaw, context.stdout.isTerminal));
          break;
        case 'json':
          await context.stdout.write(renderJsonRows(result));
      }
      if (result.truncated !== null) await say(context, truncation(result.truncated, result.rows.length));
      return timeline.failures.length > 0 ? EXIT.input : EXIT.clean;
    } finally {
      timeline.close();
    }
  },
};

function queryOptions(args: Arguments, context: CommandContext) {
  const file = args.text('f');
  const last = args.positionals('input').at(-1) ?? '';
  if (file === null && last !== '-' && isFile(last))
    throw new UsageError(`'${last}' is a file: put the SQL statement last, or use -f`);
  const given = ingestOptions(args, context, []);
  const sql = file === null ? (given.inputs.at(-1) ?? '') : readStatement(file);
  const inputs = file === null ? given.inputs.slice(0, -1) : given.inputs;
  if (inputs.length === 0) {
    throw new UsageError("both an input and a statement are needed: tdi-trace query dmesg.log 'select * from v_event'");
  }
  const format = args.choice('format', FORMATS, 'table');
  const csvRaw = args.flag('csv-raw');
  if (csvRaw && format !== 'csv') throw new UsageError('--csv-raw needs --format csv');
  return {
    ingest: { ...given, inputs },
    sql,
    format,
    csvRaw,
    caps: {
      timeoutMs: wholeNumber(args, 'timeout', DEFAULT_TIMEOUT, MAX_SECONDS) * 1000,
      maxRows: wholeNumber(args, 'limit', DEFAULT_LIMIT, 10_000_000),
      maxBytes: MAX_BYTES,
    },
  };
}

interface Opened {
  readonly path: string;
  readonly failures: readonly InputError[];
  close(): void;
}

/** A finished timeline is asked as it is: its analysis stays the one that made it. Anything else is analysed first. */
async function openInputs(ingest: ReturnType<typeof ingestOptions>, context: CommandContext): Promise<Opened> {
  const [only, ...others] = ingest.inputs;
  const { isTimelineFile } = await import('../timeline/format.ts');
  if (only !== undefined && others.length === 0 && isTimelineFile(only)) {
    return { path: only, failures: [], close() {} };
  }
  const progress = progressLine(context.stderr);
  try {
    const { analyze } = await import('../analysis.ts');
    const analyzed = await analyze(
      { ...ingest, onProgress: progress.update },
      { ...NEUTRAL_JUDGEMENT, side: ingest.hints?.side ?? null },
    );
    return { path: analyzed.timelinePath, failures: analyzed.failures, close: () => analyzed.close() };
  } finally {
    progress.end();
  }
}

function readStatement(file: string): string {
  try {
    const size = statSync(file).size;
    if (size > MAX_SQL_BYTES) throw new UsageError(`-f: '${file}' is too large for a statement (${size} bytes)`);
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`-f: cannot read '${file}': ${error instanceof Error ? error.message : String(error)}`);
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function wholeNumber(args: Arguments, name: string, fallback: string, most: number): number {
  const text = args.text(name) ?? fallback;
  const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > most) throw new UsageError(`--${name}: '${text}' is no whole number from 1 to ${most}`);
  return value;
}

function truncation(by: 'rows' | 'bytes', rows: number): string {
  return by === 'rows'
    ? `TRUNCATED: only the first ${rows} rows are shown; raise --limit or narrow the query`
    : `TRUNCATED: only the first ${rows} rows are shown, the result is larger than ${MAX_BYTES / 2 ** 20} MiB; narrow the query`;
}

async function say(context: CommandContext, message: string): Promise<void> {
  await context.stderr.write(`tdi-trace: ${escapeForTerminal(message)}\n`);
}
