import { describe, expect, test } from 'vitest';
import type { Bdf } from '../../src/base/bdf.ts';
import { EVENT_CLASSES, type TdiState } from '../../src/model/states.ts';
import { BOUND_LOCKED, BOUND_RUN, BOUND_UNLOCKED, CONNECTED } from '../../src/model/tdi.ts';
import { Belief } from '../../src/replay/belief.ts';
import { NOTHING_NOTED } from '../../src/replay/ledger.ts';
import type { BareStep } from '../../src/replay/open-orders.ts';
import { originAt } from '../../src/replay/origin.ts';
import { Presence } from '../../src/replay/presence.ts';
import type { ReplayOptions, Step } from '../../src/replay/step.ts';
import type { DeviceTrack } from '../../src/replay/track.ts';
import { Transitions } from '../../src/replay/transitions.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { sceneOf } from './scenery.ts';
import { storedEvent } from './stored-event.ts';

const PF = '0000:02:00.0';
const VF = '0000:02:10.0';

const at = (kind: StoredEvent['kind'], id: number, more: Partial<StoredEvent> = {}) =>
  storedEvent(kind, { id, ...more });
const entry = (kind: StoredEvent['kind'], id: number, pairId: number, more: Partial<StoredEvent> = {}) =>
  at(kind, id, { phase: 'enter', pairId, ...more });
const exit = (kind: StoredEvent['kind'], id: number, pairId: number, more: Partial<StoredEvent> = {}) =>
  at(kind, id, { phase: 'exit', pairId, pairLine: pairId, ...more });

interface Setup {
  readonly belief?: Belief;
  readonly options?: Partial<ReplayOptions>;
  /** The second function is a VF of the first one. */
  readonly vf?: boolean;
  readonly before?: (tracks: readonly DeviceTrack[]) => void;
  readonly givenUp?: boolean;
  /** The last event that happens; those behind it are recorded all the same. */
  readonly until?: number;
}

/** What events, numbered 1, 2 .. in this order, do to functions 1 (the PF) and 2. All that happens is recorded. */
function play(events: readonly StoredEvent[], { belief, options, vf, before, givenUp, until = 100 }: Setup = {}) {
  const impossible: StoredEvent[] = [];
  const steps: BareStep[] = [];
  const judged: Step[] = [];
  const { scene, tracks } = sceneOf([PF, VF], {
    events,
    options: { complete: new Set(EVENT_CLASSES), platform: 'sev-tio', ...options },
    observer: { impossible: (event) => impossible.push(event), step: (step) => judged.push(step) },
  });
  const [own, other] = tracks as [DeviceTrack, DeviceTrack];
  if (vf) other.isVfOf(PF as Bdf, { record: 1 });
  for (const track of tracks) track.belief = belief ?? Belief.only(CONNECTED);
  before?.(tracks);
  const teller = { tell: (step: BareStep) => void steps.push(step), isGivenUp: () => givenUp === true };
  const transitions = new Transitions(scene, new Presence(scene), teller);
  for (const event of scene.recorded.events(0, until)) {
    scene.calls.remember(event);
    transitions.act(event);
  }
  const told = steps.map(({ effect, track, reach }) => `${effect.type} ${track.id}${reach ? ` ${reach.tie}` : ''}`);
  return { own, other, told, steps, judged, impossible: impossible.map(({ id }) => id), scene };
}

const locked = { belief: Belief.only(BOUND_LOCKED) };
const running = { belief: Belief.only(BOUND_RUN) };
const said = (track: DeviceTrack) =>
  track.belief.likeliest().map(({ bind, contract, device }) => (bind === 'bound' ? `${contract}/${device}` : bind));
const is = (wanted: TdiState) => (state: TdiState) =>
  state.bind === wanted.bind && state.contract === wanted.contract && state.device === wanted.device;

