import { EXIT, InputError } from '../base/errors.ts';
import type { HealthItem } from '../base/health.ts';
import { formatTime } from '../base/time.ts';
import { INPUT_FORMATS } from '../formats/index.ts';
import { type Inspected, inspect } from '../formats/inspect.ts';
import { readInput } from '../input/inputs.ts';
import { readSideData } from '../input/side-data.ts';
import { sourceNames, timeSpan } from '../report/format.ts';
import { jsonLine } from '../report/json.ts';
import { count, Page } from '../report/page.ts';
import { type Arguments, valueOption } from './arguments.ts';
import type { Command } from './command.ts';
import type { CommandContext } from './context.ts';
import { maxBytes, maxBytesOption } from './reading.ts';
import { tellSide } from './side-report.ts';

/** `tdi-trace formats [input..]`: what can be read, or what the inputs are. */
export const command: Command = {
  builder: (yargs) =>
    yargs
      .positional('input', { type: 'string', array: true, description: "say what these are, and why; '-' is stdin" })
      .option('side', valueOption('say what a folder of data stored beside a log tells, file by file', 'DIR'))
      .option('format', valueOption('text, or json: one object a line', 'text'))
      .option('max-bytes', maxBytesOption())
      .example('$0 formats', 'ids for --input-format, each with a line as it looks')
      .example('$0 formats --side side', 'what --side of analyze would use, and where it stands')
      .example('$0 formats mail.txt', 'the parts of a file: form, clock, losses, what to capture instead'),

  async run(args, context) {
    const asJson = args.choice('format', ['text', 'json'], 'text') === 'json';
    const folder = args.text('side');
    if (folder !== null) await context.stdout.write(tellSide(readSideData(folder), context.stdout, asJson));
    if (args.positionals('input').length > 0) return tellInputs(args, context, asJson);
    if (folder === null) await context.stdout.write(asJson ? listAsJson() : listAsText(context));
    return EXIT.clean;
  },
};

function listAsJson(): string {
  return INPUT_FORMATS.map(({ id, title, example }) => jsonLine({ id, title, example })).join('');
}

function listAsText({ stdout }: CommandContext): string {
  const page = new Page(stdout.width, stdout.color);
  const width = Math.max(...INPUT_FORMATS.map((format) => format.id.length));
  for (const format of INPUT_FORMATS) {
    page.paragraph(0, [{ text: format.id.padEnd(width), style: 'strong' }, '  '], format.title, width + 2);
    page.cut(width + 2, format.example, 2);
  }
  page.blank();
  page.line(0, 'The format is detected from the content; --input-format overrides it.');
  const packed =
    'Each may be compressed (gzip, xz, zstd, bzip2), or lie in a tar archive, a sos report or a directory.';
  page.paragraph(0, '', packed, 0);
  return page.toString();
}

async function tellInputs(args: Arguments, context: CommandContext, asJson: boolean): Promise<number> {
  const { stdout, signal } = context;
  const limit = maxBytes(args);
  let failed = false;
  for (const path of args.positionals('input')) {
    const tell = async (name: string, parts: readonly Inspected[]): Promise<void> =>
      stdout.write(
        asJson ? parts.map((part) => jsonLine(asObject(name, part))).join('') : asText(name, parts, context),
      );
    const unreadable: InputError[] = [];
    try {
      await readInput(path, {
        maxBytes: limit,
        signal,
        prepare: async () => undefined,
        read: async (source) => tell(source.path, await inspect(source, { maxBytes: limit, signal })),
        timeline: async () => {
          await stdout.write(
            asJson
              ? jsonLine({ path, format: 'timeline' })
              : textOf(context, (page) => page.line(0, ...title(path), 'a timeline of tdi-trace')),
          );
        },
        health: (item) => void item,
        unreadable: (error) => unreadable.push(error),
      });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      unreadable.push(error);
    }
    for (const { message } of unreadable) {
      failed = true;
      await stdout.write(
        asJson
          ? jsonLine({ path, format: null, error: message })
          : textOf(context, (page) => page.paragraph(0, { text: 'cannot be read: ', style: 'error' }, message)),
      );
    }
    if (stdout.closed) break;
  }
  return failed ? EXIT.input : EXIT.clean;
}

function textOf({ stdout }: CommandContext, fill: (page: Page) => void): string {
  const page = new Page(stdout.width, stdout.color);
  fill(page);
  return page.toString();
}

function title(name: string) {
  return [{ text: name, style: 'strong' } as const, ': '];
}

