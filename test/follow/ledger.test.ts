import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import type { Bdf } from '../../src/base/bdf.ts';
import { keyOf, Ledger } from '../../src/follow/ledger.ts';
import type { Analysis, Finding, HealthInfo } from '../../src/model/analysis.ts';
import { FOLLOW_SCHEMA } from '../../src/report/analysis-schema.ts';
import { renderNews, renderNewsJson } from '../../src/report/news.ts';
import { SAMPLE } from '../report/sample.ts';

const [FIRST] = SAMPLE.findings;
if (FIRST === undefined) throw new Error('the sample has findings');
const BDF = '0000:02:00.0' as Bdf;

function finding(line: number, change: Partial<Finding> = {}): Finding {
  const [evidence] = FIRST?.evidence.filter(({ role }) => role === 'violation') ?? [];
  if (FIRST === undefined || evidence === undefined) throw new Error('no violation');
  const base = {
    ...FIRST,
    id: `f${line}`,
    rule: 'flr-while-locked',
    verdict: 'probable',
    device: BDF,
    caused_by: null,
  } as const;
  return { ...base, headline: true, summary: 'reset', evidence: [{ ...evidence, source: 's1', line }], ...change };
}

const analysis = (findings: Finding[], health: HealthInfo[] = []): Analysis => ({ ...SAMPLE, findings, health });
const key = (line: number): string => keyOf('s1', line, 'flr-while-locked', BDF);
const NONE: ReadonlyMap<string, number> = new Map();
const tales = (news: ReturnType<Ledger['compare']>, from: Analysis): string[] =>
  renderNews(news, from, { width: 100, color: false }).split('\n').slice(0, -1);

describe('a headline', () => {
  test('is told once, whatever its id is next time', () => {
    const ledger = new Ledger('probable');
    const one = analysis([finding(5)]);
    expect(tales(ledger.compare(one, NONE, 0), one)).toEqual([
      expect.stringMatching(/:5: probable: flr-while-locked: 0000:02:00\.0: reset$/),
    ]);
    const again = analysis([finding(3, { verdict: 'possible' }), finding(5, { id: 'f9' })]);
    expect(ledger.compare(again, NONE, 1)).toEqual([]);
    expect(ledger.compare(again, null, 2)).toEqual([]);
  });

  test('that is only possible is told where it counts', () => {
    const weak = analysis([finding(5, { verdict: 'possible' })]);
    expect(new Ledger('probable').compare(weak, NONE, 0)).toEqual([]);
    expect(new Ledger('possible').compare(weak, NONE, 0)).toHaveLength(1);
  });

  test('that no state explains accuses nobody', () => {
    expect(new Ledger('possible').compare(analysis([finding(5, { verdict: 'inconsistent' })]), null, 0)).toEqual([]);
  });

  test('that lines to come may bear on waits as long as it is told, or until that is over', () => {
    const ledger = new Ledger('probable');
    const one = analysis([finding(5)]);
    expect(ledger.compare(one, new Map([[key(5), 700]]), 0)).toEqual([]);
    expect(ledger.dueIn(100)).toBe(600);
    expect(ledger.release(699)).toEqual([]);
    expect(ledger.compare(one, new Map([[key(5), 700]]), 500)).toEqual([]);
    expect(ledger.release(700)).toHaveLength(1);
    expect(ledger.release(5000)).toEqual([]);
    expect(ledger.dueIn(5000)).toBe(Number.POSITIVE_INFINITY);

    const other = new Ledger('probable');
    expect(other.compare(one, new Map([[key(5), 700]]), 0)).toEqual([]);
    expect(other.compare(one, NONE, 1)).toHaveLength(1);
    expect(other.dueIn(1)).toBe(Number.POSITIVE_INFINITY);
  });

  test('that waited and went away was never told', () => {
    const ledger = new Ledger('probable');
    ledger.compare(analysis([finding(5)]), new Map([[key(5), 700]]), 0);
    expect(ledger.compare(analysis([]), NONE, 10)).toEqual([]);
    expect(ledger.release(5000)).toEqual([]);
  });
});

