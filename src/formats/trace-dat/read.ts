import { setImmediate } from 'node:timers/promises';
import { InputError } from '../../base/errors.ts';
import type { Nanoseconds } from '../../base/time.ts';
import type { PositionedBytes } from '../../input/positioned.ts';
import { shownPath } from '../../input/source.ts';
import type { ClockInfo, ParserContext, TimeSpan } from '../format.ts';
import { RecordTime } from '../record-time.ts';
import { CurrentRecord } from './current-record.ts';
import { Damage, Unsupported } from './damage.ts';
import { DataHealth } from './data-health.ts';
import { MergedRecords } from './merge.ts';
import type { CpuData, TraceBuffer } from './metadata.ts';
import { type OpenedRecording, openRecording } from './open.ts';
import { PackedPages, PlainPages, pieceSize } from './pages.ts';
import { RecordReader } from './record-reader.ts';
import { CpuRecords, Origin, type Pages } from './ring-buffer.ts';

export interface RecordingOptions extends ParserContext {
  /** As shown in messages. */
  readonly path: string;
  /** Limit of the unpacked bytes of trace data. */
  readonly maxBytes: number;
  readonly onProgress?: (records: number, bytes: number) => void;
  /** Looked at now and then. */
  readonly signal?: AbortSignal;
}

/** What a trace.dat held. records + unparsed are the entries that trace-cmd report prints. */
export interface RecordingTotals {
  readonly records: number;
  readonly unparsed: number;
  readonly clock: ClockInfo;
  readonly span: TimeSpan;
}

/** Records between two looks at signals. */
const PAUSE = 1 << 15;

/** Thrown through the pages where the limit of bytes is reached; never leaves this file. */
class Capped extends Error {}

/**
 * Reads a trace.dat: the streams of all CPUs merged by time, each record handed over as the text of trace-cmd report would
 * be. Memory: the metadata, and a piece of some pages for each CPU.
 *
 * Health: `events-lost`, `source-cut`, `source-capped`, `symbols-missing`, `unparsed-lines`, `time-backwards`,
 * `clocks-unrelated`.
 *
 * @throws InputError the file is damaged before its records, or of a kind that is not read.
 * @throws the reason of `signal` when it was aborted.
 */
export async function readRecording(bytes: PositionedBytes, options: RecordingOptions): Promise<RecordingTotals> {
  return new Recording(bytes, opened(bytes, options), options).read();
}

function opened(bytes: PositionedBytes, { path, health }: RecordingOptions): OpenedRecording {
  try {
    return openRecording(bytes, health);
  } catch (error) {
    const name = path === shownPath('-') ? 'FILE' : path;
    if (error instanceof Unsupported) throw new InputError(`${path}: ${error.message.replaceAll('FILE', () => name)}`);
    if (!(error instanceof Damage)) throw error;
    throw new InputError(`${path}: is a damaged trace.dat: ${error.message}, at byte ${error.position}: copy it again`);
  }
}

interface MergedBuffer {
  readonly prefix: string;
  readonly merged: MergedRecords;
}

class Recording {
  readonly #bytes: PositionedBytes;
  readonly #opened: OpenedRecording;
  readonly #options: RecordingOptions;
  readonly #current: CurrentRecord;
  readonly #reader: RecordReader;
  readonly #time: RecordTime;
  readonly #data: DataHealth;
  /** Streams that go on behind the end of the file. */
  readonly #cut = new Set<CpuRecords>();
  #stored = 0;
  #unpacked = 0;
  #first: Nanoseconds | null = null;
  /** Time of the last record, as recorded. */
  #lastBase = 0n;
  #lastSince = 0;

  constructor(bytes: PositionedBytes, opened: OpenedRecording, options: RecordingOptions) {
    const { common, clock, formats, symbols, tasks, layout, initial } = opened;
    this.#bytes = bytes;
    this.#opened = opened;
    this.#options = options;
    this.#current = new CurrentRecord(common, !initial.bigEndian, tasks, clock);
    this.#reader = new RecordReader(formats, options, this.#current, symbols, layout.longSize);
    this.#time = new RecordTime(options.health);
    this.#data = new DataHealth(options.health);
  }

