import { isTidy, withoutControls } from './clean.ts';
import { CopiedRows } from './copied-rows.ts';
import type { ClockInfo, Format, LineKind, LineParser, ParserContext, TimeSpan } from './format.ts';
import { CallStacks } from './ftrace-calls.ts';
import { EntryReader, MARKERS } from './ftrace-entry.ts';
import { GraphReader } from './ftrace-graph.ts';
import type { EntryHead } from './ftrace-head.ts';
import { TraceMarks } from './ftrace-marks.ts';
import { textKind } from './ftrace-text.ts';
import { RecordTime } from './record-time.ts';
import { shareExplained } from './share.ts';
import { identifierEnd } from './text.ts';
import { unquoted } from './unwrap.ts';
import { Wanted } from './wanted.ts';
import type { Place, Places } from './wrap-finder.ts';
import { WrappedRows } from './wrapped-rows.ts';

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
    // What is not as it was printed is read once it is, see CopiedRows.
    if (end > 0 && textKind(line, end) !== 'other' && isTidy(line)) {
      this.#time.noteNone();
      this.#entries.take(line, number, truncated, 0, NO_HEAD, null, true);
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

const MARKS = new TraceMarks(() => undefined, new CallStacks());

/** Where the lines stand. */
const PLACES: Places = {
  place(line: string): Place {
    const bare = withoutControls(unquoted(line));
    if (bare.startsWith('#')) return 'header';
    const end = identifierEnd(bare, 0);
    // A word alone may be the rest of a row.
    return end > 0 && end < bare.length && textKind(bare, end) !== 'other' && !MARKERS.has(bare.slice(0, end))
      ? 'row'
      : 'other';
  },
  // Without what stands before them in other traces.
  minWidth: 48,
  stands: (tail) => tail.startsWith(' => ') || MARKS.take(tail, 0),
};

function createParser(context: ParserContext): LineParser {
  return new WrappedRows(context, PLACES, (rows) => new CopiedRows(rows, (own) => new BareParser(own)));
}

export const ftraceBare: Format = {
  id: 'ftrace-bare',
  title: 'ftrace text with option nocontext-info: no task, no CPU and no time, only the order',
  example: 'pcie_flr <-__pci_reset_function_locked',
  detect: (lines) =>
    lines.some((line) => TRACER.test(unquoted(line))) || lines.every((line) => line === '' || CALL.test(unquoted(line)))
      ? shareExplained(lines, createParser, true)
      : 0,
  parser: createParser,
};
