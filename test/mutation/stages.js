import { readdirSync } from 'node:fs';

// What is mutated, and which tests judge the mutants: those that say what the files are to do, and are quick enough to be run
// thousands of times. A mutant of a table is there from the start of a file on, so that all of them are run for it.

const PURE = [
  'belief',
  'clocks',
  'command',
  'effects',
  'ledger',
  'operations',
  'protocol',
  'ties',
  'topology',
  'track',
];
const COURT = ['draft', 'judge', 'hopes', 'waiting', 'headlines', 'charges', 'verdict'];
const RULE_PARTS = [...COURT, 'excuses', 'hindsight', 'resting'];

/** The files of a folder, without those of the folders in it. */
function filesOf(folder) {
  const names = readdirSync(new URL(`../../${folder}/`, import.meta.url));
  return names.filter((name) => name.endsWith('.ts')).map((name) => `${folder}/${name}`);
}

const steps = PURE.map((name) => `src/replay/${name}.ts`);
/** Each rule has its file of prose, by the same name. */
const rules = [
  ...filesOf('src/rules/docs').map((file) => file.replace('/docs/', '/')),
  'src/rules/rule.ts',
  'src/rules/verdict.ts',
];

/** The judge, and what it was split into. */
const JUDGE = ['judge', 'contradictions', 'headlines', 'hopes', 'judgeable', 'symptoms', 'tallies', 'waiting'];
const court = [...JUDGE, 'draft', 'assumptions', 'nameless', 'strays'].map((name) => `src/rules/${name}.ts`);

/** @type {Readonly<Record<string, { mutate: readonly string[], tests: readonly string[] }>>} */
export const STAGES = {
  model: { mutate: filesOf('src/model'), tests: ['test/model/*.test.ts', 'test/replay/belief*.test.ts'] },
  // Functions of what they are given: their own tests are to find every fault.
  steps: { mutate: steps, tests: [...PURE, 'readings'].map((name) => `test/replay/${name}*.test.ts`) },
  // Not src/rules/docs: prose, where the only mutants are emptied texts, which test/rules/docs.test.ts refuses as such.
  rules: {
    mutate: rules,
    tests: ['test/rules/charges.test.ts', 'test/rules/verdict.test.ts', 'test/replay/belief*.test.ts'],
  },
  // What ties findings together. Not src/rules/orders.ts and doc.ts: prose and a type.
  court: {
    mutate: court,
    tests: COURT.map((name) => `test/rules/${name}.test.ts`),
  },
  // What carries the state along. With the cases of fixtures/rules, which show it on whole logs, only quick/run.js judges in time.
  replay: {
    mutate: [...filesOf('src/replay'), ...filesOf('src/rules')].filter(
      (file) => ![...steps, ...rules, ...court, 'src/rules/orders.ts', 'src/rules/doc.ts'].includes(file),
    ),
    tests: ['test/replay/*.test.ts', ...RULE_PARTS.map((name) => `test/rules/${name}.test.ts`)],
  },
};
