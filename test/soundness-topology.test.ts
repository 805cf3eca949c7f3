import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JudgeOptions } from '../src/analysis.ts';
import { brief } from './support/analyze.ts';
import { legalFarHistory, STRANGER, seededFarHistory } from './support/far-histories.ts';
import { type Line, render } from './support/histories.ts';
import { analyzeLog } from './support/in-memory.ts';
import { omniscient, PATIENCE, runs } from './support/runs.ts';

// Soundness across functions: what is done to a PF, a port or a DSM is found on the functions that it reaches, and on no other.
const RUNS = runs(0.2);
const OMNISCIENT = omniscient('sev-tio');
const profile = fc.constantFrom<Partial<JudgeOptions>>(
  {},
  { platform: 'tdx', complete: ['hotplug'] },
  { platform: 'cca' },
  OMNISCIENT,
);
const mask = fc.array(fc.boolean(), { minLength: 3, maxLength: 40 });

function without(lines: readonly Line[], drop: readonly boolean[]): Line[] {
  return lines.filter((_, index) => drop[index % drop.length] !== true);
}

test('resets, removals and SR-IOV while nobody below is bound are not accused, whatever is declared', {
  timeout: PATIENCE,
}, async () => {
  await fc.assert(
    fc.asyncProperty(legalFarHistory, profile, async (lines, judge) => {
      const { findings, health } = await analyzeLog(render(lines), judge);
      expect(findings.map(brief)).toEqual([]);
      expect(health.filter((item) => item.code === 'belief-reset')).toEqual([]);
    }),
    RUNS,
  );
});

test('with a VF bound they are found on that one, and definite when everything was recorded', {
  timeout: PATIENCE,
}, async () => {
  await fc.assert(
    fc.asyncProperty(seededFarHistory, async ({ lines, rule, victim, definite }) => {
      const { findings } = await analyzeLog(render(lines), OMNISCIENT);
      expect(new Set(findings.map(({ device }) => device))).toEqual(new Set([victim]));
      const found = findings.find((finding) => finding.rule === rule);
      expect(found?.verdict).toBe(definite ? 'definite' : 'probable');
    }),
    RUNS,
  );
});

test('lost lines never make them definite, and never accuse a function elsewhere', { timeout: PATIENCE }, async () => {
  await fc.assert(
    fc.asyncProperty(
      seededFarHistory.map(({ lines }) => lines),
      mask,
      async (lines, drop) => {
        const kept = without(lines, drop);
        if (kept.length === 0) return;
        const { findings } = await analyzeLog(render(kept));
        expect(findings.filter(({ verdict }) => verdict === 'definite').map(brief)).toEqual([]);
        const surely = findings.filter(({ verdict, device }) => verdict !== 'possible' && device === STRANGER);
        expect(surely.map(brief)).toEqual([]);
      },
    ),
    RUNS,
  );
});

test('where the trace says that events were lost, a legal history is not accused beyond a doubt by any declaration', {
  timeout: PATIENCE,
}, async () => {
  await fc.assert(
    fc.asyncProperty(legalFarHistory, mask, async (lines, drop) => {
      const marks = new Set<number>();
      let at = 0;
      for (const [index] of lines.entries()) {
        if (drop[index % drop.length] === true) marks.add(at);
        else at += 1;
      }
      const kept = without(lines, drop);
      if (kept.length === 0) return;
      const { findings } = await analyzeLog(render(kept, { loss: marks }), OMNISCIENT);
      expect(findings.filter(({ verdict }) => verdict === 'definite').map(brief)).toEqual([]);
    }),
    RUNS,
  );
});
