import type { HealthSink } from '../base/health.ts';
import type { DumpSink, Format, LineKind } from './format.ts';
import { dumpRows, ftraceDump } from './ftrace-dump.ts';
import type { Part } from './part.ts';
import type { KernelRecord } from './record.ts';
import { doubtfulRest } from './remark.ts';
import { decodeText, ownCopy } from './text.ts';

/** Where a dump stands. */
export interface DumpPlace {
  readonly create: (format: Format) => Part;
  /** With the first row; false where there is no room for one more part. */
  readonly begin: (part: Part, number: number) => boolean;
  /** The line is left to the log. */
  readonly leave: (kind: LineKind, number: number) => void;
  /** The first lines of each part are kept. */
  readonly sampled: boolean;
}

/** The rows of a trace buffer inside a log, as a part of their own. */
export class DumpPart implements DumpSink {
  readonly #place: DumpPlace;
  readonly #part: Part;
  /** The lines of a row that was broken, while it is read. */
  #lines: readonly string[] = [];
  #number = 0;
  #health: HealthSink = () => undefined;

  constructor(place: DumpPlace) {
    this.#place = place;
    const format: Format = {
      ...ftraceDump,
      parser: (context) => {
        this.#health = context.health;
        return dumpRows({ ...context, emit: (record) => context.emit(this.#asItStands(record)) });
      },
    };
    this.#part = place.create(format);
    this.#part.resumes = false;
    this.#part.begins = 'a trace buffer was dumped into the log here';
  }

  row(text: string, number: number, truncated: boolean): LineKind {
    const part = this.#part;
    const kind = part.parser.parse(text, number, truncated);
    // What a user wrote into the trace may have further lines, but so may the log.
    if (kind === 'unparsed' || (kind === 'continuation' && !text.trimStart().startsWith('=> '))) return 'unparsed';
    if (part.lines === 0) {
      if (!this.#place.begin(part, number)) return 'unparsed';
      part.firstLine = number;
    }
    if (this.#place.sampled) part.keep(text);
    part.count(kind, number);
    part.lastLine = number;
    return kind;
  }

  whole(text: string, number: number, truncated: boolean, lines: readonly string[]): void {
    this.#lines = lines;
    this.#number = number;
    const isLeft = this.row(text, number, truncated) === 'unparsed';
    this.#lines = [];
    if (isLeft) this.#place.leave('unparsed', number);
    for (let line = number + 1; line < number + lines.length; line++) {
      if (isLeft) this.#place.leave('unparsed', line);
      else this.#part.count('continuation', line);
    }
    if (!isLeft) this.#part.lastLine = number + lines.length - 1;
  }

  again(number: number): void {
    this.#place.leave('skipped', number);
  }

  doubt(number: number): void {
    this.#health(doubtfulRest(number));
  }

  #asItStands(record: KernelRecord): KernelRecord {
    const { length } = this.#lines;
    if (length < 2 || record.line !== this.#number) return record;
    const text = decodeText(ownCopy(this.#lines.join('\n')));
    return { ...record, endLine: record.line + length - 1, text };
  }
}
