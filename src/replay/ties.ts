import type { StoredEvent } from '../timeline/rows.ts';
import type { SourceClocks } from './clocks.ts';

/** Orders of one handful of events that are tried; where there are more, none of them is relied on. */
export const ORDERS_MAX = 24;

/**
 * Whether nothing tells which of two events came first: stamps of two sources that differ by less than the clocks may be wrong,
 * or equal stamps of two CPUs in one trace. Two records of one call have their order by themselves.
 */
export function areTied(a: StoredEvent, b: StoredEvent, clocks: SourceClocks): boolean {
  const [one, other] = [clocks.time(a), clocks.time(b)];
  if (one === null || other === null) return false;
  if ((a.rootId ?? a.id) === (b.rootId ?? b.id) || a.pairId === b.id) return false;
  if (a.sourceId !== b.sourceId) {
    const apart = one < other ? other - one : one - other;
    return apart <= clocks.error(a.sourceId, b.sourceId);
  }
  return one === other && a.cpu !== null && b.cpu !== null && a.cpu !== b.cpu && (a.pid === null || a.pid !== b.pid);
}

/**
 * The orders that `events` may have had, the given one first: all that keep the order of those that are not tied. Null where
 * there are more than {@link ORDERS_MAX}.
 */
export function possibleOrders<T>(events: readonly T[], tied: (a: T, b: T) => boolean): T[][] | null {
  const orders: T[][] = [];
  const used = events.map(() => false);
  const before = events.map((one, i) => events.slice(0, i).map((other, j) => ({ j, fixed: !tied(other, one) })));
  const extend = (order: readonly T[]): boolean => {
    if (order.length === events.length) {
      orders.push([...order]);
      return orders.length <= ORDERS_MAX;
    }
    for (const [i, event] of events.entries()) {
      if (used[i] || before[i]?.some(({ j, fixed }) => fixed && !used[j])) continue;
      used[i] = true;
      const goesOn = extend([...order, event]);
      used[i] = false;
      if (!goesOn) return false;
    }
    return true;
  };
  return extend([]) ? orders : null;
}
