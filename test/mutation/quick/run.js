// npm run test:mutation:quick -- STAGE|FILE ..: seeds the faults that `npm run test:mutation` seeds, and judges them some fifty times
// as fast. All faults stand in one bundle with the tests, switched on one by one, so that nothing is transformed or started anew.
// Beside the tests judge the cases of fixtures/rules, whose logs are read once and replayed again and again. What no test finds:
// reports/mutation/quick/left-*.txt.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Instrumenter } from '@stryker-mutator/instrumenter';
import { rolldown } from 'rolldown';
import { optionsOf } from '../../support/options.ts';
import { STAGES } from '../stages.js';
import { readCases } from './read-cases.ts';
import { report } from './report.js';
import { testFiles } from './tests.js';

const OUT = 'reports/mutation/quick';
const { words: named } = optionsOf(
  {
    text: 'npm run test:mutation:quick -- STAGE|FILE ..: seeds small faults and counts those that a test notices',
    lists: {
      stages: Object.fromEntries(Object.entries(STAGES).map(([name, { mutate }]) => [name, `${mutate.length} files`])),
    },
    words: (names) => {
      const unknown = names.filter((name) => !Object.hasOwn(STAGES, name) && !existsSync(name));
      if (unknown.length > 0) return `${unknown.join(', ')}: neither a stage nor a file`;
      return names.length === 0 ? `name a file, or one of ${Object.keys(STAGES).join(', ')}` : null;
    },
  },
  {},
);
const files = [...new Set(named.flatMap((name) => STAGES[name]?.mutate ?? [name]))];
mkdirSync(OUT, { recursive: true });

const bundled = `${OUT}/bundle-${process.pid}.mjs`;

const silent = new Proxy({}, { get: (_, key) => (String(key).startsWith('is') ? () => false : () => undefined) });
const { files: seeded, mutants } = await new Instrumenter(silent).instrument(
  files.map((file) => ({ name: resolve(file), mutate: true, content: readFileSync(file, 'utf8') })),
  { plugins: null, excludedMutations: [], ignorers: [] },
);
const codeOf = new Map(seeded.map(({ name, content }) => [name, content]));

const entry = '\0entry';
const bundle = await rolldown({
  input: entry,
  platform: 'node',
  external: [/^(?!vitest$)[a-z@]/],
  plugins: [
    {
      name: 'faults',
      resolveId: (id) => (id === entry ? id : id === 'vitest' ? resolve('test/mutation/quick/vitest.js') : null),
      load(id) {
        if (id === entry)
          return [...testFiles(), 'test/mutation/quick/cases.ts'].map((one) => `import '${resolve(one)}';`).join('\n');
        const code = codeOf.get(id);
        return code === undefined ? null : { code, moduleType: 'ts' };
      },
    },
  ],
});
await bundle.write({ file: bundled, format: 'esm', codeSplitting: false });

const cases = await readCases();
/** Milliseconds for one fault, however slow the machine is: what never ends is mostly found by counting, see worker.js. */
const WAIT = 90_000;
const results = new Map();
const queue = [...mutants];
const log = (text) => process.stderr.write(`${text}\n`);

function start() {
  const worker = new Worker(new URL('./worker.js', import.meta.url), {
    workerData: { bundle: resolve(bundled), cases, known: shared },
    resourceLimits: { maxOldGenerationSizeMb: 1200 },
    stdout: true,
    stderr: true,
  });
  return worker;
}

/** What the first run of the tests found: which of them reach which fault. */
let shared = null;
await new Promise((done, fail) => {
  const worker = start();
  worker.postMessage({ type: 'dry' });
  worker.on('message', (message) => {
    shared = message;
    for (const one of message.failed) log(`fails without a fault, left out: ${one}`);
    log(`${message.tests} tests, ${mutants.length} faults`);
    worker.terminate().then(done);
  });
  worker.on('error', fail);
});

// These keep what they made, across tests: a fault in them is looked at in modules of its own.
const KEEPERS = ['replay/belief.ts', 'replay/track.ts', 'src/model/'];
queue.sort((a, b) => Number(shared.atLoad.includes(a.id)) - Number(shared.atLoad.includes(b.id)));
/** Faults until a process is started anew: modules that are loaded again stay in memory. */
const BATCH = 400;
let finished = 0;
while (queue.length > 0) {
  await new Promise((done) => {
    const worker = start();
    let current = null;
    let timer = null;
    let left = BATCH;
    let over = false;
    const end = () => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      worker.terminate().then(done);
    };
    const next = () => {
      clearTimeout(timer);
      current = left-- > 0 ? queue.shift() : undefined;
      if (current === undefined) return end();
      timer = setTimeout(() => {
        results.set(current.id, { status: 'Timeout' });
        end();
      }, WAIT);
      worker.postMessage({ type: 'run', id: current.id, fresh: KEEPERS.some((one) => current.fileName.includes(one)) });
    };
    worker.on('message', (message) => {
      results.set(current.id, message);
      finished += 1;
      if (finished % 100 === 0)
        log(
          `${finished} of ${mutants.length}, ${[...results.values()].filter(({ status }) => status === 'Survived').length} survived`,
        );
      next();
    });
    worker.on('error', (error) => {
      if (over) return;
      results.set(current.id, { status: 'Timeout', by: String(error) });
      end();
    });
    next();
  });
}

rmSync(bundled);
report(
  mutants,
  results,
  `${OUT}/left-${named
    .map((one) => one.replaceAll('/', '_'))
    .join('+')
    .slice(0, 80)}.txt`,
);
