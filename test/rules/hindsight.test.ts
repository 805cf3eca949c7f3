import { describe, expect, test } from 'vitest';
import type { EventClass, TdiState } from '../../src/model/states.ts';
import { BOUND_LOCKED, CONNECTED } from '../../src/model/tdi.ts';
import { Belief } from '../../src/replay/belief.ts';
import { Readings } from '../../src/replay/readings.ts';
import type { Step } from '../../src/replay/step.ts';
import { DeviceTrack } from '../../src/replay/track.ts';
import { Hindsight, isOpenToLater, keyOfCharge, mayBeAccusedLater, NO_FORESIGHT } from '../../src/rules/hindsight.ts';
import { RULES } from '../../src/rules/index.ts';
import type { Accusation, Charge, Rule } from '../../src/rules/rule.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { storedDevice, storedEvent } from '../replay/stored-event.ts';
import { OPTIONS, stepOf } from './step.ts';

const NONE: ReadonlySet<EventClass> = new Set();
const EVERY_BIND: ReadonlySet<EventClass> = new Set(['bind', 'link']);
const isBound = ({ bind }: TdiState) => bind === 'bound';
const at = (kind: StoredEvent['kind'], id: number, more: Partial<StoredEvent> = {}) =>
  storedEvent(kind, { id, ...more });

const rule = RULES.find(({ doc }) => doc.id === 'unbind-before-disable') as Rule;
const answer = RULES.find(({ restsOnBind }) => !restsOnBind) as Rule;
const CHARGE: Charge = { wrongIn: isBound, summary: 'x' };

/** A step at event 50 on a function of which a bind was seen, or what else is told of it. */
function step(
  more: Partial<Step> = {},
  of: Partial<{ -readonly [K in keyof DeviceTrack]: DeviceTrack[K] }> = {},
): Step {
  const track = new DeviceTrack(storedDevice(1, '0000:02:00.0'), false);
  Object.assign(track, { boundEvidence: true, stateEvidence: [at('tsm.bind', 5)], ...of });
  return stepOf({ type: 'disable' }, { track, ...more });
}

/** Bound for nothing, connected by `excuse`. */
const read = (excuse: number, complete = NONE, wrong = 0) => {
  const bound =
    wrong === 0
      ? Belief.only(BOUND_LOCKED)
      : Belief.only(BOUND_LOCKED).apply((state) => [{ to: state, cost: wrong, assumes: 'w' }], null);
  const free = Belief.only(CONNECTED).apply(
    (state) => [{ to: state, cost: excuse, assumes: 'an unrecorded unbind' }],
    null,
  );
  return new Readings(bound.or(free), isBound, complete, 50);
};
const answers = (before: Belief) => before.where(isBound);
const denies = (before: Belief) => before.where((state) => !isBound(state));

/** What is known in the end of a step that was `was`, after records said this, one after another. */
function later(was: Accusation, readings: Readings, says: readonly ((before: Belief) => Belief)[], one = step()) {
  const hindsight = new Hindsight();
  hindsight.note(rule, one, was, readings);
  says.forEach((say, n) => {
    readings.follow(say, at('tsm.guest_request', 60 + n));
  });
  return hindsight.foresight((id) => (id < 100 ? at('tsm.guest_request', id) : null)).get(keyOfCharge(rule, one));
}

