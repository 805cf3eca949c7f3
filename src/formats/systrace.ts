import type { Chunk } from '../input/chunk.ts';
import type { Skimmed } from '../input/skim-engine.ts';
import type { ClockInfo, Format, LineKind, LineParser, ParserContext, TimeSpan } from './format.ts';
import { FtraceParser } from './ftrace-parser.ts';

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
  readonly #trace: FtraceParser;
  #inside = false;

  constructor(context: ParserContext) {
    this.#trace = new FtraceParser(context);
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
      this.#inside = false;
      return 'skipped';
    }
    const text = line.endsWith(ESCAPED_NEWLINE) ? line.slice(0, -ESCAPED_NEWLINE.length) : line;
    return this.#trace.parse(text, number, truncated);
  }

  skim(chunk: Chunk, start: number, number: number): Skimmed | null {
    return this.#inside ? this.#trace.skim(chunk, start, number) : null;
  }

  end(): void {
    this.#trace.end();
  }

  span(): TimeSpan {
    return this.#trace.span();
  }
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
