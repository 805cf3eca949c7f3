// npm run test:soundness [-- FILE ..]: the properties of test/soundness*.test.ts on many more histories than `npm test` has time for.
// The last lines count what was tried; PROPERTY_SEED and the seed that is printed try the same again.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { optionsOf } from '../support/options.ts';
import { lines, propertiesOf } from './tried.ts';

const root = join(import.meta.dirname, '../..');
const NAME = /^soundness(?:-(.+))?\.test\.ts$/;
/** By what a user calls them: `platforms` of test/soundness-platforms.test.ts. */
const FILES = new Map(
  readdirSync(join(root, 'test')).flatMap((file) => {
    const match = NAME.exec(file);
    return match === null ? [] : [[match[1] ?? 'soundness', `test/${file}`]];
  }),
);

const { values, words } = optionsOf(
  {
    text: 'npm run test:soundness [-- FILE ..]: many legal histories, none of which may be accused, and what else is promised of verdicts',
    lists: { files: Object.fromEntries(FILES) },
    words: (names) => {
      const unknown = names.filter((name) => !FILES.has(name));
      return unknown.length === 0 ? null : `${unknown.join(', ')}: no file of properties`;
    },
  },
  {
    runs: { type: 'string', argument: 'N', default: '20000', count: true, help: 'legal histories a platform' },
    others: {
      type: 'string',
      argument: 'PERCENT',
      default: '50',
      count: true,
      help: 'of its share for every other property; 50 of 20000 are ten times what npm test tries',
    },
    seed: { type: 'string', argument: 'N', count: true, help: 'as an earlier run printed it; otherwise a new one' },
  },
);

const seed = values.seed ?? String(1 + Math.floor(Math.random() * 999_999_999));
const files = words.length === 0 ? [...FILES.values()] : words.map((name) => FILES.get(name) ?? '');
const began = `${Number(values.runs).toLocaleString('en')} legal histories a platform, seed ${seed}`;
console.log(began);

const folder = mkdtempSync(join(tmpdir(), 'tdi-trace-soundness-'));
const report = join(folder, 'report.json');
const start = performance.now();
const { status } = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    // Files are the unit: all cores, for there is nothing else to do.
    '--maxWorkers=100%',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...files,
  ],
  {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      SOUNDNESS_RUNS: values.runs,
      SOUNDNESS_OTHERS: String(Number(values.others) / 100),
      PROPERTY_SEED: seed,
    },
  },
);
const minutes = (performance.now() - start) / 60_000;

let results = null;
try {
  results = JSON.parse(readFileSync(report, 'utf8')).testResults;
} catch {
  // Interrupted: there is nothing to count.
} finally {
  rmSync(folder, { recursive: true });
}
if (results !== null) {
  const tried = results.flatMap(({ name, assertionResults }) =>
    propertiesOf(basename(name, '.test.ts'), assertionResults),
  );
  console.log(lines(tried, Number(values.runs)).join('\n'));
}
console.log(`${began}: ${status === 0 ? 'nothing was found' : 'FAILED'}, ${minutes.toFixed(1)} min`);
process.exitCode = status === 0 ? 0 : 1;
