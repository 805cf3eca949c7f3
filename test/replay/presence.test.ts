import { describe, expect, test } from 'vitest';
import type { Bdf } from '../../src/base/bdf.ts';
import { BOUND_LOCKED, CONNECTED, UNBOUND } from '../../src/model/tdi.ts';
import { Belief } from '../../src/replay/belief.ts';
import { Presence, showsLife } from '../../src/replay/presence.ts';
import type { DeviceTrack } from '../../src/replay/track.ts';
import type { StoredDevice, StoredEvent } from '../../src/timeline/rows.ts';
import { type SceneParts, sceneOf } from './scenery.ts';
import { storedEvent, storedSource } from './stored-event.ts';

const PF = '0000:02:00.0';
const SIBLING = '0000:02:00.1';
const VF = '0000:02:10.0';
const ELSEWHERE = '0000:5e:00.0';
const OTHER_SEGMENT = '0001:5e:00.0';
const TWO_MACHINES = { sources: [storedSource(1), storedSource(2)] };

const at = (kind: StoredEvent['kind'], id: number, more: Partial<StoredEvent> = {}) =>
  storedEvent(kind, { id, ...more });
const ADD = at('pci.add', 50);

function setUp(bdfs: readonly (string | null | Partial<StoredDevice>)[], parts: SceneParts = {}) {
  const { scene, tracks } = sceneOf(bdfs, parts);
  return {
    scene,
    presence: new Presence(scene),
    tracks: tracks as [DeviceTrack, DeviceTrack, DeviceTrack, DeviceTrack],
  };
}

/** How function 2 begins, as bind states, the cheapest first: `unbound`, `connected`, or `unbound connected:1`. */
function begins(dsm: Belief, own: string | null | Partial<StoredDevice> = SIBLING, parts: SceneParts = {}) {
  const { scene, presence, tracks } = setUp([PF, own], parts);
  tracks[0].belief = dsm;
  presence.moveIn(at('pci.enable', 1), tracks[0], PF as Bdf);
  return { scene, presence, tracks, shown: () => shown(presence.newcomer(ADD, tracks[1])) };
}

function shown(belief: Belief): string {
  return (['unbound', 'connected', 'bound'] as const)
    .map((bind) => [bind, belief.cost((state) => state.bind === bind)] as const)
    .filter(([, cost]) => cost !== Number.POSITIVE_INFINITY)
    .map(([bind, cost]) => (cost === 0 ? bind : `${bind}:${cost}`))
    .join(' ');
}

test.each(['pci.add', 'pci.enable', 'vfio.open', 'vfio.config_write', 'tsm.connect', 'tsm.bind'] as const)(
  'a function lives that does this: %s',
  (kind) => {
    expect(showsLife(at(kind, 1))).toBe(true);
  },
);

test.each(['pci.remove', 'pci.disable', 'vfio.close', 'tsm.unbind', 'pci.link_down'] as const)(
  'one may be on its way out that does this: %s',
  (kind) => {
    expect(showsLife(at(kind, 1))).toBe(false);
  },
);

