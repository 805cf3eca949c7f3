import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PLATFORMS } from '../src/model/states.ts';
import { brief } from './support/analyze.ts';
import { FORMS, type Form, FTRACE } from './support/history/forms.ts';
import { TOLD_MOVES } from './support/history/moves.ts';
import { sideDataOf } from './support/history/side.ts';
import { born, bring, choices, interleave, type Life, shown, startOn, walk } from './support/history/walk.ts';
import { analyzeLog } from './support/in-memory.ts';
import { omniscient, PATIENCE, runs } from './support/runs.ts';

// What a machine says of its functions beside the log makes no legal history a wrong one, and makes legal what it shows to be so.

const TRACER: Form = FORMS.find(({ name }) => name === 'function tracer with arguments') ?? FTRACE;

const lifeOn = (platform: (typeof PLATFORMS)[number], index: number): fc.Arbitrary<Life> =>
  fc
    .tuple(startOn(platform, index, false), fc.boolean(), fc.boolean(), choices(14))
    .map(([start, keepsState, isSecond, numbers]) => {
      const life = born({ ...start, keepsState, isSecond: isSecond && !start.isVf });
      return walk(bring(life, 'locked'), numbers, TOLD_MOVES);
    });

const machineOn = (platform: (typeof PLATFORMS)[number]) =>
  fc.tuple(lifeOn(platform, 0), lifeOn(platform, 1), fc.infiniteStream(fc.nat(1))).map(([one, other, order]) => ({
    entries: shown(interleave([one.entries, other.entries], order)),
    side: sideDataOf([one, other].map(({ world }) => ({ world, keepsState: world.keepsState === true }))),
  }));

describe.each(PLATFORMS)('on %s', (platform) => {
  test('a legal history is not accused, whatever is declared', { timeout: PATIENCE }, async () => {
    await fc.assert(
      fc.asyncProperty(machineOn(platform), fc.boolean(), async ({ entries, side }, isDeclared) => {
        const how = { ...(isDeclared ? omniscient(platform) : { platform }), side };
        const { findings } = await analyzeLog(FTRACE.render(entries), how);
        expect(findings.map(brief)).toEqual([]);
      }),
      runs(0.2),
    );
  });

  test('nor where only the names of functions were recorded, but as a guess', { timeout: PATIENCE }, async () => {
    await fc.assert(
      fc.asyncProperty(machineOn(platform), async ({ entries, side }) => {
        const { findings } = await analyzeLog(TRACER.render(entries), { ...omniscient(platform), side });
        const told = findings.filter(({ verdict }) => verdict !== 'possible' && verdict !== 'inconsistent');
        expect(told.map(brief)).toEqual([]);
      }),
      runs(0.05),
    );
  });
});
