import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EVENT_CLASSES } from '../src/model/states.ts';
import { analyzeFiles, brief } from './support/analyze.ts';
import { type Line, legalHistory, STEPS } from './support/histories.ts';
import { runs } from './support/runs.ts';
import { row } from './support/two-sources.ts';

// Constructed: files as tracefs has them in per_cpu/cpuN/trace, of histories whose task is moved between two CPUs.
const RUNS = runs(0.03);
const BDF = '0000:01:00.0';
const HEAD = ['# tracer: nop', '#'];

/** Writes the files, `[name, text]`, and analyses them. */
async function analyzed(files: readonly (readonly [string, string])[], judge: Parameters<typeof analyzeFiles>[1] = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'tdi-trace-one-cpu-'));
  try {
    const paths = files.map(([name, text]) => {
      const path = join(folder, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      return path;
    });
    return await analyzeFiles(paths, judge);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The lines of one CPU as a file. */
function ofCpu(lines: readonly Line[], cpuOf: (index: number) => number, cpu: number): string {
  const rows = lines.flatMap(({ task, text }, index) =>
    cpuOf(index) === cpu ? [row(10_000_000 + index * 137, task, text, cpu)] : [],
  );
  return [...HEAD, ...rows, ''].join('\n');
}

const steps = (...names: (keyof typeof STEPS)[]): Line[] =>
  names.flatMap((name) => STEPS[name](BDF).map((text) => ({ task: 300, bdf: BDF, text, step: name })));

// Bind on CPU 0, unbind on CPU 1, reset on CPU 0.
const MOVED = steps('open', 'bind', 'unbind', 'reset');
const unbinds = (index: number) => (MOVED[index]?.step === 'unbind' ? 1 : 0);
const FIRST = ofCpu(MOVED, unbinds, 0);

test.each(['per_cpu/cpu0/trace', 'cpu0.txt', 'trace.cpu-0.log'])(
  'what one CPU recorded accuses nobody: %s',
  async (name) => {
    const { findings, health } = await analyzed([[name, FIRST]]);
    expect(findings.map(brief)).toEqual([expect.stringMatching(/^possible flr-while-locked /)]);
    expect(health.filter(({ code }) => code === 'one-cpu').map(({ source }) => source)).toEqual(['s1']);
  },
);

test('a trace is of all CPUs where its name and its records do not agree on one', async () => {
  // Here nothing tells that the unbind is elsewhere.
  for (const name of ['trace.txt', 'cpu1.txt', 'per_cpu.txt']) {
    const { findings, health } = await analyzed([[name, FIRST]]);
    expect(findings.map(brief)).toEqual([expect.stringMatching(/^probable flr-while-locked /)]);
    expect(health.filter(({ code }) => code === 'one-cpu')).toEqual([]);
  }
});

test('a legal history in files of one CPU each is not accused of anything for sure', async () => {
  const cpus = fc.array(fc.nat(1), { minLength: 13, maxLength: 13 });
  const complete = fc.constantFrom([], EVENT_CLASSES);
  await fc.assert(
    fc.asyncProperty(legalHistory, cpus, complete, async (lines, list, classes) => {
      const cpuOf = (index: number) => list[index % list.length] ?? 0;
      const files = [0, 1].map((cpu) => [`per_cpu/cpu${cpu}/trace`, ofCpu(lines, cpuOf, cpu)] as const);
      const kept = files.filter(([, text]) => text.split('\n').length > 3);
      const { findings } = await analyzed(kept, { complete: classes, platform: 'sev-tio' });
      expect(findings.filter(({ verdict }) => verdict === 'definite' || verdict === 'probable').map(brief)).toEqual([]);
    }),
    RUNS,
  );
});
