import type { StoredEvent, StoredSource } from '../timeline/rows.ts';

type Stamped = Pick<StoredEvent, 'sourceId' | 'time'>;

/** Which sources share one history, and what their stamps say of each other. */
export class SourceClocks {
  readonly #sources: ReadonlyMap<number, StoredSource>;
  /** Largest errors of the members of a group, added: two of its stamps that differ by more have an order. */
  readonly #widest = new Map<number, bigint>();

  constructor(sources: readonly StoredSource[]) {
    this.#sources = new Map(sources.map((source) => [source.id, source]));
    for (const [group, members] of Map.groupBy(sources, ({ clockGroup }) => clockGroup)) {
      const errors = members.map(({ clockError }) => clockError ?? 0).sort((a, b) => b - a);
      this.#widest.set(group, BigInt(Math.ceil((errors[0] ?? 0) + (errors[1] ?? 0))));
    }
  }

  /** The sources with the same answer have one history. */
  history(sourceId: number): number {
    return this.#sources.get(sourceId)?.clockGroup ?? sourceId;
  }

  /** As the user typed it. */
  path(sourceId: number): string {
    return this.#sources.get(sourceId)?.path ?? '';
  }

  /** Whether the history has records of other sources, too. */
  isMerged(sourceId: number): boolean {
    return (this.#sources.get(sourceId)?.clockError ?? null) !== null;
  }

  /** The sources whose records were merged; a copy of one of them is none. */
  members(history: number): StoredSource[] {
    return [...this.#sources.values()].filter(({ clockGroup, id }) => clockGroup === history && this.isMerged(id));
  }

  /** The time on the clock of the history; null where the record has none. */
  time({ sourceId, time }: Stamped): bigint | null {
    const offset = this.#sources.get(sourceId)?.clockOffset ?? 0n;
    return time === null || offset === 0n ? time : time + offset;
  }

  /** By how much times of two sources may be wrong against each other, in nanoseconds. */
  error(one: number, other: number): bigint {
    if (one === other) return 0n;
    return BigInt(Math.ceil((this.#sources.get(one)?.clockError ?? 0) + (this.#sources.get(other)?.clockError ?? 0)));
  }

  /** The largest {@link error} in a history; 0 where it has one source. */
  widestError(history: number): bigint {
    return this.#widest.get(history) ?? 0n;
  }
}
