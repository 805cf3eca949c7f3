import type { Bdf } from './base/bdf.ts';
import type { InputError } from './base/errors.ts';
import type { Analysis } from './model/analysis.ts';
import type { EventClass, Platform } from './model/states.ts';
import type { TimelineReader } from './timeline/timeline.ts';

/** What to read and how to keep it. */
export interface IngestOptions {
  /** Paths as the user typed them, `-` for stdin; logs or timelines. */
  readonly inputs: readonly string[];
  /** Where to keep the timeline; null: a private temporary file that is removed by `close`. */
  readonly db: string | null;
  /** A format id that overrides detection, or null. */
  readonly inputFormat: string | null;
  /** Limit of decompressed bytes per source. */
  readonly maxBytes: number;
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

/** How to judge what was read. `since` / `until`: decimal seconds of the source's own clock, inclusive. */
export interface JudgeOptions {
  readonly platform: Platform | 'auto';
  readonly fromBoot: boolean;
  readonly complete: readonly EventClass[];
  readonly device: Bdf | null;
  /** Rule ids to report; null: all. */
  readonly rules: readonly string[] | null;
  readonly skipRules: readonly string[];
  readonly since: string | null;
  readonly until: string | null;
  readonly lastBoot: boolean;
}

export interface Analyzed {
  readonly analysis: Analysis;
  /** Inputs that could not be analysed at all; the others were. */
  readonly failures: readonly InputError[];
  /** The timeline behind the analysis, open for reading. */
  readonly timeline: TimelineReader;
  /** Path of the timeline file: `db`, or the temporary one. */
  readonly timelinePath: string;
  /** Closes the timeline, removes it if it is temporary. Safe to call twice. */
  close(): void;
}

/**
 * The main job: reads logs (or a finished timeline), replays what they hold, judges it.
 *
 * @throws InputError where no input at all could be analysed, or `db` cannot be written.
 */
export async function analyze(_ingest: IngestOptions, _judge: JudgeOptions): Promise<Analyzed> {
  throw new Error('not yet');
}