describe('a charge that later records decide', () => {
  test('is dropped where they show that the step was right', () => {
    const found = later('probable', read(1, EVERY_BIND), [denies]);
    expect([found?.weighed, found?.was, found?.decidedBy.id]).toEqual([null, 'probable', 60]);
    expect(found?.by.map(({ id }) => id)).toEqual([60]);
    expect(found?.excuse.before.map(({ text }) => text)).toEqual(['an unrecorded unbind']);
  });

  test('gets weaker where they speak against it', () => {
    expect(later('probable', read(1), [denies])?.weighed ?? null).toBeNull();
    expect(later('definite', read(1), [answers])?.weighed).toBe('probable');
  });

  test('gets stronger where they speak for it, by one step from the balance', () => {
    expect(later('probable', read(1, EVERY_BIND), [answers])?.weighed).toBe('definite');
    expect(later('possible', read(0, EVERY_BIND), [answers])?.weighed).toBe('probable');
    expect(later('possible', read(0), [answers])?.weighed).toBe('probable');
  });

  test('does not get stronger where binds are not recorded, as far as is known', () => {
    const unseen = step({}, { stateEvidence: [at('tsm.guest_request', 5)] });
    expect(later('probable', read(1, EVERY_BIND), [answers], unseen)).toBeUndefined();
    expect(later('probable', read(1, EVERY_BIND), [denies], unseen)?.weighed).toBeNull();
  });

  test('stays where nothing changes', () => {
    expect(later('probable', read(1), [])).toBeUndefined();
    expect(later('probable', read(2), [answers])).toBeUndefined();
  });

  test('is decided by the last record that changed the verdict; all that moved the scales are told', () => {
    // Each answer makes "right" dearer by 2 the first time; from a price of 0 that is what decides.
    const found = later('possible', read(0), [answers, answers]);
    expect([found?.decidedBy.id, found?.by.map(({ id }) => id)]).toEqual([60, [60]]);
  });

  test('is not decided by the step itself, nor by a record that cannot be found', () => {
    const readings = read(1, EVERY_BIND);
    const hindsight = new Hindsight();
    hindsight.note(rule, step(), 'probable', readings);
    readings.follow(denies, at('vfio.disable', 50));
    expect(hindsight.foresight((id) => (id > 0 ? at('vfio.disable', id) : null)).size).toBe(0);
    const other = read(1, EVERY_BIND);
    const second = new Hindsight();
    second.note(rule, step(), 'probable', other);
    other.follow(denies, at('vfio.disable', 60));
    expect(second.foresight(() => null).size).toBe(0);
    expect(NO_FORESIGHT.size).toBe(0);
  });

  test('is one of a rule, a record and a function', () => {
    const [one, two] = [step(), step({ event: at('vfio.disable', 51) })];
    expect(keyOfCharge(rule, one)).toBe(keyOfCharge(rule, step()));
    expect(keyOfCharge(rule, one)).not.toBe(keyOfCharge(answer, one));
    expect(keyOfCharge(rule, one)).not.toBe(keyOfCharge(rule, two));
  });
});

describe('charges without end', () => {
  test('are swept: those that are decided and changed nothing go, and of the others 10,000 stay', () => {
    const hindsight = new Hindsight();
    const changed = read(1, EVERY_BIND);
    changed.follow(denies, at('tsm.guest_request', 1_000_000));
    const open = read(1);
    open.settle();
    const one = step();
    for (let id = 1; id <= 4096 * 5; id++) {
      const event = at('vfio.disable', id);
      hindsight.note(rule, { ...one, event }, 'probable', id % 2 === 0 ? changed : open);
    }
    const kept = hindsight.foresight((id) => at('tsm.guest_request', id)).size;
    expect(kept).toBe(10_000);
  });
});

describe('later records say nothing more', () => {
  const isOpen = (charge: Partial<Charge> = {}, more: Partial<Step> = {}, of = rule) =>
    isOpenToLater(of, step(more), { ...CHARGE, ...charge });

  test('of a charge that does not rest on the bind, that the answer decides, or that has no order', () => {
    expect(isOpen()).toBe(true);
    expect(isOpen({}, {}, answer)).toBe(false);
    for (const proved of [true, false]) expect(isOpen({ provedByAnswer: proved })).toBe(false);
    expect(isOpen({ onlyIfLikely: true })).toBe(false);
    expect(isOpen({}, { unordered: { events: [], inEveryOrder: true, tooMany: false } })).toBe(false);
    expect(isOpen({}, { event: at('vfio.disable', 50, { certainty: 'maybe' }) })).toBe(false);
    expect(isOpen({}, { effect: { type: 'owner-exit' } })).toBe(false);
  });

  test('against whoever did the step, unless binds are recorded', () => {
    expect(mayBeAccusedLater(step())).toBe(true);
    expect(mayBeAccusedLater(step({}, { boundEvidence: false }))).toBe(false);
    expect(mayBeAccusedLater(step({}, { boundEvidence: false, startKnown: true }))).toBe(true);
    const asked = { stateEvidence: [at('tsm.guest_request', 5)] };
    expect(mayBeAccusedLater(step({}, asked))).toBe(false);
    expect(mayBeAccusedLater(step({}, { stateEvidence: [...asked.stateEvidence, at('tsm.bind', 6)] }))).toBe(true);
    const told = { ...OPTIONS, complete: new Set<EventClass>(['bind']) };
    expect(mayBeAccusedLater(step({ options: told }, asked))).toBe(true);
    expect(mayBeAccusedLater(step({ options: told }, { ...asked, boundEvidence: false }))).toBe(false);
  });
});
