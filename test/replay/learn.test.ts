import { describe, expect, test } from 'vitest';
import type { Bdf } from '../../src/base/bdf.ts';
import type { SideFact } from '../../src/input/side-data.ts';
import { BOUND_LOCKED, CONNECTED, UNBOUND } from '../../src/model/tdi.ts';
import { Belief } from '../../src/replay/belief.ts';
import { learn, noteOwnerExit, noteState } from '../../src/replay/learn.ts';
import { Presence } from '../../src/replay/presence.ts';
import type { DeviceTrack } from '../../src/replay/track.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { sceneOf } from './scenery.ts';
import { storedEvent, storedSource } from './stored-event.ts';

const PF = '0000:02:00.0';
const VF = '0000:02:10.0';
const at = (kind: StoredEvent['kind'], id: number, more: Partial<StoredEvent> = {}) =>
  storedEvent(kind, { id, ...more });
const SIDE = { place: 'lspci.txt:7', text: 'physfn' } as SideFact;

/** Lets function 1 of these learn of events, each with the calls around it. */
function learned(
  events: readonly (StoredEvent | readonly [StoredEvent, ...StoredEvent[]])[],
  before: Partial<{ -readonly [K in keyof DeviceTrack]: DeviceTrack[K] }> = {},
) {
  const { scene, tracks } = sceneOf([VF, PF]);
  const track = tracks[0] as DeviceTrack;
  Object.assign(track, before);
  const presence = new Presence(scene);
  for (const one of events) {
    const [event, ...calls] = 'kind' in one ? [one] : one;
    learn(scene, presence, event, track, calls);
  }
  return { scene, track, presence };
}

describe('the COMMAND register', () => {
  const command = (more: Partial<StoredEvent>) => learned([at('pci.set_master', 5, more)]).track.command.bme;
  const written = (more: Partial<StoredEvent>) =>
    learned([at('pci.config_write', 5, { args: { position: '0x4', width: '2', value: '0x6' }, ...more })]).track
      .command;

  test('is what an event makes of it, told where it is called', () => {
    expect(command({})).toBe('set');
    expect(command({ phase: 'enter', pairId: 6 })).toBe('set');
    expect(command({ phase: 'exit', pairId: 4 })).toBe('unknown');
    expect(command({ phase: 'exit' })).toBe('set');
  });

  test('is told once by a write that two records tell of, the better one', () => {
    expect(written({})).toEqual({ mse: 'set', bme: 'set' });
    expect(written({ supersededBy: 9 })).toEqual({ mse: 'unknown', bme: 'unknown' });
    const vfio = at('vfio.config_write', 5, {
      args: { region: 'basic', position: '0x4', count: '2', value: '0x6' },
    });
    expect(learned([vfio]).track.command.bme).toBe('set');
    expect(learned([{ ...vfio, supersededBy: 9 }]).track.command.bme).toBe('unknown');
    // A wrapper that is no write does what it does.
    expect(command({ supersededBy: 9 })).toBe('set');
  });
});

describe('whether a function is worth a verdict, and there', () => {
  test('by what happens to it', () => {
    expect(learned([at('tsm.bind', 5)]).track.concerned).toBe(true);
    expect(learned([at('pci.enable', 5)]).track.concerned).toBe(false);
  });

  test('one that was removed lives again when it does something', () => {
    expect(learned([at('pci.enable', 5)], { gone: true }).track.gone).toBe(false);
    expect(learned([at('pci.disable', 5)], { gone: true }).track.gone).toBe(true);
  });

  test('one that comes is new, and another one if the old one was on its way out', () => {
    const came = learned([at('pci.add', 5)], {
      gone: true,
      belief: Belief.only(BOUND_LOCKED),
      boundEvidence: true,
    }).track;
    expect([came.gone, came.startKnown, came.belief.likeliest(), came.boundEvidence]).toEqual([
      false,
      true,
      [UNBOUND],
      true,
    ]);
    const other = learned([at('pci.add', 5)], { removing: true, boundEvidence: true }).track;
    expect([other.gone, other.startKnown, other.removing, other.boundEvidence]).toEqual([false, true, false, false]);
  });

  test('one is gone when its removal is over, or not known to be over', () => {
    expect(learned([at('pci.remove', 5)]).track.gone).toBe(true);
    expect(learned([at('pci.remove', 5, { phase: 'exit', pairId: 4 })]).track.gone).toBe(true);
    const begun = learned([at('pci.remove', 5, { phase: 'enter', pairId: 6 })]).track;
    expect([begun.gone, begun.removing]).toEqual([false, false]);
    const unended = learned([at('pci.remove', 5, { phase: 'enter' })]).track;
    expect([unended.gone, unended.removing]).toEqual([false, true]);
  });

  test('one that goes leaves the port above it', () => {
    const { scene, tracks } = sceneOf([VF]);
    const track = tracks[0] as DeviceTrack;
    scene.topology(1).learn(at('pci.bridge', 1, { args: { first: '02', last: '02' } }), '0000:00:01.0');
    learn(scene, new Presence(scene), at('vfio.open', 2, { pid: 1 }), track, []);
    learn(scene, new Presence(scene), at('pci.remove', 5), track, []);
    expect(track.port).toBe('0000:00:01.0');
  });
});

