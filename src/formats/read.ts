import { InputError } from '../base/errors.ts';
import type { HealthItem, HealthSink } from '../base/health.ts';
import type { Nanoseconds, TimeUnit } from '../base/time.ts';
import { type ReadBytesOptions, type ReadBytesResult, readBytes } from '../input/bytes.ts';
import { type LineSink, LineSplitter, MAX_LINE } from '../input/lines.ts';
import { type OpenedSource, shownPath } from '../input/source.ts';
import type { Format, LineParser } from './format.ts';
import { HeldRecord } from './held-record.ts';
import { detectFormat, FORMATS, formatById, SAMPLE_LINES } from './index.ts';
import { LossCounter } from './loss-counter.ts';
import type { Interest, KernelRecord } from './record.ts';
import { whyRefused } from './refused.ts';

export interface ReadOptions {
  /** A format id that overrides detection, or null. */
  readonly inputFormat: string | null;
  readonly interest: Interest;
  /** Takes the records that are wanted, in the order of the file. */
  readonly emit: (record: KernelRecord) => void;
  /** Called in the order of the file too, save for what is counted until the end. */
  readonly health: HealthSink;
  /** Limit of decompressed bytes. */
  readonly maxBytes: number;
  readonly onProgress?: (progress: ReadProgress) => void;
  /** Looked at between chunks. */
  readonly signal?: AbortSignal;
  /** Brings the bytes, instead of `readBytes`. */
  readonly pump?: (options: ReadBytesOptions) => Promise<ReadBytesResult>;
  /** Gets, before the first byte, what may be asked between chunks. */
  readonly onOpen?: (reading: OpenReading) => void;
}

/** A source that is still being read. */
export interface OpenReading {
  /** What the source would hand over yet, were this its end; changes nothing. Null where no form fits so far. */
  preview(): Preview | null;
}

export interface Preview {
  readonly records: readonly KernelRecord[];
  readonly health: readonly HealthItem[];
  /** Without the times. */
  readonly totals: ReadTotals;
}

/** `bytes` as stored, out of `totalBytes`, which is null for a pipe. */
export interface ReadProgress {
  readonly lines: number;
  readonly bytes: number;
  readonly totalBytes: number | null;
}

/** What a source held. lines = records + continuation + skipped + unparsed. */
export interface ReadTotals {
  readonly format: string;
  readonly compression: 'none' | 'gzip';
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
 * Reads an opened source to its end: bytes, lines, records. Closes it.
 *
 * @throws InputError the source cannot be read, or no line of it is a kernel record.
 * @throws the reason of `signal` when it was aborted.
 */
export async function readSource(source: OpenedSource, options: ReadOptions): Promise<ReadTotals> {
  const chosen = chooseFormat(options.inputFormat);
  const loss = new LossCounter(options.health);
  const reader = new Reader(chosen, { ...options, health: loss.take });
  const splitter = new LineSplitter(reader);
  options.onOpen?.({ preview: () => reader.preview(source, splitter.lines, loss.lost) });
  const { cut, bytes } = await (options.pump ?? ((how) => readBytes(source, how)))({
    consume: (chunk) => splitter.push(chunk),
    health: options.health,
    maxBytes: options.maxBytes,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    onStored: (stored) => options.onProgress?.({ lines: splitter.lines, bytes: stored, totalBytes: source.size }),
  });
  const openEnd = splitter.end(cut);
  const parser = reader.end();
  loss.end();
  if (parser === null || reader.records === 0) throw noKernelLine(source, chosen, bytes, reader.refusal);
  reportLines(splitter, reader, openEnd && !cut, options.health);
  const span = parser.span();
  return {
    format: reader.formatId,
    compression: source.compression,
    clock: parser.clock.name,
    timeUnit: parser.clock.unit,
    lines: splitter.lines,
    records: reader.records,
    continuation: reader.continuation,
    skipped: reader.skipped,
    unparsed: reader.unparsed,
    lost: loss.lost,
    firstTime: span.first,
    lastTime: span.last,
  };
}

function chooseFormat(id: string | null): Format | null {
  if (id === null) return null;
  const format = formatById(id);
  if (format === null)
    throw new InputError(`unknown input format ${id}: one of ${FORMATS.map((known) => known.id).join(', ')}`);
  return format;
}

/** Lines to the parser, once it is known which: until then they are kept, at most {@link SAMPLE_LINES}. */
class Reader implements LineSink {
  records = 0;
  continuation = 0;
  skipped = 0;
  unparsed = 0;
  firstUnparsed = 0;
  formatId = '';
  /** Why the first lines are of no use, where no form fits them and that is known. */
  refusal: string | null = null;
  readonly #options: ReadOptions;
  #parser: LineParser | null = null;
  #sample: string[] = [];
  /** Numbers of the sample's lines that were cut. */
  #cutLines = new Set<number>();
  #sampleStart = 1;

