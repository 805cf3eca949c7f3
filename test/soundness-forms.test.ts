import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Analysis, Verdict } from '../src/model/analysis.ts';
import { PLATFORMS } from '../src/model/states.ts';
import { strength } from '../src/rules/verdict.ts';
import { analyzeText, brief } from './support/analyze.ts';
import type { Entry } from './support/history/acts.ts';
import { BUGS, platformsOf, type Seeded, seededOn } from './support/history/bugs.ts';
import { FORMS, type Form, FTRACE } from './support/history/forms.ts';
import { legalOn } from './support/history/walk.ts';
import { analyzeLog } from './support/in-memory.ts';
import { omniscient, PATIENCE, runs } from './support/runs.ts';

// One history in every form that a log may have: what carries as much is judged the same, what carries less accuses no more.

const legal = fc
  .constantFrom(...PLATFORMS)
  .chain((platform) => legalOn(platform).map((entries) => ({ platform, entries })));
const seeded: fc.Arbitrary<Seeded> = fc
  .constantFrom(...BUGS)
  .chain((bug) => fc.constantFrom(...platformsOf(bug)).chain((platform) => seededOn(bug, platform)));

const essence = ({ findings }: Analysis) =>
  findings.map(({ verdict, rule, device }) => `${verdict} ${rule} ${device}`).sort();
const isWanted = (form: Form) => (entry: Entry) =>
  form.carries === 'messages'
    ? entry.is === 'said'
    : form.carries !== 'events' || entry.is === 'said' || entry.is === 'event';

/**
 * The function tracer names no device: whose call it was is a guess, and never more than possible. Pointers do not always lead to
 * one: that all was recorded is then a wrong declaration, which is said, and accuses nobody.
 */
const GUESSED: Readonly<Record<Form['carries'], readonly Verdict[]>> = {
  probes: [],
  graph: ['inconsistent'],
  calls: ['possible', 'inconsistent'],
  events: [],
  messages: [],
};

/** A state that was read back is no result of the call that reads it: where nothing else tells, the TDI may be locked. */
const losesState = (form: Form, entries: readonly Entry[]) =>
  form.carries === 'graph' && entries.some((entry) => entry.is === 'exit' && entry.call.out['state'] !== undefined);

const DMESG = FORMS.find(({ name }) => name === 'dmesg') ?? FTRACE;

describe.each(FORMS.map((form) => [form.name, form] as const))('%s', (_, form) => {
  test('is what it is taken for, and every line of it is read', { timeout: PATIENCE }, async () => {
    await fc.assert(
      fc.asyncProperty(legal, async ({ entries, platform }) => {
        if (!entries.some(isWanted(form))) return;
        const { sources } = await analyzeLog(form.render(entries), { platform });
        expect(sources.map(({ format }) => format)).toContain(form.format);
        expect(sources.map(({ unparsed }) => unparsed)).toEqual(sources.map(() => 0));
      }),
      runs(0.01),
    );
  });

  test('a legal history is not accused', { timeout: PATIENCE }, async () => {
    await fc.assert(
      fc.asyncProperty(legal, async ({ entries, platform }) => {
        if (!entries.some(isWanted(form))) return;
        const { findings } = await analyzeLog(form.render(entries), omniscient(platform));
        const isGuess = (verdict: Verdict) =>
          GUESSED[form.carries].includes(verdict) || (verdict === 'possible' && losesState(form, entries));
        const told = findings.filter(({ verdict }) => !isGuess(verdict));
        expect(told.map(brief)).toEqual([]);
      }),
      runs(0.05),
    );
  });

  test('what is wrong is found as in the form that carries as much', { timeout: PATIENCE }, async () => {
    await fc.assert(
      fc.asyncProperty(seeded, async ({ entries, platform, bug, victim, side }) => {
        if (!entries.some(isWanted(form))) return;
        const how = { ...omniscient(platform), side };
        const found = await analyzeLog(form.render(entries), how);
        const full = await analyzeLog(FTRACE.render(entries), how);
        if (form.carries === 'probes') expect(essence(found)).toEqual(essence(full));
        else if (form.carries === 'messages')
          expect(essence(found)).toEqual(essence(await analyzeLog(DMESG.render(entries), how)));
        const verdict = (analysis: Analysis) =>
          Math.max(
            0,
            ...analysis.findings
              .filter((one) => one.rule === bug.rule && one.device === victim)
              .map((one) => strength(one.verdict)),
          );
        expect(verdict(found)).toBeLessThanOrEqual(verdict(full));
      }),
      runs(0.03),
    );
  });
});

test('in memory, from one timeline after the other, is as by way of files', async () => {
  const bare = (analysis: Analysis) => ({
    ...analysis,
    sources: analysis.sources.map((source) => ({ ...source, path: '' })),
  });
  await fc.assert(
    fc.asyncProperty(seeded, async ({ entries, platform }) => {
      const text = FTRACE.render(entries);
      const [one, other] = [await analyzeText(text, { platform }), await analyzeLog(text, { platform })];
      expect(bare(other)).toEqual(bare(one));
    }),
    runs(0.01),
  );
});
