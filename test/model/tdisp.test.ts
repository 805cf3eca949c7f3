import { describe, expect, it } from 'vitest';
import { TDISP_STATES, type TdispState } from '../../src/model/states.ts';
import {
  DEVICE_EVENTS,
  type DeviceEvent,
  deviceEvent,
  request,
  TDISP_REQUESTS,
  type TdispRequest,
} from '../../src/model/tdisp.ts';

// The states in the order of the columns below.
const COLUMNS = ['unlocked', 'locked', 'run', 'error'] as const satisfies readonly TdispState[];

/** `=` succeeds and changes nothing; `-` is answered with INVALID_INTERFACE_STATE and changes nothing; a letter: the state after. */
const AFTER: Readonly<Record<string, TdispState>> = { U: 'unlocked', L: 'locked', R: 'run', E: 'error' };

/**
 * Every request in every state, in the groups of intel/tee-io-validator `doc/tdisp_test/TdispTestCase` (ae136801). The rest is
 * PCIe Base 6.x chapter 11 by way of libspdm `pci_tdisp.h`.
 */
const GROUPS: readonly (readonly [group: string, rows: readonly (readonly [TdispRequest, string])[]])[] = [
  ['1 version', [['GET_TDISP_VERSION', '= = = =']]],
  ['2 capabilities', [['GET_TDISP_CAPABILITIES', '= = = =']]],
  ['3 lock', [['LOCK_INTERFACE_REQUEST', 'L - - -']]],
  ['4 report', [['GET_DEVICE_INTERFACE_REPORT', '- = = -']]],
  ['5 state', [['GET_DEVICE_INTERFACE_STATE', '= = = =']]],
  ['6 start', [['START_INTERFACE_REQUEST', '- R - -']]],
  ['7 stop', [['STOP_INTERFACE_REQUEST', 'U U U U']]],
  [
    'peer to peer, MMIO attributes, vendor defined',
    [
      ['BIND_P2P_STREAM_REQUEST', '- - = -'],
      ['UNBIND_P2P_STREAM_REQUEST', '- - = -'],
      ['SET_MMIO_ATTRIBUTE_REQUEST', '- - = -'],
      ['VDM_REQUEST', '= = = ='],
    ],
  ],
];

describe.each(GROUPS)('requests: %s', (_group, rows) => {
  describe.each(rows)('%s', (name, row) => {
    it.each(COLUMNS.map((state, column) => [state, row.split(' ')[column] ?? ''] as const))(
      'in %s: %s',
      (state, cell) => {
        const expected = cell === '-' ? null : cell === '=' ? state : AFTER[cell];
        expect(expected).not.toBeUndefined();
        expect(request(state, name)).toBe(expected);
      },
    );
  });
});

describe('the request table', () => {
  it('is tested as a whole', () => {
    const tested = GROUPS.flatMap(([, rows]) => rows.map(([name]) => name));
    expect(tested.sort()).toEqual(Object.keys(TDISP_REQUESTS).sort());
  });

  it('has the codes of libspdm, in a row', () => {
    expect(Object.values(TDISP_REQUESTS).map(({ code }) => code)).toEqual(
      Array.from({ length: Object.keys(TDISP_REQUESTS).length }, (_, index) => 0x81 + index),
    );
  });

  it('leads to RUN by START alone, to LOCKED by LOCK alone, and never to ERROR', () => {
    const edges = Object.entries(TDISP_REQUESTS).flatMap(([name, { to }]) => (to === null ? [] : [[to, name]]));
    expect(Object.fromEntries(edges)).toEqual({
      locked: 'LOCK_INTERFACE_REQUEST',
      run: 'START_INTERFACE_REQUEST',
      unlocked: 'STOP_INTERFACE_REQUEST',
    });
  });

  it('lets nothing but questions, STOP and vendor messages through in ERROR', () => {
    const legal = Object.keys(TDISP_REQUESTS).filter((name) => request('error', name as TdispRequest) !== null);
    expect(legal).toEqual([
      'GET_TDISP_VERSION',
      'GET_TDISP_CAPABILITIES',
      'GET_DEVICE_INTERFACE_STATE',
      'STOP_INTERFACE_REQUEST',
      'VDM_REQUEST',
    ]);
  });
});

/** What happens without a message: one letter a state, in the order of COLUMNS. */
const WITHOUT_MESSAGE = {
  'command-clear': 'U E E E',
  'config-change': 'U E E E',
  flr: 'U E E E',
  'conventional-reset': 'U U U U',
  'power-loss': 'U E E E',
  'sriov-change': 'U E E E',
  'requester-id-change': 'U E E E',
  'stream-insecure': 'U E E E',
  'session-end': 'U E E E',
  'unrecovered-error': 'U E E E',
  'device-failure': 'U E E E',
  'self-scrub': 'U L R U',
} as const satisfies Record<DeviceEvent, string>;

describe.each(Object.entries(WITHOUT_MESSAGE))('device event %s', (name, row) => {
  it.each(COLUMNS.map((state, column) => [state, AFTER[row.split(' ')[column] ?? '']] as const))(
    'in %s: %s',
    (state, to) => {
      expect(deviceEvent(state, name as DeviceEvent)).toBe(to);
    },
  );
});

describe('device events', () => {
  it('are tested as a whole', () => {
    expect(Object.keys(WITHOUT_MESSAGE).sort()).toEqual(Object.keys(DEVICE_EVENTS).sort());
  });

  it('leave no interface locked or running, but for the one that only a failed device does', () => {
    const events = (Object.keys(DEVICE_EVENTS) as DeviceEvent[]).filter((event) => event !== 'self-scrub');
    for (const event of events)
      for (const state of TDISP_STATES) expect(['unlocked', 'error']).toContain(deviceEvent(state, event));
  });
});

/** Sequences that people get wrong. */
describe('a whole life', () => {
  const play = (...names: TdispRequest[]): (TdispState | null)[] => {
    let state: TdispState = 'unlocked';
    return names.map((name) => {
      const next = request(state, name);
      state = next ?? state;
      return next;
    });
  };

  it('goes from lock over start to stop', () => {
    expect(play('LOCK_INTERFACE_REQUEST', 'START_INTERFACE_REQUEST', 'STOP_INTERFACE_REQUEST')).toEqual([
      'locked',
      'run',
      'unlocked',
    ]);
  });

  it('takes no second lock without a stop between', () => {
    expect(play('LOCK_INTERFACE_REQUEST', 'LOCK_INTERFACE_REQUEST')).toEqual(['locked', null]);
  });

  it('takes no start without a lock, and the refusal changes nothing', () => {
    expect(play('START_INTERFACE_REQUEST', 'LOCK_INTERFACE_REQUEST')).toEqual([null, 'locked']);
  });

  it('is not reset by a question for the version', () => {
    expect(play('LOCK_INTERFACE_REQUEST', 'GET_TDISP_VERSION', 'START_INTERFACE_REQUEST')).toEqual([
      'locked',
      'locked',
      'run',
    ]);
  });

  it('leaves ERROR by STOP', () => {
    expect(request(deviceEvent('run', 'flr'), 'STOP_INTERFACE_REQUEST')).toBe('unlocked');
  });

  it('can lock again at once after a hot reset, but not after an FLR', () => {
    expect(request(deviceEvent('run', 'conventional-reset'), 'LOCK_INTERFACE_REQUEST')).toBe('locked');
    expect(request(deviceEvent('run', 'flr'), 'LOCK_INTERFACE_REQUEST')).toBeNull();
  });
});