describe('a locked TDI', () => {
  // 2.2 and 2.3 of the model: a conventional reset unlocks, an FLR and what freezes the configuration lead to ERROR.
  test.each<[string, StoredEvent, string]>([
    ['an FLR', at('pci.flr', 1), 'locked/error'],
    ['a reset of the bus', at('pci.bus_reset', 1), 'locked/unlocked'],
    ['Bus Master is cleared', at('pci.clear_master', 1, { args: { changed: '1' } }), 'locked/error'],
    ['SR-IOV is enabled', at('pci.sriov_enable', 1), 'locked/error'],
    ['SR-IOV is disabled, if it was enabled', at('pci.sriov_disable', 1), 'locked/locked'],
    ['D3cold', at('pci.power', 1, { args: { state: '4' } }), 'locked/error'],
    ['vfio zaps its BARs', at('vfio.zap', 1), 'locked/locked'],
    ['nothing that concerns it', at('pci.enable', 1), 'locked/locked'],
  ])('%s', (_name, event, expected) => {
    const { own } = play([event], locked);
    expect(said(own)).toEqual([expected]);
    expect(own.lostIn).toBe(expected === 'locked/locked' ? null : 1);
  });

  test('is lost in the operation that did it first, by its outermost call', () => {
    const flr = at('pci.flr', 2, { rootId: 1, parentId: 1 });
    expect(play([at('vfio.ioctl', 1, { phase: 'enter' }), flr], locked).own.lostIn).toBe(1);
    expect(play([at('pci.flr', 1), at('pci.flr', 2)], locked).own.lostIn).toBe(1);
    // It is locked again: the next one loses it again.
    const again = [at('pci.flr', 1), at('tsm.unbind', 2), at('tsm.bind', 3), at('pci.flr', 4)];
    expect(play(again, locked).own.lostIn).toBe(4);
    expect(play([at('pci.flr', 1), at('pci.bus_reset', 2)], running).own.lostIn).toBe(1);
  });

  test('may have been unlocked: that it is lost is what is likeliest', () => {
    const either = Belief.only(CONNECTED).or(Belief.only({ ...BOUND_LOCKED, device: 'error' }));
    expect(play([at('pci.flr', 1)], { belief: either }).own.lostIn).toBeNull();
    const intact = Belief.only(BOUND_LOCKED).or(Belief.only({ ...BOUND_LOCKED, device: 'error' }));
    expect(play([at('pci.flr', 1)], { belief: intact }).own.lostIn).toBe(1);
    expect(play([at('pci.flr', 1)]).own.lostIn).toBe(1);
  });
});

describe('a step is told', () => {
  test('of each function that it reaches, and how', () => {
    expect(play([at('pci.flr', 1)], { vf: true }).told).toEqual(['function-reset 1', 'function-reset 2 vf']);
    expect(play([at('pci.flr', 1)]).told).toEqual(['function-reset 1']);
    expect(play([at('tsm.disconnect', 1)], { vf: true }).told).toEqual(['disconnect 1', 'disconnect 2 dsm']);
  });

  test('with what was believed before it, closed under what can happen unseen', () => {
    const { steps } = play([at('pci.flr', 1)], { ...locked, options: { complete: new Set() } });
    expect(steps[0]?.belief.cost(is(CONNECTED))).toBe(2);
    expect(steps[0]?.belief.likeliest()).toEqual([BOUND_LOCKED, BOUND_RUN]);
  });

  test('with the calls around it', () => {
    const ioctl = at('vfio.ioctl', 1, { phase: 'enter' });
    expect(play([ioctl, at('pci.flr', 2, { parentId: 1 })]).steps[0]?.calls.map(({ id }) => id)).toEqual([1]);
  });

  test('of a VF that goes with SR-IOV as a change of SR-IOV, too', () => {
    const disable = entry('pci.sriov_disable', 1, 3);
    const inside = at('pci.remove', 2, { parentId: 1, deviceId: 2 });
    const { told, steps } = play([disable, inside, exit('pci.sriov_disable', 3, 1)], { vf: true });
    expect(told).toEqual(['sriov-change 1', 'sriov-change 2 vf', 'sriov-change 2', 'removal 2']);
    expect(steps[2]?.effect).toEqual({ type: 'sriov-change', certain: true });
    // What else happens inside is what it is; a removal by itself changes no SR-IOV.
    const flr = at('pci.flr', 2, { parentId: 1, deviceId: 2 });
    expect(play([disable, flr, exit('pci.sriov_disable', 3, 1)]).told).toEqual(['sriov-change 1', 'function-reset 2']);
    expect(play([at('pci.remove', 1, { deviceId: 2 })]).told).toEqual(['removal 2']);
    const enable = { ...disable, kind: 'pci.sriov_enable' } as const;
    expect(play([enable, inside, exit('pci.sriov_enable', 3, 1)]).told).toEqual(['sriov-change 1', 'removal 2']);
  });
});

