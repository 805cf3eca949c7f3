import { describe, expect, it, test } from 'vitest';
import type { Bdf } from '../../src/base/bdf.ts';
import type { SideFact } from '../../src/input/side-data.ts';
import { BOUND_LOCKED, CONNECTED, TDI_STATES, UNBOUND } from '../../src/model/tdi.ts';
import { Belief } from '../../src/replay/belief.ts';
import { COMMAND_UNKNOWN } from '../../src/replay/command.ts';
import { NOTHING_NOTED } from '../../src/replay/ledger.ts';
import { DeviceTrack } from '../../src/replay/track.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { storedDevice, storedEvent } from './stored-event.ts';

const fact = { place: 'lspci.txt:7', text: 'physfn' } as SideFact;
const at = (kind: StoredEvent['kind'], id: number, more: Partial<StoredEvent> = {}) =>
  storedEvent(kind, { id, ...more });
const BIND = at('tsm.bind', 10);
const REMOVED = at('pci.remove', 50);

/** A track of which every field holds something else than at the start. */
function lived(): DeviceTrack {
  const track = new DeviceTrack(
    storedDevice(3, '0000:02:00.1', { sourceId: 2, dsm: '0000:02:00.0', aliases: ['vfio0'] }),
    true,
  );
  track.isVfOf('0000:02:00.0' as Bdf, { record: 5 });
  return Object.assign(track, {
    belief: Belief.only(BOUND_LOCKED),
    command: { mse: 'set', bme: 'clear' },
    ledger: { ...NOTHING_NOTED, vm: 'vm' },
    pfId: 7,
    pfSide: fact,
    dsmRecord: { dsm: '0000:02:00.0' as Bdf, id: 7 },
    stream: 'several',
    session: 'several',
    port: '0000:00:01.0' as Bdf,
    noSoftReset: { value: true, fact },
    noVfSide: fact,
    concerned: true,
    startKnown: true,
    boundEvidence: true,
    everBound: true,
    bindRecorded: true,
    requested: { id: 12, before: Belief.only(BOUND_LOCKED), during: Belief.only(CONNECTED) },
    crossings: [{ id: 12, root: 12, way: 'up' }],
    unbindSeen: true,
    released: true,
    stateEvidence: [BIND],
    doubts: [at('tsm.unbind', 11)],
    lostIn: 12,
    disorderedAt: { sourceId: 2, line: 3 },
    openers: track.openers.add(4711),
    binder: 4712,
    removing: true,
    gone: true,
    ownerExit: { event: at('task.exit', 13), belief: Belief.only(CONNECTED) },
  } satisfies Partial<{ -readonly [K in keyof DeviceTrack]: DeviceTrack[K] }>);
}

/** Counted for the reports; a copy has no part in it. */
const COUNTED = ['spans', 'mergedSpans', 'waitedTooLong', 'waitedMost'];

/** What a track says of itself. */
function fields(track: DeviceTrack): Record<string, unknown> {
  const kept = Object.entries(track).filter(([name]) => !COUNTED.includes(name));
  return { ...Object.fromEntries(kept), belief: track.belief.layers() };
}

describe('a copy to try another order on', () => {
  it('has everything that the track has, whatever is added to it', () => {
    const track = lived();
    const before = fields(new DeviceTrack(storedDevice(1, null), false));
    // Each field is tried: it is not what it was at the start.
    for (const [name, value] of Object.entries(fields(track))) expect(value, name).not.toEqual(before[name]);
    expect(fields(track.fork())).toEqual(fields(track));
  });

  it('is one of its own', () => {
    const track = lived();
    const copy = track.fork();
    copy.openers.clear();
    copy.stateEvidence.push(REMOVED);
    copy.forget(REMOVED);
    expect(fields(track)).toEqual(fields(lived()));
    expect(track.spans).toHaveLength(1);
  });
});

describe('a function that is gone', () => {
  it('leaves nothing to whatever comes at its address, but that it is new', () => {
    const track = lived();
    track.forget(REMOVED);
    expect(fields(track)).toMatchObject({
      command: COMMAND_UNKNOWN,
      ledger: NOTHING_NOTED,
      boundEvidence: false,
      released: false,
      stateEvidence: [],
      lostIn: null,
      dsmRecord: null,
      binder: null,
      removing: false,
      ownerExit: null,
      startKnown: true,
      gone: true,
    });
    expect(track.openers.size).toBe(0);
    expect(track.belief.likeliest()).toEqual([UNBOUND]);
    // For the whole life of the address.
    expect(track.everBound).toBe(true);
  });
});

