import type { Excuse } from '../replay/readings.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import type { Accusation } from './rule.ts';

/** What later records make of a charge, in place of what was believed at its step. */
export interface Later {
  /** Null: the step is to be called right. */
  readonly weighed: Accusation | null;
  /** What was believed at the step. */
  readonly was: Accusation;
  /** The record that decided. */
  readonly decidedBy: StoredEvent;
  /** All that moved the scales, in order; `decidedBy` is one of them. */
  readonly by: readonly StoredEvent[];
  /** What one has to assume to excuse the step after all. */
  readonly excuse: Excuse;
}