describe('a bind', () => {
  const BIND = [entry('tsm.bind', 1, 2), exit('tsm.bind', 2, 1)];

  test.each<[Partial<ReplayOptions>, number | null]>([
    [{ platform: 'sev-tio' }, null],
    [{ platform: 'tdx' }, null],
    [{ platform: 'generic', x86: true }, null],
    [{ platform: 'generic' }, 1],
    [{ platform: 'cca' }, 0],
    [{ platform: 'cca', x86: true }, 0],
  ])('locks the TDI, unless the platform may leave it to the guest: %j', (options, unlocked) => {
    const { belief } = play(BIND, { options }).own;
    expect(belief.cost(is(BOUND_LOCKED))).toBe(0);
    expect(belief.cost(is(BOUND_UNLOCKED))).toBe(unlocked ?? Number.POSITIVE_INFINITY);
  });

  test('that is seen to lock it has locked it, whatever the platform leaves open', () => {
    const cca = { options: { platform: 'cca' } } as const;
    const lock = at('tdisp.lock', 2, { parentId: 1 });
    const stop = at('tdisp.stop', 3, { parentId: 1 });
    const around = (...inner: readonly StoredEvent[]) => [
      entry('tsm.bind', 1, inner.length + 2),
      ...inner,
      exit('tsm.bind', inner.length + 2, 1),
    ];
    expect(said(play(around(lock), cca).own)).toEqual(['locked/locked']);
    expect(said(play(around(), cca).own)).toEqual(['unlocked/unlocked', 'locked/locked']);
    // A STOP came after it, or the bind did not succeed, as far as was recorded.
    expect(said(play(around(lock, stop), cca).own)).toEqual(['unlocked/unlocked', 'locked/locked']);
    const unknown = [entry('tsm.bind', 1, 3), lock, exit('tsm.bind', 3, 1, { outcome: 'unknown' })];
    expect(said(play(unknown, cca).own)).toContain('unlocked/unlocked');
    // A record that is no return says nothing of what was inside it.
    expect(said(play([at('tsm.bind', 1)], cca).own)).toEqual(['unlocked/unlocked', 'locked/locked']);
  });

  test('holds from its entry on, perhaps, and is shown when it is over', () => {
    const begun = play(BIND, { until: 1 }).own;
    expect(said(begun)).toEqual(['connected', 'locked/locked']);
    expect(begun.spans).toHaveLength(1);
    const done = play(BIND).own;
    expect(done.spans.map(({ cause }) => cause?.line ?? null)).toEqual([null, 1]);
    // A call of which no return was recorded has happened.
    expect(play([at('tsm.bind', 1, { phase: 'enter' })]).own.spans).toHaveLength(2);
  });

  test('that another record tells better is told once', () => {
    const both = [at('tsm.bind', 1, { supersededBy: 2 }), at('tsm.bind', 2)];
    expect(said(play(both, { until: 1 }).own)).toEqual(['connected']);
    expect(said(play(both).own)).toEqual(['locked/locked']);
  });

  test('of a function that cannot be bound is impossible, and it is bound all the same', () => {
    const { own, impossible } = play([at('tsm.bind', 1)], { belief: Belief.fresh() });
    expect(impossible).toEqual([1]);
    expect(said(own)).toEqual(['locked/locked']);
    expect(own.spans.at(-1)?.cause?.line).toBe(1);
    // Where not every order was tried nobody says so.
    expect(play([at('tsm.bind', 1)], { belief: Belief.fresh(), givenUp: true }).impossible).toEqual([]);
  });
});