describe('a source that begins or ends while others go on', () => {
  it('leaves nothing known', () => {
    const track = lived();
    track.uncover(REMOVED);
    expect(fields(track)).toMatchObject({
      command: COMMAND_UNKNOWN,
      ledger: NOTHING_NOTED,
      startKnown: false,
      boundEvidence: false,
      unbindSeen: false,
      released: false,
      stateEvidence: [],
      lostIn: null,
      binder: null,
      removing: false,
      ownerExit: null,
    });
    expect(track.openers.size).toBe(0);
    expect(track.belief.likeliest()).toEqual(TDI_STATES);
    // But what was seen was seen, and the function is what it is.
    expect(fields(track)).toMatchObject({ everBound: true, bindRecorded: true, isVf: true, pf: '0000:02:00.0' });
  });
});

describe('what may have happened to it, or to another one', () => {
  const track = () => {
    const one = new DeviceTrack(storedDevice(1, '0000:02:00.0'), true);
    one.command = { mse: 'set', bme: 'set' };
    return one;
  };

  it('is believed beside what was believed before', () => {
    const one = track();
    const copy = one.fork();
    copy.belief = Belief.only(BOUND_LOCKED);
    one.mayHave(copy, BIND);
    expect(one.belief.likeliest()).toEqual([UNBOUND, BOUND_LOCKED]);
    expect(one.doubts).toEqual([BIND]);
  });

  it('is no doubt where it changed nothing', () => {
    const one = track();
    one.mayHave(one.fork(), BIND);
    expect(one.doubts).toEqual([]);
  });

  it('leaves the latest four of such records', () => {
    const one = track();
    for (let id = 1; id <= 6; id++) {
      const copy = one.fork();
      copy.belief = Belief.only(id % 2 === 0 ? BOUND_LOCKED : CONNECTED);
      one.mayHave(copy, at('tsm.bind', id));
    }
    expect(one.doubts.map(({ id }) => id)).toEqual([3, 4, 5, 6]);
  });

  it('leaves open what the two differ in', () => {
    const one = track();
    const copy = one.fork();
    copy.command = { mse: 'set', bme: 'clear' };
    copy.ledger = { ...NOTHING_NOTED, vm: 'vm' };
    one.mayHave(copy, BIND);
    expect(one.command).toEqual({ mse: 'set', bme: 'unknown' });
    expect(one.ledger).toEqual(NOTHING_NOTED);
  });

  it('leaves it open whether a stream or session is the only one', () => {
    const one = track();
    one.mayHave(Object.assign(one.fork(), { session: at('spdm.connect', 3) }), BIND);
    expect([one.stream, one.session]).toEqual([null, 'several']);
    one.mayHave(Object.assign(one.fork(), { stream: 'at-init' as const }), BIND);
    expect(one.stream).toBe('several');
    one.stream = 'at-init';
    one.mayHave(Object.assign(one.fork(), { stream: null }), BIND);
    expect(one.stream).toBe('at-init');
  });

  it('makes it worth a verdict, and is evidence where there is no other', () => {
    const one = track();
    const copy = one.fork();
    Object.assign(copy, { concerned: true, boundEvidence: true, stateEvidence: [BIND] });
    one.mayHave(copy, BIND);
    expect([one.concerned, one.boundEvidence, one.stateEvidence]).toEqual([true, true, [BIND]]);
    const other = one.fork();
    Object.assign(other, { concerned: false, boundEvidence: false, stateEvidence: [REMOVED] });
    one.mayHave(other, REMOVED);
    expect([one.concerned, one.boundEvidence, one.stateEvidence]).toEqual([true, true, [BIND]]);
  });
});

describe('the PF of a VF', () => {
  it('is told by the first record that shows it, or by side data', () => {
    const track = new DeviceTrack(storedDevice(1, '0000:02:00.1'), false);
    expect([track.isVf, track.pf, track.pfRecord]).toEqual([false, null, null]);
    track.isVfOf('0000:02:00.0' as Bdf, { side: fact });
    expect([track.isVf, track.pf, track.pfRecord, track.pfSide]).toEqual([true, '0000:02:00.0', null, fact]);
    track.isVfOf('0000:02:00.0' as Bdf, { record: 8 });
    track.isVfOf('0000:02:00.0' as Bdf, { record: 9 });
    expect([track.pfRecord, track.pfSide]).toEqual([8, fact]);
    expect(new DeviceTrack(storedDevice(1, '0000:02:00.1', { pf: '0000:02:00.0' }), false).isVf).toBe(true);
  });
});

