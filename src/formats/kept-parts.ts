import type { HealthItem } from '../base/health.ts';
import type { PartSink } from './part.ts';
import type { PartTotals, Preview } from './read-options.ts';
import type { KernelRecord } from './record.ts';

/** What parts hand over, kept: lines are read that may turn out to be something else. */
export class KeptParts {
  readonly #kept = new Map<PartSink, { records: KernelRecord[]; health: HealthItem[] }>();

  /** Of one more part. */
  readonly open = (): PartSink => {
    const records: KernelRecord[] = [];
    const health: HealthItem[] = [];
    const sink: PartSink = {
      emit: (record) => void records.push(record),
      health: (item) => void health.push(item),
    };
    this.#kept.set(sink, { records, health });
    return sink;
  };

  preview(part: PartTotals): Preview {
    const { records, health } = this.#kept.get(part.sink) ?? { records: [], health: [] };
    return { sink: null, records, health, totals: { ...part, firstTime: null, lastTime: null } };
  }
}
