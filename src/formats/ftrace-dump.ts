import type { ClockInfo, Format, LineKind, LineParser, ParserContext, TimeSpan } from './format.ts';
import { FtraceParser } from './ftrace-parser.ts';
import { TracePlaces } from './ftrace-wrap.ts';
import type { Damage } from './repairs.ts';
import { shareExplained } from './share.ts';
import { unquoted } from './unwrap.ts';
import type { Place } from './wrap-finder.ts';
import { type RowParser, WrappedRows } from './wrapped-rows.ts';

// What stands before the rows: level, time, caller. `<4>[  123.456789][   T12]     drv-278     0d..1. 4711us : pcie_flr <-x`
const HEAD = /^ *(?:<\d{1,3}>)?\[ *\d{1,10}\.\d{6}\] ?(?:\[ *[TC]\d{1,10}\] ?)?/;
const BEGINS = 'Dumping ftrace buffer:';
const EMPTY = /^ *\(ftrace buffer empty\)$/;
/** Stands at both ends of the rows, ftrace_dump_one() in kernel/trace/trace.c. */
const RULE = /^-{20,}$/;
const MAX_HEAD = 64;
/** Shares of the lines that are a dump's, where it is all of the text, and most of it. */
const ALL = 0.9;
const MOST = 0.5;

/** A line without the head of the log. A row begins with blanks, so the one behind the time stays where there are more. */
function beheaded(line: string): string {
  const plain = unquoted(line);
  const head = HEAD.exec(plain.slice(0, MAX_HEAD))?.[0].length ?? 0;
  return head === 0 ? line : line.slice(0, line.length - plain.length) + plain.slice(head);
}

/** Where the lines of a dump stand. Those with the head of the log have room for less in one line. */
class DumpPlaces extends TracePlaces {
  override place(line: string): Place {
    return super.place(beheaded(line));
  }

  override stands(tail: string): boolean {
    return super.stands(tail) || HEAD.test(tail.slice(0, MAX_HEAD)) || RULE.test(tail) || tail.startsWith(BEGINS);
  }
}

/** Rows below their heads. */
class BeheadedRows implements RowParser {
  readonly #rows: FtraceParser;

  constructor(context: ParserContext) {
    this.#rows = new FtraceParser(context);
  }

  get clock(): ClockInfo {
    return this.#rows.clock;
  }

  parse(line: string, number: number, truncated: boolean): LineKind {
    return this.#rows.parse(beheaded(line), number, truncated);
  }

  repaired(damage: Damage, number: number): void {
    this.#rows.repaired(damage, number);
  }

  end(): void {
    this.#rows.end();
  }

  span(): TimeSpan {
    return this.#rows.span();
  }
}

type Stage = 'outside' | 'announced' | 'inside';

/**
 * The trace that the kernel wrote into its log at an oops or by SysRq-z, in latency format. It is a source of its own: what
 * it tells happened before the lines above it, on another clock. The log around it is left to the form of the log.
 */
class DumpParser implements LineParser {
  readonly #rows: WrappedRows<BeheadedRows>;
  #stage: Stage = 'outside';

  constructor(context: ParserContext) {
    this.#rows = new WrappedRows(context, new DumpPlaces(), (rows) => new BeheadedRows(rows));
  }

  get clock(): ClockInfo {
    return this.#rows.clock;
  }

  learn(lines: readonly string[]): void {
    this.#rows.learn(lines);
  }

  parse(line: string, number: number, truncated: boolean): LineKind {
    const text = beheaded(unquoted(line));
    const isEmpty = EMPTY.test(text);
    const isMark = text.startsWith(BEGINS) || isEmpty || RULE.test(text) || text.trim() === '';
    if (this.#stage === 'inside' && !isMark) return this.#rows.parse(line, number, truncated);
    this.#rows.flush();
    if (text.trim() === '') return 'skipped';
    if (text.startsWith(BEGINS)) {
      this.#stage = 'announced';
      return 'skipped';
    }
    if (this.#stage === 'outside' || !isMark) return 'unparsed';
    this.#stage = this.#stage === 'announced' && !isEmpty ? 'inside' : 'outside';
    return 'skipped';
  }

  retract(count: number): void {
    this.#rows.retract(count);
  }

  end(): void {
    this.#rows.end();
  }

  span(): TimeSpan {
    return this.#rows.span();
  }
}

/** Rows whose heads were taken off: a dump inside a log, found by the parser of the log. */
export const dumpRows = (context: ParserContext): LineParser => new FtraceParser(context);

export const ftraceDump: Format = {
  id: 'ftrace-dump',
  title: 'the trace that the kernel wrote into its log at an oops or by SysRq-z, with or without the log around it',
  example: '[   88.123456]      drv-278     0d..1. 85767238us : pcie_flr <-__pci_reset_function_locked',
  // A log that holds a dump beside other things is a log.
  detect: (lines) => {
    const isHeadless = lines.some((line) => unquoted(line).startsWith(BEGINS));
    const share = shareExplained(lines, (context) => new DumpParser(context), isHeadless);
    if (share > ALL) return 1;
    // Without the heads no log is around it, but rows may be broken so that nobody can put them together.
    return isHeadless && share >= MOST ? share : 0;
  },
  parser: (context) => new DumpParser(context),
};