describe('a connect of the DSM', () => {
  test('connects the functions that it manages', () => {
    const { own, other } = play([at('tsm.connect', 1)], { belief: Belief.fresh(), vf: true });
    expect([said(own), said(other)]).toEqual([['connected'], ['connected']]);
  });

  test('is impossible where it is connected; of those that it manages nothing is said', () => {
    const { other, impossible } = play([at('tsm.connect', 1)], {
      vf: true,
      before: ([own]) => {
        if (own) own.belief = Belief.fresh();
      },
    });
    expect([impossible, said(other)]).toEqual([[], ['connected']]);
    expect(play([at('tsm.connect', 1)]).impossible).toEqual([1]);
  });

  test('may concern a function of which nobody knows whose it is', () => {
    const { other } = play([at('tsm.connect', 1)], { belief: Belief.fresh() });
    expect([said(other), other.belief.cost(is(CONNECTED))]).toEqual([['unbound'], 1]);
    expect(
      play([at('tsm.bind', 1)], { before: ([, two]) => two && Object.assign(two, { belief: Belief.fresh() }) }).other
        .belief.size,
    ).toBe(1);
  });
});

describe('a request of the guest', () => {
  const ask = (scope: string | undefined, more: Partial<StoredEvent> = {}) =>
    at('tsm.guest_request', 1, { args: scope === undefined ? {} : { scope }, ...more });
  const sizeAfter = (event: StoredEvent) =>
    play([event], { ...locked, options: { complete: new Set() } }).own.belief.size;

  // Scopes of include/linux/pci-tsm.h: 0 INFO, 1 STATE_CHANGE, 2 DEBUG_READ, 3 DEBUG_WRITE.
  test('that asks only changes nothing, and nothing unseen is written down for it', () => {
    for (const scope of ['0', '2', '3', '0x0', '0x2', '0x3'])
      expect([scope, sizeAfter(ask(scope))]).toEqual([scope, 1]);
    for (const scope of ['1', '0x1', undefined]) expect(sizeAfter(ask(scope))).toBeGreaterThan(1);
    expect(sizeAfter(ask('0', { outcome: 'unknown' }))).toBeGreaterThan(1);
    expect(said(play([ask('0')], locked).own)).toEqual(['locked/locked']);
  });

  test('is of a bound function: one of which it was not known is one now', () => {
    const { own } = play([ask('0')], { belief: Belief.unknown() });
    expect(own.belief.cost(({ bind }) => bind !== 'bound')).toBe(Number.POSITIVE_INFINITY);
    expect(own.spans).toHaveLength(2);
    const call = [entry('tsm.guest_request', 1, 2, { args: { scope: '0' } }), exit('tsm.guest_request', 2, 1)];
    expect(play(call, { belief: Belief.unknown(), until: 1 }).own.spans).toHaveLength(1);
    // The excuse is a bind that was not recorded.
    const hidden = play([ask('0')], { options: { complete: new Set() } });
    expect([hidden.impossible, hidden.own.belief.likeliest().every(({ bind }) => bind === 'bound')]).toEqual([
      [],
      true,
    ]);
    expect(play([ask('0')]).impossible).toEqual([1]);
  });

  test('changes the state: the first one is a START, the next one may be its STOP', () => {
    const first = play([ask('1')], locked).own.belief;
    expect([first.cost(is(BOUND_RUN)), first.cost(is(BOUND_UNLOCKED))]).toEqual([0, 1]);
    const second = play([ask('1'), { ...ask('1'), id: 2 }], running).own.belief;
    expect(second.cost(is(BOUND_UNLOCKED))).toBe(0);
    // What was asked before, without a change, does not count.
    const info = play([ask('0'), { ...ask('1'), id: 2 }], running).own.belief;
    expect(info.cost(is(BOUND_UNLOCKED))).toBe(1);
    expect(play([ask('1')], running).own.belief.cost(is(BOUND_UNLOCKED))).toBe(1);
    // One call is one request: its entry has not been asked before its return.
    const call = [entry('tsm.guest_request', 1, 2, { args: { scope: '1' } }), exit('tsm.guest_request', 2, 1)];
    expect(play(call, running).own.belief.cost(is(BOUND_UNLOCKED))).toBe(1);
  });
});

