import { describe, expect, test } from 'vitest';
import type { EventClass, TdiState } from '../../src/model/states.ts';
import { BOUND_LOCKED, CONNECTED } from '../../src/model/tdi.ts';
import { Belief } from '../../src/replay/belief.ts';
import { Readings } from '../../src/replay/readings.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';

const NOTHING: ReadonlySet<EventClass> = new Set();
const isBound = ({ bind }: TdiState) => bind === 'bound';
const at = (id: number) => ({ id }) as StoredEvent;
const text = ({ text }: { readonly text: string }) => text;

/** Locked at no price, or connected by `price`. */
const either = (price: number, where = 3) =>
  Belief.only(BOUND_LOCKED).or(Belief.only(CONNECTED), price, 'an unrecorded unbind', { sourceId: 1, line: where });
/** Makes what is bound dearer by `cost`. */
const dearer = (cost: number) => (before: Belief) =>
  before.apply((state) => [{ to: state, cost: isBound(state) ? cost : 0, assumes: null }], null);
const open = (price = 9) => new Readings(either(price), isBound, new Set(['bind', 'link']), 1);

test('a step is not settled before anything was heard', () => {
  expect(open().settled).toBe(false);
  const readings = open();
  expect(readings.origin).toBe(readings);
  expect(readings.copy().origin).toBe(readings);
  expect(readings.copy().copy().origin).toBe(readings);
});

test('the latest eight events that moved the scales are told', () => {
  // Whatever stays locked gets dearer each time, until the way around it is the cheapest.
  const moved = new Readings(either(20), isBound, NOTHING, 1);
  const ids: number[] = [];
  for (let id = 2; id <= 40 && !moved.settled; id++) {
    const before = moved.prices.right - moved.prices.wrong;
    moved.follow(
      (belief) =>
        belief.apply((state) => [{ to: state, cost: state.contract === 'locked' ? 1 : 0, assumes: null }], null),
      at(id),
    );
    if (moved.prices.right - moved.prices.wrong !== before) ids.push(id);
  }
  expect(moved.turns.map(({ eventId }) => eventId)).toEqual(ids.slice(-8));
});

describe('what excuses a step', () => {
  test('is what only the reading that it was right takes for granted', () => {
    // Both take for granted that a connect was not recorded: that excuses nobody.
    const shared = Belief.only(CONNECTED).apply((state) => [{ to: state, cost: 2, assumes: 'an unrecorded connect' }], {
      sourceId: 1,
      line: 2,
    });
    const both = shared.map(() => BOUND_LOCKED).or(shared, 1, 'an unrecorded unbind', { sourceId: 1, line: 3 });
    const readings = new Readings(both, isBound, NOTHING, 1);
    expect(readings.excuse().before.map(text)).toEqual(['an unrecorded unbind']);
  });

  test('is not what both readings have to assume later', () => {
    const place = { sourceId: 1, line: 7 };
    const readings = new Readings(either(1), isBound, NOTHING, 1);
    readings.follow(
      (before) => before.apply((state) => [{ to: state, cost: 1, assumes: 'the request failed' }], place),
      at(7),
    );
    const { before, after } = readings.excuse();
    expect([before.map(text), after.map(text)]).toEqual([['an unrecorded unbind'], []]);
  });

  test('is told apart by where it was assumed', () => {
    // The same words about another record are another thing.
    const readings = new Readings(either(1), isBound, NOTHING, 1);
    const assume = (line: number, bound: boolean) => (before: Belief) =>
      before.apply(
        (state) => [{ to: state, cost: 1, assumes: isBound(state) === bound ? 'the request failed' : null }],
        { sourceId: 1, line },
      );
    readings.follow(assume(7, true), at(7));
    readings.follow(assume(8, false), at(8));
    expect(readings.excuse().after.map(text)).toContain('the request failed');
  });
});

describe('where an order is open', () => {
  test('what a copy went through counts beside it: the cheaper one is what either costs', () => {
    const readings = new Readings(either(2), isBound, NOTHING, 1);
    const copy = readings.copy();
    copy.follow(dearer(1), at(5));
    readings.either(copy, at(6));
    expect(readings.prices).toEqual({ wrong: 0, right: 2 });
  });

  test('it is over without a copy, or where one of the two was over; what was found stays', () => {
    const alone = new Readings(either(2), isBound, NOTHING, 1);
    alone.either(undefined, at(6));
    expect([alone.settled, alone.prices]).toEqual([true, { wrong: 0, right: 2 }]);
    const over = new Readings(either(2), isBound, NOTHING, 1);
    const copy = over.copy();
    copy.settle();
    over.either(copy, at(6));
    expect(over.settled).toBe(true);
    const own = new Readings(either(2), isBound, NOTHING, 1);
    const other = own.copy();
    own.settle();
    own.either(other, at(6));
    expect(own.settled).toBe(true);
  });
});

test('what may happen unseen comes after the step, not inside it', () => {
  // The same event again is still the step: nothing unseen lies between.
  const drop = (before: Belief) => before.where(({ contract }) => contract !== 'locked');
  const inside = new Readings(either(2), isBound, NOTHING, 1);
  inside.follow(drop, at(1));
  expect(inside.prices.wrong).toBe(Number.POSITIVE_INFINITY);
  // By another event it may have been stopped meanwhile, at the price of 1.
  const later = new Readings(either(2), isBound, NOTHING, 1);
  later.follow(drop, at(2));
  expect(later.prices.wrong).toBeLessThan(Number.POSITIVE_INFINITY);
});
