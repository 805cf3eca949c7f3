import type { Nanoseconds } from '../base/time.ts';
import type { RowTask } from './ftrace-row.ts';

/** What a line tells before its text, whatever it looks like. The values hold until another line is scanned. */
export interface EntryHead {
  readonly cpu: number | null;
  /** The time is an integer of an unnamed clock. */
  readonly ticks: boolean;
  time(line: string): Nanoseconds | null;
  who(line: string): RowTask | null;
}
