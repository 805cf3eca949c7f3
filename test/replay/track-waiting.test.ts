import { describe, expect, test } from 'vitest';
import type { TdiState } from '../../src/model/states.ts';
import { afterUnbind, BOUND_LOCKED, BOUND_RUN, CONNECTED } from '../../src/model/tdi.ts';
import { Belief } from '../../src/replay/belief.ts';
import { Readings } from '../../src/replay/readings.ts';
import { DeviceTrack } from '../../src/replay/track.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { storedDevice, storedEvent } from './stored-event.ts';

const isBound = ({ bind }: TdiState) => bind === 'bound';
const at = (kind: StoredEvent['kind'], id: number, more: Partial<StoredEvent> = {}) =>
  storedEvent(kind, { id, ...more });
const EITHER = Belief.only(BOUND_LOCKED).or(Belief.only(CONNECTED), 2, 'an unrecorded unbind');

const open = (stepId: number) => new Readings(EITHER, isBound, new Set(), stepId);
const decided = () => new Readings(Belief.only(BOUND_LOCKED), isBound, new Set(), 1);
/** Only a bound function answers. */
const answers = (before: Belief) => before.where(isBound);
const unbind = (before: Belief) => before.apply(afterUnbind, null);

function track(...waiting: readonly Readings[]): DeviceTrack {
  const one = new DeviceTrack(storedDevice(1, '0000:02:00.0'), false);
  one.belief = EITHER;
  for (const readings of waiting) one.waitFor(readings);
  return one;
}

describe('steps that wait for later records', () => {
  test('hear of every change', () => {
    const readings = open(1);
    const one = track(readings);
    one.change(answers, answers(one.belief), at('tsm.guest_request', 5));
    // Connected as it was, it must have been bound unseen since: 2 more.
    expect(readings.prices).toEqual({ wrong: 0, right: 4 });
    expect(one.belief.likeliest()).toEqual([BOUND_LOCKED]);
  });

  test('hear nothing any more where all that was believed is taken back', () => {
    const readings = open(1);
    const one = track(readings);
    one.believe(Belief.unknown(), at('pci.remove', 4));
    expect(readings.settled).toBe(true);
    one.change(answers, one.belief, at('tsm.guest_request', 5));
    expect(readings.prices).toEqual({ wrong: 0, right: 2 });
  });

  test('nor where the stamps contradict the order of the lines', () => {
    const readings = open(1);
    const one = track(readings);
    one.noteTime(at('vfio.open', 2, { time: 5n }));
    expect(readings.settled).toBe(false);
    one.noteTime(at('pci.flr', 3, { time: 4n }));
    expect(readings.settled).toBe(true);
  });

  test('are 24 at most: the oldest gives way, with what was known by then', () => {
    const many = Array.from({ length: 26 }, (_, n) => open(n + 1));
    const one = track(...many.slice(0, 24));
    expect([one.waitedTooLong, one.waitedMost, many.filter(({ settled }) => settled).length]).toEqual([0, 24, 0]);
    for (const readings of many.slice(24)) one.waitFor(readings);
    expect([one.waitedTooLong, one.waitedMost]).toEqual([2, 24]);
    expect(many.map(({ settled }) => settled).indexOf(false)).toBe(2);
  });

  test('do not wait where nothing can come, and those that are decided leave room', () => {
    const one = track(decided());
    expect(one.waitedMost).toBe(0);
    const first = Array.from({ length: 24 }, (_, n) => open(n + 1));
    const full = track(...first);
    for (const readings of first.slice(0, 10)) readings.settle();
    full.waitFor(open(30));
    expect([full.waitedTooLong, full.waitedMost]).toEqual([0, 24]);
    // Fifteen of them wait now; the most of them is what counts.
    full.waitFor(open(31));
    expect(full.waitedMost).toBe(24);
  });
});

describe('steps of which two orders say different things', () => {
  test('go through both', () => {
    const readings = open(1);
    const one = track(readings);
    const copy = one.fork();
    copy.change(answers, answers(copy.belief), at('tsm.guest_request', 5));
    // A copy is one of its own.
    expect(readings.prices).toEqual({ wrong: 0, right: 2 });
    one.believeEither(copy, at('tsm.guest_request', 5));
    expect(readings.prices).toEqual({ wrong: 0, right: 2 });
  });

  test('each of them its own', () => {
    const [first, second] = [open(1), open(2)];
    const one = track(first, second);
    const copy = one.fork();
    one.change(answers, answers(one.belief), at('tsm.guest_request', 5));
    const before = [first.prices, second.prices];
    expect(before).toEqual([
      { wrong: 0, right: 4 },
      { wrong: 0, right: 4 },
    ]);
    copy.change(unbind, unbind(copy.belief), at('tsm.unbind', 5));
    one.believeEither(copy, at('tsm.unbind', 6));
    // The copy found them right at no more than before.
    expect([first.prices.right, second.prices.right]).toEqual([2, 2]);
  });

  test('are over where the other order knows nothing of them', () => {
    const readings = open(1);
    const one = track(readings);
    const copy = new DeviceTrack(storedDevice(1, '0000:02:00.0'), false);
    one.believeEither(copy, at('tsm.unbind', 5));
    expect(readings.settled).toBe(true);
  });
});

describe('what is believed of either order', () => {
  test('is shown where it began', () => {
    const one = new DeviceTrack(storedDevice(1, '0000:02:00.0'), true);
    const copy = one.fork();
    copy.belief = Belief.only(BOUND_RUN);
    one.believeEither(copy, at('tsm.guest_request', 5));
    expect(one.spans.map(({ cause, layers }) => [cause?.eventId ?? null, layers.bind])).toEqual([
      [null, ['unbound']],
      [5, ['unbound', 'bound']],
    ]);
  });
});
