import { describe, expect, test } from 'vitest';
import type { TdiState } from '../../src/model/states.ts';
import { BOUND_LOCKED, CONNECTED } from '../../src/model/tdi.ts';
import type { Step } from '../../src/replay/step.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { at, replayed, START, told } from './replayed.ts';
import { storedDevice } from './stored-event.ts';

const isBound = ({ bind }: TdiState) => bind === 'bound';

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

  test('where a record is impossible in every order, the order of the stamps is the one that is told', async () => {
    // From the boot on nothing has connected the function, and a bind of it succeeds: it was bound, and not reset after that.
    const { steps, impossible, own } = await replayed([at(1, 'pci.flr', 200), at(2, 'tsm.bind', 203)]);
    const [reset, ...more] = told(steps, 'function-reset');
    expect([reset?.unordered?.inEveryOrder, more, impossible]).toEqual([true, [], [2]]);
    expect(own.belief.likeliest()).toEqual([BOUND_LOCKED]);
  });

  test('what only one of the orders makes of a record is told as such', async () => {
    // Bus Master Enable is off. A write that clears it takes it away only if the host has turned it on before.
    const off = { region: 'basic', position: '4', count: '2', value: '0x0' };
    const before = [...START, at(3, 'vfio.config_write', 150, { args: off })];
    const [on, write] = [at(5, 'pci.set_master', 200), at(4, 'vfio.config_write', 200, { args: off })];
    for (const events of [
      [write, { ...on, time: 203n }],
      [on, { ...write, time: 203n }],
    ]) {
      const { steps } = await replayed([...before, ...events]);
      const [clear, ...more] = told(steps, 'command-clear').filter(({ event }) => event.id > 3);
      expect([clear?.effect, more]).toEqual([{ type: 'command-clear', bit: 'bme', certain: true }, []]);
      expect([clear?.event.kind, clear?.unordered?.inEveryOrder]).toEqual(['vfio.config_write', false]);
      expect(clear?.unordered?.events.map(({ kind }) => kind)).toEqual(['pci.set_master']);
    }
  });

  test('of three, those count whose place beside the step is open', async () => {
    // The disable and the bind stand in one trace, one after the other; the zap in another one.
    const events = [
      at(1, 'tsm.connect', 10),
      at(2, 'vfio.disable', 200),
      at(3, 'vfio.zap', 203),
      at(4, 'tsm.bind', 205),
    ];
    const { steps, withEvidence } = await replayed(events, { fromBoot: false, complete: new Set() });
    const [disable, zap] = ['disable', 'zap'].map((type) => told(steps, type)[0]) as [Step, Step];
    expect(disable.unordered?.events.map(({ id }) => id)).toEqual([3]);
    expect(zap.unordered?.events.map(({ id }) => id)).toEqual([2, 4]);
    // In no order was the bind before the disable.
    expect([withEvidence.has(disable), withEvidence.has(zap)]).toEqual([false, true]);
  });

  test('records of one trace that one without a CPU keeps apart have their order', async () => {
    // Two CPUs at one time: open by themselves. The record between them comes after the one and before the other.
    const alike = { sourceId: 1, time: 200n };
    const { steps } = await replayed([
      ...START,
      at(3, 'vfio.disable', 200, { ...alike, cpu: 0, pid: 5 }),
      at(4, 'vfio.zap', 200, { ...alike, cpu: null }),
      at(5, 'tsm.unbind', 200, { ...alike, cpu: 1, pid: 7 }),
    ]);
    expect(told(steps, 'disable').map(({ unordered }) => unordered)).toEqual([null]);
  });

  test('a reset of the whole device is weighed for each of its functions', async () => {
    // Function 0 of the device is reset with the slot. Whether the TDI, its function 1, was still bound is open.
    const tdi = (event: StoredEvent) => ({ ...event, deviceId: 2 });
    const devices = [storedDevice(1, '0000:02:00.0'), storedDevice(2, '0000:02:00.1')];
    const { steps, tracks } = await replayed(
      [...START.map(tdi), at(3, 'pci.bus_reset', 200), tdi(at(4, 'tsm.unbind', 203))],
      {},
      { devices },
    );
    const resets = told(steps, 'conventional-reset').filter(({ track }) => track.id === 2);
    expect(resets.map(({ unordered }) => [unordered?.inEveryOrder, unordered?.events.map(({ id }) => id)])).toEqual([
      [true, [4]],
    ]);
    expect([isBound, (state: TdiState) => !isBound(state)].map((one) => resets[0]?.belief.cost(one))).toEqual([0, 0]);
    expect(tracks[1]?.belief.likeliest()).toEqual([CONNECTED]);
  });

  test('what is open of one device does not excuse what is impossible of another', async () => {
    // Device 2 is connected, bound by nobody, and answers a guest meanwhile.
    const other = (event: StoredEvent) => ({ ...event, sourceId: 1, deviceId: 2 });
    const { steps, impossible } = await replayed(
      [
        ...START,
        other(at(3, 'tsm.connect', 110)),
        at(4, 'vfio.disable', 200),
        other(at(5, 'tsm.guest_request', 201, { args: { scope: '1' } })),
        at(7, 'tsm.unbind', 203),
      ],
      {},
      { devices: 2 },
    );
    expect(told(steps, 'disable')[0]?.unordered?.events.map(({ id }) => id)).toEqual([6]);
    expect(impossible).toEqual([5]);
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
    // Reset after the bind, or before it; known only when the last of the records is behind.
    const bound = await replayed([
      at(1, 'tsm.connect', 10),
      at(2, 'tsm.bind', 200),
      at(3, 'pci.flr', 203),
      at(4, 'vfio.zap', 205),
    ]);
    const last = bound.own.spans.at(-1);
    expect([last?.layers.device, last?.cause?.eventId]).toEqual([['locked', 'error'], 4]);
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
      { devices: 2 },
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
    expect(own.spans.at(-1)?.cause?.eventId).toBe(10);
    expect([own.belief.size, own.command, impossible]).toEqual([9, { mse: 'unknown', bme: 'unknown' }, []]);
    // One of the orders may explain what is impossible in this one.
    const bind = Array.from({ length: 8 }, (_, n) => at(2 + n, n === 0 ? 'tsm.guest_request' : 'pci.flr', 200));
    expect((await replayed([at(1, 'tsm.connect', 10), ...bind])).impossible).toEqual([]);
  });

  test('also where one of them was too many to be held back beside the others', async () => {
    // 256 records are held back at a time. The last of them, or the first one after them, is the disable; the unbind is open to it.
    for (const count of [253, 254, 255, 256, 257]) {
      const others = Array.from({ length: count }, (_, n) => at(3 + n, 'vfio.zap', 200, { sourceId: 1, deviceId: 2 }));
      const [disable, unbind] = [
        at(1, 'vfio.disable', 201, { sourceId: 1 }),
        at(2, 'tsm.unbind', 204, { sourceId: 2 }),
      ];
      const { steps } = await replayed([...START, ...others, disable, unbind], {}, { devices: 2 });
      const [step] = told(steps, 'disable');
      const isOpen = step?.unordered?.tooMany === true || step?.belief.cost((state) => !isBound(state)) === 0;
      expect([count, isOpen]).toEqual([count, true]);
    }
  });

  test('the evidence of another order stands by a step', async () => {
    const bare = { fromBoot: false, complete: new Set<never>() };
    const [connect, disable] = [at(1, 'tsm.connect', 10), at(2, 'vfio.disable', 200)];
    const bound = await replayed([connect, disable, at(3, 'tsm.bind', 203)], bare);
    expect(told(bound.steps, 'disable').map((step) => bound.withEvidence.has(step))).toEqual([true]);
    // An unbind shows nothing: the core calls it for functions that are not bound, too.
    const released = await replayed([connect, disable, at(3, 'tsm.unbind', 203)], bare);
    expect(released.withEvidence.size).toBe(0);
  });

  test('steps that are not judged are not told', async () => {
    const events = [...START, at(3, 'vfio.disable', 200), at(4, 'tsm.unbind', 203)];
    const { steps } = await replayed(events, { judged: ({ kind }) => kind !== 'vfio.disable' });
    expect(steps.map(({ effect }) => effect.type)).not.toContain('disable');
    expect(steps.map(({ effect }) => effect.type)).toContain('bind');
  });
});
