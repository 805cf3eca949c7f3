import type { CpuRecords } from './ring-buffer.ts';

/**
 * The records of all CPUs of a buffer in the order of time; of the same time, the lower CPU comes first. A binary heap of
 * the streams by their current records.
 */
export class MergedRecords {
  readonly #heap: CpuRecords[] = [];
  readonly #onEnd: (stream: CpuRecords) => void;

  /**
   * @param streams before their first record.
   * @param onEnd told that a stream has no more records: what it lost at its end is still to be said.
   */
  constructor(streams: readonly CpuRecords[], onEnd: (stream: CpuRecords) => void) {
    this.#onEnd = onEnd;
    for (const stream of streams) {
      if (stream.next()) this.#heap.push(stream);
      else onEnd(stream);
    }
    for (let at = (this.#heap.length >> 1) - 1; at >= 0; at--) this.#sink(at);
  }

  /** The stream that stands at the next record, null at the end. */
  get head(): CpuRecords | null {
    return this.#heap[0] ?? null;
  }

  /** The head's record is done with. */
  advance(): void {
    const heap = this.#heap;
    const head = heap[0];
    if (head === undefined) return;
    if (!head.next()) {
      this.#onEnd(head);
      const last = heap.pop();
      if (last === undefined || last === head) return;
      heap[0] = last;
    }
    this.#sink(0);
  }

  #sink(from: number): void {
    const heap = this.#heap;
    const moving = heap[from];
    if (moving === undefined) return;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      let smaller = heap[child];
      if (smaller === undefined) break;
      const right = heap[child + 1];
      if (right !== undefined && comesFirst(right, smaller)) {
        smaller = right;
        child++;
      }
      if (!comesFirst(smaller, moving)) break;
      heap[at] = smaller;
      at = child;
    }
    heap[at] = moving;
  }
}

export function comesFirst(a: CpuRecords, b: CpuRecords): boolean {
  return a.key < b.key || (a.key === b.key && a.cpu < b.cpu);
}
