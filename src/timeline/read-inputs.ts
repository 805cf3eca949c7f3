import { InputError } from '../base/errors.ts';
import type { Hints } from '../identity/hints.ts';
import { readInput } from '../input/inputs.ts';
import type { SideCollector } from '../input/side/collector.ts';
import { shownPath } from '../input/source.ts';
import { createTimeline, createTimelineFrom, createTransientTimeline } from './create.ts';
import { hintHealth } from './hint-health.ts';
import { ingest } from './ingest.ts';
import { refuseTicks } from './ticks.ts';
import type { TimelineWriter } from './timeline.ts';

/** What to read and how to keep it. */
export interface IngestOptions {
  /** Paths as the user typed them, `-` for stdin; logs, archives and directories of logs, or timelines. */
  readonly inputs: readonly string[];
  /** Where to keep the timeline; null: a private temporary file that is removed by `close`. */
  readonly db: string | null;
  /**
   * Nobody opens the file: without `db` there is none as long as it would be small, and otherwise it stays unfinished, without
   * indexes and findings. It is read by means of `Analyzed.timeline` only.
   */
  readonly transient?: boolean;
  /** A format id that overrides detection, or null. */
  readonly inputFormat: string | null;
  /** Limit of decompressed bytes an input. */
  readonly maxBytes: number;
  /** What the user says of pointers; none where it is left out. */
  readonly hints?: Hints;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

export interface Progress {
  readonly path: string;
  readonly lines: number;
  readonly bytes: number;
  /** Size of the input as stored; null for a pipe. */
  readonly totalBytes: number | null;
}

/** Whether the timeline is finished for others to open. */
export function isKept({ db, transient }: IngestOptions): boolean {
  return db !== null || transient !== true;
}

/**
 * Every input into one timeline. An input that cannot be read leaves the others alone.
 *
 * @throws InputError where no input at all could be read, or `db` cannot be written.
 */
export async function readInputs(
  options: IngestOptions,
  side: SideCollector | null,
  judgement: Parameters<typeof refuseTicks>[1],
): Promise<{ writer: TimelineWriter; failures: InputError[] }> {
  const failures: InputError[] = [];
  // Set in callbacks, which the compiler does not follow.
  let writer = null as TimelineWriter | null;
  let read = 0;
  try {
    for (const path of options.inputs) {
      options.signal?.throwIfAborted();
      const inside: InputError[] = [];
      try {
        await readInput(path, {
          maxBytes: options.maxBytes,
          ...(options.signal && { signal: options.signal }),
          ...(side && { side }),
          async prepare() {
            writer ??= isKept(options) ? await createTimeline(options.db) : createTransientTimeline();
          },
          async read(opened) {
            if (writer) await readOne(writer, opened, options);
          },
          async timeline() {
            if (options.inputs.length > 1) {
              throw new InputError(`${shownPath(path)}: is a timeline; a timeline can only be analysed alone`);
            }
            writer = createTimelineFrom(path, options.db);
            writer.clearAnalysis();
          },
          health: (item) => writer?.addHealth({ ...item, sourceId: null }),
          unreadable: (error) => inside.push(error),
        });
        for (const { message } of inside)
          writer?.addHealth({ sourceId: null, code: 'source-unusable', line: null, message, count: 1 });
        failures.push(...inside);
        read += 1;
        if (writer) refuseTicks(writer.reader, judgement);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        failures.push(error);
      }
    }
    if (writer && read > 0) {
      for (const item of hintHealth(options.hints ?? null)) writer.addHealth(item);
      return { writer, failures };
    }
  } catch (error) {
    writer?.abort();
    throw error;
  }
  writer?.abort();
  throw nothingRead(failures);
}

async function readOne(
  writer: TimelineWriter,
  opened: Parameters<typeof ingest>[1],
  { inputFormat, maxBytes, hints, onProgress, signal }: IngestOptions,
): Promise<void> {
  const { path } = opened;
  await ingest(writer, opened, {
    inputFormat,
    maxBytes,
    ...(hints && { hints }),
    ...(signal && { signal }),
    ...(onProgress && { onProgress: (progress) => onProgress({ path, ...progress }) }),
  });
}

function nothingRead(failures: readonly InputError[]): InputError {
  const [first, ...others] = failures;
  if (!first) return new InputError('no input was given');
  first.others = others;
  return first;
}
