import type { LineKind } from './format.ts';
import type { LineHead } from './line-head.ts';
import type { PrintkStream } from './printk.ts';

/**
 * What a form adds to the common parser of lines with a head each.
 */
export interface LineForm {
  readonly createHead: () => LineHead;
  /** A line that begins no record, seen before all else; null where it is nothing special. */
  readonly other?: (line: string, number: number, stream: PrintkStream) => LineKind | null;
  /** Whether a line that begins no record is none of a record either, where its looks tell. */
  readonly stands?: (line: string) => boolean;
  /** What a head and its message say about a device, and the message without it. */
  readonly dictionary?: (message: string) => { readonly message: string; readonly device: string | null };
}
