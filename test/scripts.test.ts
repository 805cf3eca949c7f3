import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

// The scripts that `npm run` starts beside the tests.
const SCRIPTS = [
  ['bench', 'test/bench/bench.js', ['--only ROW,..', '--trace-dat FILE', 'rows:', '  syslog ']],
  ['bench:detection', 'test/bench/detection.ts', ['--marked', '--seed N', '--rule ID,..', '--write']],
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
  ['test/mutation/run.js', 'nonsense', 'nonsense: neither a stage nor a file that is mutated'],
  ['test/mutation/quick/run.js', 'nonsense', 'nonsense: neither a stage nor a file'],
] as const)('%s %s: one line', (script, argument, told) => {
  const { status, stdout, stderr } = run(script, argument);
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^[^\n]+; --help lists what there is\n$/);
  expect(stderr.startsWith(told)).toBe(true);
});