  async read(): Promise<RecordingTotals> {
    try {
      await this.#readAll();
    } catch (error) {
      if (!(error instanceof Capped)) throw error;
      const message = `larger than the limit of ${this.#options.maxBytes} bytes; the rest was not read (--max-bytes)`;
      this.#options.health({ code: 'source-capped', line: null, message, count: 1 });
    }
    this.#report();
    const { unparsed } = this.#reader;
    const { number } = this.#current;
    const { clock } = this.#opened;
    const last = number === 0 ? null : clock.time(BigInt.asUintN(64, this.#lastBase + BigInt(this.#lastSince)));
    return { records: number - unparsed, unparsed, clock, span: { first: this.#first, last } };
  }

  async #readAll(): Promise<void> {
    const { signal, onProgress } = this.#options;
    const buffers = this.#open();
    let untilPause = PAUSE;
    for (;;) {
      const buffer = earliest(buffers);
      const stream = buffer?.merged.head ?? null;
      if (buffer === null || stream === null) return;
      const number = this.#current.number + 1;
      if (stream.lost !== 0) this.#data.lost(stream.cpu, stream.lost, number);
      this.#time.note(stream.key, false, number);
      if (number === 1) this.#first = this.#opened.clock.time(stream.time);
      const { base, since } = stream;
      this.#reader.take(stream, buffer.merged, buffer.prefix);
      this.#lastBase = base;
      this.#lastSince = since;
      if (--untilPause > 0) continue;
      untilPause = PAUSE;
      onProgress?.(number, this.#stored);
      await setImmediate();
      signal?.throwIfAborted();
    }
  }

  #open(): MergedBuffer[] {
    const { buffers } = this.#opened;
    const origin = new Origin();
    const widest = Math.max(...buffers.map(({ name }) => shownName(name).length));
    return buffers.map((buffer) => {
      // print_handle_file() in tracecmd/trace-read.c: names only where there are several buffers.
      const blank = buffer.name === '' ? ' '.repeat(widest + 2) : `${shownName(buffer.name).padStart(widest)}: `;
      const streams = buffer.cpus.filter(({ size }) => size > 0).map((data) => this.#stream(buffer, data, origin));
      const merged = new MergedRecords(streams, (stream) => {
        const line = Math.max(1, this.#current.number);
        if (stream.lost !== 0) this.#data.lost(stream.cpu, stream.lost, line);
        if (stream.lost < 0 || this.#cut.has(stream)) this.#data.endsShort(line);
      });
      return { prefix: buffers.length > 1 ? blank : '', merged };
    });
  }

  #stream(buffer: TraceBuffer, data: CpuData, origin: Origin): CpuRecords {
    const { layout, initial } = this.#opened;
    const missing = data.position + data.size - Math.max(this.#bytes.size, data.position);
    const records = new CpuRecords(
      data.cpu,
      this.#pages(buffer, data),
      layout,
      !initial.bigEndian,
      origin,
      (_, position) => this.#data.damaged(position),
    );
    if (missing > 0) {
      this.#data.cut(missing);
      this.#cut.add(records);
    }
    return records;
  }

  #pages(buffer: TraceBuffer, data: CpuData): Pages {
    const { bigEndian, unpack } = this.#opened.initial;
    const onBytes = (stored: number, unpacked: number): void => {
      this.#stored += stored;
      this.#unpacked += unpacked;
      if (this.#unpacked > this.#options.maxBytes) throw new Capped();
    };
    if (!buffer.compressed || unpack === null) {
      const streams = this.#opened.buffers.reduce((sum, { cpus }) => sum + cpus.length, 0);
      return new PlainPages(this.#bytes, data, buffer.pageSize, pieceSize(streams, buffer.pageSize), onBytes);
    }
    const onDamage = (position: number): void => this.#data.damaged(position);
    return new PackedPages(this.#bytes, data, buffer.pageSize, bigEndian, unpack, onBytes, onDamage);
  }

  #report(): void {
    const { health } = this.#options;
    const { unparsed, firstUnparsed, nameless, firstNameless } = this.#reader;
    this.#time.end();
    this.#data.end(this.#bytes.size);
    if (nameless > 0) {
      const message = `${nameless} records name an address that the kallsyms of the file do not list: which function it is cannot be told`;
      health({ code: 'symbols-missing', line: firstNameless, message, count: nameless });
    }
    if (unparsed > 0) {
      const message = `${unparsed} of ${this.#current.number} records are of a type that no format of the file describes`;
      health({ code: 'unparsed-lines', line: firstUnparsed, message, count: unparsed });
    }
  }
}

const LONGEST_NAME = 64;

function shownName(name: string): string {
  return name.slice(0, LONGEST_NAME);
}

/** The buffer whose next record is the first in time; of equals the first one. */
function earliest(buffers: readonly MergedBuffer[]): MergedBuffer | null {
  const [only] = buffers;
  if (buffers.length === 1) return only ?? null;
  let found: MergedBuffer | null = null;
  let key = Number.POSITIVE_INFINITY;
  for (const buffer of buffers) {
    const { head } = buffer.merged;
    if (head === null || (found !== null && head.key >= key)) continue;
    found = buffer;
    key = head.key;
  }
  return found;
}
