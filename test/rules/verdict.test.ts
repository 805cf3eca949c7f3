import { describe, expect, it, test } from 'vitest';
import type { Verdict } from '../../src/model/analysis.ts';
import type { EventClass } from '../../src/model/states.ts';
import { BOUND_LOCKED, BOUND_RUN, CONNECTED } from '../../src/model/tdi.ts';
import { Belief } from '../../src/replay/belief.ts';
import type { Shown, Step } from '../../src/replay/step.ts';
import { DeviceTrack } from '../../src/replay/track.ts';
import { type Accusation, type Charge, isBound, isLocked } from '../../src/rules/rule.ts';
import { judgeCharge, severityOf, strength, weaker, weigh } from '../../src/rules/verdict.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { storedDevice, storedEvent } from '../replay/stored-event.ts';
import { OPTIONS, stepOf } from './step.ts';

const LOCKED = Belief.only(BOUND_LOCKED);
const charge: Charge = { wrongIn: isLocked, summary: 'x' };
const judge = (more: Partial<Charge> = {}, step: Partial<Step> = {}) =>
  judgeCharge(stepOf({ type: 'disable' }, { belief: LOCKED, ...step }), { ...charge, ...more });

describe('weighing', () => {
  const either = (extra: number) => LOCKED.or(Belief.only(CONNECTED), extra);

  // Design, section 3: definite where no hypothesis avoids it, probable where avoiding it costs at least one more.
  test.each([
    ['only wrong', LOCKED, 'definite'],
    ['right is dearer by one', either(1), 'probable'],
    ['right is dearer by two', either(2), 'probable'],
    ['both are free', either(0), 'possible'],
    ['wrong is dearer by one', Belief.only(CONNECTED).or(LOCKED, 1), null],
    ['wrong is dearer by two', Belief.only(CONNECTED).or(LOCKED, 2), null],
    ['only right', Belief.only(CONNECTED), null],
    [
      'both are as dear',
      Belief.only(CONNECTED)
        .or(LOCKED)
        .apply((to) => [{ to, cost: 1, assumes: 'x' }], null),
      'possible',
    ],
    ['nothing is left', Belief.only(CONNECTED).apply(() => [], null), null],
  ] as const)('%s', (_name, belief, verdict) => {
    expect(weigh(belief, isBound)).toBe(verdict);
  });
});

describe('a charge', () => {
  it('is weighed by what is believed', () => {
    expect(judge()).toBe('definite');
    expect(judge({}, { belief: LOCKED.or(Belief.only(CONNECTED), 1) })).toBe('probable');
    expect(judge({}, { belief: Belief.only(CONNECTED) })).toBeNull();
  });

  it('is proved, or refuted, by the answer', () => {
    expect(judge({ provedByAnswer: true }, { belief: Belief.only(CONNECTED) })).toBe('definite');
    expect(judge({ provedByAnswer: false })).toBeNull();
  });

  it('is no stronger than the rule lets it be', () => {
    expect(judge({ atMost: 'probable' })).toBe('probable');
    expect(judge({ atMost: 'possible' })).toBe('possible');
    expect(judge({ atMost: 'probable' }, { belief: LOCKED.or(Belief.only(CONNECTED)) })).toBe('possible');
    expect(judge({ atMost: 'possible', provedByAnswer: true })).toBe('possible');
    expect(judge({ atMost: 'probable' }, { belief: Belief.only(CONNECTED) })).toBeNull();
  });
});

describe('who it was has to be as certain as what it was', () => {
  const disordered = new DeviceTrack(storedDevice(1, '0000:02:00.0'), false);
  disordered.disorderedAt = { sourceId: 1, line: 3 };
  const withEvidence = (certainty: 'exact' | 'inherited' | 'maybe' | 'none', deviceId: number | null = 1) => {
    const track = new DeviceTrack(storedDevice(1, '0000:02:00.0'), false);
    track.stateEvidence = [
      storedEvent('tsm.bind', { id: 9 }),
      storedEvent('tsm.guest_request', { id: 10, certainty, deviceId }),
    ];
    return track;
  };
  const event = (certainty: 'exact' | 'inherited' | 'maybe' | 'none', deviceId: number | null = 1) =>
    storedEvent('pci.flr', { id: 50, certainty, deviceId });

  test.each<[string, Partial<Step>, Verdict]>([
    ['an address in the record', { event: event('exact') }, 'definite'],
    ['taken over from the task', { event: event('inherited') }, 'probable'],
    ['one of several', { event: event('maybe') }, 'possible'],
    ['a device that nothing names', { event: event('none') }, 'possible'],
    ['a record that is of no device', { event: event('none', null) }, 'definite'],
    ['no address at all', { track: new DeviceTrack(storedDevice(1, null), false) }, 'possible'],
    ['stamps against the order of the lines', { track: disordered }, 'possible'],
    ['evidence that names it', { track: withEvidence('exact') }, 'definite'],
    ['evidence taken over from the task', { track: withEvidence('inherited') }, 'probable'],
    ['evidence that may be of another one', { track: withEvidence('maybe') }, 'possible'],
    ['evidence of a device that nothing names', { track: withEvidence('none') }, 'possible'],
    [
      'a function that a stored list of addresses names',
      { event: storedEvent('pci.flr', { id: 50, args: { named_by: 'kallsyms' } }) },
      'probable',
    ],
    ['no step in another order', { unordered: { events: [], inEveryOrder: false, tooMany: false } }, 'possible'],
    ['a step in every order', { unordered: { events: [], inEveryOrder: true, tooMany: false } }, 'definite'],
  ])('%s: %s', (_name, step, verdict) => {
    expect(judge({}, step)).toBe(verdict);
    expect(judge({ provedByAnswer: true }, step)).toBe(verdict);
  });
});