  constructor(format: Format | null, options: ReadOptions) {
    this.#options = options;
    if (format !== null) this.#start(format);
  }

  skim(bytes: Uint8Array, text: string, start: number, end: number, number: number): boolean {
    if (this.#parser?.skim?.(bytes, text, start, end, number) !== true) return false;
    this.records++;
    return true;
  }

  line(line: string, number: number, truncated: boolean): void {
    const parser = this.#parser;
    if (parser === null) {
      this.#sample.push(line);
      if (truncated) this.#cutLines.add(number);
      if (this.#sample.length >= SAMPLE_LINES) this.#detect();
      return;
    }
    const kind = parser.parse(line, number, truncated);
    if (kind === 'record') this.records++;
    else if (kind === 'skipped') this.skipped++;
    else if (kind === 'continuation') this.continuation++;
    else this.#noteUnparsed(number);
  }

  /** The input is over. The parser, or null where no form was found. */
  end(): LineParser | null {
    if (this.#parser === null && this.#sample.length > 0) this.#detect();
    this.#parser?.end();
    return this.#parser;
  }

  preview(source: OpenedSource, lines: number, lost: number): Preview | null {
    const records: KernelRecord[] = [];
    const health: HealthItem[] = [];
    let reader: Reader = this;
    if (this.#parser === null) {
      const { onOpen: _, ...options } = this.#options;
      reader = new Reader(null, {
        ...options,
        emit: (record) => records.push(record),
        health: (item) => health.push(item),
      });
      for (const [index, line] of this.#sample.entries()) {
        reader.line(line, this.#sampleStart + index, this.#cutLines.has(this.#sampleStart + index));
      }
      reader.end();
    } else if (this.#parser instanceof HeldRecord) records.push(...this.#parser.peek());
    if (reader.#parser === null) return null;
    const { records: read, continuation, skipped, unparsed, formatId: format } = reader;
    const { name: clock, unit: timeUnit } = reader.#parser.clock;
    const counts = { lines, records: read, continuation, skipped, unparsed, lost };
    const { compression } = source;
    const totals = { format, compression, clock, timeUnit, ...counts, firstTime: null, lastTime: null };
    return { records, health, totals };
  }

  /** Where no form fits, the lines count as unparsed and the next ones are tried: consoles begin with firmware's words. */
  #detect(): void {
    const sample = this.#sample;
    const start = this.#sampleStart;
    this.#sample = [];
    this.#sampleStart += sample.length;
    const format = detectFormat(sample);
    if (format !== null) this.#start(format);
    else this.refusal ??= whyRefused(sample);
    for (const [index, line] of sample.entries()) {
      if (format === null) this.#noteUnparsed(start + index);
      else this.line(line, start + index, this.#cutLines.has(start + index));
    }
    this.#cutLines.clear();
  }

  #start(format: Format): void {
    this.formatId = format.id;
    this.#parser =
      this.#options.onOpen === undefined ? format.parser(this.#options) : new HeldRecord(format, this.#options);
  }

  #noteUnparsed(number: number): void {
    if (this.unparsed === 0) this.firstUnparsed = number;
    this.unparsed++;
  }
}

function reportLines(splitter: LineSplitter, reader: Reader, openEnd: boolean, health: HealthSink): void {
  if (splitter.truncatedLines > 0) {
    const message = `${splitter.truncatedLines} longer than ${MAX_LINE} bytes were cut`;
    health({ code: 'lines-truncated', line: splitter.firstTruncated, message, count: splitter.truncatedLines });
  }
  if (openEnd) {
    const message = 'the last line has no newline: it may be cut';
    health({ code: 'no-final-newline', line: splitter.lines, message, count: 1 });
  }
  if (reader.unparsed > 0) {
    const message = `${reader.unparsed} of ${splitter.lines} lines do not fit the form ${reader.formatId}`;
    health({ code: 'unparsed-lines', line: reader.firstUnparsed, message, count: reader.unparsed });
  }
}

function noKernelLine(source: OpenedSource, format: Format | null, bytes: number, refusal: string | null): InputError {
  const path = shownPath(source.path);
  if (bytes === 0) return new InputError(`${path}: is empty: was the log saved before the buffer was read or cleared?`);
  if (format !== null)
    return new InputError(
      `${path}: holds no line of the form ${format.id}: leave --input-format away to have it detected`,
    );
  if (refusal !== null) return new InputError(`${path}: holds no kernel log line: ${refusal}`);
  return new InputError(`${path}: holds no kernel log line: see tdi-trace formats for what can be read`);
}
