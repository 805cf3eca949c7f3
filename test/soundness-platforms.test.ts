import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JudgeOptions } from '../src/analysis.ts';
import type { Analysis } from '../src/model/analysis.ts';
import { type EventClass, PLATFORMS, type Platform } from '../src/model/states.ts';
import { strength } from '../src/rules/verdict.ts';
import { brief } from './support/analyze.ts';
import type { Entry } from './support/history/acts.ts';
import { BUGS, type Bug, platformsOf, seededOn } from './support/history/bugs.ts';
import { FTRACE } from './support/history/forms.ts';
import { guestOn } from './support/history/guest.ts';
import { keep, losses } from './support/history/loss.ts';
import { legalOn } from './support/history/walk.ts';
import { analyzeLog } from './support/in-memory.ts';
import { omniscient, PATIENCE, runs } from './support/runs.ts';

// The soundness of the verdicts, platform by platform, on histories that the tables of the model allow (tdisp-model 5.4): what is
// legal is not accused, what is lost makes no verdict surer, what is found again takes none back, what is wrong is found.

const judge = (entries: readonly Entry[], how: Partial<JudgeOptions>, loss?: ReadonlySet<number>): Promise<Analysis> =>
  analyzeLog(FTRACE.render(entries, loss ? { loss } : {}), how);

/** What a user may declare to be recorded whole, and the functions that are recorded then. */
const CLASSES = {
  bind: /^(?:pci_tsm_bind|pci_tsm_unbind|__pci_tsm_unbind)$/,
  link: /^(?:connect_store|disconnect_store|pci_tsm_unregister)$/,
  'guest-request': /^pci_tsm_guest_req$/,
} as const satisfies Partial<Record<EventClass, RegExp>>;
const DECLARED: (keyof typeof CLASSES)[][] = [['bind'], ['bind', 'guest-request'], ['link', 'bind', 'guest-request']];

function isOf(name: keyof typeof CLASSES, entry: Entry): boolean {
  return (entry.is === 'enter' || entry.is === 'exit') && CLASSES[name].test(entry.call.symbol);
}

const profiles = (platform: Platform) =>
  fc.constantFrom<Partial<JudgeOptions>>(
    { platform },
    { platform, fromBoot: true },
    { platform, complete: ['bind', 'guest-request'] },
    omniscient(platform),
  );

const accusations = ({ findings, health }: Analysis) => [
  ...findings.map(brief),
  ...health.filter(({ code }) => code === 'belief-reset').map(({ message }) => message),
];
const sure = ({ findings }: Analysis) => findings.filter(({ verdict }) => verdict === 'definite');

describe.each(PLATFORMS)('on %s', (platform) => {
  test('a legal history is not accused of anything, whatever is declared', { timeout: PATIENCE }, async () => {
    await fc.assert(
      fc.asyncProperty(legalOn(platform), profiles(platform), async (entries, how) => {
        expect(accusations(await judge(entries, how))).toEqual([]);
      }),
      runs(),
    );
  });

  test('a guest that does all in its order is not accused of anything', { timeout: PATIENCE }, async () => {
    await fc.assert(
      fc.asyncProperty(guestOn(platform), profiles(platform), async (entries, how) => {
        expect(accusations(await judge(entries, how))).toEqual([]);
      }),
      runs(0.05),
    );
  });

  test('lost lines never make it definite while nothing is declared', { timeout: PATIENCE }, async () => {
    await fc.assert(
      fc.asyncProperty(legalOn(platform), losses, async (entries, loss) => {
        const { kept } = keep(entries, loss);
        if (kept.length === 0) return;
        expect(sure(await judge(kept, { platform })).map(brief)).toEqual([]);
      }),
      runs(0.2),
    );
  });

  test.each(DECLARED)(
    'lost lines of others never make it definite where %s are declared, and there',
    { timeout: PATIENCE },
    async (...complete) => {
      await fc.assert(
        fc.asyncProperty(legalOn(platform), losses, async (entries, loss) => {
          const isDeclared = (entry: Entry | undefined) =>
            entry !== undefined && complete.some((one) => isOf(one, entry));
          const { kept } = keep(entries, (index) => loss(index) && !isDeclared(entries[index]));
          if (kept.length === 0) return;
          expect(sure(await judge(kept, { platform, complete })).map(brief)).toEqual([]);
        }),
        runs(0.1),
      );
    },
  );

  test('where the losses are marked not even a declaration makes it definite', { timeout: PATIENCE }, async () => {
    await fc.assert(
      fc.asyncProperty(legalOn(platform), losses, async (entries, loss) => {
        const { kept, marks } = keep(entries, loss);
        if (kept.length === 0) return;
        expect(sure(await judge(kept, omniscient(platform), marks)).map(brief)).toEqual([]);
      }),
      runs(0.2),
    );
  });

  const bugs = BUGS.filter((bug) => platformsOf(bug).includes(platform));
  const seeded = fc.constantFrom(...bugs).chain((bug) => seededOn(bug, platform));

  test('lines that are found again never take a definite verdict back', { timeout: PATIENCE }, async () => {
    await fc.assert(
      fc.asyncProperty(seeded, losses, losses, async ({ entries, side }, one, other) => {
        const how = { ...omniscient(platform), side };
        const less = keep(entries, (index) => one(index) || other(index));
        const more = keep(entries, one);
        if (less.kept.length === 0) return;
        const poor = await judge(less.kept, how, less.marks);
        const rich = await judge(more.kept, how, more.marks);
        const whole = await judge(entries, how);
        for (const { rule, device } of sure(poor)) {
          expect(reached(rich, device), `${rule} ${device} with more lines`).toBeGreaterThanOrEqual(
            strength('possible'),
          );
          expect(reached(whole, device), `${rule} ${device} with all lines`).toBeGreaterThanOrEqual(
            strength('probable'),
          );
        }
      }),
      runs(0.1),
    );
  });

  // Every one of them many times: not left to chance.
  test.each(bugs.map((bug) => [`${bug.rule}: ${bug.name}`, bug] as const))(
    '%s',
    { timeout: PATIENCE },
    async (_, bug) => {
      await fc.assert(
        fc.asyncProperty(seededOn(bug, platform), async ({ entries, at, victim, verdict, side }) => {
          const analysis = await judge(entries, { ...omniscient(platform), side });
          expect(ofBug(analysis, bug, victim)).toBe(verdict);
          // Nothing that came before it is accused.
          const early = analysis.findings.filter(({ evidence }) =>
            evidence.some(({ role, line }) => role === 'violation' && line <= at + HEADER),
          );
          expect(early.map(brief)).toEqual([]);
        }),
        runs(0.02),
      );
    },
  );
});

/** Lines before the first entry. */
const HEADER = 2;

function ofBug({ findings }: Analysis, { rule }: Bug, victim: string): string | undefined {
  return findings.find((finding) => finding.rule === rule && finding.device === victim)?.verdict;
}

/** The strongest accusation of a device: which of several rules names an operation may change. */
function reached({ findings }: Analysis, device: string | null): number {
  return Math.max(0, ...findings.filter((one) => one.device === device).map(({ verdict }) => strength(verdict)));
}