describe('that the step reaches the device has to be shown', () => {
  const shownBy = storedEvent('pci.bridge', { id: 20 });
  const reach: Shown = { tie: 'below', record: 20, side: null, shownBy, holds: true };
  const hotplug: ReadonlySet<EventClass> = new Set(['hotplug']);
  const complete = { ...OPTIONS, complete: hotplug };

  test.each<[string, Partial<Shown>, Partial<Step>, Verdict]>([
    ['by a record before it, and nothing can have changed unseen', {}, { options: complete }, 'definite'],
    ['something can have changed unseen', {}, {}, 'probable'],
    ['something was lost since', { holds: false }, { options: complete }, 'probable'],
    ['by the address alone', { shownBy: null, record: null }, { options: complete }, 'probable'],
    ['by a later record', { shownBy: storedEvent('pci.vf', { id: 51 }) }, { options: complete }, 'probable'],
    ['by the record itself', { shownBy: storedEvent('pci.vf', { id: 50 }) }, { options: complete }, 'probable'],
    ['they share a bus: that the whole bus was reset is a guess', { tie: 'bus' }, { options: complete }, 'possible'],
  ])('%s', (_name, how, step, verdict) => {
    expect(judge({}, { reach: { ...reach, ...how }, ...step })).toBe(verdict);
  });

  it('by the call that made the VFs of a PF that nothing else names', () => {
    const track = new DeviceTrack(storedDevice(1, '0000:02:00.1'), false);
    track.pfId = 7;
    const unnamed = storedEvent('pci.flr', { id: 50, certainty: 'none', deviceId: 7 });
    const vf = { ...reach, tie: 'vf' } as const;
    const step = { track, options: complete, event: unnamed };
    expect(judge({}, { ...step, reach: vf })).toBe('definite');
    // Of another function, or by another tie, it is a guess.
    expect(judge({}, { ...step, reach: { ...vf, tie: 'below' } })).toBe('possible');
    expect(judge({}, { ...step, reach: vf, event: { ...unnamed, deviceId: 8 } })).toBe('possible');
    expect(judge({}, { ...step, reach: null })).toBe('possible');
  });
});

describe('verdicts', () => {
  const ALL = ['inconsistent', 'possible', 'probable', 'definite'] as const;

  it('have an order', () => {
    expect(ALL.map(strength)).toEqual([0, 1, 2, 3]);
    for (const [i, a] of ALL.entries())
      for (const [j, b] of ALL.entries()) expect(weaker<Verdict>(a, b)).toBe(ALL[Math.min(i, j)]);
  });

  it('have a severity: only what is likely is an error', () => {
    expect(ALL.map(severityOf)).toEqual(['note', 'warning', 'error', 'error']);
  });

  it('do not depend on whether it is LOCKED or RUN', () => {
    expect(judge({}, { belief: Belief.only(BOUND_RUN) })).toBe('definite');
  });
});

describe('records after a step', () => {
  const by = (...certainties: readonly StoredEvent['certainty'][]) =>
    certainties.map((certainty, index) => storedEvent('tsm.bind', { id: 60 + index, certainty }));
  const weighed = (was: Accusation, then: Accusation | null, ...certainties: readonly StoredEvent['certainty'][]) => {
    const list = by(...certainties);
    const later = {
      was,
      weighed: then,
      by: list,
      decidedBy: list[0] as StoredEvent,
      excuse: { before: [], after: [] },
    };
    return judgeCharge(stepOf({ type: 'disable' }, { belief: LOCKED }), charge, later);
  };

  it('make the verdict what it is in the end', () => {
    expect(weighed('possible', 'probable', 'exact')).toBe('probable');
    expect(weighed('probable', 'definite', 'exact', 'exact')).toBe('definite');
    expect(weighed('probable', 'possible', 'exact')).toBe('possible');
    expect(weighed('probable', null, 'exact')).toBeNull();
  });

  it('make it no stronger than they are certainly of the device', () => {
    expect(weighed('probable', 'definite', 'inherited')).toBe('probable');
    expect(weighed('probable', 'definite', 'exact', 'inherited')).toBe('probable');
    expect(weighed('possible', 'probable', 'inherited')).toBe('probable');
    for (const certainty of ['maybe', 'none'] as const) {
      expect(weighed('possible', 'probable', certainty)).toBe('possible');
      expect(weighed('probable', 'definite', 'exact', certainty)).toBe('probable');
      expect(weighed('possible', 'definite', 'inherited', certainty)).toBe('possible');
    }
  });

  it('excuse, whosever they may be', () => {
    expect(weighed('probable', 'possible', 'maybe')).toBe('possible');
    expect(weighed('definite', 'probable', 'maybe')).toBe('probable');
    expect(weighed('possible', null, 'maybe')).toBeNull();
  });
});
