import type { Chunk } from '../input/chunk.ts';
import type { Skimmed } from '../input/skim-engine.ts';
import type { ClockInfo, Format, LineKind, LineParser, ParserContext, TimeSpan } from './format.ts';
import { WrappedTrace } from './ftrace-wrap.ts';
import type { KernelRecord } from './record.ts';
import { shareExplained } from './share.ts';
import { decodeText, ownCopy } from './text.ts';

// src/output.cpp of bpftrace: text, and with -f json an object a line.
const ATTACH = /^Attach(?:ing|ed) (\d{1,6}) probes?(?:\.\.\.)?$/;
const LOST = /^(?:WARNING: )?Lost (\d{1,15}) events$/;
const OBJECT = /^\{"type": ?"([a-z_]{1,32})", ?"data": ?(.*)\}$/;
const LOST_OBJECT = /^\{"events": ?(\d{1,15})\}$/;
const INTERRUPT = '^C';

/**
 * What bpftrace prints by one documented template, whose lines are rows of ftrace, with a probe in kprobe's notation:
 *
 *     printf("%16s-%-7d [%03d] ..... %5llu.%06llu: %s: (%s+0x0/0x0)\n",
 *            comm, tid, cpu, nsecs / 1000000000, nsecs % 1000000000 / 1000, func, func)
 *     printf("%16s-%-7d [%03d] ..... %5llu.%06llu: %s: (0 <- %s) ret=%lld\n", .., func, func, retval)
 *
 * Anything a user prints otherwise means nothing that could be known. What it sat on is all that was recorded, so only
 * the functions that it names are.
 */
class BpftraceParser implements LineParser {
  readonly #context: ParserContext;
  readonly #rows: WrappedTrace;
  /** The line as it stands where it is an object. */
  #raw: string | null = null;

  constructor(context: ParserContext) {
    this.#context = context;
    this.#rows = new WrappedTrace({ ...context, emit: (record) => context.emit(this.#asPrinted(record)) });
  }

  /** nsecs is CLOCK_MONOTONIC. */
  get clock(): ClockInfo {
    return { name: 'bpftrace', unit: this.#rows.clock.unit };
  }

  /** Of objects nothing is broken off at a blank: each is whole, or is none. */
  learn(lines: readonly string[]): void {
    if (!lines.some((line) => OBJECT.test(line))) this.#rows.learn(lines);
  }

  retract(count: number): void {
    this.#rows.retract(count);
  }

  parse(line: string, number: number, truncated: boolean): LineKind {
    if (line.startsWith('{')) return this.#takeObject(line, number, truncated);
    if (line.startsWith('Attach') && ATTACH.test(line)) return this.#other();
    const lost = line.includes('Lost ') ? LOST.exec(line) : null;
    if (lost !== null) return this.#lost(Number(lost[1]), number);
    return line === INTERRUPT ? this.#other() : this.#rows.parse(line, number, truncated);
  }

  skim(chunk: Chunk, start: number, number: number): Skimmed | null {
    return this.#rows.skim(chunk, start, number);
  }

  end(): void {
    this.#rows.end();
  }

  span(): TimeSpan {
    return this.#rows.span();
  }

  #takeObject(line: string, number: number, truncated: boolean): LineKind {
    const match = OBJECT.exec(line);
    if (match === null) return 'unparsed';
    const [, type, data = ''] = match;
    if (type === 'lost_events') {
      const lost = LOST_OBJECT.exec(data);
      return lost === null ? 'unparsed' : this.#lost(Number(lost[1]), number);
    }
    if (type !== 'printf') return 'skipped';
    const row = printed(data);
    if (row === null) return 'unparsed';
    this.#raw = line;
    const kind = this.#rows.parse(row, number, truncated);
    this.#raw = null;
    return kind;
  }

  /** A line that no printf() wrote. */
  #other(): LineKind {
    this.#rows.flush();
    return 'skipped';
  }

  #lost(count: number, line: number): LineKind {
    this.#rows.flush();
    this.#context.health({ code: 'events-lost', line, message: `bpftrace lost ${count} events here`, count });
    return 'skipped';
  }

  #asPrinted(record: KernelRecord): KernelRecord {
    return this.#raw === null ? record : { ...record, text: decodeText(ownCopy(this.#raw)) };
  }
}

/** The one line that a printf() printed, as latin1; null where it is none. */
function printed(data: string): string | null {
  try {
    const value: unknown = JSON.parse(decodeText(data));
    if (typeof value !== 'string') return null;
    const row = value.endsWith('\n') ? value.slice(0, -1) : value;
    return row.includes('\n') ? null : Buffer.from(row, 'utf8').toString('latin1');
  } catch {
    return null;
  }
}

export const bpftrace: Format = {
  id: 'bpftrace',
  title: 'bpftrace, with or without -f json, by a printf() that writes rows of ftrace; README has the template',
  example: '             drv-278     [001] .....    85.767238: pcie_flr: (pcie_flr+0x0/0x0) bdf=0000:02:00.0',
  detect: (lines) =>
    lines.some((line) => ATTACH.test(line) || LOST.test(line) || OBJECT.test(line))
      ? shareExplained(lines, (context) => {
          const parser = new BpftraceParser(context);
          parser.learn(lines);
          return parser;
        })
      : 0,
  parser: (context) => new BpftraceParser(context),
};
