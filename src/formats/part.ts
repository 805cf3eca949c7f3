import type { HealthItem, HealthSink } from '../base/health.ts';
import type { Nanoseconds, TimeUnit } from '../base/time.ts';
import type { Format, LineKind, LineParser, ParserContext } from './format.ts';
import { HeldRecord } from './held-record.ts';
import { SAMPLE_LINES } from './index.ts';
import { LossCounter } from './loss-counter.ts';
import type { Interest, KernelRecord } from './record.ts';
import type { Shape, ShapeScanner } from './shape.ts';
import { NOBODY } from './share.ts';
import { ownCopy } from './text.ts';

/** Share of the lines above which it is doubtful what the others are worth. */
const MANY_UNPARSED = 0.3;
/** Fewer may be anything. */
const SEVERAL_UNPARSED = 8;
const UNPARSED_ADVICE = 'if a mail program broke the rows, analyse the file itself, as an attachment keeps it';

/** Where what a part holds goes. */
export interface PartSink {
  /** Takes the records that are wanted, in the order of the file. */
  emit(record: KernelRecord): void;
  /** Called in the order of the file too, save for what is counted until the end. */
  readonly health: HealthSink;
}

/** What a part needs to know about where it is read. */
export interface PartSurroundings {
  readonly interest: Interest;
  /** Called with the first record. */
  readonly open: () => PartSink;
  /** See {@link ParserContext.dump}; null where there are none. */
  readonly dump: NonNullable<ParserContext['dump']> | null;
  /** What the parser holds back may be asked for. */
  readonly peeked: boolean;
  /** Parts whose lines stand among those of this one, and itself. */
  readonly beside: (part: Part) => readonly Part[];
  /** The record as it stands in the source. */
  readonly shown: (record: KernelRecord) => KernelRecord;
}

/** What a part held. lines = records + continuation + skipped + unparsed. */
export interface PartCounts {
  readonly format: string;
  readonly clock: string;
  readonly timeUnit: TimeUnit;
  readonly lines: number;
  readonly records: number;
  readonly continuation: number;
  readonly skipped: number;
  readonly unparsed: number;
  /** Records that the source itself says are missing. */
  readonly lost: number;
  /** Of the first and the last record in the order of the file. */
  readonly firstTime: Nanoseconds | null;
  readonly lastTime: Nanoseconds | null;
}

/**
 * A piece of a file that has one form and one clock: its parser, and what was counted of it. Lines of another part may stand
 * between its own.
 */
export class Part {
  readonly format: Format;
  readonly parser: LineParser;
  /** What the records of the part look like: such lines are never another form's. */
  readonly shapes = new Set<Shape>();
  /** First lines of the part, where somebody wants to look at them. */
  readonly sample: string[] = [];
  records = 0;
  continuation = 0;
  skipped = 0;
  unparsed = 0;
  firstUnparsed = 0;
  firstLine: number;
  lastLine: number;
  /** Why it begins where it does; null for the beginning of the source. */
  begins: string | null = null;
  /** Lines that look like its records may come back to it. */
  resumes = true;
  /** First line since the last record that somebody wrote; 0: none. */
  prose = 0;
  readonly health: HealthSink;
  readonly #loss: LossCounter;
  readonly #open: () => PartSink;
  #sink: PartSink | null = null;
  /** What was said before the first record: a part without any is none. */
  #early: HealthItem[] = [];
  #probe: LineParser | null = null;

