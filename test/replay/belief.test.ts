import { describe, expect, it } from 'vitest';
import type { EventClass, TdiState } from '../../src/model/states.ts';
import {
  afterBind,
  afterDeviceEvent,
  afterGuestRequest,
  afterUnbind,
  BOUND_LOCKED,
  BOUND_RUN,
  BOUND_UNLOCKED,
  CONNECTED,
  isLeft,
  TDI_STATES,
  UNBOUND,
} from '../../src/model/tdi.ts';
import { Belief } from '../../src/replay/belief.ts';
import { isBound, isLocked } from '../../src/rules/rule.ts';
import { weigh } from '../../src/rules/verdict.ts';

const NONE: ReadonlySet<EventClass> = new Set();
const complete = (...classes: EventClass[]): ReadonlySet<EventClass> => new Set(classes);
const is = (wanted: TdiState) => (state: TdiState) =>
  state.bind === wanted.bind && state.contract === wanted.contract && state.device === wanted.device;
const costs = (belief: Belief) => TDI_STATES.map((state) => belief.cost(is(state)));
const INF = Number.POSITIVE_INFINITY;

describe('closure', () => {
  // unbound, connected, bound; locked and locked, fallen, reset; run and run, fallen, reset.
  it('finds the cheapest way to every state from locked', () => {
    expect(costs(Belief.only(BOUND_LOCKED).closed(NONE))).toEqual([2, 2, 1, 0, 1, 1, 0, 1, 1]);
  });

  it('finds the cheapest way to every state from unbound', () => {
    expect(costs(Belief.fresh().closed(NONE))).toEqual([0, 2, 5, 4, 5, 5, 4, 5, 5]);
  });

  it('leaves an unknown start as it is', () => {
    expect(costs(Belief.unknown().closed(NONE))).toEqual(TDI_STATES.map(() => 0));
  });

  it('goes no way that a complete class rules out', () => {
    const closed = Belief.only(BOUND_LOCKED).closed(complete('bind', 'guest-request'));
    expect(costs(closed)).toEqual([INF, INF, INF, 0, 1, 1, INF, INF, INF]);
  });

  it('takes complete DOE traffic for complete requests', () => {
    const closed = Belief.only(BOUND_RUN).closed(complete('bind', 'doe'));
    expect(closed.cost((state) => state.contract !== 'run')).toBe(INF);
  });

  it('keeps every connect hidden unless links are complete', () => {
    expect(Belief.fresh().closed(complete('link')).cost(is(CONNECTED))).toBe(INF);
  });

  it('is reached after one round: closing twice changes nothing', () => {
    for (const state of TDI_STATES) {
      const once = Belief.only(state).closed(NONE);
      expect(costs(once.closed(NONE))).toEqual(costs(once));
    }
  });

  it('does not change the belief that it starts from', () => {
    const belief = Belief.only(CONNECTED);
    belief.closed(NONE);
    expect(costs(belief)).toEqual(costs(Belief.only(CONNECTED)));
  });
});

const at = (line: number) => ({ sourceId: 1, line });

describe('a marked loss', () => {
  it('makes everything that can happen unseen free, declared complete or not', () => {
    expect(costs(Belief.only(BOUND_RUN).widened())).toEqual(TDI_STATES.map(() => 0));
  });

  it('forgets the assumptions', () => {
    expect(Belief.only(BOUND_RUN).closed(NONE).widened().assumptions(is(CONNECTED))).toEqual([]);
  });
});

describe('verdicts on a belief', () => {
  const bound = Belief.only(CONNECTED).apply((state) => afterBind(state, 'always'), at(1));

  it('accuse nobody where the wrong state is impossible or dearer by one', () => {
    expect(weigh(Belief.only(CONNECTED), isBound)).toBeNull();
    expect(weigh(Belief.only(CONNECTED).closed(NONE), isBound)).toBeNull();
    const unbound = bound.apply(afterUnbind, at(2)).closed(NONE);
    expect(weigh(unbound, isLocked)).toBeNull();
  });

  it('are possible where both cost the same', () => {
    expect(weigh(Belief.unknown(), isBound)).toBe('possible');
    expect(weigh(bound.or(Belief.only(CONNECTED)), isBound)).toBe('possible');
  });

  it('are probable from a difference of one on', () => {
    expect(weigh(bound.closed(NONE), isLocked)).toBe('probable');
    expect(weigh(bound.or(Belief.only(CONNECTED), 1), isBound)).toBe('probable');
  });

  it('are definite where nothing else is left', () => {
    expect(weigh(bound.closed(complete('bind')), isBound)).toBe('definite');
    expect(weigh(bound.closed(complete('bind', 'guest-request')), isLocked)).toBe('definite');
  });

  it('are no more than probable on the lock while requests can hide', () => {
    expect(weigh(bound.closed(complete('bind')), isLocked)).toBe('probable');
  });

  it('do not let an earlier silent ERROR excuse the host', () => {
    const fallen = bound.map((state) => afterDeviceEvent(state, 'flr')).closed(complete('bind', 'guest-request'));
    expect(weigh(fallen, isLocked)).toBe('definite');
  });

  it('take a bind after an unknown start for a new one rather than for a repetition', () => {
    const rebound = Belief.unknown()
      .closed(NONE)
      .apply((state) => afterBind(state, 'always'), at(1));
    expect(rebound.cost(is(BOUND_LOCKED))).toBe(0);
    expect(rebound.cost(is(BOUND_UNLOCKED))).toBe(2);
  });
});