describe('what firmware and device say', () => {
  const read = (state: string, more: Partial<StoredEvent> = {}) =>
    at('tdisp.state', 1, { symbol: 'sev_tio_tdi_status', args: { state }, ...more });

  test('is what the device is', () => {
    expect(said(play([read('3')], { belief: Belief.unknown() }).own)).toEqual(['locked/error', 'run/error']);
    expect(said(play([at('tdisp.stop', 1)], locked).own)).toEqual(['connected']);
  });

  test('is impossible where no history leads there, and true all the same', () => {
    const { own, impossible } = play([read('2')]);
    expect([impossible, said(own)]).toEqual([[1], ['run/run']]);
    const start = play([at('tdisp.start', 1)]);
    expect([start.impossible, said(start.own)]).toEqual([[1], ['run/run']]);
    expect(play([read('2')], { givenUp: true }).impossible).toEqual([]);
  });

  test('proves a bind where only a bound TDI is asked so', () => {
    expect(play([at('tdisp.start', 1)], locked).own.boundEvidence).toBe(true);
    expect(play([read('1')], locked).own.boundEvidence).toBe(false);
  });

  test('is shown when it is over', () => {
    const call = [entry('tdisp.start', 1, 2), exit('tdisp.start', 2, 1)];
    const open = play(call, { ...locked, until: 1 }).own;
    expect([said(open), open.spans.length]).toEqual([['locked/locked', 'run/run'], 1]);
    expect(play(call, locked).own.spans).toHaveLength(2);
    expect(play([at('tdisp.start', 1, { phase: 'enter' })], locked).own.spans).toHaveLength(2);
  });

  test('is told as a step, and noted', () => {
    const { own, told } = play([at('tdisp.lock', 1)], { belief: Belief.only(BOUND_UNLOCKED) });
    expect(told).toEqual(['request 1', 'refusal 1']);
    expect(own.ledger).toEqual({ ...NOTHING_NOTED });
    expect(play([at('tdisp.stop', 1)], locked).own.ledger.stopped).toBe(true);
  });

  test('of a session is noted of the security manager alone', () => {
    const nobodys = { deviceId: null } as const;
    const sessions = (...events: readonly StoredEvent[]) => {
      const { own, other } = play(events, { vf: true });
      return [own, other].map(({ session }) => (session === null || session === 'several' ? session : session.id));
    };
    expect(sessions(at('spdm.connect', 1))).toEqual([1, null]);
    expect(sessions(at('spdm.connect', 1), at('spdm.disconnect', 2))).toEqual([null, null]);
    // Whose it is that names no device, nobody knows.
    expect(sessions(at('spdm.connect', 1), at('spdm.connect', 2, nobodys))).toEqual(['several', 'several']);
    expect(sessions(at('spdm.connect', 1), at('firmware.refused', 2, nobodys))).toEqual([1, null]);
  });

  test('of a session that ends says what opened it, to every function of the DSM', () => {
    const opened = (from: boolean) => {
      const before = ([own]: readonly DeviceTrack[]) => own && Object.assign(own, { origin: originAt(from) });
      const { steps } = play([at('spdm.connect', 1), at('spdm.disconnect', 2)], { vf: true, before });
      return steps.map(({ effect }) => (effect.type === 'session-end' ? (effect.opened?.id ?? null) : effect.type));
    };
    expect(opened(true)).toEqual([1, 1]);
    expect(opened(false)).toEqual([null, null]);
  });

  test('of a stream concerns the functions of the DSM, and is noted of each', () => {
    const { own, other } = play([at('ide.enable', 1, { args: { ide: '0xa' } })], { vf: true });
    expect([own, other].map(({ ledger }) => ledger.steps.stream.enabled.length)).toEqual([1, 1]);
    // Of others it is its stream alone that is noted.
    const end = play([at('spdm.disconnect', 1)], { vf: true });
    expect(end.told).toEqual(['session-end 1', 'session-end 2 dsm']);
    expect(end.other.ledger).toBe(NOTHING_NOTED);
  });

  test('of a session that ends: the TDI fell to ERROR, if it was locked over it', () => {
    expect(said(play([at('spdm.disconnect', 1)], locked).own)).toEqual(['locked/locked', 'locked/error']);
  });
});

