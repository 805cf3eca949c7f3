import { describe, expect, test } from 'vitest';
import { SourceClocks } from '../../src/replay/clocks.ts';
import { type Change, Coverage } from '../../src/replay/coverage.ts';
import { EventList } from '../../src/replay/event-list.ts';
import type { Gaps } from '../../src/replay/gaps.ts';
import type { StoredEvent, StoredSource } from '../../src/timeline/rows.ts';
import { storedEvent, storedSource } from './stored-event.ts';

const NEVER = Number.POSITIVE_INFINITY;
const hole = (more: Partial<Gaps>): Gaps => ({ lines: [], throughout: NEVER, ofCpu: [], ...more });

/** What is told of each event before it is replayed: `-` nothing, `lost`, `uncovered`. */
function told(
  sources: readonly StoredSource[],
  events: readonly StoredEvent[],
  gaps: Readonly<Record<number, Gaps>> = {},
  startTold = false,
): string {
  const list = new EventList(sources, [], events);
  const bySource = new Map(Object.entries(gaps).map(([id, one]) => [Number(id), one]));
  const clocks = new SourceClocks(sources);
  const coverage = new Coverage(list, clocks, bySource, startTold);
  // Forgets nothing: to be asked of any two events.
  const whole = new Coverage(list, clocks, bySource, startTold);
  const word = (change: Change | null) => change ?? '-';
  const told: { readonly event: StoredEvent; readonly change: Change | null }[] = [];
  for (const event of list.events(0, 100)) {
    const changes = coverage.changesAt(event);
    const change = coverage.before(event);
    // Whoever asks beforehand gets the same answer.
    expect(changes).toBe(change !== null);
    told.push({ event, change });
  }
  // Records may be missing between two events of a history where they may be before the second one, or before any between them.
  for (const [i, { event: one }] of told.entries()) {
    let lost = false;
    for (const { event: other, change } of told.slice(i + 1)) {
      if (clocks.history(one.sourceId) !== clocks.history(other.sourceId)) continue;
      lost ||= change !== null;
      expect(whole.lostBetween(one, other), `between ${one.id} and ${other.id}`).toBe(lost);
    }
  }
  return told.map(({ change }) => word(change)).join(' ');
}

/** Events on these lines of a source; a symbol makes the source a trace. */
const lines = (sourceId: number, ...at: readonly number[]) =>
  at.map((line) => storedEvent('pci.flr', { id: line, line, sourceId, time: BigInt(line), symbol: 'pcie_flr' }));

describe('losses of one source', () => {
  const one = [storedSource(1)];

  test('none', () => {
    expect(told(one, lines(1, 1, 5, 9))).toBe('- - -');
  });

  test('are before the first event at or behind the mark, once', () => {
    expect(told(one, lines(1, 1, 5, 9), { 1: hole({ lines: [4] }) })).toBe('- lost -');
    expect(told(one, lines(1, 1, 5, 9), { 1: hole({ lines: [5] }) })).toBe('- lost -');
    expect(told(one, lines(1, 1, 5, 9), { 1: hole({ lines: [6] }) })).toBe('- - lost');
    expect(told(one, lines(1, 1, 5, 9), { 1: hole({ lines: [1] }) })).toBe('lost - -');
    expect(told(one, lines(1, 1, 5, 9), { 1: hole({ lines: [10] }) })).toBe('- - -');
    expect(told(one, lines(1, 1, 5, 9), { 1: hole({ lines: [2, 3, 8] }) })).toBe('- lost lost');
    expect(told(one, lines(1, 1, 5, 9), { 2: hole({ lines: [4] }) })).toBe('- - -');
  });

  test('are everywhere from a line on', () => {
    expect(told(one, lines(1, 1, 5, 9), { 1: hole({ throughout: 5 }) })).toBe('- lost lost');
    expect(told(one, lines(1, 1, 5, 9), { 1: hole({ throughout: 6 }) })).toBe('- - lost');
  });

  test('are everywhere in a trace of one CPU, told by its place', () => {
    const ofCpu = [storedSource(1, { path: 'trace/per_cpu/cpu1/trace' })];
    expect(told(ofCpu, lines(1, 1, 5))).toBe('lost lost');
  });

  test('concern no other source', () => {
    const two = [storedSource(1), storedSource(2)];
    const events = [...lines(1, 1), ...lines(2, 3), ...lines(1, 5)].map((event, at) => ({ ...event, id: at + 1 }));
    expect(told(two, events, { 1: hole({ lines: [4] }) })).toBe('- - lost');
    expect(told(two, events, { 1: hole({ throughout: 4 }) })).toBe('- - lost');
  });
});

