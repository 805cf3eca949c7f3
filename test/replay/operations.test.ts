import { describe, expect, it, test } from 'vitest';
import type { TdiState } from '../../src/model/states.ts';
import { BOUND_LOCKED, BOUND_RUN, BOUND_UNLOCKED, CONNECTED, TDI_STATES, UNBOUND } from '../../src/model/tdi.ts';
import { Belief } from '../../src/replay/belief.ts';
import type { Effect } from '../../src/replay/effects.ts';
import { afterEffect, afterOperation, duringOperation, isOperation } from '../../src/replay/operations.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { storedEvent } from './stored-event.ts';

const SETTING = { locks: 'always', again: false, rebind: 'first' } as const;
const LOST: TdiState = { bind: 'bound', contract: 'run', device: 'error' };

/** The states that are left, with their prices: `bound/run/run 0`. */
function left(belief: Belief): string[] {
  return TDI_STATES.flatMap((state) => {
    const cost = belief.cost((other) => other === state);
    const name = state.bind === 'bound' ? `${state.contract}/${state.device}` : state.bind;
    return cost === Number.POSITIVE_INFINITY ? [] : [`${name} ${cost}`];
  });
}

const KINDS = [
  'tsm.connect',
  'tsm.disconnect',
  'tsm.disconnect_core',
  'tsm.bind',
  'tsm.unbind',
  'tsm.unbind_core',
  'tsm.guest_request',
  'tsm.destroy',
] as const;

test('operations are what moves the bind or the contract', () => {
  for (const kind of KINDS) expect(isOperation(storedEvent(kind))).toBe(true);
  for (const kind of ['tsm.unregister', 'tdisp.lock', 'vfio.disable', 'pci.flr'] as const)
    expect(isOperation(storedEvent(kind))).toBe(false);
});

describe('an operation that succeeded', () => {
  test.each<[(typeof KINDS)[number], TdiState, string[]]>([
    ['tsm.connect', UNBOUND, ['connected 0']],
    ['tsm.connect', CONNECTED, []],
    ['tsm.disconnect', BOUND_RUN, ['unbound 0']],
    ['tsm.disconnect_core', CONNECTED, ['unbound 0']],
    ['tsm.destroy', BOUND_LOCKED, ['unbound 0']],
    ['tsm.bind', CONNECTED, ['locked/locked 0']],
    ['tsm.bind', UNBOUND, []],
    ['tsm.bind', BOUND_RUN, ['run/run 2']],
    ['tsm.unbind', BOUND_RUN, ['connected 0']],
    ['tsm.unbind_core', LOST, ['connected 0']],
    ['tsm.unbind', UNBOUND, ['unbound 0']],
    ['tsm.guest_request', CONNECTED, []],
  ])('%s from %o', (kind, from, expected) => {
    expect(left(afterOperation(Belief.only(from), storedEvent(kind), SETTING))).toEqual(expected);
  });

  it('locks in the bind as the platform does', () => {
    const bind = (locks: 'always' | 'likely' | 'maybe') =>
      left(afterOperation(Belief.only(CONNECTED), storedEvent('tsm.bind'), { ...SETTING, locks }));
    expect(bind('likely')).toEqual(['unlocked/unlocked 1', 'locked/locked 0']);
    expect(bind('maybe')).toEqual(['unlocked/unlocked 0', 'locked/locked 0']);
  });

  it('knows a bind that is repeated, and one to another VM', () => {
    const bind = (rebind: 'again' | 'elsewhere') =>
      left(afterOperation(Belief.only(BOUND_RUN), storedEvent('tsm.bind'), { ...SETTING, rebind }));
    expect(bind('again')).toEqual(['run/run 0']);
    expect(bind('elsewhere')).toEqual([]);
  });

  it('says where what it takes for granted comes from', () => {
    const bind = storedEvent('tsm.bind', { id: 7, sourceId: 3 });
    const belief = afterOperation(Belief.only(BOUND_RUN), bind, SETTING);
    expect(belief.assumptions(() => true).map(({ place }) => place)).toEqual([{ sourceId: 3, line: 7 }]);
  });
});

describe('a guest request that succeeded', () => {
  const request = (args: Record<string, string>, again = false) =>
    left(afterOperation(Belief.only(BOUND_LOCKED), storedEvent('tsm.guest_request', { args }), { ...SETTING, again }));
  const CHANGED = ['unlocked/unlocked 1', 'locked/locked 0', 'run/run 0'];

  // Scopes of include/linux/pci-tsm.h: 0 INFO, 1 STATE_CHANGE, 2 DEBUG_READ, 3 DEBUG_WRITE.
  test.each([
    ['1', CHANGED],
    ['0x1', CHANGED],
    ['0', ['locked/locked 0']],
    ['2', ['locked/locked 0']],
    ['3', ['locked/locked 0']],
  ])('of scope %s', (scope, expected) => {
    expect(request({ scope })).toEqual(expected);
  });

  it('of a scope that was not recorded may be anything', () => {
    expect(request({})).toEqual(CHANGED);
  });

  it('stops a running TDI more likely where the START has been asked for', () => {
    const running = (again: boolean) =>
      left(
        afterOperation(Belief.only(BOUND_RUN), storedEvent('tsm.guest_request', { args: { scope: '1' } }), {
          ...SETTING,
          again,
        }),
      );
    expect(running(false)).toEqual(['unlocked/unlocked 1', 'run/run 0']);
    expect(running(true)).toEqual(['unlocked/unlocked 0', 'run/run 0']);
  });
});

