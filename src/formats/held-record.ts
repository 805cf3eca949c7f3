import type { HealthItem } from '../base/health.ts';
import type { Chunk } from '../input/chunk.ts';
import type { Skimmed } from '../input/skim-engine.ts';
import type { ClockInfo, Format, LineKind, LineParser, ParserContext, ReleasedLine, TimeSpan } from './format.ts';
import type { LineMachine } from './machine-name.ts';
import type { KernelRecord } from './record.ts';

/** Lines of a record that are kept; a longer one is shown without its end until it is complete. */
const LINES_MAX = 256;

/**
 * A parser of which one can ask what it holds back: a message may go on in the next line, so that it is handed over only when
 * another record begins. The answer comes from a second parser that sees these lines alone.
 */
export class HeldRecord implements LineParser {
  readonly #format: Format;
  readonly #context: ParserContext;
  readonly #parser: LineParser;
  #lines: { readonly line: string; readonly number: number; readonly truncated: boolean }[] = [];
  #handedOver = 0;
  #learned: readonly string[] = [];

  constructor(format: Format, context: ParserContext) {
    this.#format = format;
    this.#context = context;
    this.#parser = format.parser({
      interest: context.interest,
      health: context.health,
      ...(context.dump && { dump: context.dump }),
      emit: (record) => {
        this.#handedOver = record.line;
        context.emit(record);
      },
    });
    if (this.#parser.skim === undefined) this.skim = () => null;
  }

  get clock(): ClockInfo {
    return this.#parser.clock;
  }

  parse(line: string, number: number, truncated: boolean): LineKind {
    const kind = this.#parser.parse(line, number, truncated);
    if (kind === 'record') this.#lines = [];
    if (kind === 'record' || (kind === 'continuation' && this.#lines.length > 0)) {
      if (this.#lines.length < LINES_MAX) this.#lines.push({ line, number, truncated });
    }
    return kind;
  }

  skim(chunk: Chunk, start: number, number: number): Skimmed | null {
    const skimmed = this.#parser.skim?.(chunk, start, number) ?? null;
    if (skimmed === null) return null;
    // The last one may go on in a line that somebody wants.
    const line = chunk.lineBefore(skimmed.end);
    this.#lines = [{ line, number: number + skimmed.lines - 1, truncated: false }];
    return skimmed;
  }

  learn(lines: readonly string[]): void {
    this.#learned = lines;
    this.#parser.learn?.(lines);
  }

  retract(count: number): void {
    this.#lines.splice(Math.max(1, this.#lines.length - count));
    this.#parser.retract?.(count);
  }

  begins(line: string, number: number): HealthItem | null {
    return this.#parser.begins?.(line, number) ?? null;
  }

  machine(line: string): LineMachine | null {
    return this.#parser.machine?.(line) ?? null;
  }

  becomes(line: string): boolean {
    return this.#parser.becomes?.(line) ?? false;
  }

  release(): readonly ReleasedLine[] {
    const released = this.#parser.release?.() ?? [];
    if (released.length > 0) this.#lines = [];
    return released;
  }

  end(): void {
    this.#parser.end();
  }

  span(): TimeSpan {
    return this.#parser.span();
  }

  /** The record that would be handed over, were the input over; none where it was handed over already, or nobody wants it. */
  peek(): KernelRecord[] {
    const first = this.#lines[0];
    if (first === undefined || first.number <= this.#handedOver) return [];
    const records: KernelRecord[] = [];
    const { interest } = this.#context;
    const parser = this.#format.parser({ interest, health: () => {}, emit: (record) => records.push(record) });
    parser.learn?.(this.#learned);
    for (const { line, number, truncated } of this.#lines) parser.parse(line, number, truncated);
    parser.end();
    return records;
  }
}
