import { describe, expect, test } from 'vitest';
import type { HealthCode } from '../../src/base/health.ts';
import { gapsOf } from '../../src/replay/gaps.ts';

const NEVER = Number.POSITIVE_INFINITY;

describe('rows of health that tell of lost evidence', () => {
  const row = (
    code: HealthCode,
    line: number | null,
    more: { count?: number; message?: string; sourceId?: number | null } = {},
  ) => ({
    code,
    line,
    sourceId: 1,
    count: 1,
    message: '',
    ...more,
  });
  const gaps = (...rows: ReturnType<typeof row>[]) => gapsOf(rows).get(1);
  const none = { lines: [], throughout: NEVER, ofCpu: [] };

  test.each([
    'events-lost',
    'messages-dropped',
    'messages-suppressed',
    'lines-elided',
    'source-rotated',
    'buffer-started',
    'buffer-wrapped',
    'pointer-reused',
  ] as const)('%s: something is missing before the line', (code) => {
    expect(gaps(row(code, 7))).toEqual({ ...none, lines: [7] });
    expect(gaps(row(code, null))).toEqual(none);
  });

  test.each(['lines-truncated', 'nul-bytes'] as const)(
    '%s: a piece of the line is missing, or from the first on',
    (code) => {
      expect(gaps(row(code, 7))).toEqual({ ...none, lines: [7, 8] });
      expect(gaps(row(code, 7, { count: 2 }))).toEqual({ ...none, throughout: 7 });
      expect(gaps(row(code, null))).toEqual(none);
    },
  );

  test('rest-doubtful: the line above may have said something else', () => {
    expect(gaps(row('rest-doubtful', 7))).toEqual({ ...none, lines: [6, 7] });
    expect(gaps(row('rest-doubtful', 7, { count: 2 }))).toEqual({ ...none, throughout: 6 });
    expect(gaps(row('rest-doubtful', null))).toEqual(none);
  });

  test('result-unreadable: beside the line the call may have done what it says or nothing', () => {
    expect(gaps(row('result-unreadable', 7))).toEqual({ ...none, lines: [7, 8] });
  });

  test.each(['source-cut', 'source-capped'] as const)('%s: the source ends, or one CPU of it', (code) => {
    expect(gaps(row(code, null))).toEqual({ ...none, lines: [NEVER] });
    expect(gaps(row(code, 7))).toEqual({ ...none, throughout: 7 });
  });

  test.each(['losses-everywhere', 'mostly-unparsed'] as const)('%s: from the line on', (code) => {
    expect(gaps(row(code, 7))).toEqual({ ...none, throughout: 7 });
    expect(gaps(row(code, null))).toEqual(none);
  });

  test('are put in order, the earliest line from which all is doubtful first', () => {
    const rows = [
      row('events-lost', 9),
      row('events-lost', 4),
      row('mostly-unparsed', 8),
      row('losses-everywhere', 6),
      row('source-cut', 7),
    ];
    expect(gaps(...rows)).toEqual({ lines: [4, 9], throughout: 6, ofCpu: [] });
    expect(gaps(row('events-lost', 10), row('events-lost', 9))?.lines).toEqual([9, 10]);
  });

  test('name the CPU that lost them', () => {
    const lost = (cpu: number, line: number | null) =>
      row('events-lost', line, { message: `CPU ${cpu} lost 3 events here` });
    expect(gaps(lost(1, 9), lost(0, 4), row('events-lost', 5))).toEqual({
      lines: [4, 5, 9],
      throughout: NEVER,
      ofCpu: [
        { cpu: 0, line: 4 },
        { cpu: 1, line: 9 },
      ],
    });
    expect(gaps(lost(1, null))).toEqual(none);
  });

  test('are no hole where they name no source, tell of no loss, or of messages that are no steps', () => {
    expect(gapsOf([row('events-lost', 7, { sourceId: null })]).size).toBe(0);
    expect(gapsOf([row('one-cpu', 7)]).size).toBe(0);
    expect(
      gapsOf([row('messages-suppressed', 7, { message: 'a rate limit suppressed 12 messages of dmar_fault' })]).size,
    ).toBe(0);
  });

  test('are kept source by source', () => {
    const both = gapsOf([row('events-lost', 7), row('events-lost', 3, { sourceId: 2 })]);
    expect([both.get(1)?.lines, both.get(2)?.lines]).toEqual([[7], [3]]);
  });
});
