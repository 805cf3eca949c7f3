// npm test: the static checks, then vitest; the last line counts both. Arguments go to vitest: npm test -- -u
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, 'node_modules', '.bin');
// Scripts in .bin start with `env node`; they are to find this Node, not an older one of the system.
const PATH = [dirname(process.execPath), bin, process.env['PATH'] ?? ''].join(delimiter);
// They colour a pipe too, unless told not to.
const isTerminal = process.stdout.isTTY === true;
const env = { ...process.env, ...(isTerminal ? {} : { NO_COLOR: '1' }), PATH, TZ: 'UTC', LC_ALL: 'C' };

const CHECKS = [
  ['build', 'tsc', ['-p', 'tsconfig.build.json']],
  ['bundle', 'rolldown', ['-c', '--logLevel', 'warn']],
  ['types', 'tsc', ['-p', 'tsconfig.json']],
  ['lint', 'biome', isTerminal ? ['ci', '.'] : ['ci', '--colors=off', '.']],
  ['layers', 'depcruise', ['src', '--config', '.dependency-cruiser.cjs']],
];

let passed = 0;
let failed = 0;
const summary = [];

function record(name, ok, detail, start) {
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  summary.push(`${ok ? 'ok    ' : 'FAILED'} ${name.padEnd(7)} ${seconds.padStart(6)} s${detail}`);
}

for (const [name, command, args] of CHECKS) {
  console.log(`== ${name}: ${command} ${args.join(' ')}`);
  const start = performance.now();
  const { status } = spawnSync(join(bin, command), args, { cwd: root, env, stdio: 'inherit' });
  const ok = status === 0;
  if (ok) passed++;
  else failed++;
  record(name, ok, '', start);
}

{
  console.log('== tests: vitest run');
  const start = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'tdi-trace-vitest-'));
  const report = join(folder, 'report.json');
  const { status } = spawnSync(
    join(bin, 'vitest'),
    ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...process.argv.slice(2)],
    { cwd: root, env, stdio: 'inherit' },
  );
  const counts = readCounts(report);
  rmSync(folder, { recursive: true });
  // A file that does not load, or a crash, is no failed test to vitest; here it is.
  if (status !== 0 && counts.failed === 0) counts.failed = 1;
  passed += counts.passed;
  failed += counts.failed;
  record('tests', status === 0, `, ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`, start);
}

function readCounts(path) {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(readFileSync(path, 'utf8'));
    return { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests + numTodoTests };
  } catch {
    return { passed: 0, failed: 0, skipped: 0 };
  }
}

console.log(`\n${summary.join('\n')}`);
process.exitCode = failed === 0 ? 0 : 1;
console.log(`${passed} passed, ${failed} failed`);
