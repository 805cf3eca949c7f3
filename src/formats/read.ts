import { InputError } from '../base/errors.ts';
import { readBytes } from '../input/bytes.ts';
import { LineSplitter } from '../input/lines.ts';
import { type OpenedSource, shownPath } from '../input/source.ts';
import type { Format } from './format.ts';
import { formatById, INPUT_FORMATS } from './index.ts';
import type { PartOptions, PartTotals, ReadOptions, ReadTotals } from './read-options.ts';
import { noKernelLine, reportLines } from './read-outcome.ts';
import { Reader } from './reader.ts';
import type { ReaderOptions } from './reader-options.ts';
import { RecordingIntake, readRecordingBytes, readRecordingFile } from './recording.ts';
import { traceDat } from './trace-dat/id.ts';

export type {
  OpenReading,
  PartOptions,
  PartTotals,
  Preview,
  ReadOptions,
  ReadProgress,
  ReadTotals,
} from './read-options.ts';

/**
 * Reads an opened source to its end: bytes, lines, records. Closes it. Where the form changes for good, or another trace or
 * excerpt begins whose clock is not that of the lines before, a new part begins.
 *
 * @returns the parts, in the order in which they begin; one at least.
 * @throws InputError the source cannot be read, or no line of it is a kernel record.
 * @throws the reason of `signal` when it was aborted.
 */
export async function readParts(source: OpenedSource, options: PartOptions): Promise<PartTotals[]> {
  return read(source, options, { split: options.inputFormat === null, machines: true });
}

/** Like {@link readParts}, but everything is read as the one form that the beginning has. */
export async function readSource(source: OpenedSource, options: ReadOptions): Promise<ReadTotals> {
  const [only] = await read(source, { ...options, part: () => options }, { split: false, machines: false });
  if (only === undefined) throw new Error('a source without a part');
  const { firstLine: _first, lastLine: _last, begins: _begins, machine: _machine, sink: _sink, ...totals } = only;
  return totals;
}

/** What is told apart in one source. */
type Apart = Pick<ReaderOptions, 'split' | 'machines'>;

async function read(source: OpenedSource, options: PartOptions, how: Apart): Promise<PartTotals[]> {
  try {
    return await readOpen(source, options, how);
  } finally {
    // Also where what was asked for is refused before anything of it is read.
    await source.close();
  }
}

async function readOpen(source: OpenedSource, options: PartOptions, how: Apart): Promise<PartTotals[]> {
  if (source.recording) {
    checkRecordingFormat(source, options.inputFormat);
    return [await readRecordingFile(source, options)];
  }
  const wantsRecording = options.inputFormat === traceDat.id;
  const chosen = wantsRecording ? null : chooseFormat(options.inputFormat);
  const { interest, part } = options;
  const { compression } = source;
  const reader = new Reader({
    format: chosen,
    interest,
    part,
    ...how,
    compression,
    peeked: options.onOpen !== undefined,
    sampled: options.sampled === true,
  });
  const splitter = new LineSplitter(reader);
  options.onOpen?.({ preview: () => reader.preview(splitter.lines) });
  let recording: RecordingIntake | null = null;
  const { cut, bytes } = await (options.pump ?? ((how) => readBytes(source, how)))({
    onRecording: () => {
      checkRecordingFormat(source, options.inputFormat);
      recording = new RecordingIntake(source.path);
    },
    consume: (chunk) => {
      if (recording !== null) recording.take(chunk);
      else if (wantsRecording) throw noRecording(source);
      else splitter.push(chunk);
    },
    health: (item) => (recording === null ? reader : recording).health(item),
    maxBytes: options.maxBytes,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    onStored: (stored) => options.onProgress?.({ lines: splitter.lines, bytes: stored, totalBytes: source.size }),
  });
  const intake = recording as RecordingIntake | null;
  if (intake !== null) return [await readRecordingBytes(source, intake, options)];
  const openEnd = splitter.end(cut);
  reader.end(splitter.lines);
  if (reader.records === 0) throw noKernelLine(source, chosen, bytes, reader, options.maxBytes);
  reportLines(splitter, reader, openEnd && !cut);
  reader.finish();
  return reader.parts.map((one) => reader.totals(one));
}

function checkRecordingFormat(source: OpenedSource, id: string | null): void {
  if (id === null || id === traceDat.id) return;
  chooseFormat(id);
  throw new InputError(
    `${shownPath(source.path)}: is a trace.dat, which is not of the form ${id}: leave --input-format away`,
  );
}

function noRecording(source: OpenedSource): InputError {
  return new InputError(
    `${shownPath(source.path)}: is no trace.dat: leave --input-format away to have the form detected`,
  );
}

function chooseFormat(id: string | null): Format | null {
  if (id === null) return null;
  const format = formatById(id);
  if (format === null)
    throw new InputError(`unknown input format ${id}: one of ${INPUT_FORMATS.map((known) => known.id).join(', ')}`);
  return format;
}
