import type { ClockInfo, Format, LineKind, LineParser, ParserContext, TimeSpan } from './format.ts';
import { FtraceParser } from './ftrace-parser.ts';
import { shareExplained } from './share.ts';

// What stands before the rows: level, time, caller. `<4>[  123.456789][   T12]     drv-278     0d..1. 4711us : pcie_flr <-x`
const HEAD = /^ *(?:<\d{1,3}>)?\[ *\d{1,10}\.\d{6}\] ?(?:\[ *[TC]\d{1,10}\] ?)?/;
const BEGINS = 'Dumping ftrace buffer:';
const EMPTY = /^ *\(ftrace buffer empty\)$/;
/** Stands at both ends of the rows, ftrace_dump_one() in kernel/trace/trace.c. */
const RULE = /^-{20,}$/;
const MAX_HEAD = 64;

type Place = 'outside' | 'announced' | 'inside';

/**
 * The trace that the kernel wrote into its log at an oops or by SysRq-z, in latency format. It is a source of its own: what
 * it tells happened before the lines above it, on another clock. The log around it is left to the form of the log.
 */
class DumpParser implements LineParser {
  readonly #trace: FtraceParser;
  #place: Place = 'outside';

  constructor(context: ParserContext) {
    this.#trace = new FtraceParser(context);
  }

  get clock(): ClockInfo {
    return this.#trace.clock;
  }

  parse(line: string, number: number, truncated: boolean): LineKind {
    if (line.trim() === '') return 'skipped';
    const head = HEAD.exec(line.slice(0, MAX_HEAD))?.[0] ?? '';
    // A row begins with blanks, so the one behind the time stays where there are more.
    const text = line.slice(head.length);
    if (text.startsWith(BEGINS)) {
      this.#place = 'announced';
      return 'skipped';
    }
    if (this.#place === 'outside') return 'unparsed';
    if (RULE.test(text) || EMPTY.test(text)) {
      this.#place = this.#place === 'announced' && !EMPTY.test(text) ? 'inside' : 'outside';
      return 'skipped';
    }
    if (this.#place === 'announced') return 'unparsed';
    return this.#trace.parse(text, number, truncated);
  }

  end(): void {
    this.#trace.end();
  }

  span(): TimeSpan {
    return this.#trace.span();
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
    const share = shareExplained(lines, (context) => new DumpParser(context));
    return share > 0.9 ? 1 : 0;
  },
  parser: (context) => new DumpParser(context),
};
