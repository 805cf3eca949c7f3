import { describe, expect, it, test } from 'vitest';
import { SourceClocks } from '../../src/replay/clocks.ts';
import { areTied, ORDERS_MAX, possibleOrders } from '../../src/replay/ties.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { storedEvent, storedSource } from './stored-event.ts';

/** Two sources on one clock, which may be wrong by 100 ns each; and one that stands alone. */
const CLOCKS = new SourceClocks([
  storedSource(1, { clockGroup: 1, clockError: 0 }),
  storedSource(2, { clockGroup: 1, clockError: 100, clockOffset: 5000n }),
]);
const at = (id: number, more: Partial<StoredEvent>) => storedEvent('pci.flr', { id, cpu: 0, pid: id, ...more });

describe('which of two events came first is open', () => {
  test.each<[string, Partial<StoredEvent>, Partial<StoredEvent>, boolean]>([
    ['two CPUs, one stamp', { cpu: 0, time: 7n }, { cpu: 1, time: 7n }, true],
    ['one CPU', { cpu: 1, time: 7n }, { cpu: 1, time: 7n }, false],
    ['two stamps', { cpu: 0, time: 7n }, { cpu: 1, time: 8n }, false],
    ['one CPU is not told', { cpu: null, time: 7n }, { cpu: 1, time: 7n }, false],
    ['the other is not told', { cpu: 1, time: 7n }, { cpu: null, time: 7n }, false],
    ['one task, moved to another CPU', { cpu: 0, time: 7n, pid: 5 }, { cpu: 1, time: 7n, pid: 5 }, false],
    ['tasks that are not told', { cpu: 0, time: 7n, pid: null }, { cpu: 1, time: 7n, pid: null }, true],
    ['no stamp', { cpu: 0, time: null }, { cpu: 1, time: 7n }, false],
    ['no stamps at all', { cpu: 0, time: null }, { cpu: 1, time: null }, false],
    ['two sources, no stamp', { time: null }, { sourceId: 2, time: 0n }, false],
    ['no stamp on the other', { cpu: 0, time: 7n }, { cpu: 1, time: null }, false],
    ['inside one call', { cpu: 0, time: 7n, rootId: 1 }, { cpu: 1, time: 7n, rootId: 1 }, false],
    ['the call and what it does', { cpu: 0, time: 7n, rootId: null }, { cpu: 1, time: 7n, rootId: 1 }, false],
    ['two calls', { cpu: 0, time: 7n, rootId: 8 }, { cpu: 1, time: 7n, rootId: 9 }, true],
    ['entry and return', { cpu: 0, time: 7n, pairId: 2 }, { cpu: 1, time: 7n }, false],
    // Source 2 is 5000 ns behind, and the clocks may be wrong by 100 ns.
    ['two sources, 100 ns apart', { time: 5100n }, { sourceId: 2, time: 0n }, true],
    ['two sources, 101 ns apart', { time: 5101n }, { sourceId: 2, time: 0n }, false],
    ['the other one first', { time: 4900n }, { sourceId: 2, time: 0n }, true],
    ['the other one first, by more', { time: 4899n }, { sourceId: 2, time: 0n }, false],
    [
      'two sources, one CPU and task: they do not tell',
      { time: 5000n, pid: 3 },
      { sourceId: 2, time: 0n, pid: 3 },
      true,
    ],
  ])('%s', (_name, a, b, tied) => {
    const [one, other] = [at(1, a), at(2, b)];
    expect(areTied(one, other, CLOCKS)).toBe(tied);
    if (a.pairId === undefined) expect(areTied(other, one, CLOCKS)).toBe(tied);
  });
});

describe('the orders that are possible', () => {
  const pairs =
    (...list: string[]) =>
    (a: string, b: string) =>
      list.includes(a + b) || list.includes(b + a);

  test.each<[string, string, string[], string[]]>([
    ['none is open', 'abc', [], ['abc']],
    ['the first two', 'abc', ['ab'], ['abc', 'bac']],
    ['the last two', 'abc', ['bc'], ['abc', 'acb']],
    ['the outer two, which the middle one parts', 'abc', ['ac'], ['abc']],
    ['all', 'abc', ['ab', 'bc', 'ac'], ['abc', 'acb', 'bac', 'bca', 'cab', 'cba']],
    ['two of three pairs', 'abc', ['ab', 'bc'], ['abc', 'acb', 'bac']],
    ['nothing', '', [], ['']],
    ['one', 'a', [], ['a']],
  ])('%s', (_name, events, tied, orders) => {
    expect(possibleOrders([...events], pairs(...tied))?.map((order) => order.join(''))).toEqual(orders);
  });

  it('are all of four, 24, and no longer told of five', () => {
    expect(ORDERS_MAX).toBe(24);
    const four = possibleOrders([...'abcd'], () => true);
    expect(new Set(four?.map((order) => order.join(''))).size).toBe(24);
    expect(possibleOrders([...'abcde'], () => true)).toBeNull();
    // A pair and a handful: 2 * 24.
    expect(possibleOrders([...'abcdef'], (a, b) => a < 'c' === b < 'c')).toBeNull();
    expect(possibleOrders([...'abcdef'], (a, b) => a < 'e' && b < 'e')).toHaveLength(24);
  });
});
