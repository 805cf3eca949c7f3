import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis.ts';
import type { Analysis } from '../../src/model/analysis.ts';
import { RULES } from '../../src/rules/index.ts';
import { type CaseFile, formatCase, orderExpected, outcomeOf, parseCase } from './case-file.ts';

// `UPDATE=1 npx vitest run test/rules/cases.test.ts` writes the expectations anew; read each one against the rule and its log,
// not against the program, before committing.
const ROOT = join(import.meta.dirname, '../../fixtures/rules');
const update = process.env['UPDATE'] === '1';
const folder = mkdtempSync(join(tmpdir(), 'tdi-trace-cases-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Case {
  readonly rule: string;
  readonly name: string;
  readonly path: string;
  readonly file: CaseFile;
}

const CASES: readonly Case[] = readdirSync(ROOT, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name: rule }) =>
    readdirSync(join(ROOT, rule)).map((name) => {
      const path = join(ROOT, rule, name);
      return { rule, name, path, file: parseNamed(path) };
    }),
  );

function parseNamed(path: string): CaseFile {
  try {
    return parseCase(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : error}`);
  }
}

async function run({ rule, name, file }: Case): Promise<Analysis> {
  const log = join(folder, `${rule}-${name}.log`);
  writeFileSync(log, file.log);
  const analyzed = await analyze(
    { inputs: [log], db: null, inputFormat: null, maxBytes: 1e9 },
    { ...file.flags, device: null, rules: null, skipRules: [], lastBoot: false, side: null },
  );
  analyzed.close();
  return analyzed.analysis;
}

describe('rules on short logs', () => {
  it.each(CASES.map((one) => [`${one.rule}/${one.name}`, one] as const))('%s', async (_name, one) => {
    expect(one.name).toMatch(/^\d\d-[a-z0-9-]+\.case$/);
    const actual = outcomeOf(await run(one), one.file.expect);
    if (update) writeFileSync(one.path, formatCase(one.file, actual));
    else expect(actual, one.file.what).toEqual(orderExpected(one.file.expect));
  });
});

describe.each(RULES.map(({ doc }) => doc.id))('the cases of %s', (id) => {
  const missing = (what: string) => `fixtures/rules/${id}/: no case ${what}; their form: test/rules/case-file.ts`;
  const lines = CASES.filter(({ rule }) => rule === id).map(({ file }) => file.expect);
  const some = (pattern: RegExp) => lines.some((expected) => expected.some((line) => pattern.test(line)));

  it('hold one that breaks it', () => {
    expect(some(new RegExp(`^(?:headline|caused) \\w+ ${id} `)), missing('with a finding of the rule')).toBe(true);
  });

  it('hold one that keeps to it, and finds nothing', () => {
    const held = new RegExp(`^coverage ${id} \\S+ held`);
    const kept = lines.some((expected) => expected.includes('nothing') && expected.some((line) => held.test(line)));
    expect(kept, missing(`that expects "nothing" and "coverage ${id} BDF held"`)).toBe(true);
  });

  it('hold one that cannot be decided', () => {
    const undecided = some(new RegExp(`^coverage ${id} \\S+ blind|^\\w+ POSSIBLE ${id} `));
    expect(undecided, missing(`that expects "coverage ${id} BDF blind", or POSSIBLE`)).toBe(true);
  });

  it('have names that sort, each number once', () => {
    const numbers = CASES.filter(({ rule }) => rule === id).map(({ name }) => name.slice(0, 2));
    expect(new Set(numbers).size).toBe(numbers.length);
  });
});

it('every folder of cases belongs to a rule', () => {
  expect(RULES.map(({ doc }) => doc.id)).toEqual(expect.arrayContaining([...new Set(CASES.map(({ rule }) => rule))]));
});