describe('whose a function is', () => {
  const EXIT = { event: at('task.exit', 3), belief: Belief.unknown() };

  test('that of the tasks that open it, until it is closed', () => {
    const opened = learned([at('vfio.open', 5, { pid: 7 }), at('vfio.open', 6, { pid: 8 })], { ownerExit: EXIT }).track;
    expect([[...opened.openers], opened.ownerExit]).toEqual([[7, 8], null]);
    expect(learned([at('vfio.open', 5)]).track.openers.size).toBe(0);
    for (const kind of ['vfio.close', 'vfio.disable'] as const) {
      const { track } = learned([at('vfio.open', 5, { pid: 7 }), at('tsm.bind', 6, { pid: 9 })]);
      track.ownerExit = EXIT;
      const { scene } = sceneOf([VF]);
      learn(scene, new Presence(scene), at(kind, 8), track, []);
      expect([track.openers.size, track.binder, track.ownerExit]).toEqual([0, null, null]);
    }
  });

  test('ends with the task: what it opened or bound has lost its owner', () => {
    const { scene, tracks } = sceneOf([VF, PF, null, { bdf: '0000:5e:00.0', sourceId: 2 }], {
      sources: [storedSource(1), storedSource(2)],
    });
    const [opened, bound, neither, apart] = tracks as [DeviceTrack, DeviceTrack, DeviceTrack, DeviceTrack];
    opened.openers.add(7);
    bound.binder = 7;
    neither.openers.add(8);
    apart.openers.add(7);
    const exit = at('task.exit', 9, { pid: 1, args: { pid: '7' } });
    noteOwnerExit(scene, { ...exit, args: { pid: '7', group_dead: 'false' } });
    noteOwnerExit(scene, { ...exit, pid: null, args: {} });
    expect(tracks.map(({ ownerExit }) => ownerExit)).toEqual([null, null, null, null]);
    noteOwnerExit(scene, exit);
    expect(opened.ownerExit).toEqual({ event: exit, belief: opened.belief });
    expect([bound.ownerExit?.event, neither.ownerExit, apart.ownerExit]).toEqual([exit, null, null]);
    // The task that tells is the one that ends where the record names none.
    const own = at('task.exit', 9, { pid: 8, args: { group_dead: 'true' } });
    noteOwnerExit(scene, own);
    expect(neither.ownerExit?.event).toBe(own);
  });
});

describe('a device whose owner has ended', () => {
  const EXIT = { event: at('task.exit', 3, { pid: 7 }), belief: Belief.unknown() };
  const WRITE = at('vfio.config_write', 5, { pid: 8, certainty: 'exact' });

  test('is still held by whoever uses it then, which is noted once', () => {
    const later = { ...WRITE, id: 6 };
    expect(learned([WRITE, later], { ownerExit: EXIT }).track.ownerExit).toEqual({ ...EXIT, usedBy: WRITE });
  });

  test('is held by nobody else where it was the owner, or perhaps another device', () => {
    for (const more of [{ pid: 7 }, { pid: null }, { certainty: 'inherited' }, { kind: 'vfio.zap' }] as const)
      expect(learned([{ ...WRITE, ...more }], { ownerExit: EXIT }).track.ownerExit).toEqual(EXIT);
  });

  test('is given up by the close of whoever used it', () => {
    const close = at('vfio.close', 6, { pid: 8 });
    expect(learned([WRITE, close], { ownerExit: EXIT }).track.ownerExit).toBeNull();
  });
});