describe('stamps against the order of the lines', () => {
  const times = (...events: StoredEvent[]) => {
    const track = new DeviceTrack(storedDevice(1, '0000:02:00.0'), false);
    for (const event of events) track.noteTime(event);
    return track.disorderedAt?.line ?? null;
  };
  const stamped = (kind: StoredEvent['kind'], id: number, time: bigint | null, more: Partial<StoredEvent> = {}) =>
    at(kind, id, { time, ...more });

  test.each<[string, StoredEvent[], number | null]>([
    ['rise', [stamped('tsm.bind', 1, 5n), stamped('pci.flr', 2, 6n)], null],
    ['are the same', [stamped('tsm.bind', 1, 5n), stamped('pci.flr', 2, 5n)], null],
    ['fall', [stamped('vfio.open', 1, 5n), stamped('pci.flr', 2, 4n)], 2],
    ['fall and rise', [stamped('vfio.open', 1, 5n), stamped('pci.flr', 2, 4n), stamped('pci.flr', 3, 9n)], 2],
    ['fall twice', [stamped('vfio.open', 1, 5n), stamped('pci.flr', 2, 4n), stamped('vfio.zap', 3, 4n)], 3],
    ['are missing', [stamped('vfio.open', 1, 5n), stamped('pci.flr', 2, null)], null],
    ['fall between sources', [stamped('vfio.open', 1, 5n), stamped('pci.flr', 2, 4n, { sourceId: 2 })], null],
    ['fall in a message that decides no order', [stamped('vfio.open', 1, 5n), stamped('iommu.fault', 2, 4n)], null],
    [
      'begin anew with a bind',
      [stamped('vfio.open', 1, 5n), stamped('pci.flr', 2, 4n), stamped('tsm.bind', 3, 6n)],
      null,
    ],
    [
      'do not with its return',
      [stamped('vfio.open', 1, 5n), stamped('pci.flr', 2, 4n), stamped('tsm.bind', 3, 6n, { phase: 'exit' })],
      2,
    ],
    [
      'do not with a bind that falls',
      [stamped('vfio.open', 1, 5n), stamped('pci.flr', 2, 4n), stamped('tsm.bind', 3, 3n)],
      3,
    ],
  ])('%s', (_name, events, line) => {
    expect(times(...events)).toBe(line);
  });
});

describe('what is shown of a life', () => {
  const fresh = () => new DeviceTrack(storedDevice(1, '0000:02:00.0'), true);

  it('is not what holds only while an operation is under way', () => {
    const track = fresh();
    track.believe(Belief.only(CONNECTED), at('tsm.connect', 1), false);
    expect([track.spans.length, track.belief.likeliest()]).toEqual([1, [CONNECTED]]);
    track.believe(Belief.only(CONNECTED), at('tsm.connect', 2));
    expect(track.spans.map(({ cause }) => cause?.eventId ?? null)).toEqual([null, 2]);
  });

  it('is one change where one event changes it twice', () => {
    const track = fresh();
    track.believe(Belief.only(CONNECTED), at('tsm.connect', 1));
    track.believe(Belief.only(BOUND_LOCKED), at('tsm.connect', 1));
    expect(track.spans.map(({ layers }) => layers.bind)).toEqual([['unbound'], ['bound']]);
  });

  it('is no news as long as nothing tells whether it is bound', () => {
    const track = new DeviceTrack(storedDevice(1, '0000:02:00.0'), false);
    const some = Belief.fresh().or(Belief.only(CONNECTED)).or(Belief.only(BOUND_LOCKED));
    track.believe(some, at('pci.flr', 1));
    expect(track.spans).toHaveLength(1);
    track.believe(Belief.only(BOUND_LOCKED), at('pci.flr', 2));
    track.believe(some, at('pci.flr', 3));
    expect(track.spans.map(({ cause }) => cause?.eventId ?? null)).toEqual([null, 2, 3]);
  });

  it('is each layer that changes', () => {
    const track = fresh();
    const bound = (contract: 'locked' | 'run', device: 'locked' | 'run' | 'error') =>
      ({ bind: 'bound', contract, device }) as const;
    track.believe(Belief.only(bound('locked', 'locked')), at('tsm.bind', 1));
    track.believe(Belief.only(bound('locked', 'error')), at('pci.flr', 2));
    track.believe(Belief.only(bound('run', 'error')), at('tsm.guest_request', 3));
    track.believe(Belief.only(bound('run', 'error')), at('tsm.guest_request', 4));
    expect(track.spans.map(({ cause }) => cause?.eventId ?? null)).toEqual([null, 1, 2, 3]);
  });

  it('is where an operation was called, once it returns', () => {
    const track = fresh();
    track.believe(Belief.only(CONNECTED), at('tsm.connect', 7, { phase: 'exit', pairId: 5, pairLine: 5, time: 9n }));
    expect(track.spans.at(-1)?.cause).toEqual({ eventId: 7, sourceId: 1, line: 5, time: 9n });
    track.believe(Belief.only(UNBOUND), at('tsm.disconnect', 8, { phase: 'exit', time: 9n }));
    expect(track.spans.at(-1)?.cause?.line).toBe(8);
    track.believe(Belief.only(CONNECTED), at('tsm.connect', 9, { phase: 'enter', pairId: 12, pairLine: 12 }));
    expect(track.spans.at(-1)?.cause?.line).toBe(9);
  });

  it('counts from the cheapest state', () => {
    const track = fresh();
    track.believe(
      Belief.fresh().apply(() => [{ to: CONNECTED, cost: 3, assumes: 'x' }], null),
      at('tsm.connect', 1),
    );
    expect(track.belief.cost(() => true)).toBe(0);
  });
});
