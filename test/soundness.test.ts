import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JudgeOptions } from '../src/analysis.ts';
import type { Analysis } from '../src/model/analysis.ts';
import { analyzeFiles, brief } from './support/analyze.ts';
import { faultyFirmwareHistory, firmwareHistory } from './support/firmware-histories.ts';
import { type Line, legalHistory, render, seededHistory, stoppedHistory } from './support/histories.ts';
import { analyzeLog } from './support/in-memory.ts';
import { omniscient, PATIENCE, runs } from './support/runs.ts';

// The promise of the program (design: soundness): what is legal is not accused, what is lost never makes a verdict surer.
const RUNS = runs(0.2);

/** All of it recorded from the start, on a platform where bind locks: the strongest verdicts there are. */
const OMNISCIENT = omniscient('sev-tio');

const profile = fc.constantFrom<Partial<JudgeOptions>>(
  {},
  { platform: 'tdx' },
  { platform: 'sev-tio', complete: ['bind', 'guest-request'] },
  { platform: 'cca' },
  { fromBoot: true },
  OMNISCIENT,
);

/** A line number in `lines` for each true of `mask`, repeated over the length. */
function chosen(lines: readonly Line[], mask: readonly boolean[]): Set<number> {
  return new Set(lines.map((_, index) => index).filter((index) => mask[index % mask.length]));
}

const mask = fc.array(fc.boolean(), { minLength: 3, maxLength: 40 });

test('a legal history is not accused of anything, whatever is declared', { timeout: PATIENCE }, async () => {
  await fc.assert(
    fc.asyncProperty(legalHistory, profile, async (lines, judge) => {
      const analysis = await analyzeLog(render(lines), judge);
      expect(analysis.findings.map(brief)).toEqual([]);
      expect(analysis.health.filter((item) => item.code === 'belief-reset')).toEqual([]);
    }),
    RUNS,
  );
});

test('a guest that stops its TDI first is not accused beyond a doubt', { timeout: PATIENCE }, async () => {
  await fc.assert(
    fc.asyncProperty(stoppedHistory, profile, async (lines, judge) => {
      const { findings } = await analyzeLog(render(lines), judge);
      expect(findings.filter((finding) => finding.verdict !== 'possible').map(brief)).toEqual([]);
    }),
    { numRuns: Math.ceil(RUNS.numRuns / 2) },
  );
});

test('a harmful step while bound is definite when everything was recorded', { timeout: PATIENCE }, async () => {
  await fc.assert(
    fc.asyncProperty(seededHistory, async ({ lines, rule, bdf, definite }) => {
      const { findings } = await analyzeLog(render(lines), OMNISCIENT);
      const named = findings.find((finding) => finding.headline);
      expect(named && `${named.rule} ${named.device}`).toBe(`${rule} ${bdf}`);
      expect(named?.verdict).toBe(definite ? 'definite' : 'probable');
    }),
    RUNS,
  );
});

test('a legal history down to the firmware is not accused of anything, whatever is declared', {
  timeout: PATIENCE,
}, async () => {
  await fc.assert(
    fc.asyncProperty(firmwareHistory, profile, async (lines, judge) => {
      const analysis = await analyzeLog(render(lines), judge);
      expect(analysis.findings.map(brief)).toEqual([]);
      expect(analysis.health.filter((item) => item.code === 'belief-reset')).toEqual([]);
    }),
    RUNS,
  );
});

test('what goes wrong between driver, firmware and VM is found, as surely as the records allow', {
  timeout: PATIENCE,
}, async () => {
  await fc.assert(
    fc.asyncProperty(faultyFirmwareHistory, async ({ lines, rule, verdict }) => {
      const { findings } = await analyzeLog(render(lines), OMNISCIENT);
      expect(
        findings.filter((finding) => finding.headline).map((finding) => `${finding.verdict} ${finding.rule}`),
      ).toEqual([`${verdict} ${rule}`]);
    }),
    RUNS,
  );
});

test('lost lines never make a verdict definite while nothing is declared complete', { timeout: PATIENCE }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        legalHistory,
        firmwareHistory,
        seededHistory.map(({ lines }) => lines),
        faultyFirmwareHistory.map(({ lines }) => lines),
      ),
      mask,
      async (lines, drop) => {
        const lost = chosen(lines, drop);
        const kept = lines.filter((_, index) => !lost.has(index));
        if (kept.length === 0) return;
        const { findings } = await analyzeLog(render(kept));
        expect(findings.filter((finding) => finding.verdict === 'definite').map(brief)).toEqual([]);
      },
    ),
    RUNS,
  );
});

test('where the trace says that events were lost, not even a declaration makes what follows definite', {
  timeout: PATIENCE,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(legalHistory, firmwareHistory), mask, async (lines, drop) => {
      const lost = chosen(lines, drop);
      const kept = lines.filter((_, index) => !lost.has(index));
      if (kept.length === 0) return;
      // A mark before the first line that is left after each loss.
      const marks = new Set<number>();
      let at = 0;
      for (const [index] of lines.entries()) {
        if (!lost.has(index)) at += 1;
        else marks.add(at);
      }
      const { findings } = await analyzeLog(render(kept, { loss: marks }), OMNISCIENT);
      expect(findings.filter((finding) => finding.verdict === 'definite').map(brief)).toEqual([]);
    }),
    RUNS,
  );
});

test('line endings, compression, a shift in time and the other devices change no finding', {
  timeout: PATIENCE,
}, async () => {
  await fc.assert(
    fc.asyncProperty(seededHistory, legalHistory, fc.nat(10 ** 9), async ({ lines }, others, shift) => {
      const plain = essence(await analyzeLog(render(lines)));
      expect(essence(await analyzeLog(render(lines, { eol: '\r\n' })))).toEqual(plain);
      expect(essence(await analyzeLog(render(lines, { startUs: 10_000_000 + shift })))).toEqual(plain);
      expect(essence(await analyzeGzip(render(lines)))).toEqual(plain);
      const moved = others.map(
        (line): Line => ({ ...line, task: line.task + 50, text: line.text.replaceAll('"0000:0', '"0001:0') }),
      );
      const beside = lines.flatMap((line, index) => [...moved.slice(index * 3, index * 3 + 3), line]);
      const mixed = [...beside, ...moved.slice(lines.length * 3)];
      expect(essence(await analyzeLog(render(mixed)))).toEqual(plain);
    }),
    { numRuns: Math.ceil(RUNS.numRuns / 3) },
  );
});

test('the same bytes give the same document', { timeout: PATIENCE }, async () => {
  await fc.assert(
    fc.asyncProperty(seededHistory, async ({ lines }) => {
      const text = render(lines);
      const [a, b] = [await analyzeLog(text), await analyzeLog(text)];
      expect(JSON.stringify({ ...a, sources: [] })).toBe(JSON.stringify({ ...b, sources: [] }));
    }),
    { numRuns: 5 },
  );
});

/** What has to stay when lines move: who is accused of what, how surely, and on whose account. */
function essence(analysis: Analysis): string[] {
  const rules = new Map(analysis.findings.map((finding) => [finding.id, finding.rule]));
  return analysis.findings.map(
    (finding) =>
      `${finding.verdict} ${finding.rule} ${finding.device} ${finding.fingerprint} < ${rules.get(finding.caused_by ?? '') ?? ''}`,
  );
}

async function analyzeGzip(text: string): Promise<Analysis> {
  const folder = mkdtempSync(join(tmpdir(), 'tdi-trace-test-'));
  try {
    writeFileSync(join(folder, 'log'), gzipSync(text));
    return await analyzeFiles([join(folder, 'log')]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
