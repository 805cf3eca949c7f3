import type { HealthSink } from '../base/health.ts';
import type { Nanoseconds } from '../base/time.ts';
import { isTidy, withoutControls } from './clean.ts';
import { CopiedRows } from './copied-rows.ts';
import { elided, isElision } from './elision.ts';
import type { ClockInfo, Format, LineKind, LineParser, ParserContext, TimeSpan } from './format.ts';
import { CallStacks } from './ftrace-calls.ts';
import { EntryReader } from './ftrace-entry.ts';
import { GraphReader } from './ftrace-graph.ts';
import type { EntryHead } from './ftrace-head.ts';
import { exactStamp, type RowTask } from './ftrace-row.ts';
import { RecordTime } from './record-time.ts';
import { shareExplained } from './share.ts';
import { unquoted } from './unwrap.ts';
import { Wanted } from './wanted.ts';
import type { Place, Places } from './wrap-finder.ts';
import { WrappedRows } from './wrapped-rows.ts';

/** A name, pid, CPU, time, period and the event's name take less. */
const MAX_HEAD = 256;
// perf_sample__fprintf_start() and process_event() in tools/perf/builtin-script.c:
//
//     |swapper     0 [148] 1117148.086594: probe:ghes_notify_nmi: (ffffffffb3867210)|
//     |simple-terminat    10 198792.736893:    1001001 cpu-clock: |
//      comm         pid[/tid] [cpu]  time     period   system:event:
const SAMPLE =
  /^ {0,16}(\S.{0,15}?) +(-1|\d{1,10})(?:\/(-1|\d{1,10}))? +(?:\[(\d{1,6})\] +)?(\d{1,12}\.(?:\d{9}|\d{6})): +(?:\d{1,20} +)?((?:[a-z][\w-]{0,63}:)?)(?=[A-Za-z_][\w:./-]{0,127}: ?)/;
/** A sample without its event. */
const HEAD =
  /^ {0,16}\S.{0,15}? +(?:-1|\d{1,10})(?:\/(?:-1|\d{1,10}))? +(?:\[\d{1,6}\] +)?\d{1,12}\.(?:\d{9}|\d{6}):(?: +\d{1,20})? *$/;
// A frame of the call chain: address, symbol, object. `\t  ffffffffb3867211 ghes_notify_nmi+0x1 (/lib/modules/.../vmlinux)`
const FRAME = /^[\t ]+[0-9a-f]{1,16} \S/;

// With --show-lost-events, perf_event__fprintf_lost() in tools/perf/util/event.c; what perf record said when it ended.
const LOST = /PERF_RECORD_LOST(?:_SAMPLES)?:? lost (\d{1,15})$/;
const LOST_CHUNKS = /^Processed \d{1,15} events and lost (\d{1,15}) chunks!$/;

/** Samples of `perf script`. A dynamic event there names an address only, or what its user called it. */
class PerfParser implements LineParser, EntryHead {
  cpu: number | null = null;
  readonly ticks = false;
  readonly clock: ClockInfo = { name: 'perf', unit: 'ns' };
  readonly #health: HealthSink;
  readonly #time: RecordTime;
  readonly #entries: EntryReader;
  #stamp: Nanoseconds = 0n;
  #who: RowTask | null = null;
  #afterRecord = false;
  #firstTime: Nanoseconds | null = null;
  #lastTime: Nanoseconds | null = null;

  constructor(context: ParserContext) {
    const symbols = Wanted.symbols(context.interest);
    const events = Wanted.events(context.interest);
    this.#health = context.health;
    this.#time = new RecordTime(context.health);
    const graph = new GraphReader(symbols, events, new CallStacks());
    this.#entries = new EntryReader(context, symbols, events, graph, this.#time);
  }

  parse(line: string, number: number, truncated: boolean): LineKind {
    const match = SAMPLE.exec(line.length > MAX_HEAD ? line.slice(0, MAX_HEAD) : line);
    // What is not as it was printed is read once it is, see CopiedRows.
    if (match !== null && isTidy(line)) {
      const [whole, task = '', pid, tid, cpu, stamp = ''] = match;
      this.#stamp = exactStamp(stamp);
      // `:-1 -1`: perf did not know.
      const thread = Number(tid ?? pid);
      this.#who = thread < 0 ? null : { task, pid: thread };
      this.cpu = cpu === undefined ? null : Number(cpu);
      this.#time.note(Number(this.#stamp) / 1000, false, number);
      this.#firstTime ??= this.#stamp;
      this.#lastTime = this.#stamp;
      this.#afterRecord = true;
      this.#entries.take(line, number, truncated, whole.length, this, null, true);
      return 'record';
    }
    if (line === '' || line.startsWith('#')) {
      this.#afterRecord = false;
      return 'skipped';
    }
    if (this.#lost(line, number)) return 'skipped';
    return this.#afterRecord && FRAME.test(line.slice(0, MAX_HEAD)) ? 'continuation' : 'unparsed';
  }

  #lost(line: string, number: number): boolean {
    const match = line.length > MAX_HEAD ? null : (LOST.exec(line) ?? LOST_CHUNKS.exec(line));
    if (match === null) return elided(line, number, this.#health);
    const message = `perf lost ${match[1]} ${line.endsWith('!') ? 'chunks of events' : 'events here'}`;
    this.#health({ code: 'events-lost', line: number, message, count: Number(match[1]) });
    return true;
  }

  time(): Nanoseconds {
    return this.#stamp;
  }

  who(): RowTask | null {
    return this.#who;
  }

  end(): void {
    this.#time.end();
    this.#entries.end();
  }

  span(): TimeSpan {
    return { first: this.#firstTime, last: this.#lastTime };
  }
}

/** Where the lines stand. */
const PLACES: Places = {
  place(line: string): Place {
    const bare = withoutControls(unquoted(line)).slice(0, MAX_HEAD);
    if (bare.startsWith('#')) return 'header';
    if (SAMPLE.test(bare)) return 'row';
    return HEAD.test(bare) ? 'part' : 'other';
  },
  stands: (tail) => FRAME.test(tail.slice(0, MAX_HEAD)) || isElision(tail) || LOST.test(tail.slice(0, MAX_HEAD)),
};

function createParser(context: ParserContext): LineParser {
  return new WrappedRows(context, PLACES, (rows) => new CopiedRows(rows, (own) => new PerfParser(own)));
}

export const perfScript: Format = {
  id: 'perf-script',
  title: 'perf script: samples of tracepoints; what a probe sits on cannot be told from it',
  example: '             drv   278 [001]    85.767238: iommu:attach_device_to_domain: IOMMU: device=0000:02:00.0',
  detect: (lines) => shareExplained(lines, createParser, true),
  parser: createParser,
};