// pci_tsm_init(): a function that appears while its DSM is connected gets its TSM context at once.
describe('a function that appears', () => {
  const CONNECTED_DSM = Belief.only(CONNECTED);

  test('is what its DSM is: function 0 of its device', () => {
    expect(begins(CONNECTED_DSM).shown()).toBe('connected');
    expect(begins(Belief.only(BOUND_LOCKED)).shown()).toBe('connected');
    expect(begins(Belief.fresh()).shown()).toBe('unbound');
    expect(begins(Belief.unknown()).shown()).toBe('unbound connected');
  });

  test('is what the DSM of its PF is, or the one that it is said to belong to', () => {
    expect(begins(CONNECTED_DSM, { bdf: VF, pf: PF }).shown()).toBe('connected');
    expect(begins(CONNECTED_DSM, { bdf: VF, pf: SIBLING }).shown()).toBe('connected');
    expect(begins(CONNECTED_DSM, { bdf: ELSEWHERE, dsm: PF }).shown()).toBe('connected');
    expect(begins(CONNECTED_DSM, { bdf: ELSEWHERE }).shown()).toBe('unbound');
    expect(begins(CONNECTED_DSM, null).shown()).toBe('unbound');
  });

  test('is new where its DSM is itself, gone, or on another machine', () => {
    const self = setUp([PF]);
    self.tracks[0].belief = CONNECTED_DSM;
    self.presence.moveIn(at('pci.enable', 1), self.tracks[0], PF as Bdf);
    expect(shown(self.presence.newcomer(ADD, self.tracks[0]))).toBe('unbound');
    const gone = begins(CONNECTED_DSM);
    gone.tracks[0].gone = true;
    expect(gone.shown()).toBe('unbound');
    const apart = begins(CONNECTED_DSM, { bdf: SIBLING, sourceId: 2 }, TWO_MACHINES);
    expect(shown(apart.presence.newcomer({ ...ADD, sourceId: 2 }, apart.tracks[1]))).toBe('unbound');
  });

  test('may belong to any function that was connected itself, of which nothing else is known', () => {
    const connect = (own: string | null | Partial<StoredDevice>, dsm: Belief = CONNECTED_DSM) => {
      const { presence, tracks } = setUp([ELSEWHERE, own]);
      tracks[0].belief = dsm;
      presence.noteConnect(tracks[0]);
      return shown(presence.newcomer(ADD, tracks[1]));
    };
    expect(connect(SIBLING)).toBe('unbound connected:1');
    expect(connect(null)).toBe('unbound connected:1');
    expect(connect(SIBLING, Belief.fresh())).toBe('unbound');
    expect(connect(SIBLING, Belief.unknown())).toBe('unbound connected:1');
    // The segment is another one; it has a PF, or a DSM, that is not this one.
    expect(connect(OTHER_SEGMENT)).toBe('unbound');
    expect(connect({ bdf: VF, pf: PF })).toBe('unbound');
    expect(connect({ bdf: VF, dsm: PF })).toBe('unbound');
  });

  test('may not belong to one that is gone, itself, or another machine’s', () => {
    const { presence, tracks } = setUp([ELSEWHERE, SIBLING, { bdf: PF, sourceId: 2 }], TWO_MACHINES);
    tracks[0].belief = CONNECTED_DSM;
    presence.noteConnect(tracks[0]);
    expect(shown(presence.newcomer({ ...ADD, sourceId: 2 }, tracks[2]))).toBe('unbound');
    expect(shown(presence.newcomer(ADD, tracks[0]))).toBe('unbound');
    tracks[0].gone = true;
    expect(shown(presence.newcomer(ADD, tracks[1]))).toBe('unbound');
  });

  test('may belong to one of which no address is known', () => {
    const { presence, tracks } = setUp([null, { bdf: VF, pf: PF }]);
    tracks[0].belief = CONNECTED_DSM;
    presence.noteConnect(tracks[0]);
    expect(shown(presence.newcomer(ADD, tracks[1]))).toBe('unbound connected:1');
  });

  test('says so where it rests on that', () => {
    const { presence, tracks } = setUp([ELSEWHERE, SIBLING]);
    tracks[0].belief = CONNECTED_DSM;
    presence.noteConnect(tracks[0]);
    expect(presence.newcomer(ADD, tracks[1]).assumptions(({ bind }) => bind === 'connected')).toEqual([
      {
        text: 'the function belongs to a device security manager that is connected',
        place: { sourceId: 1, line: 50 },
        before: null,
      },
    ]);
  });

  test('of a machine with more than 64 connected functions looks at the first ones', () => {
    const many = Array.from({ length: 66 }, (_, n) => `0000:${(n + 16).toString(16)}:00.0`);
    const { presence, tracks } = setUp([...many, SIBLING]);
    const own = tracks.at(-1) as DeviceTrack;
    for (const track of tracks.slice(0, 64)) {
      track.belief = Belief.fresh();
      presence.noteConnect(track);
    }
    const late = tracks[64 as 0];
    late.belief = CONNECTED_DSM;
    presence.noteConnect(late);
    expect(shown(presence.newcomer(ADD, own))).toBe('unbound');
    tracks[63 as 0].belief = CONNECTED_DSM;
    expect(shown(presence.newcomer(ADD, own))).toBe('unbound connected:1');
  });
});

describe('who comes after another one at an address', () => {
  const follower = (
    kind: StoredEvent['kind'],
    more: { gone?: boolean; startKnown?: boolean; sourceId?: number } = {},
  ) => {
    const { presence, tracks } = setUp([PF, { bdf: PF, sourceId: more.sourceId ?? 1 }], TWO_MACHINES);
    presence.moveIn(at('pci.enable', 1), tracks[0], PF as Bdf);
    tracks[0].gone = more.gone ?? true;
    tracks[1].startKnown = more.startKnown ?? false;
    presence.moveIn(at(kind, 9, { deviceId: 2, sourceId: more.sourceId ?? 1 }), tracks[1], PF as Bdf);
    return tracks[1];
  };

  test('is as new as if it had been seen to come', () => {
    const next = follower('vfio.open');
    expect([next.startKnown, next.belief.likeliest()]).toEqual([true, [UNBOUND]]);
  });

  test('is not where the other one was not seen to go, where it does not live, or was seen to come', () => {
    expect(follower('vfio.open', { gone: false }).startKnown).toBe(false);
    expect(follower('pci.disable').startKnown).toBe(false);
    expect(follower('vfio.open', { sourceId: 2 }).startKnown).toBe(false);
    expect(follower('vfio.open', { startKnown: true }).belief.size).toBe(9);
  });

  test('is another one only', () => {
    const { presence, tracks } = setUp([PF]);
    tracks[0].gone = true;
    presence.moveIn(at('vfio.open', 1), tracks[0], PF as Bdf);
    presence.moveIn(at('vfio.open', 2), tracks[0], PF as Bdf);
    expect(tracks[0].startKnown).toBe(false);
  });

  test('is the one that is there for those after it', () => {
    const { presence, tracks } = setUp([PF, PF, PF]);
    presence.moveIn(at('pci.enable', 1), tracks[0], PF as Bdf);
    presence.moveIn(at('pci.enable', 2, { deviceId: 2 }), tracks[1], PF as Bdf);
    tracks[0].gone = true;
    presence.moveIn(at('pci.enable', 3, { deviceId: 3 }), tracks[2], PF as Bdf);
    expect(tracks[2].startKnown).toBe(false);
  });
});

