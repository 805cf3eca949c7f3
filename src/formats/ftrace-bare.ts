import type { ClockInfo, Format, LineKind, LineParser, ParserContext, TimeSpan } from './format.ts';
import { CallStacks } from './ftrace-calls.ts';
import { EntryReader } from './ftrace-entry.ts';
import { GraphReader } from './ftrace-graph.ts';
import type { EntryHead } from './ftrace-head.ts';
import { TraceMarks } from './ftrace-marks.ts';
import { textKind } from './ftrace-text.ts';
import { RecordTime } from './record-time.ts';
import { shareExplained } from './share.ts';
import { identifierEnd } from './text.ts';
import { Wanted } from './wanted.ts';

const TRACER = /^# tracer: \w/;
/** What no other text has: a function and who called it. */
const CALL = /^[A-Za-z_][\w.$]{0,511}(?:\(.{0,1024}\))? <-[A-Za-z_][\w.$]{0,511}$/;

/** There is nothing but the text: no task, no CPU, no time. */
const NO_HEAD: EntryHead = { cpu: null, ticks: false, time: () => null, who: () => null };

/** Entries without what stands before them (option nocontext-info): `pcie_flr <-__pci_reset_function_locked`. */
class BareParser implements LineParser {
  readonly clock: ClockInfo = { name: 'none', unit: 'ns' };
  readonly #time: RecordTime;
  readonly #marks: TraceMarks;
  readonly #entries: EntryReader;
  #afterRecord = false;

  constructor(context: ParserContext) {
    const stacks = new CallStacks();
    const symbols = Wanted.symbols(context.interest);
    const events = Wanted.events(context.interest);
    this.#time = new RecordTime(context.health);
    this.#marks = new TraceMarks(context.health, stacks);
    this.#entries = new EntryReader(context, symbols, events, new GraphReader(symbols, events, stacks), this.#time);
  }

  parse(line: string, number: number, truncated: boolean): LineKind {
    if (line === '' || this.#marks.take(line, number)) {
      this.#afterRecord = false;
      return 'skipped';
    }
    const end = identifierEnd(line, 0);
    if (end > 0 && textKind(line, end) !== 'other') {
      this.#time.noteNone();
      this.#entries.take(line, number, truncated, 0, NO_HEAD, null);
      this.#afterRecord = true;
      return 'record';
    }
    return this.#afterRecord && (line.startsWith(' => ') || this.#entries.payload) ? 'continuation' : 'unparsed';
  }

  end(): void {
    this.#time.end();
    this.#entries.end();
  }

  span(): TimeSpan {
    return { first: null, last: null };
  }
}

export const ftraceBare: Format = {
  id: 'ftrace-bare',
  title: 'ftrace text with option nocontext-info: no task, no CPU and no time, only the order',
  example: 'pcie_flr <-__pci_reset_function_locked',
  detect: (lines) =>
    lines.some((line) => TRACER.test(line)) || lines.every((line) => line === '' || CALL.test(line))
      ? shareExplained(lines, (context) => new BareParser(context))
      : 0,
  parser: (context) => new BareParser(context),
};
