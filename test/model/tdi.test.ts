import { describe, expect, it } from 'vitest';
import { EVENT_CLASSES, type TdiState } from '../../src/model/states.ts';
import {
  ALL_STATES,
  afterBind,
  afterConnect,
  afterDeviceEvent,
  afterDisconnect,
  afterGuestRequest,
  afterUnbind,
  BOUND_LOCKED,
  BOUND_RUN,
  BOUND_UNLOCKED,
  type Branch,
  CONNECTED,
  indexOfState,
  isLeft,
  LEFT_MOVES,
  LEFT_STATES,
  leftIn,
  SILENT_MOVES,
  TDI_STATES,
  UNBOUND,
} from '../../src/model/tdi.ts';

const LOST: TdiState = { bind: 'bound', contract: 'run', device: 'error' };
const costs = (branches: readonly Branch[]) => branches.map(({ to, cost }) => [to, cost]);

describe('the states of a TDI', () => {
  it('are nine, each once', () => {
    expect(TDI_STATES.map(indexOfState)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('know no contract without a bind, and no fallen device without a contract', () => {
    for (const { bind, contract, device } of TDI_STATES) {
      if (bind !== 'bound') expect(contract).toBe('unlocked');
      if (contract === 'unlocked') expect(device).toBe('unlocked');
    }
  });

  it('are closed under every operation and every silent move', () => {
    const branches = TDI_STATES.flatMap((state) => [
      ...afterBind(state, 'maybe'),
      ...afterUnbind(state),
      ...afterConnect(state),
      ...afterDisconnect(),
      ...afterGuestRequest(state, true, 'maybe', false),
      { to: afterDeviceEvent(state, 'flr') },
      { to: afterDeviceEvent(state, 'conventional-reset') },
    ]);
    for (const { to } of [...branches, ...SILENT_MOVES]) expect(indexOfState(to)).toBeGreaterThanOrEqual(0);
  });
});

describe('a bind that succeeded', () => {
  it('needs a connected function', () => {
    expect(afterBind(UNBOUND, 'always')).toEqual([]);
  });

  it('locks where the platform does it in the bind', () => {
    expect(costs(afterBind(CONNECTED, 'always'))).toEqual([[BOUND_LOCKED, 0]]);
  });

  it('most likely locks where the platform is unknown', () => {
    expect(costs(afterBind(CONNECTED, 'likely'))).toEqual([
      [BOUND_LOCKED, 0],
      [BOUND_UNLOCKED, 1],
    ]);
  });

  it('may leave the lock to the guest on Arm CCA', () => {
    expect(costs(afterBind(CONNECTED, 'maybe'))).toEqual([
      [BOUND_LOCKED, 0],
      [BOUND_UNLOCKED, 0],
    ]);
  });

  it.each([BOUND_UNLOCKED, BOUND_LOCKED, BOUND_RUN, LOST])('changes nothing where it is a second one: %o', (state) => {
    expect(costs(afterBind(state, 'always'))).toEqual([[state, 2]]);
  });

  it('is expected to change nothing for the VM of the bind that was recorded before it', () => {
    for (const state of [BOUND_UNLOCKED, BOUND_LOCKED, BOUND_RUN])
      expect(afterBind(state, 'always', 'again')).toEqual([{ to: state, cost: 0, assumes: null }]);
  });

  it('has more likely an unbind before it where the TDI was thrown out of its state', () => {
    expect(costs(afterBind(LOST, 'always', 'again'))).toEqual([[LOST, 2]]);
  });

  it.each([BOUND_UNLOCKED, BOUND_LOCKED, BOUND_RUN, LOST])(
    'is refused to another VM as long as it is bound: %o',
    (state) => {
      expect(afterBind(state, 'always', 'elsewhere')).toEqual([]);
    },
  );

  it('leads from a connected function to the same, whatever was bound before', () => {
    for (const rebind of ['again', 'elsewhere'] as const)
      expect(costs(afterBind(CONNECTED, 'always', rebind))).toEqual([[BOUND_LOCKED, 0]]);
  });
});

describe('a guest request that succeeded', () => {
  it.each([UNBOUND, CONNECTED])('needs a bind: %o', (state) => {
    expect(afterGuestRequest(state, true, 'always', false)).toEqual([]);
    expect(afterGuestRequest(state, false, 'always', false)).toEqual([]);
  });

  it.each([BOUND_UNLOCKED, BOUND_LOCKED, BOUND_RUN, LOST])('that only asks changes nothing: %o', (state) => {
    expect(costs(afterGuestRequest(state, false, 'always', false))).toEqual([[state, 0]]);
  });

  it('of unknown content is START or nothing in LOCKED, STOP at a price', () => {
    expect(costs(afterGuestRequest(BOUND_LOCKED, true, 'always', false))).toEqual([
      [BOUND_RUN, 0],
      [BOUND_LOCKED, 0],
      [BOUND_UNLOCKED, 1],
    ]);
  });

  it('is a STOP in RUN as likely as not, once the START has been asked for', () => {
    expect(costs(afterGuestRequest(BOUND_RUN, true, 'always', true))).toEqual([
      [BOUND_RUN, 0],
      [BOUND_UNLOCKED, 0],
    ]);
    expect(costs(afterGuestRequest(BOUND_RUN, true, 'always', false))).toEqual([
      [BOUND_RUN, 0],
      [BOUND_UNLOCKED, 1],
    ]);
  });

  it('cannot start an interface that has fallen to ERROR', () => {
    const fallen: TdiState = { bind: 'bound', contract: 'locked', device: 'error' };
    expect(costs(afterGuestRequest(fallen, true, 'always', false))).toEqual([
      [fallen, 0],
      [BOUND_UNLOCKED, 1],
    ]);
  });
});

describe('the ways out', () => {
  it('unbind leaves the TSM context, whatever the state', () => {
    for (const state of TDI_STATES)
      expect(costs(afterUnbind(state))).toEqual([[state.bind === 'unbound' ? UNBOUND : CONNECTED, 0]]);
  });

  it('disconnect leaves nothing', () => {
    expect(costs(afterDisconnect())).toEqual([[UNBOUND, 0]]);
  });

  it('connect needs a function without a TSM context', () => {
    expect(costs(afterConnect(UNBOUND))).toEqual([[CONNECTED, 0]]);
    for (const state of TDI_STATES.slice(1)) expect(afterConnect(state)).toEqual([]);
  });

  it('what happens to the device tells nobody: the contract stays', () => {
    for (const state of TDI_STATES) {
      const after = afterDeviceEvent(state, 'flr');
      expect([after.bind, after.contract]).toEqual([state.bind, state.contract]);
      expect(after.device).toBe(
        state.contract === 'unlocked' ? 'unlocked' : state.device === 'unlocked' ? 'unlocked' : 'error',
      );
    }
  });
});

describe('silent moves', () => {
  it('are ruled out by classes that exist', () => {
    expect(EVENT_CLASSES).toEqual(expect.arrayContaining(SILENT_MOVES.flatMap(({ ruledOutBy }) => ruledOutBy)));
  });

  it('cost nothing only where the host cannot see them, and then assume nothing', () => {
    for (const { cost, assumes } of SILENT_MOVES) expect(cost === 0).toBe(assumes === null);
  });

  it('never start without a lock, and never lock a function that is not bound', () => {
    for (const { from, to } of SILENT_MOVES) {
      if (to.contract === 'run' && from.contract !== 'run') expect(from).toEqual(BOUND_LOCKED);
      if (to.contract === 'locked' && from.bind !== 'bound') expect(from).toEqual(CONNECTED);
    }
  });

  it('lead out of "bound" in no way once every bind and unbind is in the capture', () => {
    const left = SILENT_MOVES.filter(({ ruledOutBy }) => !ruledOutBy.includes('bind'));
    for (const { from, to } of left) expect(to.bind === 'bound').toBe(from.bind === 'bound');
  });

  it('change the contract in no way once requests are in the capture, too', () => {
    const left = SILENT_MOVES.filter(
      ({ ruledOutBy }) => !ruledOutBy.includes('bind') && !ruledOutBy.includes('guest-request'),
    );
    for (const { from, to } of left) expect(to.contract).toBe(from.contract);
  });
});

describe('a TDI that an unbind has left behind', () => {
  const LEFT_RUN: TdiState = { bind: 'connected', contract: 'run', device: 'run' };
  const LEFT_LOCKED: TdiState = { bind: 'connected', contract: 'locked', device: 'locked' };
  const LEFT_FALLEN: TdiState = { bind: 'connected', contract: 'run', device: 'error' };
  const names = (states: readonly TdiState[]) => states.map(({ contract, device }) => `${contract}/${device}`);

  it('is connected, and in any of the states that a bound one under a contract can be in', () => {
    expect(LEFT_STATES.every(isLeft)).toBe(true);
    expect(TDI_STATES.some(isLeft)).toBe(false);
    expect(names(LEFT_STATES)).toEqual(names(TDI_STATES.filter(({ contract }) => contract !== 'unlocked')));
    expect(ALL_STATES.map(indexOfState)).toEqual(ALL_STATES.map((_, index) => index));
  });

  it('comes of a STOP that was refused, and nothing else', () => {
    expect(costs(afterUnbind(BOUND_RUN))).toEqual([[CONNECTED, 0]]);
    expect(costs(afterUnbind(BOUND_RUN, 'refused'))).toEqual([
      [CONNECTED, 0],
      [LEFT_RUN, 0],
    ]);
    expect(costs(afterUnbind(LOST, 'kept'))).toEqual([[LEFT_FALLEN, 0]]);
    expect(costs(afterUnbind(BOUND_UNLOCKED, 'kept'))).toEqual([[CONNECTED, 0]]);
    expect(costs(afterUnbind(UNBOUND, 'kept'))).toEqual([[UNBOUND, 0]]);
    expect(SILENT_MOVES.some(({ to }) => isLeft(to))).toBe(false);
  });

  it('stays so whatever the core does to a function that it takes for unbound, until it is bound or loses its context', () => {
    expect(costs(afterUnbind(LEFT_RUN))).toEqual([[LEFT_RUN, 0]]);
    expect(costs(afterBind(LEFT_RUN, 'always'))).toEqual([[BOUND_LOCKED, 0]]);
    expect(afterGuestRequest(LEFT_RUN, false, 'always', false)).toEqual([]);
    expect(afterConnect(LEFT_RUN)).toEqual([]);
  });

  it('falls to ERROR like any other', () => {
    expect(afterDeviceEvent(LEFT_RUN, 'command-clear')).toEqual(LEFT_FALLEN);
    expect(afterDeviceEvent(LEFT_FALLEN, 'flr')).toEqual(LEFT_FALLEN);
  });

  it('is seen in the contract of its state, and of ERROR in either', () => {
    expect(costs(leftIn('run'))).toEqual([[LEFT_RUN, 0]]);
    expect(costs(leftIn('locked'))).toEqual([[LEFT_LOCKED, 0]]);
    expect(names(leftIn('error').map(({ to }) => to))).toEqual(['locked/error', 'run/error']);
  });

  it('has these ways out that nobody sees', () => {
    const from = (state: TdiState) =>
      LEFT_MOVES.filter(
        (move) => move.from === LEFT_STATES.find((one) => indexOfState(one) === indexOfState(state)),
      ).map(({ to, cost, ruledOutBy }) => `${to.bind} ${to.contract}/${to.device} ${cost} ${ruledOutBy}`.trim());
    expect(from(LEFT_RUN)).toEqual([
      'unbound unlocked/unlocked 2 link',
      'bound locked/locked 2 bind',
      'connected unlocked/unlocked 1 firmware',
      'connected run/error 1',
      'connected run/unlocked 2 reset',
    ]);
    expect(from(LEFT_FALLEN)).toEqual([
      'unbound unlocked/unlocked 2 link',
      'bound locked/locked 2 bind',
      'connected unlocked/unlocked 1 firmware',
      'connected run/unlocked 0',
    ]);
  });
});
