import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { strength } from '../src/rules/verdict.ts';
import { completeTable } from './support/complete-table.ts';
import { CAPPED, NAMED, namedOn, REASONS } from './support/history/capped.ts';
import { completeOn, KINDS, KNOWN_PLATFORMS } from './support/history/complete.ts';
import { FTRACE } from './support/history/forms.ts';
import { WHOLE } from './support/history/whole.ts';
import { analyzeLog } from './support/in-memory.ts';
import { omniscient, PATIENCE, runs } from './support/runs.ts';

// Every kind of bug is found beyond a doubt where a machine told all that it can, or stands in one list with its reason.

describe.each(KNOWN_PLATFORMS)('the complete trace on %s', (platform) => {
  const kinds = KINDS.filter((kind) => kind.platform === platform);

  test.each(kinds.map((kind) => [`${kind.bug.rule}: ${kind.bug.name}`, kind] as const))(
    '%s',
    { timeout: PATIENCE },
    async (_, kind) => {
      await fc.assert(
        fc.asyncProperty(completeOn(kind), async ({ entries, side, rules, victim, verdict }) => {
          const { findings } = await analyzeLog(FTRACE.render(entries), { ...omniscient(platform), side });
          const own = findings.filter((one) => one.device === victim && rules.includes(one.rule));
          const [strongest] = own.toSorted((a, b) => strength(b.verdict) - strength(a.verdict));
          expect(strongest?.verdict).toBe(verdict);
          // Where another rule is said to name it, its own cannot.
          if (namedOn(kind.bug, platform) !== undefined)
            expect(own.some(({ rule, verdict: of }) => rule === kind.bug.rule && of === 'definite')).toBe(false);
          // Beyond a doubt means that somebody is told so.
          if (verdict === 'definite')
            expect(findings.some((one) => one.headline && one.verdict === verdict)).toBe(true);
        }),
        runs(0.02),
      );
    },
  );
});

describe('the list of what is less than definite', () => {
  const NAMES = new Set(KINDS.map(({ bug }) => `${bug.rule}: ${bug.name}`));

  test('names bugs that are put in, on platforms where they are, each once', () => {
    const listed = [...CAPPED, ...NAMED].flatMap(({ rule, name, platforms }) => {
      const on = KINDS.filter(({ bug }) => bug.rule === rule && bug.name === name).map((kind) => kind.platform);
      expect(on.length, `${rule}: ${name}`).toBeGreaterThan(0);
      for (const platform of platforms ?? []) expect(on, `${rule}: ${name}`).toContain(platform);
      return (platforms ?? on).map((platform) => `${rule}: ${name} on ${platform}`);
    });
    expect(listed.length).toBe(new Set(listed).size);
  });

  test('gives every reason to some bug', () => {
    expect(new Set(CAPPED.map(({ reason }) => reason))).toEqual(new Set(Object.keys(REASONS)));
  });

  test('and what a complete trace holds beside a bug is of one that is put in', () => {
    expect(Object.keys(WHOLE).filter((name) => !NAMES.has(name))).toEqual([]);
  });

  test('is what README.md says', () => {
    expect(readFileSync('README.md', 'utf8')).toContain(completeTable());
  });
});