describe('a connect of which nobody tells whom it concerns', () => {
  const strangers = (event: StoredEvent, bdfs: readonly (string | null | Partial<StoredDevice>)[], own = true) => {
    const { presence, tracks } = setUp(bdfs, TWO_MACHINES);
    for (const track of tracks) track.belief = Belief.fresh();
    presence.connectStrangers(event, own ? tracks[0] : null, new Map([[tracks[0], null]]));
    return tracks.map(({ belief }) => shown(belief));
  };
  const CONNECT = at('tsm.connect', 50);

  test('may have connected the others of the machine', () => {
    expect(
      strangers(CONNECT, [PF, ELSEWHERE, OTHER_SEGMENT, null, { bdf: ELSEWHERE, sourceId: 2 }, { bdf: VF, pf: PF }]),
    ).toEqual(['unbound', 'unbound connected:1', 'unbound', 'unbound connected:1', 'unbound', 'unbound']);
    expect(strangers(CONNECT, [PF, { bdf: VF, dsm: ELSEWHERE }])).toEqual(['unbound', 'unbound']);
  });

  test('of a device without an address, or of none, may concern all', () => {
    const all = [null, OTHER_SEGMENT, { bdf: VF, pf: PF }];
    expect(strangers(CONNECT, all)).toEqual(['unbound', 'unbound connected:1', 'unbound connected:1']);
    expect(strangers(CONNECT, [PF, OTHER_SEGMENT], false)).toEqual(['unbound', 'unbound connected:1']);
  });

  test('is over, and did not fail', () => {
    const two = [PF, ELSEWHERE];
    expect(strangers({ ...CONNECT, outcome: 'failed' }, two)[1]).toBe('unbound');
    expect(strangers({ ...CONNECT, phase: 'enter', pairId: 60 }, two)[1]).toBe('unbound');
    expect(strangers({ ...CONNECT, phase: 'enter' }, two)[1]).toBe('unbound connected:1');
    expect(strangers({ ...CONNECT, phase: 'exit', pairId: 40 }, two)[1]).toBe('unbound connected:1');
  });

  test('says what it takes for granted, and begins no span', () => {
    const { presence, tracks } = setUp([PF, ELSEWHERE]);
    tracks[1].belief = Belief.fresh();
    presence.connectStrangers(CONNECT, tracks[0], new Map([[tracks[0], null]]));
    const [only] = tracks[1].belief.assumptions(({ bind }) => bind === 'connected');
    expect([only?.text, only?.place?.line]).toEqual([
      'the function belongs to the device security manager that was connected',
      50,
    ]);
    expect(tracks[1].spans).toHaveLength(1);
  });
});

describe('functions that go with another one', () => {
  const end = (event: StoredEvent, own = true) => {
    const { scene, presence, tracks } = setUp([PF, VF, SIBLING]);
    scene.topology(1).learn(at('pci.bridge', 1, { args: { first: '03', last: '04' } }), PF);
    const reach = { tie: 'below', record: null, side: null } as const;
    tracks[2].gone = true;
    tracks[2].boundEvidence = true;
    presence.endThoseBelow(
      event,
      own ? tracks[0] : null,
      new Map([
        [tracks[0], null],
        [tracks[1], reach],
        [tracks[2], reach],
      ]),
    );
    const [bridge, below, before] = tracks;
    return [bridge.gone, below.gone, below.removing, before.boundEvidence, scene.topology(1).isBridge(PF)];
  };

  test('are gone when it is over; those that were gone before are what they were', () => {
    expect(end(at('pci.sriov_disable', 9))).toEqual([false, true, false, true, true]);
    expect(end(at('pci.sriov_disable', 9, { phase: 'exit', pairId: 8 }))).toEqual([false, true, false, true, true]);
    // A bridge that goes takes its buses along.
    expect(end(at('pci.remove', 9))).toEqual([false, true, false, true, false]);
  });

  test('are on their way out as long as nothing tells that it is over', () => {
    expect(end(at('pci.sriov_disable', 9, { phase: 'enter' }))).toEqual([false, false, true, true, true]);
    expect(end(at('pci.sriov_disable', 9, { phase: 'enter', pairId: 12 }))).toEqual([false, false, false, true, true]);
    expect(end(at('pci.remove', 9, { phase: 'enter' }))).toEqual([false, false, true, true, true]);
    // A link that goes down: who was below is looked for, and removed, afterwards.
    for (const more of [{}, { phase: 'enter', pairId: 12 }, { phase: 'exit', pairId: 8 }] as const)
      expect(end(at('pci.link_down', 9, more))).toEqual([false, false, true, true, true]);
  });

  test('do not go with what takes nobody along', () => {
    expect(end(at('pci.bus_reset', 9))).toEqual([false, false, false, true, true]);
    expect(end(at('pci.remove', 9), false)).toEqual([false, false, false, true, true]);
  });
});