describe('later lines', () => {
  const told = (): Ledger => {
    const ledger = new Ledger('probable');
    ledger.compare(analysis([finding(5)]), NONE, 0);
    return ledger;
  };

  test.each([
    [{ verdict: 'definite' }, /:5: update: now definite \(was probable\): flr-while-locked: 0000:02:00\.0: reset$/],
    [{ verdict: 'possible' }, /:5: update: now possible \(was probable\): /],
    [
      { device: '0000:03:00.0' as Bdf },
      /:5: update: now probable \(was of 0000:02:00\.0\): flr-while-locked: 0000:03:00\.0: /,
    ],
    [{ summary: 'another' }, /:5: update: now probable: flr-while-locked: 0000:02:00\.0: another$/],
  ] as const)('change %j', (change, line) => {
    const next = analysis([finding(5, change)]);
    const ledger = told();
    expect(tales(ledger.compare(next, NONE, 1), next)).toEqual([expect.stringMatching(line)]);
    expect(ledger.compare(next, null, 2)).toEqual([]);
  });

  test('name another headline as the cause', () => {
    const next = analysis([
      finding(4, { rule: 'unbind-before-disable' }),
      finding(5, { caused_by: 'f4', headline: false }),
    ]);
    expect(tales(told().compare(next, NONE, 1), next)).toEqual([
      expect.stringMatching(/:5: update: now probable \(part of [^ ]*:4: unbind-before-disable\): flr-while-locked: /),
      expect.stringMatching(/:4: probable: unbind-before-disable: /),
    ]);
  });

  test('take it back, and bring it back', () => {
    const ledger = told();
    const none = analysis([]);
    expect(tales(ledger.compare(none, NONE, 1), none)).toEqual([
      expect.stringMatching(/:5: withdrawn: flr-while-locked: 0000:02:00\.0: later lines speak against it$/),
    ]);
    expect(ledger.compare(none, null, 2)).toEqual([]);
    expect(ledger.compare(analysis([finding(5)]), NONE, 3)).toHaveLength(1);
  });
});

test('losses are told once, and not without end; notes and what concerns all of the input can wait', () => {
  const lost = (line: number | null, severity: HealthInfo['severity'] = 'warning'): HealthInfo => ({
    code: 'events-lost',
    severity,
    source: 's1',
    line,
    message: 'lost 3 events',
    count: 3,
  });
  const ledger = new Ledger('probable');
  const one = analysis([], [lost(7), lost(8, 'note'), lost(null)]);
  expect(tales(ledger.compare(one, NONE, 0), one)).toEqual([
    expect.stringMatching(/:7: warning: events-lost: lost 3 events$/),
  ]);
  expect(ledger.compare(one, NONE, 1)).toEqual([]);
  const many = analysis(
    [],
    Array.from({ length: 500 }, (_, i) => lost(i + 1)),
  );
  expect(ledger.compare(many, NONE, 2)).toHaveLength(19);
  expect(ledger.compare(many, NONE, 3)).toEqual([]);
});

test('as JSON each is an object on a line that fits the schema', () => {
  const ledger = new Ledger('probable');
  const validate = new Ajv2020({ strict: true, allErrors: true }).compile(FOLLOW_SCHEMA);
  const told = (next: Analysis): unknown[] => {
    const lines = renderNewsJson(ledger.compare(next, NONE, 0), next)
      .split('\n')
      .slice(0, -1);
    for (const line of lines) {
      validate(JSON.parse(line));
      expect(validate.errors).toBeNull();
    }
    return lines.map((line) => JSON.parse(line));
  };
  const place = { key: key(5), line: 5, path: expect.stringContaining('trace') };
  expect(told(analysis([finding(5)]))).toMatchObject([
    { event: 'finding', ...place, finding: { rule: 'flr-while-locked', verdict: 'probable' } },
  ]);
  const cause = finding(4, { rule: 'unbind-before-disable', verdict: 'definite' });
  expect(told(analysis([cause, finding(5, { verdict: 'definite', caused_by: 'f4' })]))).toMatchObject([
    {
      event: 'update',
      ...place,
      caused_by: keyOf('s1', 4, 'unbind-before-disable', BDF),
      was: { key: key(5), verdict: 'probable', caused_by: null },
    },
    { event: 'finding', line: 4 },
  ]);
  const lost = { code: 'events-lost', severity: 'warning', source: 's1', line: 9, message: 'lost', count: 1 } as const;
  expect(told(analysis([cause], [lost]))).toMatchObject([
    { event: 'health', health: { code: 'events-lost', line: 9 } },
    { event: 'withdrawn', ...place },
  ]);
});
