// npm run bench -- --help
//
// Times whole processes, start-up included, over generated inputs. Each figure stands beside a yardstick, run in turn with it
// (A B A B ..), so that other load on the machine falls on both; the ratio is the median of the pairs. What is not installed
// (lnav, trace-cmd) is skipped and said so.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { optionsOf } from '../support/options.ts';
import { writeDmesg, writeFtrace, writeProbes, writeStored, writeSyslog } from './generate.js';
import { writeTraceDatFile } from './trace-dat.js';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const root = here('../..');

const ROWS = {
  start: 'a log of one line, beside an empty script of Node',
  ftrace: 'a function trace of 5 million lines, 1 % of them relevant, beside split2; and a tenth of it',
  memory: 'peak memory at 1 and at 10 million lines',
  stored: 'a function trace of half a million lines, all stored, beside a bare insert of the same rows',
  replay: 'replay and rules, beside the whole analysis',
  dmesg: 'a dmesg of 2 million lines, beside split2',
  syslog: 'a syslog of 2 million lines, beside lnav counting',
  'trace-dat': 'a trace.dat, beside trace-cmd report',
};

const { values: flags } = optionsOf(
  { text: 'npm run bench -- [OPTION..]: times of whole processes beside yardsticks', lists: { rows: ROWS } },
  {
    quick: { type: 'boolean', help: 'a tenth of the lines' },
    only: { type: 'string', argument: 'ROW,..', help: 'these rows alone', oneOf: ROWS },
    runs: { type: 'string', argument: 'N', default: '3', help: 'pairs of runs', count: true },
    'trace-dat': { type: 'string', argument: 'FILE', help: 'this one instead of a generated one' },
    keep: { type: 'boolean', help: 'leave what was generated' },
  },
);
if (!existsSync(join(root, 'dist/bundle/cli.cjs'))) {
  process.stderr.write("not built yet: run 'npm run build'\n");
  process.exit(2);
}
const runs = Number(flags.runs);
const scale = flags.quick ? 0.1 : 1;
const folder = mkdtempSync(join(tmpdir(), 'tdi-trace-bench-'));
const measured = join(folder, 'measured');
const say = (text) => process.stdout.write(`${text}\n`);

const node = (script, ...args) => [process.execPath, [here(script), ...args]];
const analyze = (path, ...more) => [
  process.execPath,
  [join(root, 'bin/tdi-trace.js'), 'analyze', '--format', 'json', ...more, path],
];

/**
 * One run: seconds on the clock and of the CPU (what the shell says of its children), peak memory in MB (what a node says of
 * itself; 0 for others).
 */
function time([command, args], home = process.env['HOME']) {
  writeFileSync(measured, '');
  const hook = command === process.execPath ? `--import ${pathToFileURL(here('measure.js')).href}` : '';
  const env = { ...process.env, HOME: home, NODE_OPTIONS: hook, TDI_TRACE_MEASURE: measured, LC_ALL: 'C' };
  const script = '"$@" > /dev/null; code=$?; times; exit $code';
  const start = process.hrtime.bigint();
  const run = spawnSync('sh', ['-c', script, 'sh', command, ...args], { cwd: root, env, encoding: 'utf8' });
  const wall = Number(process.hrtime.bigint() - start) / 1e9;
  // Exit code 1 of analyze: it found something.
  if (run.error || run.status > 1) {
    throw new Error(`${command} ${args.join(' ')}: exit code ${run.status}: ${run.stderr.trim().slice(0, 200)}`);
  }
  const children = run.stdout.trim().split('\n').at(-1) ?? '';
  const cpu = [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, m, s]) => sum + 60 * Number(m) + Number(s), 0);
  const rss = readFileSync(measured, 'utf8').trim().split('\n').filter(Boolean);
  return { wall, cpu, rss: Math.max(0, ...rss.map((line) => JSON.parse(line).rss)) / 1024 };
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0;

/** Runs both in turn. `ratio` and `cpuRatio`: how many times as fast as the yardstick. */
function compare(yardstick, ours, times = runs) {
  const pairs = [];
  for (let i = 0; i < times; i++) pairs.push({ a: time(yardstick, folder), b: time(ours) });
  return {
    yardstick: Math.min(...pairs.map(({ a }) => a.wall)),
    ours: Math.min(...pairs.map(({ b }) => b.wall)),
    ratio: median(pairs.map(({ a, b }) => a.wall / b.wall)),
    cpuRatio: median(pairs.map(({ a, b }) => a.cpu / b.cpu)),
    rss: Math.max(...pairs.map(({ b }) => b.rss)),
  };
}

function bar(name, against, wanted, result) {
  const { yardstick, ours, ratio, cpuRatio, rss } = result;
  const columns = [
    yardstick.toFixed(2),
    ours.toFixed(2),
    ratio.toFixed(2),
    cpuRatio.toFixed(2),
    wanted,
    rss.toFixed(0),
  ];
  say(`${name.padEnd(52)} ${against.padEnd(16)} ${columns.map((text) => text.padStart(9)).join('')}`);
}

function skipped(name, why) {
  say(`${name.padEnd(52)} SKIPPED: ${why}`);
}

const hasTool = (name) => spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;
const millions = (lines) => `${(lines / 1e6).toLocaleString('en')}M lines`;

