import { memoryBytes } from '../../input/positioned.ts';
import { Cursor } from './cursor.ts';
import type { TimeOptions } from './metadata.ts';

/** Ids as in Documentation/trace-cmd/trace-cmd.dat.v7.5.txt; those from HEADER_INFO on are offsets of sections. */
export const OPTION = {
  DONE: 0,
  DATE: 1,
  BUFFER: 3,
  TRACECLOCK: 4,
  OFFSET: 7,
  CPUCOUNT: 8,
  TIME_SHIFT: 12,
  TSC2NSEC: 14,
  HEADER_INFO: 16,
  FTRACE_EVENTS: 17,
  EVENT_FORMATS: 18,
  KALLSYMS: 19,
  PRINTK: 20,
  CMDLINES: 21,
  BUFFER_TEXT: 22,
} as const;

export interface Option {
  readonly id: number;
  readonly data: Buffer;
  /** Position in the file, for messages. */
  readonly place: number;
}

/** Guests, CPU statistics and memory maps of tasks make some thousand options. */
const MAX_OPTIONS = 1 << 16;

/** Reads up to DONE, which is the last one; version 6 writes it without a size. @throws Damage */
export function readOptions(cursor: Cursor, version: 6 | 7): Option[] {
  const options: Option[] = [];
  while (options.length < MAX_OPTIONS) {
    const { place } = cursor;
    const id = cursor.u16();
    if (id === OPTION.DONE && version === 6) return options;
    options.push({ id, data: cursor.take(cursor.u32()), place });
    if (id === OPTION.DONE) return options;
  }
  return options;
}

/** A cursor over an option's data. */
export function optionCursor(option: Option, bigEndian: boolean): Cursor {
  return new Cursor(memoryBytes(option.data), bigEndian, 0, option.place);
}

/** The clock that stands in brackets in tracefs' trace_clock: `[local] global counter ...`. Null where none does. */
export function chosenClock(text: string): string | null {
  return /\[([^\][\s]{1,32})\]/.exec(text.slice(0, 4096))?.[1] ?? null;
}

/** @throws Damage */
export function timeOptions(options: readonly Option[], bigEndian: boolean): TimeOptions {
  let offset = 0n;
  let date = false;
  let tsc: TimeOptions['tsc'] = null;
  let shifted = false;
  for (const option of options) {
    if (option.id === OPTION.DATE) {
      // Microseconds; trace-cmd makes nanoseconds of both.
      offset += decimal(option.data) * 1000n;
      date = true;
    } else if (option.id === OPTION.OFFSET) offset += decimal(option.data);
    else if (option.id === OPTION.TIME_SHIFT) shifted = true;
    else if (option.id === OPTION.TSC2NSEC && option.data.length >= 16) {
      const cursor = optionCursor(option, bigEndian);
      const multiplier = BigInt(cursor.u32());
      const shift = cursor.u32();
      if (multiplier > 0n && shift <= 32) tsc = { multiplier, shift: BigInt(shift) };
    }
  }
  return { offset, date, tsc, shifted };
}

/** As strtoll() with base 0 reads the two numbers that trace-cmd writes: decimal or 0x. */
function decimal(data: Buffer): bigint {
  const match = /^\s{0,8}([+-]?)(0x[0-9a-f]{1,16}|\d{1,19})/i.exec(data.toString('latin1', 0, 64));
  if (match?.[2] === undefined) return 0n;
  const value = BigInt(match[2]);
  return match[1] === '-' ? -value : value;
}