describe('a register that a locked TDI freezes', () => {
  const bar = (value: string, id: number) =>
    at('pci.config_write', id, { args: { position: '0x10', width: '4', value } });

  test('is told where it is written, and what stood there', () => {
    const { told, steps } = play([bar('0xfe000000', 1), bar('0xfe000000', 2), bar('0xfd000000', 3)], locked);
    expect(told).toEqual(['config-change 1', 'config-change 1', 'config-change 1']);
    expect(steps.map(({ effect }) => ('old' in effect ? effect.old : null))).toEqual(['unknown', 'same', 'differs']);
  });

  test('is none of another function', () => {
    expect(play([{ ...bar('0xfe000000', 1), deviceId: null }], locked).told).toEqual([]);
    expect(play([bar('0xfe000000', 1)], { ...locked, vf: true }).told).toEqual(['config-change 1']);
  });
});

describe('an event that may be of one of several', () => {
  const perhaps = (kind: StoredEvent['kind'], more: Partial<StoredEvent> = {}) =>
    at(kind, 1, { deviceId: null, maybe: [1, 2], certainty: 'maybe', ...more });

  test('has happened to each, or not', () => {
    const { own, other, judged } = play([perhaps('tsm.unbind')], locked);
    for (const track of [own, other]) expect(said(track)).toEqual(['connected', 'locked/locked']);
    expect(own.doubts.map(({ id, deviceId }) => [id, deviceId])).toEqual([[1, 1]]);
    expect(judged).toEqual([]);
  });

  test('is told as a step of each of them', () => {
    expect(play([perhaps('pci.flr')], locked).told).toEqual(['function-reset 1', 'function-reset 2']);
  });

  test('has not happened to one that it could not have happened to', () => {
    const { own, other, impossible } = play([perhaps('tsm.guest_request', { args: { scope: '0' } })], {
      before: ([one]) => {
        if (one) one.belief = Belief.only(BOUND_LOCKED);
      },
    });
    expect([said(own), said(other), impossible]).toEqual([['locked/locked'], ['connected'], []]);
    expect([own.concerned, other.concerned, own.boundEvidence, other.boundEvidence]).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  test('reaches those that the other one reaches', () => {
    const { other } = play([perhaps('pci.flr', { maybe: [1] })], { ...locked, vf: true });
    expect(said(other)).toEqual(['locked/locked', 'locked/error']);
    const single = play([perhaps('pci.flr', { maybe: [2] })], { ...locked, vf: true });
    expect([said(single.own), said(single.other)]).toEqual([['locked/locked'], ['locked/locked', 'locked/error']]);
  });
});

test('what is opened at the address of a function that is being removed is another one', () => {
  const { own } = play([at('pci.remove', 1, { phase: 'enter' }), at('vfio.open', 2, { pid: 7 })], {
    ...locked,
    before: ([one]) => {
      if (one) one.boundEvidence = true;
    },
  });
  expect([said(own), own.removing, own.gone, own.boundEvidence]).toEqual([['unbound'], false, false, false]);
  expect(said(play([at('vfio.open', 1)], locked).own)).not.toEqual(['unbound']);
  expect(said(play([at('pci.remove', 1, { phase: 'enter' }), at('pci.enable', 2)], locked).own)).not.toEqual([
    'unbound',
  ]);
});

test('a task that ends leaves what it had without an owner, and nothing else does', () => {
  const open = at('vfio.open', 1, { pid: 7 });
  expect(play([open, at('task.exit', 2, { pid: 7, deviceId: null })]).own.ownerExit?.event.id).toBe(2);
  expect(play([open, at('pci.enable', 2, { pid: 7 })]).own.ownerExit).toBeNull();
});