  constructor(format: Format, firstLine: number, { interest, open, dump, peeked, beside, shown }: PartSurroundings) {
    this.format = format;
    this.firstLine = firstLine;
    this.lastLine = firstLine;
    this.#open = open;
    this.#loss = new LossCounter((item) => {
      if (this.#sink === null) this.#early.push(item);
      else this.#sink.health(item);
    });
    this.health = this.#loss.take;
    const context: ParserContext = {
      emit: (record) => {
        this.#loss.before(record.line);
        this.open().emit(shown(record));
      },
      health: (item) => {
        // Whose the lines were that somebody left out is not known.
        const others = item.code === 'lines-elided' ? beside(this) : [this];
        for (const part of others) part.health(item);
      },
      interest,
      ...(dump === null ? {} : { dump }),
    };
    this.parser = peeked ? new HeldRecord(format, context) : format.parser(context);
  }

  /** Where its records go: from the first one on, since a part without any is none. */
  open(): PartSink {
    if (this.#sink === null) {
      this.#sink = this.#open();
      for (const item of this.#early.splice(0)) this.#sink.health(item);
    }
    return this.#sink;
  }

  /** Takes over the lines of a part that turned out to be none. */
  adopt(part: Part): void {
    if (part.unparsed > 0 && (this.unparsed === 0 || part.firstUnparsed < this.firstUnparsed)) {
      this.firstUnparsed = part.firstUnparsed;
    }
    for (const item of part.#early) this.health(item);
    this.continuation += part.continuation;
    this.skipped += part.skipped;
    this.unparsed += part.unparsed;
    this.firstLine = Math.min(this.firstLine, part.firstLine);
    this.lastLine = Math.max(this.lastLine, part.lastLine);
  }

  /** What the log of a whole system skips are lines of other programs, which may look like the kernel's elsewhere. */
  get isLog(): boolean {
    return this.shapes.has('syslog') || this.shapes.has('journal');
  }

  get lines(): number {
    return this.records + this.continuation + this.skipped + this.unparsed;
  }

  count(kind: LineKind, number: number): void {
    if (kind === 'record') {
      this.records++;
      if (this.#sink === null) this.open();
    } else if (kind === 'continuation') this.continuation++;
    else if (kind === 'skipped') this.skipped++;
    else if (kind === 'unparsed') {
      if (this.unparsed === 0) this.firstUnparsed = number;
      this.unparsed++;
    }
  }

  /** Takes back what {@link count} was told of a line: it belongs to another part. */
  discount(kind: LineKind, number: number): void {
    if (kind === 'record') this.records--;
    else if (kind === 'continuation') this.continuation--;
    else if (kind === 'skipped') this.skipped--;
    else if (kind === 'unparsed') {
      this.unparsed--;
      if (this.firstUnparsed === number) this.firstUnparsed = 0;
    }
  }

  keep(line: string): void {
    if (this.sample.length < SAMPLE_LINES) this.sample.push(ownCopy(line));
  }

  /** The last `count` lines belong to another part. */
  unkeep(count: number): void {
    if (this.sample.length < SAMPLE_LINES) this.sample.splice(-count);
  }

  /** Learns from lines of the part what its records look like. */
  learn(lines: readonly string[], scanner: ShapeScanner): void {
    this.parser.learn?.(lines);
    const parser = this.format.parser(NOBODY);
    for (const [index, line] of lines.entries()) {
      if (parser.parse(line, index + 1, false) !== 'record') continue;
      const shape = scanner.of(line);
      if (shape !== null) this.shapes.add(shape);
    }
  }

  /** The time of a line, were it a record of this part: undefined where it is none, null where it has no time. */
  timeOf(line: string): Nanoseconds | null | undefined {
    this.#probe ??= this.format.parser(NOBODY);
    return this.#probe.parse(line, 1, false) === 'record' ? this.#probe.span().last : undefined;
  }

  /** Somebody wrote between the rows of a trace: they may be of two excerpts, with or without something between them. */
  tellProse(line: string): void {
    if (this.prose === 0 || this.timeOf(line) === undefined) return;
    const message = 'somebody wrote between the rows here: what they left out is not known';
    this.health({ code: 'lines-elided', line: this.prose, message, count: 1 });
    this.prose = 0;
  }

  /** The input is over for this part: what was held back is handed over, what was counted is reported. */
  end(): void {
    this.parser.end();
    this.#loss.end();
  }

  reportUnparsed(): void {
    if (this.unparsed === 0) return;
    const line = this.firstUnparsed || null;
    const count = this.unparsed;
    const message = `${count} of ${this.lines} lines do not fit the form ${this.format.id}`;
    const isFew = count < SEVERAL_UNPARSED || count <= this.lines * MANY_UNPARSED;
    if (isFew) this.health({ code: 'unparsed-lines', line, message, count });
    else this.health({ code: 'mostly-unparsed', line, message: `${message}: ${UNPARSED_ADVICE}`, count });
  }

  counts(): PartCounts {
    const span = this.parser.span();
    const { clock } = this.parser;
    return {
      format: this.format.id,
      clock: clock.name,
      timeUnit: clock.unit,
      lines: this.lines,
      records: this.records,
      continuation: this.continuation,
      skipped: this.skipped,
      unparsed: this.unparsed,
      lost: this.#loss.lost,
      firstTime: span.first,
      lastTime: span.last,
    };
  }
}
