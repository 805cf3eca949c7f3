import { describe, expect, it } from 'vitest';
import { EVENT_CLASSES, type TdiState } from '../../src/model/states.ts';
import { BOUND_LOCKED, BOUND_RUN, CONNECTED, TDI_STATES, UNBOUND } from '../../src/model/tdi.ts';
import { Belief } from '../../src/replay/belief.ts';

const NONE = Belief.only(CONNECTED).where(() => false);
const at = (line: number) => ({ sourceId: 1, line });
const dearer = (state: TdiState, cost: number, text = 'x') =>
  Belief.only(state).apply(() => [{ to: state, cost, assumes: text }], at(1));

describe('a belief counts', () => {
  it('its states', () => {
    expect([NONE.size, Belief.fresh().size, Belief.fresh().or(Belief.only(CONNECTED)).size]).toEqual([0, 1, 2]);
    expect(Belief.unknown().size).toBe(TDI_STATES.length);
  });

  it('the price of its cheapest one', () => {
    expect([NONE.price, Belief.fresh().price, dearer(CONNECTED, 3).price]).toEqual([Number.POSITIVE_INFINITY, 0, 3]);
    expect(dearer(CONNECTED, 3).or(dearer(UNBOUND, 2)).price).toBe(2);
  });
});

describe('two beliefs differ by a price', () => {
  const one = dearer(CONNECTED, 3).or(dearer(BOUND_LOCKED, 5));

  it('where all states cost so much more', () => {
    expect(one.dearerBy(dearer(CONNECTED, 1).or(dearer(BOUND_LOCKED, 3)))).toBe(2);
    expect(one.dearerBy(one)).toBe(0);
    expect(dearer(CONNECTED, 1).dearerBy(dearer(CONNECTED, 4))).toBe(-3);
    expect(Belief.unknown().dearerBy(Belief.unknown())).toBe(0);
  });

  it('not where one state costs something else, or only one of them has it', () => {
    expect(one.dearerBy(dearer(CONNECTED, 1).or(dearer(BOUND_LOCKED, 4)))).toBeNull();
    expect(one.dearerBy(dearer(CONNECTED, 1))).toBeNull();
    expect(dearer(CONNECTED, 1).dearerBy(one)).toBeNull();
    // The last of the states, and the first.
    expect(dearer(BOUND_LOCKED, 1).dearerBy(dearer(BOUND_LOCKED, 1).or(Belief.only(BOUND_RUN)))).toBeNull();
    expect(dearer(BOUND_LOCKED, 1).dearerBy(dearer(BOUND_LOCKED, 1).or(Belief.only(UNBOUND)))).toBeNull();
    expect(NONE.dearerBy(NONE)).toBeNull();
  });
});

describe('what is assumed along a log without end', () => {
  const long = (steps: number) => {
    let belief = Belief.only(CONNECTED);
    for (let line = 1; line <= steps; line++)
      belief = belief.apply((state) => [{ to: state, cost: 1, assumes: `step ${line}` }], at(line));
    return belief.assumptions(() => true).map(({ place }) => place?.line ?? null);
  };

  it('is kept up to 64 assumptions, oldest first', () => {
    expect(long(3)).toEqual([1, 2, 3]);
    expect(long(64)).toEqual(Array.from({ length: 64 }, (_, n) => n + 1));
  });

  it('and then begins anew: the older ones are let go', () => {
    expect(long(65)).toEqual([65]);
    expect(long(70)).toEqual([65, 66, 67, 68, 69, 70]);
    expect(long(128)).toHaveLength(64);
    expect(long(129)).toEqual([129]);
  });

  it('does not count what assumes nothing', () => {
    let belief = dearer(CONNECTED, 1, 'first');
    for (let n = 0; n < 100; n++) belief = belief.map((state) => state);
    for (let n = 0; n < 63; n++) belief = belief.apply((state) => [{ to: state, cost: 1, assumes: 'more' }], at(2));
    expect(belief.assumptions(() => true)[0]?.text).toBe('first');
  });
});

describe('what any of the states takes for granted', () => {
  it('is told once, however many share it', () => {
    const shared = Belief.only(UNBOUND).apply(() => [{ to: CONNECTED, cost: 2, assumes: 'a connect' }], at(1));
    const both = shared.or(
      shared.map(() => BOUND_LOCKED),
      1,
      'a bind',
      at(2),
    );
    expect(
      both
        .everyAssumption()
        .map(({ text }) => text)
        .sort(),
    ).toEqual(['a bind', 'a connect']);
    expect(Belief.unknown().everyAssumption()).toEqual([]);
  });
});

describe('of states at one price', () => {
  it('the excuse is that of the later one, and of one that it is asked for', () => {
    const either = dearer(UNBOUND, 1, 'a disconnect').or(dearer(CONNECTED, 1, 'an unbind'));
    expect(either.assumptions(() => true).map(({ text }) => text)).toEqual(['an unbind']);
    expect(either.assumptions(({ bind }) => bind === 'unbound').map(({ text }) => text)).toEqual(['a disconnect']);
    expect(either.assumptions(({ bind }) => bind === 'bound')).toEqual([]);
    // A cheaper one that is not asked for excuses nothing.
    expect(either.or(Belief.only(BOUND_LOCKED)).assumptions(({ bind }) => bind !== 'bound')).toHaveLength(1);
  });
});

describe('what is recorded completely', () => {
  it('is told apart from what another log has: each set of classes has moves of its own', () => {
    const all = new Set(EVENT_CLASSES);
    const states = (classes: ReadonlySet<(typeof EVENT_CLASSES)[number]>) =>
      Belief.only(BOUND_LOCKED).closed(classes).size;
    // What the device does by itself nobody can record: it falls to ERROR, and may scrub itself.
    expect([states(all), states(new Set()), states(all), states(new Set())]).toEqual([3, 9, 3, 9]);
  });
});
