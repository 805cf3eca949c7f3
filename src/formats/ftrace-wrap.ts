import { isDirty, tidyRow } from './clean.ts';
import type { ParserContext } from './format.ts';
import { CallStacks } from './ftrace-calls.ts';
import { MARKERS } from './ftrace-entry.ts';
import { GraphScanner } from './ftrace-graph-line.ts';
import { LatencyScanner } from './ftrace-latency-row.ts';
import { TraceMarks } from './ftrace-marks.ts';
import { type FtraceFamily, FtraceParser } from './ftrace-parser.ts';
import { RowScanner } from './ftrace-row.ts';
import { shareExplained } from './share.ts';
import { identifierEnd } from './text.ts';
import { unquoted } from './unwrap.ts';
import type { Place, Places } from './wrap-finder.ts';
import { WrappedRows } from './wrapped-rows.ts';

const HASH = 35;
/** `iova=0x%016llx - 0x%016llx paddr=..`, the events map and unmap in include/trace/events/iommu.h. */
const RANGE_BEGINS = /=0x[\da-f]{1,16}$/;
const RANGE_ENDS = /^- 0x[\da-f]{1,16}(?: |$)/;
/** The frames of a stack and the end of a comment stand in lines of their own. */
const OWN_LINE = /^(?: ?=> | \*\/$)/;

/** Where the lines of a trace stand. */
export class TracePlaces implements Places {
  readonly #row = new RowScanner();
  readonly #latency = new LatencyScanner();
  readonly #graph = new GraphScanner();
  readonly #marks = new TraceMarks(() => undefined, new CallStacks());

  place(line: string): Place {
    const own = unquoted(line);
    const bare = isDirty(own) ? tidyRow(own).plain : own;
    // What a user wrote may hold newlines: its further lines are the parser's to find.
    if (this.#row.scan(bare)) return this.#isMarker(bare) ? 'other' : 'row';
    if (this.#graph.scan(bare) || this.#latency.scan(bare)) return 'row';
    if (bare.charCodeAt(0) === HASH) return 'header';
    // A mail program takes the blank away that it breaks a row at, here the one behind the time.
    if (bare.endsWith(':') && (this.#latency.scan(`${bare} `) || this.#row.scan(`${bare} `))) return 'part';
    const columns = this.#graph.columnsEnd(bare);
    // How deep a call is shows in the blanks before it: without them the rest of the row is of no use.
    return columns > 0 && bare.length > columns ? 'part' : 'other';
  }

  stands(tail: string): boolean {
    return OWN_LINE.test(tail) || this.#row.scan(tail) || this.#marks.take(tail, 0);
  }

  goesOn(row: string, tail: string): boolean {
    return RANGE_ENDS.test(tail) && RANGE_BEGINS.test(row);
  }

  #isMarker(line: string): boolean {
    const start = this.#row.text;
    return MARKERS.has(line.slice(start, identifierEnd(line, start)));
  }
}

/** Text of a trace, whose rows a mail program may have broken. */
export class WrappedTrace extends WrappedRows<FtraceParser> {
  constructor(context: ParserContext) {
    super(context, new TracePlaces(), (rows) => new FtraceParser(rows));
  }

  get family(): FtraceFamily {
    return this.rows.family;
  }
}

interface Look {
  readonly share: number;
  readonly family: FtraceFamily;
}

/** Three forms look at the same lines one after the other. */
const LOOKS = new WeakMap<readonly string[], Look>();

/** How well a form that {@link WrappedTrace} reads fits: the share of lines that it explains where they are of this family. */
export function detectFamily(lines: readonly string[], family: FtraceFamily): number {
  let look = LOOKS.get(lines);
  if (look === undefined) {
    const parsers: WrappedTrace[] = [];
    const share = shareExplained(lines, (context) => {
      const parser = new WrappedTrace(context);
      parser.learn(lines);
      parsers.push(parser);
      return parser;
    });
    look = { share, family: parsers[0]?.family ?? 'ftrace' };
    LOOKS.set(lines, look);
  }
  return look.family === family ? look.share : 0;
}