function asText(path: string, parts: readonly Inspected[], context: CommandContext): string {
  const names = sourceNames(
    parts.map(({ totals }, index) => ({
      id: String(index),
      path,
      first_line: totals.firstLine,
      last_line: totals.lastLine,
    })),
  );
  return textOf(context, (page) => {
    for (const [index, part] of parts.entries()) writePart(page, names.get(String(index)) ?? path, part);
  });
}

const HANG = 13;

function writePart(page: Page, name: string, part: Inspected): void {
  const { totals, quirks, advice } = part;
  const what = INPUT_FORMATS.find(({ id }) => id === totals.format)?.title;
  const row = (label: string, text: string, style: 'plain' | 'warning' = 'plain'): void =>
    page.paragraph(2, { text: `${label}:`.padEnd(HANG - 2), style }, text, HANG);
  page.line(0, ...title(name), totals.format);
  if (what !== undefined) row('is', what);
  row('because', whyOf(part));
  if (totals.begins !== null) row('begins', `line ${totals.firstLine}: ${totals.begins}`);
  if (totals.compression !== 'none') row('packed', totals.compression);
  row('clock', `${totals.clock}, ${spanOf(part)}`);
  row('lines', linesOf(part));
  if (quirks.length > 0) row('quirks', quirks.join('; '));
  for (const item of notable(part)) row(isLoss(item) ? 'lost' : 'health', itemText(item), 'warning');
  if (advice !== null) row('better', advice);
}

function whyOf({ sampled, explained, runnerUp }: Inspected): string {
  if (sampled === null || explained === null) return 'of its first bytes';
  const next =
    runnerUp === null
      ? 'no other form fits'
      : `next best ${runnerUp.format} with ${Math.round(runnerUp.share * 100)} %`;
  return `it explains ${explained} of the first ${count(sampled, 'line')} (${next})`;
}

function spanOf({ totals }: Inspected): string {
  const at = (time: bigint | null) => formatTime(time, totals.timeUnit);
  return timeSpan(at(totals.firstTime), at(totals.lastTime));
}

function linesOf({ totals }: Inspected): string {
  const parts = [
    count(totals.records, 'record'),
    totals.continuation > 0 ? `${totals.continuation} continuing` : '',
    totals.skipped > 0 ? `${totals.skipped} skipped` : '',
    totals.unparsed > 0 ? `${totals.unparsed} not understood` : '',
  ].filter((text) => text !== '');
  return `${totals.lines} = ${parts.join(' + ')}`;
}

const LOSSES = new Set<HealthItem['code']>(['events-lost', 'buffer-wrapped', 'messages-dropped', 'lines-elided']);
/** Said elsewhere, or by every log. */
const SAID = new Set<HealthItem['code']>([
  'unparsed-lines',
  'mostly-unparsed',
  'no-final-newline',
  'no-time',
  'clock-unknown',
]);
/** Rows of one code. */
const MAX_ROWS = 3;

function isLoss({ code }: HealthItem): boolean {
  return LOSSES.has(code);
}

function notable({ health }: Inspected): HealthItem[] {
  const byCode = Map.groupBy(
    health.filter(({ code }) => !SAID.has(code)),
    ({ code }) => code,
  );
  return [...byCode.values()].flatMap((items) => {
    const [first] = items;
    if (items.length <= MAX_ROWS || first === undefined) return items;
    const total = items.reduce((sum, item) => sum + item.count, 0);
    return [
      ...items.slice(0, MAX_ROWS - 1),
      { ...first, line: null, message: `${items.length} such marks in all, ${total} in sum` },
    ];
  });
}

function itemText({ code, line, message }: HealthItem): string {
  return line === null ? `${code}: ${message}` : `line ${line}: ${code}: ${message}`;
}

function asObject(path: string, { totals, sampled, explained, runnerUp, quirks, health, advice }: Inspected): unknown {
  const at = (time: bigint | null) => formatTime(time, totals.timeUnit);
  return {
    path,
    format: totals.format,
    compression: totals.compression,
    first_line: totals.firstLine,
    last_line: totals.lastLine,
    begins: totals.begins,
    clock: totals.clock,
    first_time: at(totals.firstTime),
    last_time: at(totals.lastTime),
    lines: totals.lines,
    records: totals.records,
    continuation: totals.continuation,
    skipped: totals.skipped,
    unparsed: totals.unparsed,
    lost: totals.lost,
    sampled,
    explained,
    runner_up: runnerUp,
    quirks,
    health,
    advice,
  };
}
