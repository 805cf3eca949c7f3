// npm run test:mutation [-- STAGE|FILE ..]: seeds small faults into the model, the rules and the replay, one at a time, and counts
// those that a test notices. All of it takes hours, a file minutes. Reports, with every survivor in its place: reports/mutation/.
import { normalize, relative } from 'node:path';
import { Stryker } from '@stryker-mutator/core';
import { optionsOf } from '../support/options.ts';
import { STAGES } from './stages.js';
import { strykerOptions } from './stryker.config.js';

const isKnown = (name) =>
  Object.hasOwn(STAGES, name) || Object.values(STAGES).some(({ mutate }) => mutate.includes(name));
const { words } = optionsOf(
  {
    text: 'npm run test:mutation [-- STAGE|FILE ..]: seeds small faults and counts those that a test notices',
    lists: {
      stages: Object.fromEntries(Object.entries(STAGES).map(([name, { mutate }]) => [name, `${mutate.length} files`])),
    },
    words: (names) => {
      const unknown = names.filter((name) => !isKnown(normalize(name)));
      return unknown.length === 0 ? null : `${unknown.join(', ')}: neither a stage nor a file that is mutated`;
    },
  },
  {},
);
const wanted = words.map((name) => normalize(name));

/** @type {{ file: string, counts: number[] }[]} */
const rows = [];
// Not run: `RuntimeError` where a mutant makes the tests impossible to load, `CompileError`, `Ignored`.
const STATUSES = ['Killed', 'Timeout', 'Survived', 'NoCoverage'];
for (const [name, { mutate, tests }] of Object.entries(STAGES)) {
  const isWhole = wanted.length === 0 || wanted.includes(name);
  const files = isWhole ? mutate : mutate.filter((file) => wanted.includes(file));
  if (files.length === 0) continue;
  process.env['MUTATION_TESTS'] = JSON.stringify(tests);
  const results = await new Stryker(strykerOptions(name, files)).runMutationTest();
  for (const [file, mutants] of Map.groupBy(results, ({ fileName }) => relative(process.cwd(), fileName))) {
    // What an earlier run left of other files is told by the report, not here.
    if (!files.includes(file)) continue;
    const counts = STATUSES.map((status) => mutants.filter((mutant) => mutant.status === status).length);
    rows.push({ file, counts: [...counts, mutants.length - counts.reduce((a, b) => a + b, 0)] });
  }
}

/** @param {readonly number[]} counts the score is what is killed or never ends, of all that ran or should have. */
function line(name, counts) {
  const [killed = 0, timeout = 0, survived = 0, uncovered = 0] = counts;
  const ran = killed + timeout + survived + uncovered;
  const score = ran === 0 ? '-' : `${((100 * (killed + timeout)) / ran).toFixed(1)} %`;
  return [name.padEnd(44), ...[score, ...counts].map((cell) => String(cell).padStart(9))].join('');
}

const heads = ['score', 'killed', 'timeout', 'survived', 'no test', 'not run'];
console.log([' '.repeat(44), ...heads.map((head) => head.padStart(9))].join(''));
for (const { file, counts } of rows.sort((a, b) => (a.file < b.file ? -1 : 1))) console.log(line(file, counts));
console.log(
  line(
    'all',
    [...STATUSES, 'not run'].map((_, i) => rows.reduce((sum, { counts }) => sum + (counts[i] ?? 0), 0)),
  ),
);
