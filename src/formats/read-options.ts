import type { HealthItem, HealthSink } from '../base/health.ts';
import type { ReadBytesOptions, ReadBytesResult } from '../input/bytes.ts';
import type { OpenedSource } from '../input/source.ts';
import type { PartCounts, PartSink } from './part.ts';
import type { Interest, KernelRecord } from './record.ts';

/** How to read, whatever it is read for. */
interface CommonOptions {
  /** A format id that overrides detection, or null. The whole source is then one part, but for dumps inside it. */
  readonly inputFormat: string | null;
  readonly interest: Interest;
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
  /**
   * What each part would hand over yet, were this the end of the source; changes nothing. Lines that may begin another part
   * are left out until it is certain which. Empty where no form fits so far.
   */
  preview(): readonly Preview[];
}

export interface Preview {
  /** Null for a part that has not begun: its form may still turn out to be another one. */
  readonly sink: PartSink | null;
  readonly records: readonly KernelRecord[];
  readonly health: readonly HealthItem[];
  /** Without the times. */
  readonly totals: PartTotals;
}

export interface PartOptions extends CommonOptions {
  /** Called where a part has its first record, or says something: in the order in which the parts begin. */
  readonly part: () => PartSink;
  /** Keeps the first lines of each part, to be looked at. Slower: no line is skimmed over. */
  readonly sampled?: boolean;
}

export interface ReadOptions extends CommonOptions {
  /** Takes the records that are wanted, in the order of the file. */
  readonly emit: (record: KernelRecord) => void;
  /** Called in the order of the file too, save for what is counted until the end. */
  readonly health: HealthSink;
}

/** `bytes` as stored, out of `totalBytes`, which is null for a pipe. */
export interface ReadProgress {
  readonly lines: number;
  readonly bytes: number;
  readonly totalBytes: number | null;
}

/** What a source held. lines = records + continuation + skipped + unparsed. */
export interface ReadTotals extends PartCounts {
  readonly compression: OpenedSource['compression'];
}

/** What a part of a source held. The lines of all parts add up to those of the source. */
export interface PartTotals extends ReadTotals {
  /** In the source, 1-based, inclusive; lines of other parts may stand between them. */
  readonly firstLine: number;
  readonly lastLine: number;
  /** Why it begins where it does, for people; null where the source begins. */
  readonly begins: string | null;
  /** Of several machines the one whose messages it holds, for people; null where nothing tells of several. */
  readonly machine: string | null;
  /** Where its records went. */
  readonly sink: PartSink;
  /** Its first lines, latin1, where they were asked for: at most {@link SAMPLE_LINES}. */
  readonly sample?: readonly string[];
}
