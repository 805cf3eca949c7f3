import { InputError } from '../base/errors.ts';
import type { HealthItem } from '../base/health.ts';
import { noteChange } from '../input/bytes.ts';
import { fileBytes, memoryBytes, type PositionedBytes } from '../input/positioned.ts';
import { type OpenedSource, openError, shownPath } from '../input/source.ts';
import { LossCounter } from './loss-counter.ts';
import type { PartCounts, PartSink } from './part.ts';
import type { Interest } from './record.ts';
import { traceDat } from './trace-dat/id.ts';
import { readRecording } from './trace-dat/read.ts';

/** What of the options of reading concerns a trace.dat. */
export interface RecordingReadOptions {
  readonly interest: Interest;
  readonly maxBytes: number;
  readonly onProgress?: (progress: {
    readonly lines: number;
    readonly bytes: number;
    readonly totalBytes: number | null;
  }) => void;
  readonly signal?: AbortSignal;
  /** Called once, before anything is handed over. */
  readonly part: () => PartSink;
}

/** A trace.dat is one part. `firstLine` and `lastLine` count its records. */
export interface RecordingPart extends PartCounts {
  readonly compression: OpenedSource['compression'];
  readonly firstLine: number;
  readonly lastLine: number;
  readonly begins: null;
  readonly machine: null;
  readonly sink: PartSink;
}

/**
 * Reads a trace.dat that is a regular file, by position. Closes it.
 *
 * @throws InputError, and as `readRecording` does.
 */
export async function readRecordingFile(source: OpenedSource, options: RecordingReadOptions): Promise<RecordingPart> {
  try {
    if (source.handle === null || source.size === null) throw new Error('a recording without a file');
    const { handle } = source;
    const bytes = fileBytes(handle.fd, source.size);
    return await readPart(source, bytes, options, (sink) => noteChange(source, sink.health));
  } catch (error) {
    throw error instanceof Error && 'syscall' in error ? openError(source.path, error) : error;
  } finally {
    await source.close();
  }
}

/** The same of one that came through a pipe, compressed or out of an archive. */
export async function readRecordingBytes(
  source: OpenedSource,
  intake: RecordingIntake,
  options: RecordingReadOptions,
): Promise<RecordingPart> {
  return readPart(source, memoryBytes(intake.whole()), options, async (sink) => {
    for (const item of intake.said) sink.health(item);
  });
}

async function readPart(
  source: OpenedSource,
  bytes: PositionedBytes,
  { interest, maxBytes, onProgress, signal, part }: RecordingReadOptions,
  atEnd: (sink: PartSink) => Promise<void>,
): Promise<RecordingPart> {
  const path = shownPath(source.path);
  const sink = part();
  const loss = new LossCounter(sink.health);
  const { records, unparsed, clock, span } = await readRecording(bytes, {
    path,
    interest,
    emit: (record) => {
      loss.before(record.line);
      sink.emit(record);
    },
    health: loss.take,
    maxBytes,
    ...(signal === undefined ? {} : { signal }),
    onProgress: (lines, read) => onProgress?.({ lines, bytes: read, totalBytes: source.size }),
  });
  loss.end();
  if (records === 0) {
    throw new InputError(
      `${path}: is a trace.dat without a record: were the events enabled, and was the buffer not cleared?`,
    );
  }
  await atEnd(sink);
  return {
    format: traceDat.id,
    compression: source.compression,
    clock: clock.name,
    timeUnit: clock.unit,
    lines: records + unparsed,
    records,
    continuation: 0,
    skipped: 0,
    unparsed,
    lost: loss.lost,
    firstTime: span.first,
    lastTime: span.last,
    firstLine: 1,
    begins: null,
    machine: null,
    lastLine: records + unparsed,
    sink,
  };
}

/** A trace.dat that does not come as a file is kept in memory: it is read by position. */
const MAX_IN_MEMORY = 256 * 1024 * 1024;

/** Collects the bytes of a trace.dat. @throws InputError where they are more than one wants to keep. */
export class RecordingIntake {
  /** What was said about the bytes. */
  readonly said: HealthItem[] = [];
  readonly #path: string;
  readonly #chunks: Buffer[] = [];
  #length = 0;

  constructor(path: string) {
    this.#path = path;
  }

  health(item: HealthItem): void {
    this.said.push(item);
  }

  take(chunk: Buffer): void {
    this.#length += chunk.length;
    if (this.#length > MAX_IN_MEMORY) {
      const limit = MAX_IN_MEMORY / 1024 / 1024;
      throw new InputError(
        `${shownPath(this.#path)}: is a trace.dat of more than ${limit} MiB that is compressed or comes through a pipe: save it unpacked to a file and name that`,
      );
    }
    // The chunk is overwritten after the call.
    this.#chunks.push(Buffer.from(chunk));
  }

  whole(): Buffer {
    return Buffer.concat(this.#chunks.splice(0), this.#length);
  }
}
