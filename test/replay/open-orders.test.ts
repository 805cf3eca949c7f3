import { describe, expect, test } from 'vitest';
import { EVENT_CLASSES, type TdiState } from '../../src/model/states.ts';
import { BOUND_LOCKED, CONNECTED } from '../../src/model/tdi.ts';
import { EventList } from '../../src/replay/event-list.ts';
import { Replay } from '../../src/replay/replay.ts';
import type { ReplayOptions, Step } from '../../src/replay/step.ts';
import type { DeviceTrack } from '../../src/replay/track.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { storedDevice, storedEvent, storedSource } from './stored-event.ts';

/** Two traces of one machine, whose stamps may be wrong by 10 ns against each other. */
const SOURCES = [1, 2].map((id) => storedSource(id, { clockGroup: 1, clockError: 5 }));

const at = (id: number, kind: StoredEvent['kind'], time: number, more: Partial<StoredEvent> = {}) =>
  storedEvent(kind, { id, sourceId: 1 + (id % 2), time: BigInt(time), ...more });
const isBound = ({ bind }: TdiState) => bind === 'bound';

/** Replays events, all classes recorded from the start on. */
async function replayed(events: readonly StoredEvent[], more: Partial<ReplayOptions> = {}, devices = 1) {
  const steps: Step[] = [];
  const impossible: number[] = [];
  const seen: string[] = [];
  const options: ReplayOptions = {
    platform: 'sev-tio',
    x86: false,
    complete: new Set(EVENT_CLASSES),
    fromBoot: true,
    gaps: new Map(),
    judged: () => true,
    side: null,
    ...more,
  };
  const list = new EventList(
    SOURCES,
    Array.from({ length: devices }, (_, n) => storedDevice(n + 1, `0000:0${n + 2}:00.0`)),
    events,
  );
  const replay = new Replay(list, options, {
    step: (step) => steps.push(step),
    seen: (event, track) => seen.push(`${event.id}:${track.id}`),
    impossible: ({ id }) => impossible.push(id),
  });
  const tracks = await replay.run();
  return { steps, impossible, seen, tracks, replay, own: tracks[0] as DeviceTrack };
}

/** Connected at 10, bound at 100; what then comes is open. */
const START = [at(1, 'tsm.connect', 10), at(2, 'tsm.bind', 100)];
const told = (steps: readonly Step[], type: string) => steps.filter(({ effect }) => effect.type === type);

describe('where the stamps leave open what came first', () => {
  test('a step is told once, with what may be believed in either order', async () => {
    // Which of the two traces is ahead nobody knows: the unbind may have come before the disable, or after it.
    const { steps, own } = await replayed([...START, at(3, 'vfio.disable', 200), at(4, 'tsm.unbind', 203)]);
    const [disable, ...more] = told(steps, 'disable');
    expect(more).toEqual([]);
    expect([disable?.belief.cost(isBound), disable?.belief.cost((state) => !isBound(state))]).toEqual([0, 0]);
    expect(disable?.unordered).toMatchObject({ inEveryOrder: true, tooMany: false });
    expect(disable?.unordered?.events.map(({ id }) => id)).toEqual([4]);
    expect(disable?.track).toBe(own);
    expect(own.belief.likeliest()).toEqual([CONNECTED]);
  });

  test('further apart than the clocks are wrong the order is that of the stamps', async () => {
    const { steps } = await replayed([...START, at(3, 'vfio.disable', 200), at(4, 'tsm.unbind', 211)]);
    const [disable] = told(steps, 'disable');
    expect([disable?.unordered, disable?.belief.cost((state) => !isBound(state))]).toEqual([
      null,
      Number.POSITIVE_INFINITY,
    ]);
  });

  test('an order in which a record is impossible is not what happened', async () => {
    // A request is answered by a bound function: it came before the unbind.
    const ask = at(3, 'tsm.guest_request', 200, { args: { scope: '0' } });
    const after = await replayed([...START, ask, at(4, 'tsm.unbind', 203)]);
    expect([after.impossible, after.own.belief.likeliest()]).toEqual([[], [CONNECTED]]);
    const before = await replayed([...START, at(3, 'tsm.unbind', 200), { ...ask, id: 4, sourceId: 1, time: 203n }]);
    expect([before.impossible, before.own.belief.likeliest()]).toEqual([[], [CONNECTED]]);
    expect(told(before.steps, 'guest-request')[0]?.belief.cost(isBound)).toBe(0);
    // Where no order is possible the first one is what is said.
    const never = await replayed([
      at(1, 'tsm.connect', 10),
      at(3, 'pci.flr', 200),
      { ...ask, id: 4, sourceId: 1, time: 203n },
    ]);
    expect(never.impossible).toEqual([3]);
  });

  test('what either order leaves over may be true', async () => {
    // A conventional reset and an FLR: the last one tells the state, if it was locked.
    const { own } = await replayed([...START, at(3, 'pci.flr', 200), at(4, 'pci.bus_reset', 203)]);
    const likely = own.belief.likeliest().map(({ contract, device }) => `${contract}/${device}`);
    expect(likely).toEqual(['locked/unlocked']);
    const apart = await replayed([...START, at(3, 'tsm.unbind', 200), at(4, 'tsm.bind', 203)]);
    // Bound again after the unbind, or the same again and then unbound.
    expect(apart.own.belief.cost(({ bind }) => bind === 'bound')).toBe(0);
    expect(apart.own.belief.cost(({ bind }) => bind === 'connected')).toBeLessThan(Number.POSITIVE_INFINITY);
  });

  test('of two devices each has its own order', async () => {
    const other = (event: StoredEvent) => ({ ...event, deviceId: 2 });
    const { steps } = await replayed(
      [
        ...START,
        other(at(3, 'tsm.connect', 110)),
        other(at(4, 'tsm.bind', 150)),
        at(5, 'vfio.disable', 200),
        other(at(6, 'vfio.disable', 201)),
        at(7, 'iommu.fault', 202),
        at(8, 'tsm.unbind', 203),
      ],
      {},
      2,
    );
    const disables = told(steps, 'disable');
    expect(disables.map(({ track, unordered }) => [track.id, unordered?.events.map(({ id }) => id) ?? null])).toEqual([
      [1, [8]],
      [2, null],
    ]);
  });

  test('with more orders than can be tried nothing is relied on', async () => {
    const many = Array.from({ length: 8 }, (_, n) => at(3 + n, 'pci.flr', 200));
    const { steps, own, impossible } = await replayed([...START, ...many]);
    const [first] = told(steps, 'function-reset');
    expect(first?.unordered).toEqual({ events: [], inEveryOrder: false, tooMany: true });
    expect(told(steps, 'function-reset')).toHaveLength(8);
    expect([own.belief.size, own.command, impossible]).toEqual([9, { mse: 'unknown', bme: 'unknown' }, []]);
    // One of the orders may explain what is impossible in this one.
    const bind = Array.from({ length: 8 }, (_, n) => at(2 + n, n === 0 ? 'tsm.guest_request' : 'pci.flr', 200));
    expect((await replayed([at(1, 'tsm.connect', 10), ...bind])).impossible).toEqual([]);
  });

  test('the evidence of another order stands by a step', async () => {
    const { own } = await replayed([at(1, 'tsm.connect', 10), at(2, 'vfio.disable', 200), at(3, 'tsm.bind', 203)], {
      fromBoot: false,
      complete: new Set(),
    });
    expect(own.boundEvidence).toBe(true);
  });

  test('steps that are not judged are not told', async () => {
    const events = [...START, at(3, 'vfio.disable', 200), at(4, 'tsm.unbind', 203)];
    const { steps } = await replayed(events, { judged: ({ kind }) => kind !== 'vfio.disable' });
    expect(steps.map(({ effect }) => effect.type)).not.toContain('disable');
    expect(steps.map(({ effect }) => effect.type)).toContain('bind');
  });
});

