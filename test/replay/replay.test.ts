import { describe, expect, test } from 'vitest';
import type { Bdf } from '../../src/base/bdf.ts';
import { SideCollector } from '../../src/input/side/collector.ts';
import type { SideData, SideFact } from '../../src/input/side-data.ts';
import { BOUND_LOCKED } from '../../src/model/tdi.ts';
import { at, replayed, START } from './replayed.ts';
import { storedDevice, storedEvent, storedSource } from './stored-event.ts';

describe('along a replay', () => {
  test('who watches sees each event once, those of several devices by each of them', async () => {
    const perhaps = at(3, 'pci.flr', 500, { deviceId: null, maybe: [1, 2], certainty: 'maybe' });
    const { seen } = await replayed([...START, perhaps, at(4, 'pci.flr', 900, { deviceId: null })], {}, { devices: 2 });
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

  test('a loss of one machine says nothing of another', async () => {
    const sources = [storedSource(1), storedSource(2)];
    const devices = [storedDevice(1, '0000:02:00.0'), storedDevice(2, '0000:02:00.0', { sourceId: 2 })];
    const gaps = new Map([[1, { lines: [2], throughout: Number.POSITIVE_INFINITY, ofCpu: [] }]]);
    const lossy = [storedEvent('pci.enable', { id: 1 }), storedEvent('pci.enable', { id: 2 })];
    const { tracks } = await replayed(lossy, { gaps }, { sources, devices });
    expect(tracks.map(({ belief }) => belief.size)).toEqual([9, 1]);
  });

  test('a record that shows whose VF a function is holds until something is lost', async () => {
    const devices = [storedDevice(1, '0000:02:00.0'), storedDevice(2, '0000:02:10.0')];
    const shows = at(1, 'pci.vf', 10, { deviceId: 2, sourceId: 1, args: { pf: '0000:02:00.0' } });
    const reset = at(2, 'pci.flr', 500, { sourceId: 1 });
    const gaps = new Map([[1, { lines: [2], throughout: Number.POSITIVE_INFINITY, ofCpu: [] }]]);
    for (const [options, holds] of [
      [{}, true],
      [{ gaps }, false],
    ] as const) {
      const { steps } = await replayed([shows, reset], options, { devices });
      const ofVf = steps.find(({ track }) => track.id === 2);
      expect(ofVf?.reach).toMatchObject({ tie: 'vf', shownBy: { id: 1 }, holds });
    }
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
    const { tracks } = await replayed([bridge, opened], {}, { devices: 3 });
    expect(tracks.map(({ port }) => port)).toEqual([null, null, '0000:03:00.0']);
  });

  test('of a function that went before the port is the one that it was below', async () => {
    const bridge = (id: number, first: string) => at(id, 'pci.bridge', 10 * id, { deviceId: 2, args: { first } });
    const life = [at(2, 'vfio.open', 100, { deviceId: 3 }), at(3, 'pci.remove', 200, { deviceId: 3 })];
    const { tracks } = await replayed([bridge(1, '04'), ...life, bridge(30, '05')], {}, { devices: 3 });
    expect([tracks[2]?.gone, tracks[2]?.port]).toEqual([true, '0000:03:00.0']);
  });
});

describe('a trace beside a kernel log', () => {
  const SPAN = { clockGroup: 1, clockError: 0, lastTime: 900n };
  const sources = [
    storedSource(1, { ...SPAN, firstTime: 100n, lastTime: 500n }),
    storedSource(2, { ...SPAN, firstTime: 0n }),
  ];
  const traced = (id: number, kind: 'pci.enable' | 'tsm.connect' | 'tsm.bind', time: number) =>
    at(id, kind, time, { sourceId: 1, symbol: 'x' });
  const logged = (id: number, kind: 'pci.add' | 'pci.enable', time: number) => at(id, kind, time, { sourceId: 2 });

  test('begins with what nobody recorded before it, unless the capture begins with the machine', async () => {
    const events = [logged(1, 'pci.add', 10), traced(2, 'pci.enable', 100)];
    const size = async (options: Parameters<typeof replayed>[1]) =>
      (await replayed(events, options, { sources })).own.belief.size;
    expect(await size({ fromBoot: false, complete: new Set() })).toBe(9);
    expect(await size({ fromBoot: true, complete: new Set() })).toBe(1);
    expect(await size({ fromBoot: false, complete: new Set(['start']) })).toBe(1);
  });

  test('leaves nothing known where it ends', async () => {
    const events = [traced(1, 'tsm.connect', 150), traced(2, 'tsm.bind', 200)];
    const { own } = await replayed(events, {}, { sources });
    expect([own.belief.likeliest(), own.boundEvidence, own.startKnown]).toEqual([[BOUND_LOCKED], true, true]);
    const { own: later } = await replayed([...events, logged(3, 'pci.enable', 600)], {}, { sources });
    expect([later.belief.size, later.boundEvidence, later.startKnown]).toEqual([9, false, false]);
  });
});

describe('what was stored beside the log', () => {
  const [PORT, PF, VF] = ['0000:00:01.0', '0000:02:00.0', '0000:02:10.0'];
  const fact = (text: string): SideFact => ({ place: 'lspci.txt:1', text });
  const ofVf = fact('a VF of 0000:02:00.0');
  const keeps = { value: true, fact: fact('NoSoftRst+') };
  const buses = { first: '0000:02', last: '0000:02', fact: fact('secondary=02') };
  const side: SideData = {
    ...new SideCollector().finish('sos'),
    physical: new Map([[VF as Bdf, { pf: PF as Bdf, fact: ofVf }]]),
    noSoftReset: new Map([[VF as Bdf, keeps]]),
    bridges: new Map([[PORT as Bdf, buses]]),
  };

  test('tells whose VF a function is, and whether it loses its state in D3hot', async () => {
    const devices = [storedDevice(1, VF), storedDevice(2, PF), storedDevice(3, null)];
    const { tracks, replay } = await replayed([], { side }, { devices });
    expect(tracks.map(({ isVf, pf, pfSide, noSoftReset }) => [isVf, pf, pfSide, noSoftReset])).toEqual([
      [true, PF, ofVf, keeps],
      [false, null, null, null],
      [false, null, null, null],
    ]);
    expect(replay.contradicted).toEqual([]);
    expect((await replayed([], {}, { devices })).own.isVf).toBe(false);
  });

  test('is denied by what the records say', async () => {
    const another = [storedDevice(1, VF, { pf: '0000:02:00.1', sourceId: 2 }), storedDevice(2, PORT)];
    const { own, replay } = await replayed(
      [at(2, 'pci.bridge', 10, { deviceId: 2, args: { first: '03' } })],
      { side },
      { devices: another },
    );
    expect([own.pf, own.pfSide]).toEqual(['0000:02:00.1', null]);
    expect(replay.contradicted).toEqual([
      { sourceId: 2, line: null, fact: ofVf },
      { sourceId: 1, line: 2, fact: buses.fact },
    ]);
    const agreed = [storedDevice(1, VF, { pf: PF }), storedDevice(2, PORT)];
    const same = await replayed(
      [at(2, 'pci.bridge', 10, { deviceId: 2, args: { first: '02' } })],
      { side },
      { devices: agreed },
    );
    expect([same.own.pf, same.own.pfSide, same.replay.contradicted]).toEqual([PF, null, []]);
  });
});
