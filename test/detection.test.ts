import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { RULES } from '../src/rules/index.ts';
import { COLUMNS, cell, LOSSES, measure, tableOf } from './support/detection.ts';
import { BUGS, platformsOf } from './support/history/bugs.ts';
import { PATIENCE } from './support/runs.ts';

// The table of what the rules detect, in README.md: `npm run bench:detection` measures it anew.

const README = readFileSync('README.md', 'utf8');
const IDS = RULES.map(({ doc }) => doc.id);
const CELL = /^(?:-|(?:<1|\d{1,3}) \/ (?:<1|\d{1,3}) \/ (?:<1|\d{1,3}))$/;
const sum = (one: string) =>
  one === '-' ? 0 : one.split(' / ').reduce((all, part) => all + (part === '<1' ? 0 : Number(part)), 0);

function rowsOf(table: string): string[][] {
  return table
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((one) => one.trim()),
    );
}

describe.each(['unmarked', 'marked'])('the table of lost lines, %s', (kind) => {
  const from = README.indexOf(`<!-- detection, ${kind}:`);
  const rows = rowsOf(README.slice(from, README.indexOf(`<!-- end of detection, ${kind} -->`)));
  const [head, , ...body] = rows;

  test('has the columns that are measured', () => {
    expect(from).toBeGreaterThan(0);
    expect(head).toEqual(COLUMNS);
  });

  test('has a row for every rule, in their order, and one for all', () => {
    expect(body.slice(0, -1).map(([rule]) => rule)).toEqual(IDS.map((id) => `\`${id}\``));
    expect(body.at(-1)?.[0]).toMatch(/^any of them \(\d{2,6} legal histories\)$/);
  });

  test.each(body.map((row) => [row[0] ?? '', row] as const))('%s: percent of bugs that were put in', (_, row) => {
    expect(Number(row[1])).toBeGreaterThanOrEqual(20);
    for (const one of row.slice(2)) {
      expect(one).toMatch(CELL);
      // Each is rounded.
      expect(sum(one)).toBeLessThanOrEqual(102);
    }
    // Everything is found where all was recorded, and nothing is wrong in a legal history of which nothing is lost.
    for (const all of [row[2], row[3]]) expect(Math.abs(sum(all ?? '-') - 100)).toBeLessThanOrEqual(2);
    expect(row[4 + LOSSES.length]).toBe('-');
    // No loss makes a legal history a definite one.
    for (const wrong of row.slice(4 + LOSSES.length)) expect(wrong).toMatch(/^(?:-$|0 \/)/);
  });
});

test('the table is measured: the same seed gives the same one, in which every bug is found', {
  timeout: PATIENCE,
}, async () => {
  const options = { bugs: 1, legal: 2, marked: false, seed: 5 };
  const detection = await measure(options);
  const kinds = (rule: string) =>
    BUGS.filter((bug) => bug.rule === rule).reduce((sum, bug) => sum + platformsOf(bug).length, 0);
  expect(detection.rows.map(({ rule, seeded }) => [rule, seeded])).toEqual(IDS.map((id) => [id, kinds(id)]));
  const isMissed = ({ declared, complete }: (typeof detection.rows)[number]) => declared.none + complete.none > 0;
  expect(detection.rows.filter(isMissed).map(({ rule }) => rule)).toEqual([]);
  expect(detection.wrong[0]).toEqual({ definite: 0, probable: 0, possible: 0, none: 8 });
  expect(rowsOf(tableOf(detection)).length).toBe(IDS.length + 3);
  expect(tableOf(await measure(options))).toBe(tableOf(detection));
});

test('a cell tells the levels apart', () => {
  expect(cell({ definite: 1, probable: 2, possible: 0, none: 1 })).toBe('25 / 50 / 0');
  expect(cell({ definite: 0, probable: 0, possible: 0, none: 3 })).toBe('-');
  expect(cell({ definite: 0, probable: 0, possible: 1, none: 999 })).toBe('0 / 0 / <1');
});
