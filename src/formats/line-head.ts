import type { PrintkHead } from './printk-entry.ts';
import type { Damage } from './repairs.ts';

/** Finds what stands before the message of a printk line. One object serves all lines; it holds until the next scan. */
export interface LineHead {
  /** Whether a record begins with this line. */
  scan(line: string): boolean;
  /** The line that {@link message} is an index of: without colours, marks of quotation and the like. */
  readonly plain: string;
  readonly message: number;
  /** Microseconds of {@link clock}, null where the line carries no time. */
  readonly stamp: number | null;
  readonly clock: string | null;
  /** The further lines of a record carry no prefix of their own (dmesg -r). */
  readonly bareContinuation: boolean;
  /** User space wrote the message: it carries a facility that is not the kernel's. */
  readonly claimed: boolean;
  /** What had to be taken away from the line. */
  readonly damage: Damage | null;
  values(): PrintkHead;
}
