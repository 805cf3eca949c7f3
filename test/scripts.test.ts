import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lines, propertiesOf } from './soundness/tried.ts';

// The scripts that `npm run` starts beside the tests.
const SCRIPTS = [
  ['bench', 'test/bench/bench.js', ['--only ROW,..', '--trace-dat FILE', 'rows:', '  syslog ']],
  ['bench:detection', 'test/bench/detection.ts', ['--marked', '--seed N', '--rule ID,..', '--write']],
  ['test:soundness', 'test/soundness/run.js', ['--runs N', '--seed N', 'files:', '  platforms ']],
  ['test:mutation', 'test/mutation/run.js', ['stages:', '  court ']],
  ['test:mutation:quick', 'test/mutation/quick/run.js', ['stages:', '  court ']],
] as const;

function run(script: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--no-warnings', script, ...args], {
    cwd: join(import.meta.dirname, '..'),
    encoding: 'utf8',
    // They are no part of these tests.
    env: { ...process.env, VITEST: undefined },
  });
  return { status, stdout, stderr };
}

test.each(SCRIPTS)('%s tells what it takes', (name, script, told) => {
  const { status, stdout, stderr } = run(script, '--help');
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout.startsWith(`npm run ${name} `)).toBe(true);
  for (const words of told) expect(stdout).toContain(words);
});

test.each([
  ['test/bench/bench.js', '--nonsense', "Unknown option '--nonsense'"],
  ['test/bench/detection.ts', '--nonsense', "Unknown option '--nonsense'"],
  ['test/bench/bench.js', 'nonsense', "Unexpected argument 'nonsense'"],
  ['test/bench/bench.js', '--only=start,nonsense', '--only nonsense: not one of start, ftrace'],
  ['test/bench/bench.js', '--runs=0', '--runs 0: not a number of one or more'],
  ['test/bench/bench.js', '--runs', "Option '--runs <value>' argument missing"],
  ['test/bench/detection.ts', '--rule=nonsense', '--rule nonsense: not one of unbind-before-disable'],
  ['test/soundness/run.js', '--seed=x', '--seed x: not a number of one or more'],
  ['test/soundness/run.js', 'nonsense', 'nonsense: no file of properties'],
  ['test/mutation/run.js', 'nonsense', 'nonsense: neither a stage nor a file that is mutated'],
  ['test/mutation/quick/run.js', 'nonsense', 'nonsense: neither a stage nor a file'],
] as const)('%s %s: one line', (script, argument, told) => {
  const { status, stdout, stderr } = run(script, argument);
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^[^\n]+; --help lists what there is\n$/);
  expect(stderr.startsWith(told)).toBe(true);
});

test('the README says of test:soundness what it does', () => {
  const { stdout } = run('test/soundness/run.js', '--help');
  const [, runs = ''] = /legal histories a platform \((\d+)\)/.exec(stdout) ?? [];
  const [, percent = ''] = /every other property.*\((\d+)\)/.exec(stdout) ?? [];
  // npm test: a thousand a platform, and all of its share for every other property.
  const times = (Number(runs) / 1000) * (Number(percent) / 100);
  const told = `${Number(runs).toLocaleString('en')} legal histories a platform and ${times} times the cases of every other property`;
  const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');
  expect(readme.replaceAll('\n', ' ')).toContain(`\`npm run test:soundness\` walks others: ${told}`);
});

test('what was tried is counted: the whole ones and the broken ones by name, the others by file', () => {
  const tried = propertiesOf('soundness', [
    { fullName: 'of every platform', status: 'passed', meta: { cases: 20_000 } },
    { fullName: 'of some', status: 'passed', meta: { cases: 1000 } },
    { fullName: 'of others', status: 'passed', meta: { cases: 500 } },
    { fullName: 'reads a table', status: 'passed', meta: {} },
    { fullName: 'broken', status: 'failed', meta: { cases: 7 } },
  ]);
  expect(lines(tried, 20_000)).toEqual([
    '     20,000  soundness: of every platform',
    '          7  FAILED soundness: broken',
    '      1,500  soundness: 2 properties',
    '     21,507  in all: 4 properties',
  ]);
});