describe('losses of one CPU', () => {
  const one = [storedSource(1)];
  /** `cpu:line` of each event. */
  const on = (...at: readonly string[]) =>
    at.map((text, index) => {
      const [cpu, line] = text.split(':').map(Number);
      return storedEvent('pci.flr', { id: index + 1, line: line ?? 0, cpu: cpu ?? null });
    });
  const marked = (...ofCpu: Gaps['ofCpu']) => ({ 1: hole({ lines: ofCpu.map(({ line }) => line), ofCpu }) });

  test('lie between its last record and the mark: what others did meanwhile stands beside them', () => {
    // CPU 0 records on lines 1 and 6, and lost something before line 6; CPU 1 records on 3 and 8.
    expect(told(one, on('0:1', '1:3', '0:6', '1:8'), marked({ cpu: 0, line: 5 }))).toBe('- lost lost -');
    expect(told(one, on('0:1', '1:3', '0:6', '1:8'), marked({ cpu: 1, line: 7 }))).toBe('- - lost lost');
  });

  test('reach back to the start where nothing of it came before', () => {
    expect(told(one, on('0:1', '0:3', '1:6'), marked({ cpu: 1, line: 5 }))).toBe('lost lost lost');
  });

  test('reach to the end where nothing comes behind the mark', () => {
    expect(told(one, on('0:1', '1:3', '1:6'), marked({ cpu: 0, line: 9 }))).toBe('- lost lost');
    expect(told(one, on('0:1', '1:3', '0:4'), marked({ cpu: 0, line: 9 }))).toBe('- - -');
  });

  test('several marks, one behind the other', () => {
    expect(
      told(one, on('0:1', '1:3', '0:6', '1:8', '0:11', '1:12'), marked({ cpu: 0, line: 5 }, { cpu: 0, line: 10 })),
    ).toBe('- lost lost lost lost -');
  });

  test('one within another, or reaching beyond it', () => {
    // CPU 0 lost something between lines 1 and 9, CPU 1 meanwhile between 3 and 6.
    expect(
      told(one, on('0:1', '1:3', '1:6', '1:7', '0:9', '1:11'), marked({ cpu: 1, line: 5 }, { cpu: 0, line: 8 })),
    ).toBe('- lost lost lost lost -');
    // CPU 0 between 1 and 5, CPU 1 between 3 and 8.
    expect(
      told(one, on('0:1', '1:3', '0:5', '2:6', '1:8', '2:9'), marked({ cpu: 0, line: 4 }, { cpu: 1, line: 7 })),
    ).toBe('- lost lost lost lost -');
  });

  test('two marks before the same record', () => {
    expect(told(one, on('0:1', '1:3', '2:4', '0:7', '2:8'), marked({ cpu: 1, line: 5 }, { cpu: 0, line: 6 }))).toBe(
      '- lost lost lost -',
    );
  });
});

describe('losses of one of two merged sources', () => {
  const merged = [1, 2].map((id) => storedSource(id, { clockGroup: 1, clockError: 0 }));
  /** Events as `source:line`, in order. Kernel messages: no source is a trace. */
  const on = (...at: readonly string[]) =>
    at.map((text, index) => {
      const [sourceId, line] = text.split(':').map(Number);
      return storedEvent('pci.flr', { id: index + 1, line: line ?? 0, sourceId: sourceId ?? 0 });
    });

  test('stand beside what the other one tells between the records around the loss', () => {
    const events = on('2:1', '1:1', '2:2', '2:3', '1:6', '2:4');
    expect(told(merged, events, { 1: hole({ lines: [5] }) })).toBe('- - lost lost lost -');
    expect(told(merged, events, { 2: hole({ lines: [4] }) })).toBe('- - - - lost lost');
  });

  test('begin with the history where the source has told nothing yet', () => {
    expect(told(merged, on('2:1', '1:6', '2:4'), { 1: hole({ lines: [5] }) })).toBe('lost lost -');
  });

  test('last to the end where the source tells nothing more', () => {
    expect(told(merged, on('2:1', '1:1', '2:2', '2:3'), { 1: hole({ lines: [NEVER] }) })).toBe('- - lost lost');
    expect(told(merged, on('2:1', '1:1', '2:2', '2:3'), { 1: hole({ throughout: 3 }) })).toBe('- - lost lost');
    expect(told(merged, on('2:1', '1:1', '2:2', '1:4', '2:3'), { 1: hole({ throughout: 3 }) })).toBe(
      '- - lost lost lost',
    );
  });

  test('that follow one another leave nothing in between', () => {
    const events = on('1:1', '2:1', '1:5', '2:2', '1:9', '2:3');
    expect(told(merged, events, { 1: hole({ lines: [4, 8] }) })).toBe('- lost lost lost lost -');
    expect(told(merged, events, { 1: hole({ lines: [4] }), 2: hole({ lines: [3] }) })).toBe('- lost lost - lost lost');
  });

  test('are told of those that were merged only', () => {
    const three = [...merged, storedSource(3)];
    expect(told(three, on('1:1', '3:1', '2:2', '3:5'), { 3: hole({ lines: [4] }) })).toBe('- - - lost');
  });
});