describe('along a replay', () => {
  test('who watches sees each event once, those of several devices by each of them', async () => {
    const perhaps = at(3, 'pci.flr', 500, { deviceId: null, maybe: [1, 2], certainty: 'maybe' });
    const { seen } = await replayed([...START, perhaps, at(4, 'pci.flr', 900, { deviceId: null })], {}, 2);
    expect(seen).toEqual(['1:1', '2:1', '3:1', '3:2']);
  });

  test('what another source says as well counts there', async () => {
    const { seen } = await replayed([...START, at(3, 'pci.flr', 500), at(4, 'pci.flr', 900, { duplicateOf: 3 })]);
    expect(seen).toEqual(['1:1', '2:1', '3:1']);
  });

  test('the state at the start is known from a boot on, or where the user says so', async () => {
    expect((await replayed([])).own.belief.size).toBe(1);
    expect((await replayed([], { fromBoot: false })).own.belief.size).toBe(1);
    expect((await replayed([], { fromBoot: false, complete: new Set() })).own.belief.size).toBe(9);
  });

  test('a loss leaves nothing known that may have changed', async () => {
    const lossy = [...START, at(3, 'pci.enable', 500)];
    const gaps = new Map([[2, { lines: [3], throughout: Number.POSITIVE_INFINITY, ofCpu: [] }]]);
    const { own } = await replayed(lossy, { gaps });
    expect([own.belief.size, own.boundEvidence, own.ledger.connected]).toEqual([9, true, false]);
    expect((await replayed(lossy)).own.belief.likeliest()).toEqual([BOUND_LOCKED]);
  });

  test('an owner that ended without a close is told at the end, if it is to be judged', async () => {
    const exit = [...START, at(3, 'vfio.open', 300, { pid: 7 }), at(4, 'task.exit', 500, { pid: 7, deviceId: null })];
    const last = (await replayed(exit)).steps.at(-1);
    expect([last?.effect, last?.event.id, last?.unordered, last?.reach, last?.calls]).toEqual([
      { type: 'owner-exit' },
      4,
      null,
      null,
      [],
    ]);
    const left = await replayed(exit, { judged: ({ kind }) => kind !== 'task.exit' });
    expect(left.steps.map(({ effect }) => effect.type)).not.toContain('owner-exit');
    const closed = await replayed([...exit, at(5, 'vfio.close', 900)]);
    expect(closed.steps.map(({ effect }) => effect.type)).not.toContain('owner-exit');
  });

  test('the port above is that of the end, unless the function went before', async () => {
    const bridge = at(1, 'pci.bridge', 10, { deviceId: 2, args: { first: '04' } });
    const opened = at(2, 'vfio.open', 100, { deviceId: 3 });
    const { tracks } = await replayed([bridge, opened], {}, 3);
    expect(tracks.map(({ port }) => port)).toEqual([null, null, '0000:03:00.0']);
  });
});
