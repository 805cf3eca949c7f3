import { describe, expect, test } from 'vitest';
import type { EventClass, TdiState } from '../../src/model/states.ts';
import { afterUnbind, BOUND_LOCKED, BOUND_RUN, CONNECTED } from '../../src/model/tdi.ts';
import { Belief } from '../../src/replay/belief.ts';
import { Readings } from '../../src/replay/readings.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';

const NOTHING: ReadonlySet<EventClass> = new Set();
const EVERY_BIND: ReadonlySet<EventClass> = new Set(['bind', 'link']);
const isBound = ({ bind }: TdiState) => bind === 'bound';

const at = (id: number) => ({ id }) as StoredEvent;
const unbind = (before: Belief) => before.apply(afterUnbind, null);
/** Only a bound function answers. */
const answers = (before: Belief) => before.where(isBound);

/** Locked at no price, or connected by `price`. */
const either = (price: number) =>
  Belief.only(BOUND_LOCKED).or(Belief.only(CONNECTED), price, 'an unrecorded unbind', { sourceId: 1, line: 3 });

describe('the two readings of a step', () => {
  test('begin with what was believed, and nothing is left to wait for where there is one of them only', () => {
    expect(new Readings(either(2), isBound, NOTHING, 1).prices).toEqual({ wrong: 0, right: 2 });
    const alone = new Readings(Belief.only(BOUND_RUN), isBound, NOTHING, 1);
    expect([alone.settled, alone.prices]).toEqual([true, { wrong: 0, right: Number.POSITIVE_INFINITY }]);
  });

  test('go through the same records: what only one of them explains tells', () => {
    const readings = new Readings(either(2), isBound, NOTHING, 1);
    readings.follow(answers, at(7));
    // Connected as it was, it must have been bound unseen since: 2 more.
    expect(readings.prices).toEqual({ wrong: 0, right: 4 });
    expect(readings.turns).toEqual([{ eventId: 7, wrong: 0, right: 4 }]);
    const text = ({ text }: { text: string }) => text;
    expect(readings.excuse().before.map(text)).toEqual(['an unrecorded unbind']);
    expect(readings.excuse().after.map(text)).toEqual(['an unrecorded bind']);
  });

  test('with what the step itself does before anything that may happen unseen', () => {
    const readings = new Readings(either(2), isBound, NOTHING, 1);
    // Whatever is locked falls to ERROR by the step; what is bound after it does not.
    readings.follow((before) => before.map((state) => (isBound(state) ? { ...state, device: 'error' } : state)), at(1));
    readings.follow((before) => before.where(({ device }) => device === 'locked'), at(2));
    // Wrong: stopped and locked again; right: bound.
    expect(readings.prices).toEqual({ wrong: 2, right: 4 });
  });

  test('where every bind is recorded, one of them ends', () => {
    const readings = new Readings(either(2), isBound, EVERY_BIND, 1);
    readings.follow(answers, at(7));
    expect([readings.prices.right, readings.settled]).toEqual([Number.POSITIVE_INFINITY, true]);
  });

  test('are settled once nothing can tell them apart any more', () => {
    const readings = new Readings(either(2), isBound, EVERY_BIND, 1);
    readings.follow(unbind, at(5));
    expect([readings.prices, readings.settled, readings.turns]).toEqual([{ wrong: 0, right: 2 }, true, []]);
    // What comes then says nothing of the step.
    readings.follow(answers, at(6));
    expect(readings.prices).toEqual({ wrong: 0, right: 2 });
  });

  test('are left as they were by what neither explains', () => {
    const readings = new Readings(either(1), isBound, NOTHING, 1);
    readings.follow((before) => before.where(() => false), at(5));
    expect([readings.prices, readings.settled]).toEqual([{ wrong: 0, right: 1 }, true]);
  });

  test('where an order is open, take what is cheapest in any', () => {
    const readings = new Readings(either(2), isBound, NOTHING, 1);
    const copy = readings.copy();
    readings.follow(answers, at(7));
    readings.either(copy, at(8));
    // In one of the orders nothing can tell them apart any more: that is where it ends.
    expect([readings.prices, readings.settled]).toEqual([{ wrong: 0, right: 2 }, true]);
    expect(readings.turns.map(({ eventId }) => eventId)).toEqual([7, 8]);
  });
});
