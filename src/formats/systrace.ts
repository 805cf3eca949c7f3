import type { Chunk } from '../input/chunk.ts';
import type { Skimmed } from '../input/skim-engine.ts';
import type { ClockInfo, Format, LineKind, LineParser, ParserContext, TimeSpan } from './format.ts';
import { WrappedTrace } from './ftrace-wrap.ts';

const DOCUMENT = /^\s*<(?:!doctype html|html)\b/i;
/** What only the pages of systrace and of the trace viewer hold. */
const VIEWER =
  /systrace|trace-viewer|Android System Trace|linuxPerfData|class="trace-data"|tr\.b\.|<!-- BEGIN TRACE -->/;
// The trace: `<script class="trace-data" type="application/text">`, in old pages `var linuxPerfData = "\`, whose lines end in
// an escaped newline; nothing of it in one line.
const BEGINS = /<script class="trace-data"|linuxPerfData = "/;
const ENDS = /^\s*(?:"; *)?<\/script>|^(?:\\n)*";/;
const ESCAPED_NEWLINE = '\\n\\';
/** Longest line of HTML that is looked at: the scripts of a page can be one line. */
const MAX_TAG = 256;

/** The ftrace text inside a page of Android's systrace. The page around it carries no record. */
class SystraceParser implements LineParser {
  readonly #trace: WrappedTrace;
  #inside = false;

  constructor(context: ParserContext) {
    this.#trace = new WrappedTrace(context);
  }

  /** Only what stands in the trace tells how wide its rows are. */
  learn(lines: readonly string[]): void {
    const begins = lines.findIndex((line) => BEGINS.test(line.slice(0, MAX_TAG)) && !line.includes('</script>'));
    const rows = begins < 0 ? [] : lines.slice(begins + 1).map(rowOf);
    const ends = rows.findIndex((line) => ENDS.test(line.slice(0, MAX_TAG)));
    this.#trace.learn(ends < 0 ? rows : rows.slice(0, ends));
  }

  get clock(): ClockInfo {
    return this.#trace.clock;
  }

  parse(line: string, number: number, truncated: boolean): LineKind {
    const head = line.slice(0, MAX_TAG);
    if (!this.#inside) {
      this.#inside = BEGINS.test(head) && !line.includes('</script>');
      return 'skipped';
    }
    if (ENDS.test(head)) {
      this.#trace.flush();
      this.#inside = false;
      return 'skipped';
    }
    return this.#trace.parse(rowOf(line), number, truncated);
  }

  skim(chunk: Chunk, start: number, number: number): Skimmed | null {
    return this.#inside ? this.#trace.skim(chunk, start, number) : null;
  }

  retract(count: number): void {
    this.#trace.retract(count);
  }

  end(): void {
    this.#trace.end();
  }

  span(): TimeSpan {
    return this.#trace.span();
  }
}

function rowOf(line: string): string {
  return line.endsWith(ESCAPED_NEWLINE) ? line.slice(0, -ESCAPED_NEWLINE.length) : line;
}

export const systrace: Format = {
  id: 'systrace',
  title: 'a page of Android systrace: HTML around ftrace text',
  example: '  <script class="trace-data" type="application/text">',
  detect: (lines) => {
    const first = lines.find((line) => line.trim() !== '');
    if (first === undefined || !DOCUMENT.test(first)) return 0;
    return lines.some((line) => VIEWER.test(line.slice(0, MAX_TAG))) ? 1 : 0;
  },
  parser: (context) => new SystraceParser(context),
};
