import fc from 'fast-check';
import { beforeEach, type TaskMeta } from 'vitest';

declare module 'vitest' {
  interface TaskMeta {
    /** Cases that the properties of a test were tried on. */
    cases?: number;
  }
}

const { PROPERTY_SEED: wanted, SOUNDNESS_RUNS, FUZZ_RUNS } = process.env;

/** The same cases for every change: a failure is the change's. Others whenever more runs are asked for. */
const isRandom = wanted === undefined ? (SOUNDNESS_RUNS ?? FUZZ_RUNS) !== undefined : wanted === 'random';

// fast-check prints the seed of a property that fails: PROPERTY_SEED takes it.
if (!isRandom) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(wanted ?? 20_261_122) });

// test/soundness/run.js tells how many cases were tried.
if (SOUNDNESS_RUNS !== undefined) {
  let meta: TaskMeta = {};
  beforeEach(({ task }) => {
    meta = task.meta;
  });
  fc.installGlobalPlugin(() => ({
    onAllRunsComplete: ({ numRuns }) => {
      meta.cases = (meta.cases ?? 0) + numRuns;
    },
  }));
}