describe('an operation of which no result is recorded', () => {
  const open = (kind: StoredEvent['kind']) => storedEvent(kind, { id: 5, outcome: 'unknown' });

  test.each([
    ['tsm.connect', UNBOUND, ['unbound 1', 'connected 0'], 'the connect failed'],
    ['tsm.disconnect', CONNECTED, ['unbound 0', 'connected 1'], 'the disconnect failed'],
    ['tsm.disconnect_core', CONNECTED, ['unbound 0', 'connected 1'], 'the disconnect failed'],
    ['tsm.bind', CONNECTED, ['connected 1', 'locked/locked 0'], 'the bind failed'],
  ] as const)('%s succeeded most likely; failure is an assumption about its line', (kind, from, expected, text) => {
    const belief = afterOperation(Belief.only(from), open(kind), SETTING);
    expect(left(belief)).toEqual(expected);
    const [assumed] = belief.assumptions((state) => state.bind === from.bind);
    expect(assumed).toEqual({ text, place: { sourceId: 1, line: 5 }, before: null });
  });

  it('tsm.guest_request that cannot have succeeded has failed', () => {
    const belief = afterOperation(Belief.only(CONNECTED), open('tsm.guest_request'), SETTING);
    expect(left(belief)).toEqual(['connected 1']);
    expect(belief.assumptions(() => true).map(({ text }) => text)).toEqual(['the guest request failed']);
  });
});

describe('an operation that was refused', () => {
  const refused = (kind: StoredEvent['kind'], code: number | null) =>
    left(afterOperation(Belief.unknown(), storedEvent(kind, { outcome: 'failed', code }), SETTING)).map(
      (state) => state.split(' ')[0],
    );
  const ALL = left(Belief.unknown()).map((state) => state.split(' ')[0]);
  const BOUND = ALL.filter((state) => state !== 'unbound' && state !== 'connected');

  // errno: ENXIO 6, EBUSY 16, EINVAL 22.
  it('for want of a TDI was not bound: pci_tsm_guest_req() answers -ENXIO', () => {
    expect(refused('tsm.guest_request', -6)).toEqual(['unbound', 'connected']);
    expect(refused('tsm.guest_request', -22)).toEqual(ALL);
    expect(refused('tsm.guest_request', null)).toEqual(ALL);
    expect(refused('tsm.bind', -6)).toEqual(ALL);
  });

  it('for a TSM context that is there was connected: connect answers -EBUSY', () => {
    expect(refused('tsm.connect', -16)).toEqual(['connected', ...BOUND]);
    expect(refused('tsm.connect', -22)).toEqual(ALL);
    // The driver of the TSM may say -EBUSY to a bind for reasons of its own.
    expect(refused('tsm.bind', -16)).toEqual(ALL);
  });

  it('costs nothing', () => {
    const event = storedEvent('tsm.guest_request', { outcome: 'failed', code: -6 });
    expect(left(afterOperation(Belief.unknown(), event, SETTING))).toEqual(['unbound 0', 'connected 0']);
    const connect = storedEvent('tsm.connect', { outcome: 'failed', code: -16 });
    expect(left(afterOperation(Belief.only(CONNECTED), connect, SETTING))).toEqual(['connected 0']);
  });
});

describe('while an operation is under way', () => {
  it('what was and what will be may hold', () => {
    const unbind = storedEvent('tsm.unbind', { phase: 'enter', pairId: 2 });
    expect(left(duringOperation(Belief.only(BOUND_RUN), unbind, SETTING))).toEqual(['connected 0', 'run/run 0']);
  });

  it('nothing changes where it is known to fail', () => {
    const bind = storedEvent('tsm.bind', { phase: 'enter', pairId: 2, outcome: 'failed' });
    expect(left(duringOperation(Belief.only(CONNECTED), bind, SETTING))).toEqual(['connected 0']);
  });
});

describe('what is done to the device leaves the contract alone', () => {
  const done = (effect: Effect, from: TdiState = BOUND_RUN) => left(afterEffect(Belief.only(from), effect));
  const lock = storedEvent('tdisp.lock');

  test.each<[string, Effect, string[]]>([
    ['a bit of COMMAND cleared', { type: 'command-clear', bit: 'bme', certain: true }, ['run/error 0']],
    ['vfio_pci_core_disable', { type: 'disable' }, ['run/error 0']],
    ['FLR', { type: 'function-reset', certain: true }, ['run/error 0']],
    ['removal', { type: 'removal' }, ['run/unlocked 0']],
    ['a conventional reset', { type: 'conventional-reset' }, ['run/unlocked 0']],
    ['D3cold', { type: 'power-loss', certain: true, state: 'D3cold' }, ['run/error 0']],
    [
      'D3hot, which may keep the state',
      { type: 'power-loss', certain: false, state: 'D3hot' },
      ['run/run 0', 'run/error 0'],
    ],
    [
      'a register, which may be rewritten as it was',
      { type: 'config-change', register: 'BIST', old: 'unknown', ofPf: false, side: null },
      ['run/run 0', 'run/error 0'],
    ],
    ['the stream stopped', { type: 'stream-stop', opened: null }, ['run/error 0']],
    ['the session ended', { type: 'session-end', opened: null }, ['run/error 0']],
    ['SR-IOV changed', { type: 'sriov-change', certain: true }, ['run/error 0']],
    ['a zap: the device does not see it', { type: 'zap' }, ['run/run 0']],
    ['a reclaim', { type: 'reclaim', stopped: false }, ['run/run 0']],
    ['a bind that failed', { type: 'failed-bind', lock, cleaned: false }, ['run/run 0']],
  ])('%s', (_name, effect, expected) => {
    expect(done(effect)).toEqual(expected);
    expect(done(effect, CONNECTED)).toEqual(['connected 0']);
    expect(done(effect, BOUND_UNLOCKED)).toEqual(['unlocked/unlocked 0']);
  });
});
