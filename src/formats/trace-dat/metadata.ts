/** The data of one CPU of a buffer. Positions and sizes are bytes of the file; compressed data is in chunks. */
export interface CpuData {
  readonly cpu: number;
  readonly position: number;
  readonly size: number;
}

/** A ring buffer: the top one, whose name is empty, or an instance. */
export interface TraceBuffer {
  readonly name: string;
  readonly clock: string;
  readonly pageSize: number;
  readonly compressed: boolean;
  readonly cpus: readonly CpuData[];
}

/** Everything but the records. Texts are latin1. */
export interface Metadata {
  readonly bigEndian: boolean;
  /** Of events/header_page and events/header_event of tracefs. */
  readonly headerPage: string;
  readonly headerEvent: string;
  /** `format` files with their systems, those of `ftrace` first. */
  readonly formats: readonly { readonly system: string; readonly text: string }[];
  readonly kallsyms: Buffer;
  readonly printkFormats: string;
  readonly savedCmdlines: string;
  readonly options: TimeOptions;
  readonly buffers: readonly TraceBuffer[];
}

/** What the options say about the times of all buffers. */
export interface TimeOptions {
  /** Nanoseconds to add: options DATE and OFFSET. */
  readonly offset: bigint;
  /** The offset makes times of day of it: option DATE. */
  readonly date: boolean;
  /** From ticks of the TSC to nanoseconds; null where the option is missing. */
  readonly tsc: { readonly multiplier: bigint; readonly shift: bigint } | null;
  /** A guest's recording, with what makes the host's times of its own: option TIME_SHIFT. */
  readonly shifted: boolean;
}
