// Reading a trace.dat beside `trace-cmd report > /dev/null`, as whole processes. CPU seconds count: other load on the machine
// shows in the time on the clock. By itself: node test/bench/trace-dat.js [ENTRIES]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventDefinitions, Records } from '../support/trace-dat-events.ts';
import { PageWriter, PC, writeTraceDat } from '../support/trace-dat-writer.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/tdi-trace.js', import.meta.url));
const FUNCTIONS = 5000;
const TEXT = 0xffffffff81000000n;
const FLR = 0xffffffff82000000n;

/** Entries of the function tracer on four CPUs; one in a thousand is a probe on pcie_flr(). */
export function writeTraceDatFile(path, entries, compression = 'none') {
  const make = new Records(PC);
  const address = (index) => TEXT + BigInt(index % FUNCTIONS) * 64n;
  const cpus = [0, 1, 2, 3].map((cpu) => {
    const pages = new PageWriter(PC);
    let time = 1_000_000_000n + BigInt(cpu) * 50n;
    for (let i = 0; i < entries / 4; i++) {
      time += BigInt(200 + ((i * 7919) % 1000));
      if (i % 1000 === 999) pages.record(time, make.probe(100 + cpu, FLR, '0000:02:00.0', 1n));
      else pages.record(time, make.call(100 + cpu, address(i * 31 + cpu * 7), address(i * 17)));
    }
    return pages.done();
  });
  const symbols = Array.from({ length: FUNCTIONS }, (_, i) => `${address(i).toString(16)} t function_${i}\n`);
  const kallsyms = `${symbols.join('')}${FLR.toString(16)} T pcie_flr\n`;
  const cmdlines = '100 vmm\n101 vmm\n102 vmm\n103 vmm\n';
  const buffers = [{ name: '', clock: 'local', cpus }];
  const events = eventDefinitions(PC);
  writeFileSync(path, writeTraceDat({ version: 7, compression, events, kallsyms, cmdlines, buffers }));
}

/** User and system seconds of a child, the least of some runs; null where it cannot be started or fails. */
function cpuSeconds(command, args, runs) {
  const script = '"$@" > /dev/null 2>&1; status=$?; times; exit $status';
  let best = null;
  for (let run = 0; run < runs; run++) {
    const { status, stdout, error } = spawnSync('sh', ['-c', script, 'sh', command, ...args], { encoding: 'utf8' });
    // Exit code 1: headlines.
    if (error || status > 1) return null;
    // The first line is the shell's own.
    const children = stdout.trim().split('\n').at(-1) ?? '';
    const parts = [...children.matchAll(/(\d+)m([\d.]+)s/g)].map(
      ([, minutes, seconds]) => 60 * minutes + Number(seconds),
    );
    const seconds = parts.reduce((sum, part) => sum + part, 0);
    if (best === null || seconds < best) best = seconds;
  }
  return best;
}

/**
 * Prints a line for each compression: entries, size, CPU seconds of both, and how many times faster tdi-trace is.
 *
 * @returns the ratios, empty where trace-cmd is not installed.
 */
export function benchTraceDat({ entries = 1_000_000, runs = 3, print = console.log } = {}) {
  if (spawnSync('trace-cmd', ['--version']).error) {
    print('SKIPPED: trace.dat: trace-cmd is not installed (apt-get install trace-cmd)');
    return [];
  }
  const folder = mkdtempSync(join(tmpdir(), 'tdi-trace-bench-'));
  const ratios = [];
  try {
    for (const compression of ['none', 'zstd']) {
      const path = join(folder, `${compression}.dat`);
      writeTraceDatFile(path, entries, compression);
      const size = (statSync(path).size / 2 ** 20).toFixed(1);
      const theirs = cpuSeconds('trace-cmd', ['report', '-i', path], runs);
      const own = cpuSeconds(process.execPath, [PROGRAM, 'analyze', '--format', 'json', path], runs);
      if (own === null || theirs === null) {
        print(`FAILED: trace.dat, ${compression}: ${own === null ? 'tdi-trace analyze' : 'trace-cmd report'}`);
        continue;
      }
      ratios.push(theirs / own);
      const ratio = `${(theirs / own).toFixed(2)} times faster`;
      const cpu = `trace-cmd report ${theirs.toFixed(2)} s, tdi-trace analyze ${own.toFixed(2)} s of CPU`;
      print(`trace.dat, ${compression}: ${entries} entries, ${size} MiB: ${cpu}: ${ratio} (bar: 1.5)`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return ratios;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  benchTraceDat({ entries: Number(process.argv[2] ?? 1_000_000) });
