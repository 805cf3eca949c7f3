import fc from 'fast-check';

const { PROPERTY_SEED: wanted, SOUNDNESS_RUNS, FUZZ_RUNS } = process.env;

/** The same cases for every change: a failure is the change's. Others whenever more runs are asked for. */
const isRandom = wanted === undefined ? (SOUNDNESS_RUNS ?? FUZZ_RUNS) !== undefined : wanted === 'random';

// fast-check prints the seed of a property that fails: PROPERTY_SEED takes it.
if (!isRandom) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(wanted ?? 20_261_122) });