describe('a trace beside a kernel log', () => {
  const span = (id: number, first: bigint, last: bigint, more: Partial<StoredSource> = {}) =>
    storedSource(id, { clockGroup: 1, clockError: 0, firstTime: first, lastTime: last, ...more });
  /** `source@time`; odd sources are traces. */
  const on = (...at: readonly string[]) =>
    at.map((text, index) => {
      const [sourceId = 0, time] = text.split('@').map(Number);
      const symbol = sourceId % 2 === 1 ? 'pcie_flr' : null;
      return storedEvent('pci.flr', { id: index + 1, sourceId, time: BigInt(time ?? 0), symbol });
    });
  const [trace, log] = [span(1, 10n, 20n), span(2, 0n, 90n)];

  test('what comes before it begins, and after it ends, is as in a capture without one', () => {
    expect(told([trace, log], on('2@5', '1@10', '2@15', '1@20', '2@21', '2@30'))).toBe('- uncovered - - uncovered -');
  });

  test('that begins with the machine, as the user says, misses nothing before', () => {
    expect(told([trace, log], on('2@5', '1@10', '1@20', '2@21'), {}, true)).toBe('- - - uncovered');
  });

  test('ends later by as much as the stamps may be wrong', () => {
    const wide = [span(1, 10n, 20n, { clockError: 3 }), span(2, 0n, 90n, { clockError: 2 })];
    expect(told(wide, on('1@10', '2@25', '2@26'))).toBe('uncovered - uncovered');
  });

  test('counts on the clock of the history', () => {
    const moved = [span(1, 110n, 120n, { clockOffset: -100n }), log];
    expect(told(moved, on('2@5', '1@110', '2@21'))).toBe('- uncovered uncovered');
  });

  test('that a second one overlaps begins once, and ends twice: the two may record different functions', () => {
    const both = [trace, log, span(3, 15n, 40n)];
    expect(told(both, on('1@10', '3@15', '2@21', '2@30', '2@41'))).toBe('uncovered - uncovered - uncovered');
    // One after the other, with a hole between them.
    const apart = [trace, log, span(3, 30n, 40n)];
    expect(told(apart, on('1@10', '2@21', '3@30', '2@41'))).toBe('uncovered uncovered uncovered uncovered');
    const touching = [trace, log, span(3, 20n, 40n)];
    expect(told(touching, on('1@10', '3@20', '2@22'))).toBe('uncovered - uncovered');
    const together = [trace, log, span(3, 10n, 40n)];
    expect(told(together, on('1@10', '3@12', '2@22', '2@41'))).toBe('uncovered - uncovered uncovered');
  });

  test('without stamps tells nothing of where it begins', () => {
    const bare = [span(1, 10n, 20n, { firstTime: null, lastTime: null }), log];
    expect(told(bare, on('2@5', '1@10', '2@21'))).toBe('- - -');
  });

  test('that stands alone has no ends that count', () => {
    expect(told([storedSource(1, { firstTime: 10n, lastTime: 20n })], on('1@10', '1@25'))).toBe('- -');
  });

  test('of one CPU hides what it did not see of the whole history, unless another one is whole', () => {
    const ofCpu = span(1, 0n, 90n, { path: 'per_cpu/cpu0/trace' });
    expect(told([ofCpu, log], on('1@1', '2@5'), {}, true)).toBe('lost lost');
    expect(told([ofCpu, log, span(3, 0n, 90n)], on('1@1', '2@5', '3@6'), {}, true)).toBe('lost - -');
    // The log itself is no trace.
    expect(told([span(2, 0n, 90n), span(4, 0n, 90n)], on('2@1', '4@5'), {}, true)).toBe('- -');
  });
});
