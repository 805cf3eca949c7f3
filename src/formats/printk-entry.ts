import type { Nanoseconds } from '../base/time.ts';
import type { Untrusted } from '../base/untrusted.ts';

/** What the head of a message says, whatever the form. `stamp`: microseconds. */
export interface PrintkHead {
  readonly time: Nanoseconds | null;
  readonly cpu: number | null;
  readonly pid: number | null;
  readonly level: number | null;
}

/** A whole message; texts are decoded. */
export interface PrintkEntry extends PrintkHead {
  readonly type: 'printk';
  readonly task: null;
  readonly line: number;
  readonly endLine: number;
  readonly message: Untrusted;
  readonly text: Untrusted;
  readonly truncated: boolean;
  /** See {@link KernelRecord}. */
  readonly claimed?: true;
  /** See {@link PrintkRecord.device}. */
  readonly device?: string;
}
