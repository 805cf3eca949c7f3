import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JudgeOptions } from '../src/analysis.ts';
import { brief } from './support/analyze.ts';
import { faultyFirmwareHistory, firmwareHistory } from './support/firmware-histories.ts';
import { type Line, legalHistory, render, seededHistory, stoppedHistory } from './support/histories.ts';
import { analyzeLog } from './support/in-memory.ts';
import { omniscient, PATIENCE, runs } from './support/runs.ts';

// What later records may do to a verdict: make it what the whole explains best, and never more than the evidence allows.
const mask = fc.array(fc.boolean(), { minLength: 3, maxLength: 40 });

/** The lines that are left, and those of them before which others are missing. */
function without(lines: readonly Line[], drop: readonly boolean[]): { kept: Line[]; loss: Set<number> } {
  const kept: Line[] = [];
  const loss = new Set<number>();
  for (const [index, line] of lines.entries()) {
    if (drop[index % drop.length]) loss.add(kept.length);
    else kept.push(line);
  }
  return { kept, loss };
}

/** The device is asked for its state at these places; what it says, some of it may be false. */
function withReadBacks(lines: readonly Line[], at: readonly { place: number; state: number }[]): Line[] {
  const result = [...lines];
  for (const { place, state } of at) {
    const line = lines[place % lines.length];
    if (line === undefined) continue;
    const text = `r: (caller+0x50/0x100 <- sev_tio_tdi_status_fin) bdf="${line.bdf}" state=${state} ret=0`;
    result.splice(place % (result.length + 1), 0, { ...line, text, step: 'told' });
  }
  return result;
}

const readBacks = fc.array(fc.record({ place: fc.nat(200), state: fc.nat(3) }), { minLength: 1, maxLength: 4 });

test('where every loss is marked, later records accuse nobody of a legal history beyond a doubt', {
  timeout: PATIENCE,
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(legalHistory, firmwareHistory, stoppedHistory),
      mask,
      fc.constantFrom<Partial<JudgeOptions>>({}, { platform: 'sev-tio' }, { platform: 'cca' }),
      async (lines, drop, judge) => {
        const { kept, loss } = without(lines, drop);
        if (kept.length === 0) return;
        const { findings } = await analyzeLog(render(kept, { loss }), judge);
        const accused = findings.filter((one) => one.by_later_evidence && one.verdict !== 'possible');
        expect(accused.map(brief)).toEqual([]);
      },
    ),
    runs(0.2),
  );
});

test('whatever a device says of its state, nothing becomes definite by it while nothing is declared complete', {
  timeout: PATIENCE,
}, async () => {
  const wrong = fc.oneof(
    seededHistory.map(({ lines }) => lines),
    faultyFirmwareHistory.map(({ lines }) => lines),
  );
  await fc.assert(
    fc.asyncProperty(fc.oneof(wrong, legalHistory, stoppedHistory), readBacks, mask, async (lines, at, drop) => {
      const { kept, loss } = without(withReadBacks(lines, at), drop);
      if (kept.length === 0) return;
      for (const marks of [undefined, loss]) {
        const { findings } = await analyzeLog(render(kept, marks === undefined ? {} : { loss: marks }));
        expect(findings.filter(({ verdict }) => verdict === 'definite').map(brief)).toEqual([]);
      }
    }),
    runs(0.2),
  );
});

test('what is definite in spite of lost lines stays so when they are recovered', { timeout: PATIENCE }, async () => {
  await fc.assert(
    fc.asyncProperty(seededHistory, fc.option(readBacks), mask, async ({ lines }, at, drop) => {
      const whole = at === null ? lines : withReadBacks(lines, at);
      const { kept, loss } = without(whole, drop);
      if (kept.length === 0) return;
      const definite = async (text: string) =>
        (await analyzeLog(text, omniscient('sev-tio'))).findings
          .filter(({ verdict }) => verdict === 'definite')
          .map(({ rule, device }) => `${rule} ${device}`);
      const recovered = await definite(render(whole));
      for (const one of await definite(render(kept, { loss }))) expect(recovered).toContain(one);
    }),
    runs(0.2),
  );
});
