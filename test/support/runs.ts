import type { JudgeOptions } from '../../src/analysis.ts';
import { EVENT_CLASSES, type Platform } from '../../src/model/states.ts';

/** Histories a property and platform: enough for every change, and 20,000 by `npm run test:soundness`. */
const RUNS = Number(process.env['SOUNDNESS_RUNS'] ?? 1000);

/** Parameters for fast-check. `share`: of the runs, for a property that costs more or finds less. */
export function runs(share = 1): { readonly numRuns: number } {
  return { numRuns: Math.ceil(RUNS * share) };
}

/** Milliseconds for a test, however slow the machine is. */
export const PATIENCE = 3_600_000;

/** All of it recorded from the start: the strongest verdicts there are. */
export function omniscient(platform: Platform): Partial<JudgeOptions> {
  return { complete: EVENT_CLASSES, fromBoot: true, platform };
}
