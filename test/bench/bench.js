// npm run bench -- [--lines N] [--dmesg-lines N] [--runs N] [--keep]
//
// Times whole processes over generated inputs: `wc -l`, split2 alone, the reading stage alone, and `tdi-trace analyze`.
// Build first: npm run build. Other load on the machine shows in the wall time; the best of the runs counts.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { writeDmesg, writeFtrace } from './generate.js';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const root = here('../..');

const { values: flags } = parseArgs({
  options: {
    lines: { type: 'string', default: '5000000' },
    'dmesg-lines': { type: 'string', default: '1000000' },
    runs: { type: 'string', default: '3' },
    keep: { type: 'boolean', default: false },
  },
});
const runs = Number(flags.runs);
const folder = mkdtempSync(join(tmpdir(), 'tdi-trace-bench-'));
const measured = join(folder, 'measured');

/** Seconds on the clock and of the CPU, and the peak of the resident memory in MB, of a child; the best of some runs. */
function time(command, args, ok) {
  let best = null;
  for (let run = 0; run < runs; run++) {
    writeFileSync(measured, '');
    const hook = `--import ${pathToFileURL(here('measure.js')).href}`;
    const env = { ...process.env, NODE_OPTIONS: hook, TDI_TRACE_MEASURE: measured };
    const start = process.hrtime.bigint();
    const { status, error, stderr } = spawnSync(command, args, { cwd: root, env, stdio: ['ignore', 'ignore', 'pipe'] });
    const wall = Number(process.hrtime.bigint() - start) / 1e9;
    if (error || !ok.includes(status)) {
      return { failed: error?.message ?? `exit code ${status}: ${String(stderr).trim().slice(0, 200)}` };
    }
    const own = readFileSync(measured, 'utf8')
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    // A launcher that starts another process writes a line, too.
    const cpu = own.reduce((sum, { user, system }) => sum + user + system, 0);
    const rss = Math.max(0, ...own.map((item) => item.rss)) / 1024;
    if (best === null || wall < best.wall) best = { wall, cpu, rss };
  }
  return best;
}

const CONTENDERS = [
  ['wc -l', (path) => ['wc', ['-l', path]]],
  ['split2', (path) => [process.execPath, [here('bare-split2.js'), path]]],
  ['reading stage', (path) => [process.execPath, [here('read-stage.js'), path]]],
  [
    'analyze',
    (path) => [process.execPath, [join(root, 'bin/tdi-trace.js'), 'analyze', '--format', 'json', path]],
    [0, 1],
  ],
];

/** Prints one table; answers the results by name. */
function table(title, path, lines) {
  const megabytes = statSync(path).size / 2 ** 20;
  process.stdout.write(`\n${title}: ${lines.toLocaleString('en')} lines, ${megabytes.toFixed(0)} MB\n`);
  process.stdout.write(`${'whole process'.padEnd(16)}   wall s    cpu s     lines/s  of split2   peak MB\n`);
  const results = new Map();
  for (const [name, command, ok] of CONTENDERS) {
    const result = time(...command(path), ok ?? [0]);
    results.set(name, result);
    if (result.failed !== undefined) {
      process.stdout.write(`${name.padEnd(16)}   ${result.failed}\n`);
      continue;
    }
    const yardstick = results.get('split2')?.wall;
    const columns = [
      result.wall.toFixed(2).padStart(9),
      (result.cpu === 0 ? '-' : result.cpu.toFixed(2)).padStart(9),
      Math.round(lines / result.wall)
        .toLocaleString('en')
        .padStart(12),
      (yardstick === undefined ? '-' : (yardstick / result.wall).toFixed(2)).padStart(10),
      (result.rss === 0 ? '-' : result.rss.toFixed(0)).padStart(10),
    ];
    process.stdout.write(`${name.padEnd(16)}${columns.join('')}\n`);
  }
  return results;
}

try {
  if (!existsSync(join(root, 'dist/src/cli.js')))
    process.stdout.write("not built: 'npm run build' first for the row of analyze\n");
  process.stdout.write(`node ${process.version}, best of ${runs} runs\n`);
  const lines = Number(flags.lines);
  const tenth = Math.ceil(lines / 10);
  const small = join(folder, 'ftrace-tenth.txt');
  const large = join(folder, 'ftrace.txt');
  const dmesg = join(folder, 'dmesg.txt');
  writeFtrace(small, tenth);
  writeFtrace(large, lines);
  writeDmesg(dmesg, Number(flags['dmesg-lines']));
  const before = table('ftrace, a tenth', small, tenth);
  const after = table('ftrace', large, lines);
  table('dmesg', dmesg, Number(flags['dmesg-lines']));
  process.stdout.write('\npeak memory over a tenfold input\n');
  for (const [name, { rss }] of after) {
    const first = before.get(name)?.rss;
    if (rss > 0 && first > 0)
      process.stdout.write(`${name.padEnd(16)} ${first.toFixed(0)} MB -> ${rss.toFixed(0)} MB\n`);
  }
} finally {
  if (flags.keep) process.stdout.write(`kept: ${folder}\n`);
  else rmSync(folder, { recursive: true, force: true });
}