describe('binds and unbinds', () => {
  test('a bind or a request is recorded, whatever came of it; evidence it is when it did not fail', () => {
    for (const kind of ['tsm.bind', 'tsm.guest_request'] as const) {
      const { track } = learned([at(kind, 5)]);
      expect([track.bindRecorded, track.boundEvidence, track.everBound]).toEqual([true, true, true]);
      const failed = learned([at(kind, 5, { outcome: 'failed' })]).track;
      expect([failed.bindRecorded, failed.boundEvidence, failed.everBound]).toEqual([true, false, false]);
    }
  });

  test('an unbind is seen, and releases; only the exported one tells that binds are recorded', () => {
    for (const [kind, recorded] of [
      ['tsm.unbind', true],
      ['tsm.unbind_core', false],
      ['tsm.destroy', false],
    ] as const) {
      const { track } = learned([at(kind, 5)], { ownerExit: { event: at('task.exit', 3), belief: Belief.unknown() } });
      expect([kind, track.unbindSeen, track.released, track.bindRecorded, track.ownerExit]).toEqual([
        kind,
        true,
        true,
        recorded,
        null,
      ]);
      expect(learned([at(kind, 5)], { bindRecorded: true }).track.bindRecorded).toBe(true);
    }
  });

  const noted = (...events: readonly StoredEvent[]) => {
    const { tracks } = sceneOf([VF]);
    const track = tracks[0] as DeviceTrack;
    for (const event of events) noteState(event, track);
    return track;
  };
  const BIND = at('tsm.bind', 5, { pid: 7 });

  test('the first bind is the evidence, with what is asked after it; the same again changes nothing', () => {
    const request = at('tsm.guest_request', 6);
    expect(noted(BIND, request).stateEvidence).toEqual([BIND, request]);
    expect(noted(BIND, at('tsm.bind', 8)).stateEvidence.map(({ id }) => id)).toEqual([5, 8]);
    expect(noted(BIND, request).binder).toBe(7);
    expect(noted(request).binder).toBeNull();
  });

  test('a bind after an unbind begins anew, and so does one that is certain after some that are not', () => {
    const track = noted(BIND, at('tsm.guest_request', 6));
    track.released = true;
    noteState(at('tsm.bind', 9), track);
    expect([track.stateEvidence.map(({ id }) => id), track.released]).toEqual([[9], false]);
    const unsure = noted(at('tsm.bind', 5, { certainty: 'maybe' }), BIND);
    expect(unsure.stateEvidence).toEqual([BIND]);
    const mixed = noted(
      at('tsm.guest_request', 4, { certainty: 'maybe' }),
      at('tsm.guest_request', 5),
      at('tsm.bind', 6),
    );
    expect(mixed.stateEvidence.map(({ id }) => id)).toEqual([4, 5, 6]);
  });

  test('a request does not begin anew', () => {
    const track = noted(BIND);
    track.released = true;
    noteState(at('tsm.guest_request', 9), track);
    expect([track.stateEvidence.map(({ id }) => id), track.released]).toEqual([[5, 9], true]);
  });

  test('eight of them are kept, the first ones', () => {
    const many = Array.from({ length: 12 }, (_, n) => at('tsm.guest_request', n + 1));
    expect(noted(...many).stateEvidence.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('none is what failed, what another record tells better, and the return of what was told', () => {
    for (const more of [{ outcome: 'failed' }, { supersededBy: 9 }, { phase: 'exit', pairId: 4 }] as const)
      expect(noted({ ...BIND, ...more }).boundEvidence).toBe(false);
    expect(noted({ ...BIND, phase: 'exit' }).boundEvidence).toBe(true);
    expect(noted({ ...BIND, phase: 'enter', pairId: 6 }).boundEvidence).toBe(true);
  });

  test('whoever binds after the exit of its owner has it', () => {
    const { tracks } = sceneOf([VF]);
    const track = tracks[0] as DeviceTrack;
    track.ownerExit = { event: at('task.exit', 3), belief: Belief.unknown() };
    noteState(BIND, track);
    expect(track.ownerExit).toBeNull();
  });
});

describe('the PF of a VF', () => {
  const ENABLE = at('pci.sriov_enable', 3, { phase: 'enter', pairId: 20, deviceId: 2 });

  test('is told by vfio, or by the call on it that makes the VF come and go', () => {
    const told = learned([at('pci.vf', 5, { args: { pf: PF } })]).track;
    expect([told.isVf, told.pf, told.pfRecord, told.pfId]).toEqual([true, PF, 5, null]);
    for (const [kind, call] of [
      ['pci.add', ENABLE],
      ['pci.remove', { ...ENABLE, kind: 'pci.sriov_disable' }],
    ] as const) {
      const made = learned([[at(kind, 5), at('vfio.ioctl', 4, { phase: 'enter' }), call]]).track;
      expect([made.isVf, made.pf, made.pfRecord, made.pfId]).toEqual([true, PF, 5, 2]);
    }
  });

  test('is not known where vfio names none, but the function is a VF', () => {
    const { track } = learned([at('pci.vf', 5)]);
    expect([track.isVf, track.pf]).toEqual([true, null]);
  });

  test('is told by no other call, event, or call that is not seen to end', () => {
    const not = (event: StoredEvent, ...calls: readonly StoredEvent[]) => {
      const { track } = learned([[event, ...calls]]);
      return [track.isVf, track.pf, track.pfId];
    };
    for (const [event, call] of [
      [at('pci.add', 5), { ...ENABLE, pairId: null }],
      [at('pci.add', 5), { ...ENABLE, kind: 'driver.probe' }],
      [at('pci.enable', 5), ENABLE],
    ] as const)
      expect(not(event, call)).toEqual([false, null, null]);
    // A call of which nobody knows whose it is makes a VF of a PF that is not known; neither is a function its own PF.
    expect(not(at('pci.add', 5), { ...ENABLE, deviceId: null })).toEqual([true, null, null]);
    expect(not(at('pci.add', 5), { ...ENABLE, deviceId: 99 })).toEqual([true, null, 99]);
    expect(not(at('pci.add', 5), { ...ENABLE, deviceId: 1 })).toEqual([true, null, null]);
  });

  test('is told by the first record', () => {
    const { track } = learned([
      [at('pci.add', 5), ENABLE],
      [at('pci.add', 8), { ...ENABLE, id: 7 }],
    ]);
    expect([track.pfRecord, track.pfId]).toEqual([5, 2]);
  });

  test('is what a record says, and not side data', () => {
    const same = learned([at('pci.vf', 5, { args: { pf: PF } })], { pf: PF as Bdf, pfSide: SIDE });
    expect([same.track.pfSide, same.scene.contradicted]).toEqual([null, []]);
    const other = learned([at('pci.vf', 5, { args: { pf: PF } })], { pf: '0000:5e:00.0' as Bdf, pfSide: SIDE });
    expect([other.track.pf, other.track.pfSide]).toEqual([PF, null]);
    expect(other.scene.contradicted).toEqual([{ sourceId: 1, line: 5, fact: SIDE }]);
    expect(learned([at('pci.vf', 5, { args: { pf: PF } })], { pf: '0000:5e:00.0' as Bdf }).scene.contradicted).toEqual(
      [],
    );
  });
});

test('a DSM is the one that the core made a TSM context with', () => {
  const of = (args: Record<string, string>) => learned([at('tsm.context', 5, { args })]).track.dsmRecord;
  expect(of({ dsm: PF, status: 'success' })).toEqual({ dsm: PF, id: 5 });
  expect(of({ dsm: PF, status: 'failed' })).toBeNull();
  expect(of({ status: 'success' })).toBeNull();
});

test('a function that is connected itself is known as a DSM to those that come later', () => {
  const { scene, tracks } = sceneOf(['0000:02:00.0', '0000:5e:00.0']);
  const [dsm, late] = tracks as [DeviceTrack, DeviceTrack];
  const presence = new Presence(scene);
  dsm.belief = Belief.only(CONNECTED);
  expect(presence.newcomer(at('pci.add', 9, { deviceId: 2 }), late).likeliest()).toEqual([UNBOUND]);
  expect(presence.newcomer(at('pci.add', 9, { deviceId: 2 }), late).size).toBe(1);
  learn(scene, presence, at('tsm.connect', 5), dsm, []);
  expect(presence.newcomer(at('pci.add', 9, { deviceId: 2 }), late).size).toBe(2);
});
