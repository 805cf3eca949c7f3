import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JudgeOptions } from '../src/analysis.ts';
import type { Analysis, Finding } from '../src/model/analysis.ts';
import { strength } from '../src/rules/verdict.ts';
import { analyzeFiles, analyzeText, brief } from './support/analyze.ts';
import { type Line, legalHistory, seededHistory } from './support/histories.ts';
import { omniscient, PATIENCE, runs } from './support/runs.ts';
import { type SplitOptions, splitTraces, wholeTrace } from './support/two-sources.ts';

// One history, recorded by two ftrace instances that share the messages of printk:console. Constructed, see two-sources.ts.
const RUNS = runs(0.04);

const OMNISCIENT = omniscient('sev-tio');

const profile = fc.constantFrom<Partial<JudgeOptions>>(
  {},
  { platform: 'sev-tio', complete: ['bind', 'guest-request'] },
  { fromBoot: true },
  OMNISCIENT,
);

/** Which functions the second instance records: a call and its return stand in one of them. */
const share = fc
  .tuple(fc.boolean(), fc.array(fc.boolean(), { minLength: 7, maxLength: 7 }))
  .map(([bySubsystem, mask]) => (line: Line): boolean => {
    const symbol = /\((?:\S+ <- )?(\w+)/.exec(line.text)?.[1] ?? '';
    const letters = [...symbol].reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0), 0);
    return bySubsystem ? symbol.includes('tsm') : mask[letters % mask.length] === true;
  });

const clocks = fc.record({
  offsetUs: fc.integer({ min: 0, max: 10 ** 10 }),
  delay: fc.array(fc.nat(8), { minLength: 5, maxLength: 5 }).map((list) => (n: number) => list[n % list.length] ?? 0),
});

async function analyzeTwo(texts: readonly string[], judge: Partial<JudgeOptions>): Promise<Analysis> {
  const folder = mkdtempSync(join(tmpdir(), 'tdi-trace-split-'));
  try {
    const paths = texts.map((_, index) => join(folder, `part-${index}.txt`));
    for (const [index, path] of paths.entries()) writeFileSync(path, texts[index] ?? '');
    return await analyzeFiles(paths, judge);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Two clocks that begin at nearly the same moment pass for one. */
const mergedAs = ({ clocks: found }: Analysis, offsetUs: number) =>
  found.map(({ relation }) => (relation === 'same' && offsetUs < NEARLY_US ? 'related' : relation));
const NEARLY_US = 10;

/** An ioctl that unbinds and resets, and only the other source shows that the reset came second: that is not known then. */
const isOfTornCall = ({ rule, verdict }: Finding, lines: readonly Line[]) =>
  rule === 'flr-while-locked' && verdict === 'possible' && lines.some(({ step }) => step.startsWith('unbindThenReset'));

test('a legal history in two sources is not accused of anything', { timeout: PATIENCE }, async () => {
  await fc.assert(
    fc.asyncProperty(legalHistory, share, clocks, profile, async (lines, second, options, judge) => {
      const analysis = await analyzeTwo(splitTraces(lines, second, options), judge);
      expect(mergedAs(analysis, options.offsetUs)).toEqual(['related']);
      expect(analysis.findings.filter((finding) => !isOfTornCall(finding, lines)).map(brief)).toEqual([]);
      expect(analysis.health.filter(({ code }) => code === 'belief-reset')).toEqual([]);
    }),
    RUNS,
  );
});

test('what is wrong in one source is found in two, and is no surer there', { timeout: PATIENCE }, async () => {
  await fc.assert(
    fc.asyncProperty(seededHistory, share, clocks, profile, async ({ lines, rule, bdf }, second, options, judge) => {
      const found = ({ findings }: Analysis) =>
        findings.filter((finding) => finding.rule === rule && finding.device === bdf).map(({ verdict }) => verdict);
      const [whole] = found(await analyzeText(wholeTrace(lines), judge));
      const split = await analyzeTwo(splitTraces(lines, second, options), judge);
      const [parted] = found(split);
      expect(mergedAs(split, options.offsetUs)).toEqual(['related']);
      if (whole === undefined) throw new Error('not found in one source');
      expect(parted).toBeDefined();
      expect(strength(parted ?? 'definite')).toBeLessThanOrEqual(strength(whole));
      // Apart from the order within the error, nothing was lost.
      expect(parted).toBe(whole);
    }),
    RUNS,
  );
});

test('lines that stand closer together than the clocks are known accuse nobody for sure', {
  timeout: PATIENCE,
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      legalHistory,
      share,
      clocks,
      fc.integer({ min: 1, max: 90 }),
      profile,
      async (lines, second, options, stepUs, judge) => {
        const { findings, health } = await analyzeTwo(splitTraces(lines, second, { ...options, stepUs }), judge);
        expect(findings.filter(({ verdict }) => verdict !== 'possible').map(brief)).toEqual([]);
        expect(health.filter(({ code }) => code === 'belief-reset')).toEqual([]);
      },
    ),
    RUNS,
  );
});

test('the order of the inputs and the hour change no finding', { timeout: PATIENCE }, async () => {
  const step = fc.constantFrom<SplitOptions>({}, { stepUs: 35 });
  await fc.assert(
    fc.asyncProperty(seededHistory, share, clocks, step, async ({ lines }, second, options, more) => {
      const parts = splitTraces(lines, second, { ...options, ...more });
      const one = essence(await analyzeTwo(parts, {}));
      const folder = mkdtempSync(join(tmpdir(), 'tdi-trace-split-'));
      try {
        const paths = parts.map((text, index) => {
          const path = join(folder, `part-${index}.txt`);
          writeFileSync(path, text);
          return path;
        });
        expect(essence(await analyzeFiles(paths.toReversed()))).toEqual(one);
      } finally {
        rmSync(folder, { recursive: true });
      }
    }),
    { numRuns: Math.ceil(RUNS.numRuns / 2) },
  );
});

/** Findings without the ids that follow the order of the inputs. */
function essence({ findings }: Analysis): string[] {
  return findings
    .map(({ verdict, rule, device, time, evidence }) =>
      [verdict, rule, device, time, ...evidence.map(({ line, role, event }) => `${line} ${role} ${event}`)].join(' '),
    )
    .sort();
}
