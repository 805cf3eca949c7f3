import { describe, expect, test } from 'vitest';
import type { SideData, SideFact } from '../../src/input/side-data.ts';
import { BOUND_LOCKED } from '../../src/model/tdi.ts';
import { Belief } from '../../src/replay/belief.ts';
import type { Step } from '../../src/replay/step.ts';
import type { DeviceTrack } from '../../src/replay/track.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { sceneOf } from './scenery.ts';
import { storedEvent, storedSource } from './stored-event.ts';

const [PORT, PF, VF] = ['0000:00:01.0', '0000:02:00.0', '0000:02:10.0'];
const TWO = { sources: [storedSource(1), storedSource(2)] };
const at = (kind: StoredEvent['kind'], id: number, more: Partial<StoredEvent> = {}) =>
  storedEvent(kind, { id, ...more });
const fact = (place: string) => ({ place, text: 'x' }) as SideFact;

test('a record is of the device that it names, if there is one', () => {
  const { scene, tracks } = sceneOf([PF]);
  expect(scene.owner(at('pci.flr', 1))).toBe(tracks[0]);
  expect(scene.owner(at('pci.flr', 1, { deviceId: 9 }))).toBeNull();
  expect(scene.owner(at('pci.flr', 1, { deviceId: null }))).toBeNull();
});

test('devices share a history with the records of their source, and of those merged with it', () => {
  const { scene, tracks } = sceneOf([PF, { bdf: VF, sourceId: 2 }, { bdf: PORT, sourceId: 3 }], {
    sources: [storedSource(1), storedSource(2, { clockGroup: 1 }), storedSource(3)],
  });
  const [one, two, three] = tracks as [DeviceTrack, DeviceTrack, DeviceTrack];
  const event = at('pci.flr', 1);
  expect([one, two, three].map((track) => scene.sameHistory(track, event))).toEqual([true, true, false]);
  expect(scene.idsOfHistory(event)).toEqual([1, 2]);
  expect(scene.idsOfHistory({ ...event, sourceId: 3 })).toEqual([3]);
});

test('each history has a topology of its own, which begins with what side data tell', () => {
  const side = { bridges: new Map([[PORT, { first: '0000:02', last: '0000:02', fact: fact('lspci') }]]) };
  const { scene } = sceneOf([PF], { ...TWO, options: { side: side as unknown as SideData } });
  expect(scene.topology(1)).toBe(scene.topology(1));
  expect(scene.topology(1)).not.toBe(scene.topology(2));
  expect(scene.topology(2).isBridge(PORT)).toBe(true);
});

test('what is above a function is noted of those that are worth a verdict', () => {
  const { scene, tracks } = sceneOf([PF, VF]);
  scene.topology(1).learn(at('pci.bridge', 1, { args: { first: '02' } }), PORT);
  const [one, two] = tracks as [DeviceTrack, DeviceTrack];
  one.concerned = true;
  scene.place(one, 1);
  scene.place(two, 1);
  expect([one.port, two.port]).toEqual([PORT, null]);
});

describe('the record that shows how a device is reached', () => {
  const reach = (record: number | null) => ({ tie: 'vf', record, side: null }) as const;
  const shows = at('pci.vf', 1);

  test('is quoted, and holds unless something was lost since', () => {
    const { scene } = sceneOf([PF], { events: [shows, at('pci.flr', 2)] });
    expect(scene.shown(null)).toBeNull();
    expect(scene.shown(reach(null))).toEqual({ ...reach(null), shownBy: null, holds: false });
    expect(scene.shown(reach(1))).toEqual({ ...reach(1), shownBy: shows, holds: true });
    expect(scene.shown(reach(99))).toEqual({ ...reach(99), shownBy: null, holds: false });
    scene.lostBefore.set(1, 1);
    expect(scene.shown(reach(1))?.holds).toBe(true);
    scene.lostBefore.set(1, 2);
    expect(scene.shown(reach(1))?.holds).toBe(false);
    // What another machine lost does not matter.
    scene.lostBefore.clear();
    scene.lostBefore.set(2, 2);
    expect(scene.shown(reach(1))?.holds).toBe(true);
  });
});

test('a fact of side data is denied once, and a thousand of them are told', () => {
  const { scene } = sceneOf([PF]);
  const first = fact('first');
  scene.contradict(at('pci.bridge', 7), first);
  scene.contradict(at('pci.bridge', 8), first);
  expect(scene.contradicted).toEqual([{ sourceId: 1, line: 7, fact: first }]);
  for (let n = 0; n < 1200; n++) scene.contradict({ sourceId: 1, line: null }, fact(`${n}`));
  expect(scene.contradicted).toHaveLength(1000);
});

describe('what is tried on copies', () => {
  const setUp = () => {
    const heard: string[] = [];
    const { scene, tracks } = sceneOf([PF, VF], {
      observer: {
        step: () => heard.push('step'),
        seen: () => heard.push('seen'),
        impossible: () => heard.push('impossible'),
      },
    });
    return { heard, scene, tracks: tracks as [DeviceTrack, DeviceTrack] };
  };

  test('leaves the real ones as they are, and nobody hears of it but who asked', () => {
    const { heard, scene, tracks } = setUp();
    const [real, left] = tracks;
    const { observer } = scene;
    const told: Step[] = [];
    const { copies, refuted } = scene.onCopies(
      [1, 99],
      (step) => told.push(step),
      (forks) => {
        expect(scene.tracks).toBe(forks);
        const copy = scene.owner(at('pci.flr', 1)) as DeviceTrack;
        expect(copy).not.toBe(real);
        copy.believe(Belief.only(BOUND_LOCKED), at('pci.flr', 1));
        scene.observer.step({ track: copy } as Step);
        // One of which there is no copy is told as it is.
        scene.observer.step({ track: left } as Step);
        scene.observer.seen(at('pci.flr', 1), copy);
        expect(scene.owner(at('pci.flr', 1, { deviceId: 2 }))).toBeNull();
      },
    );
    expect([[...copies.keys()], refuted, heard]).toEqual([[1], false, []]);
    expect(told.map(({ track }) => track === real || track === left)).toEqual([true, true]);
    expect(told[0]?.track).toBe(real);
    expect([real.belief.size, copies.get(1)?.belief.size]).toEqual([9, 1]);
    expect(scene.observer).toBe(observer);
    expect(scene.owner(at('pci.flr', 1))).toBe(real);
  });

  test('may turn out to be impossible', () => {
    const { heard, scene, tracks } = setUp();
    const { refuted } = scene.onCopies(
      [1],
      () => undefined,
      () => scene.observer.impossible(at('tsm.bind', 1), tracks[0], Belief.fresh(), scene.clocks),
    );
    expect([refuted, heard]).toEqual([true, []]);
  });

  test('is over also where it failed', () => {
    const { scene, tracks } = setUp();
    const { observer } = scene;
    expect(() =>
      scene.onCopies(
        [1],
        () => undefined,
        () => {
          throw new Error('x');
        },
      ),
    ).toThrow('x');
    expect([scene.observer === observer, scene.owner(at('pci.flr', 1)) === tracks[0]]).toEqual([true, true]);
  });
});