function lines(count, name, write) {
  const path = join(folder, name);
  const total = Math.round(count * scale);
  write(path, total);
  return { path, total, remove: () => flags.keep || rmSync(path) };
}

/** Throughput of a function trace, and how time grows with it. */
function benchFtrace() {
  const large = lines(5_000_000, 'ftrace.txt', writeFtrace);
  const split = node('bare-split2.js', large.path);
  bar(`function trace, ${millions(large.total)}, 1 % relevant`, 'split2', '1.0', compare(split, analyze(large.path)));
  bar('  of which the reading stage', 'split2', '', compare(split, node('read-stage.js', large.path)));
  const small = lines(500_000, 'ftrace-tenth.txt', writeFtrace);
  const growth = compare(analyze(large.path), analyze(small.path));
  say(
    `  ten times the lines take ${growth.ratio.toFixed(1)} times the time (CPU ${growth.cpuRatio.toFixed(1)}); wanted: 10.5`,
  );
  large.remove();
  small.remove();
}

function benchMemory() {
  const peaks = [1_000_000, 10_000_000].map((count) => {
    const trace = lines(count, `ftrace-${count}.txt`, writeFtrace);
    const peak = time(analyze(trace.path)).rss;
    trace.remove();
    return `${millions(trace.total)} ${peak.toFixed(0)} MB`;
  });
  say(`  peak memory: ${peaks.join(', ')}; wanted: below 200 MB and flat`);
}

async function benchStored() {
  const { INTEREST } = await import(pathToFileURL(join(root, 'dist/src/events/index.js')).href);
  const known = (name) => INTEREST.symbol(name) || INTEREST.event(name);
  const trace = lines(500_000, 'stored.txt', (path, count) => writeStored(path, count, known));
  const timeline = join(folder, 'stored.db');
  time(analyze(trace.path, '--db', timeline));
  const bare = node('bare-insert.js', timeline, String(trace.total));
  bar(`function trace, ${millions(trace.total)}, all stored`, 'bare insert', '0.5', compare(bare, analyze(trace.path)));
  trace.remove();
  rmSync(timeline);
}

/** Replay and rules beside all of the analysis: twice as fast where the replay takes as long as the reading. */
function benchReplay() {
  const trace = lines(1_000_000, 'probes.txt', writeProbes);
  const timeline = join(folder, 'probes.db');
  time(analyze(trace.path, '--db', timeline));
  const replay = node('replay-stage.js', timeline);
  bar(`replay, ${millions(trace.total)}, 100 functions`, 'whole analysis', '2.0', compare(analyze(trace.path), replay));
  say(`  ${spawnSync(replay[0], replay[1], { encoding: 'utf8' }).stdout.trim()}`);
  trace.remove();
  rmSync(timeline);
}

function benchDmesg() {
  const log = lines(2_000_000, 'dmesg.txt', writeDmesg);
  const split = node('bare-split2.js', log.path);
  bar(`dmesg, ${millions(log.total)}, 1 % relevant`, 'split2', '1.0', compare(split, analyze(log.path)));
  bar('  of which the reading stage', 'split2', '', compare(split, node('read-stage.js', log.path)));
  log.remove();
}

const LNAV = ";select count(*) from syslog_log where log_body like '%vfio-pci%'";

function benchSyslog() {
  const name = `syslog, ${millions(2_000_000 * scale)}, 1 % relevant`;
  if (!hasTool('lnav')) return skipped(name, 'no lnav here (apt-get install lnav)');
  const log = lines(2_000_000, 'syslog.log', writeSyslog);
  bar(name, 'lnav -n, count', '3.0', compare(['lnav', ['-n', '-c', LNAV, log.path]], analyze(log.path)));
  log.remove();
}

function benchTraceDat() {
  if (!hasTool('trace-cmd')) return skipped('trace.dat', 'no trace-cmd here (apt-get install trace-cmd)');
  const named = flags['trace-dat'];
  const path = named ?? join(folder, 'trace.dat');
  if (named === undefined) writeTraceDatFile(path, Math.round(1_000_000 * scale));
  const name = `trace.dat, ${named ?? millions(1_000_000 * scale).replace('lines', 'entries')}`;
  bar(name, 'trace-cmd report', '1.5', compare(['trace-cmd', ['report', '-i', path]], analyze(path)));
}

try {
  // The first start compiles, the others find it compiled.
  const start = lines(10, 'start.txt', writeDmesg);
  time(analyze(start.path));
  say(`node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? '?'}, ${runs} pairs of runs`);
  const heads = ['theirs s', 'ours s', 'ratio', 'CPU', 'wanted', 'peak MB'];
  say(`${'whole process'.padEnd(52)} ${'against'.padEnd(16)} ${heads.map((text) => text.padStart(9)).join('')}`);
  const benches = {
    start: () =>
      bar(
        'start-up (a log of one line)',
        'node -e 0',
        '',
        compare([process.execPath, ['-e', '0']], analyze(start.path)),
      ),
    ftrace: benchFtrace,
    memory: benchMemory,
    stored: benchStored,
    replay: benchReplay,
    dmesg: benchDmesg,
    syslog: benchSyslog,
    'trace-dat': benchTraceDat,
  };
  const only = flags.only?.split(',') ?? Object.keys(benches);
  for (const name of only) await benches[name]();
} finally {
  if (flags.keep) say(`kept: ${folder}`);
  else rmSync(folder, { recursive: true, force: true });
}