describe('assumptions', () => {
  const locked = Belief.only(CONNECTED).apply((state) => afterBind(state, 'always'), at(1));
  const texts = (belief: Belief, test: (state: TdiState) => boolean) =>
    belief.assumptions(test).map(({ text, place }) => (place === null ? text : `${text} @${place.line}`));

  it('are those of the cheapest history', () => {
    expect(texts(locked.closed(NONE), (state) => !isLocked(state))).toEqual(['an unrecorded STOP while bound']);
    expect(texts(locked.closed(NONE), (state) => !isBound(state))).toEqual(['an unrecorded unbind']);
    expect(texts(locked.closed(NONE), isLocked)).toEqual([]);
  });

  it('stand in the order in which they are made, with the line of the record that asks for them', () => {
    const likely = Belief.only(UNBOUND)
      .closed(NONE)
      .apply((state) => afterBind(state, 'likely'), at(7));
    expect(texts(likely, is(BOUND_UNLOCKED))).toEqual([
      'an unrecorded connect',
      'the bind left the TDI unlocked, as Arm CCA v7 does @7',
    ]);
  });

  it('that two readings share are one and the same', () => {
    const belief = Belief.only(UNBOUND)
      .closed(NONE)
      .apply((state) => afterBind(state, 'always'), at(7))
      .closed(NONE);
    const [connect] = belief.assumptions(isLocked);
    const excuse = belief.assumptions((state) => !isLocked(state));
    expect(connect?.text).toBe('an unrecorded connect');
    expect(excuse[0]).toBe(connect);
    expect(excuse).toHaveLength(2);
  });

  it('that two readings make by themselves are two', () => {
    const one = Belief.only(CONNECTED).or(Belief.only(UNBOUND), 1, 'the connect failed', at(3));
    const two = Belief.only(CONNECTED).or(Belief.only(UNBOUND), 1, 'the connect failed', at(3));
    expect(one.assumptions(is(UNBOUND))[0]).not.toBe(two.assumptions(is(UNBOUND))[0]);
  });
});

describe('a belief', () => {
  it('is empty where no state explains the record', () => {
    expect(Belief.fresh().apply((state) => afterBind(state, 'always'), at(1)).empty).toBe(true);
    expect(Belief.only(CONNECTED).apply((state) => afterGuestRequest(state, true, 'always', false), at(1)).empty).toBe(
      true,
    );
    expect(Belief.unknown().empty).toBe(false);
  });

  it('shows the states that need the fewest unobserved steps, layer by layer', () => {
    const running = Belief.only(BOUND_LOCKED).closed(NONE);
    expect(running.layers()).toEqual({ bind: ['bound'], contract: ['locked', 'run'], device: ['locked', 'run'] });
    expect(running.layers((state) => !isLocked(state))).toEqual({
      bind: ['bound'],
      contract: ['unlocked'],
      device: ['unlocked'],
    });
  });

  it('counts from its cheapest state', () => {
    const dear = Belief.fresh()
      .or(Belief.fresh())
      .apply(() => [{ to: CONNECTED, cost: 3, assumes: 'x' }], at(1));
    expect(dear.cost(() => true)).toBe(3);
    expect(dear.normalised().cost(() => true)).toBe(0);
    expect(dear.normalised().assumptions(() => true)).toHaveLength(1);
  });

  it('keeps the cheaper of two ways to the same state', () => {
    const both = Belief.only(CONNECTED).or(Belief.only(CONNECTED), 1, 'needless', at(1));
    expect(both.cost(is(CONNECTED))).toBe(0);
    expect(both.assumptions(is(CONNECTED))).toEqual([]);
  });
});

it('what a refused STOP left behind is kept beside the rest, and goes its own ways', () => {
  const left: TdiState = { bind: 'connected', contract: 'run', device: 'run' };
  const belief = Belief.only(CONNECTED).or(Belief.only(left));
  expect(belief.size).toBe(2);
  expect(belief.likeliest()).toEqual([CONNECTED, left]);
  expect(belief.layers()).toEqual({ bind: ['connected'], contract: ['unlocked', 'run'], device: ['unlocked', 'run'] });
  expect(belief.where(isLeft).likeliest()).toEqual([left]);
  const closed = belief.closed(new Set());
  expect(closed.cost(({ contract, device }) => contract === 'run' && device === 'error')).toBe(1);
  expect(closed.cost(({ bind }) => bind === 'unbound')).toBe(2);
  expect(
    Belief.only(left)
      .closed(new Set(['firmware']))
      .cost(({ contract }) => contract === 'unlocked'),
  ).toBe(2);
  expect(Belief.only(left).dearerBy(Belief.only(CONNECTED))).toBeNull();
  expect(Belief.unknown().or(Belief.only(left), 1).dearerBy(Belief.unknown())).toBeNull();
  expect(Belief.unknown().cost(isLeft)).toBe(Number.POSITIVE_INFINITY);
  expect(Belief.only(CONNECTED).widened().cost(isLeft)).toBe(Number.POSITIVE_INFINITY);
});
