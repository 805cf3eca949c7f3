import { describe, expect, it } from 'vitest';
import { BOUND_LOCKED, BOUND_RUN, CONNECTED, UNBOUND } from '../../src/model/tdi.ts';
import { Belief } from '../../src/replay/belief.ts';
import { isBound } from '../../src/rules/rule.ts';

describe('a belief in few states', () => {
  it('is not empty as long as one is left', () => {
    expect(Belief.only(CONNECTED).empty).toBe(false);
    expect(Belief.fresh().empty).toBe(false);
    expect(Belief.only(CONNECTED).apply(() => [], null).empty).toBe(true);
  });

  it('has them as the likeliest, and no others', () => {
    expect(Belief.only(BOUND_RUN).likeliest()).toEqual([BOUND_RUN]);
    expect(Belief.only(BOUND_RUN).or(Belief.fresh(), 1).likeliest()).toEqual([BOUND_RUN]);
    expect(Belief.only(BOUND_RUN).or(Belief.fresh()).likeliest()).toEqual([UNBOUND, BOUND_RUN]);
    expect(Belief.only(CONNECTED).likeliest(isBound)).toEqual([]);
  });

  it('assumes nothing for a state that it does not hold', () => {
    expect(Belief.only(CONNECTED).assumptions(isBound)).toEqual([]);
  });

  it('shows each layer of all of them', () => {
    const either = Belief.fresh().or(Belief.only(BOUND_LOCKED)).or(Belief.only(BOUND_RUN));
    expect(either.layers()).toEqual({
      bind: ['unbound', 'bound'],
      contract: ['unlocked', 'locked', 'run'],
      device: ['unlocked', 'locked', 'run'],
    });
    expect(either.layers(isBound)).toEqual({ bind: ['bound'], contract: ['locked', 'run'], device: ['locked', 'run'] });
    expect(Belief.unknown().layers()).toEqual({
      bind: ['unbound', 'connected', 'bound'],
      contract: ['unlocked', 'locked', 'run'],
      device: ['unlocked', 'locked', 'run', 'error'],
    });
  });

  it('stays what it is where it costs nothing, or is empty', () => {
    const none = Belief.only(CONNECTED).apply(() => [], null);
    expect(none.normalised().empty).toBe(true);
    expect(Belief.only(CONNECTED).normalised().likeliest()).toEqual([CONNECTED]);
  });
});
