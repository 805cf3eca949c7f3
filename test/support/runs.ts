import type { JudgeOptions } from '../../src/analysis.ts';
import { EVENT_CLASSES, type Platform } from '../../src/model/states.ts';

const { SOUNDNESS_RUNS, SOUNDNESS_OTHERS } = process.env;

/** Legal histories a platform: enough for every change, and 20,000 by `npm run test:soundness` (test/soundness/run.js). */
const RUNS = Number(SOUNDNESS_RUNS ?? 1000);
/** How many of its share any other property gets: what each of them finds, it finds early. */
const OTHERS = Number(SOUNDNESS_OTHERS ?? 1);

/** Parameters for fast-check. `share`: of the legal histories, for a property that costs more or finds less. */
export function runs(share = 1): { readonly numRuns: number } {
  return { numRuns: Math.ceil(RUNS * (share < 1 ? share * OTHERS : 1)) };
}

/** Milliseconds for a test, however slow the machine is: an hour, or 0.72 s a history. */
export const PATIENCE = Math.max(3_600_000, 720 * RUNS);

/** All of it recorded from the start: the strongest verdicts there are. */
export function omniscient(platform: Platform): Partial<JudgeOptions> {
  return { complete: EVENT_CLASSES, fromBoot: true, platform };
}
