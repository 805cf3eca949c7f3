import type { KernelRecord } from '../formats/record.ts';
import { kernelRelease } from '../input/side/kernel.ts';
import type { SideData, SideFact } from '../input/side-data.ts';

/** A log that boots very often says it often enough by then. */
const ROWS_MAX = 8;

/** Looks whether the log is of the kernel that ran when the data beside it were stored. */
export class OtherKernel {
  readonly #kernel: SideData['kernel'];
  #rows = 0;

  constructor(side: SideData | null) {
    this.#kernel = side?.kernel ?? null;
  }

  /** What side data say of the kernel, where the record is the banner of another one. */
  denied(record: KernelRecord): SideFact | null {
    if (this.#kernel === null || record.type !== 'printk' || this.#rows >= ROWS_MAX) return null;
    if (!record.message.startsWith('Linux version ')) return null;
    const release = kernelRelease(record.message, '');
    if (release === null || release === this.#kernel.release) return null;
    this.#rows += 1;
    return this.#kernel.fact;
  }
}
