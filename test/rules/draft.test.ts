import { describe, expect, it, test } from 'vitest';
import type { SideFact } from '../../src/input/side-data.ts';
import type { EventClass } from '../../src/model/states.ts';
import { BOUND_LOCKED, BOUND_RUN, CONNECTED } from '../../src/model/tdi.ts';
import { Belief } from '../../src/replay/belief.ts';
import { SourceClocks } from '../../src/replay/clocks.ts';
import type { Shown, Step } from '../../src/replay/step.ts';
import { DeviceTrack } from '../../src/replay/track.ts';
import { addSymptom, type Draft, draftOf, fingerprintOf, weighTime } from '../../src/rules/draft.ts';
import { RULES } from '../../src/rules/index.ts';
import { weighOverlap } from '../../src/rules/overlap.ts';
import { kindOf, textOf } from '../../src/rules/premise.ts';
import { type Charge, isLocked } from '../../src/rules/rule.ts';
import { Strays } from '../../src/rules/strays.ts';
import { severityOf } from '../../src/rules/verdict.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { storedDevice, storedEvent, storedSource } from '../replay/stored-event.ts';
import { OPTIONS, stepOf } from './step.ts';

const NONE: ReadonlySet<EventClass> = new Set();
/** Two sources on one clock, 2 us apart at most, and a third one whose clock nothing relates to theirs. */
const CLOCKS = new SourceClocks([
  storedSource(1, { path: 'trace.txt', clockGroup: 1, clockError: 0 }),
  storedSource(2, { path: 'dmesg.txt', clockGroup: 1, clockError: 2000 }),
  storedSource(3, { path: 'other.txt' }),
]);

const at = (kind: StoredEvent['kind'], id: number, more: Partial<StoredEvent> = {}) =>
  storedEvent(kind, { id, ...more });

function ruleOf(id: string) {
  const rule = RULES.find(({ doc }) => doc.id === id);
  if (!rule) throw new Error(id);
  return rule;
}

const CHARGE: Charge = { wrongIn: isLocked, summary: 'the function was reset while the TDI was locked' };

function trackWith(...evidence: StoredEvent[]): DeviceTrack {
  const track = new DeviceTrack(storedDevice(1, '0000:02:00.0'), false);
  track.stateEvidence = evidence;
  return track;
}

const FLR = at('pci.flr', 50, { symbol: 'pcie_flr', pid: 7 });

interface More {
  rule?: string;
  verdict?: Draft['verdict'];
  charge?: Partial<Charge>;
  step?: Partial<Step>;
}

function draft({ rule = 'flr-while-locked', verdict = 'definite', charge = {}, step = {} }: More = {}): Draft {
  const belief = Belief.only(BOUND_RUN);
  const whole = stepOf({ type: 'function-reset', certain: true }, { event: FLR, belief, clocks: CLOCKS, ...step });
  return draftOf(ruleOf(rule), whole, { ...CHARGE, ...charge }, verdict, severityOf(verdict));
}

const evidence = ({ evidence: list }: Draft) => list.map(({ role, event }) => `${role}:${event.id}`).join(' ');

describe('a draft', () => {
  it('shows what was believed where the step is wrong, and what the step makes of it', () => {
    const belief = Belief.only(BOUND_LOCKED).or(Belief.only(CONNECTED));
    const { before, after, operation, proved, causedBy } = draft({ step: { belief } });
    expect(before).toEqual({ bind: ['bound'], contract: ['locked'], device: ['locked'] });
    expect(after).toEqual({ bind: ['bound'], contract: ['locked'], device: ['error'] });
    expect([operation, proved, causedBy]).toEqual([50, false, null]);
    expect(draft({ charge: { provedByAnswer: true } }).proved).toBe(true);
  });

  it('shows all that was believed where the answer alone makes it wrong', () => {
    const { before, after } = draft({ step: { belief: Belief.only(CONNECTED) } });
    expect(before).toEqual({ bind: ['connected'], contract: ['unlocked'], device: ['unlocked'] });
    expect(after).toEqual(before);
  });

  it('is part of the outermost call', () => {
    expect(draft({ step: { event: { ...FLR, rootId: 30 } } }).operation).toBe(30);
  });

  it('names the record that the rule blames', () => {
    const call = at('pci.sriov_disable', 40);
    const other = draft({ charge: { violation: call } });
    expect([other.violation.id, evidence(other)]).toEqual([40, 'violation:40']);
  });

  it('says where an earlier step had thrown the TDI out of its state', () => {
    const lost = Belief.only({ bind: 'bound', contract: 'run', device: 'error' });
    const said = (lostIn: number | null, belief = lost, rootId: number | null = null) => {
      const track = trackWith();
      track.lostIn = lostIn;
      return draft({ step: { belief, track, event: { ...FLR, rootId } } }).summary.slice(CHARGE.summary.length);
    };
    expect(said(20)).toMatch(/^; an earlier step/);
    // What one operation does in several steps is said once.
    expect(said(50)).toBe('');
    expect(said(30, lost, 30)).toBe('');
    expect(said(null, Belief.only(BOUND_RUN))).toBe('');
    // No record tells of such a step: what it would have been is only assumed.
    expect(said(null)).toBe('');
    expect(said(20, lost.or(Belief.only(BOUND_RUN)))).toBe('');
    expect(said(20, Belief.only(CONNECTED))).toBe('');
  });
});

describe('the evidence', () => {
  const bind = at('tsm.bind', 10);
  const request = at('tsm.guest_request', 20);
  const later = at('tsm.guest_request', 60);

  it('holds what put the TDI into its state, before the step', () => {
    expect(evidence(draft({ step: { track: trackWith(bind, request, later) } }))).toBe(
      'violation:50 state:10 state:20',
    );
    expect(evidence(draft({ rule: 'double-bind', step: { track: trackWith(bind) } }))).toBe('violation:50');
    expect(evidence(draft({ step: { track: trackWith(at('tsm.bind', 50)) } }))).toBe('violation:50');
  });

  it('holds the operation around it', () => {
    const [close, ioctl] = [at('vfio.close', 30), at('vfio.ioctl', 40)];
    expect(evidence(draft({ step: { calls: [ioctl, close] } }))).toBe('violation:50 context:30');
    expect(evidence(draft({ charge: { violation: close }, step: { calls: [ioctl, close] } }))).toBe('violation:30');
  });

  it('holds what shows that it reaches the device', () => {
    const reach = (id: number): Shown => ({
      tie: 'below',
      record: id,
      side: null,
      shownBy: at('pci.bridge', id),
      holds: true,
    });
    expect(evidence(draft({ step: { reach: reach(5) } }))).toBe('violation:50 context:5');
    expect(evidence(draft({ step: { reach: reach(50) } }))).toBe('violation:50');
    expect(evidence(draft({ step: { reach: reach(51) } }))).toBe('violation:50');
    expect(evidence(draft({ step: { reach: { ...reach(5), shownBy: null } } }))).toBe('violation:50');
    expect(evidence(draft({ step: { reach: reach(30), calls: [at('pci.sriov_disable', 30)] } }))).toBe(
      'violation:50 context:30',
    );
  });

  it('of what is merely possible holds what may have come first', () => {
    const unordered = {
      events: [at('tsm.unbind', 48), at('pci.enable', 49), bind],
      inEveryOrder: true,
      tooMany: false,
    };
    const step = { unordered, track: trackWith(bind) };
    expect(evidence(draft({ verdict: 'possible', step }))).toBe('violation:50 state:10 context:48');
    expect(evidence(draft({ verdict: 'probable', step }))).toBe('violation:50 state:10');
  });

  it('takes up ten symptoms, each record once', () => {
    const one = draft();
    for (let id = 60; id < 80; id++) {
      addSymptom(one, at('iommu.fault', id));
      addSymptom(one, at('iommu.fault', id));
    }
    const symptoms = one.evidence.filter(({ role }) => role === 'symptom').map(({ event }) => event.id);
    expect(symptoms).toEqual([60, 61, 62, 63, 64, 65, 66, 67, 68, 69]);
  });
});

describe('what is taken for granted', () => {
  const granted = (more: More) => draft(more).assumptions.map(textOf);
  const bind = at('tsm.bind', 10, { symbol: 'pci_tsm_bind' });

  it('is what the rule grants, and nothing where nothing is open', () => {
    expect(granted({})).toEqual([]);
    expect(granted({ charge: { takesForGranted: ['a'] } })).toEqual(['a']);
  });

  it('says beside each sentence what it is about', () => {
    const inherited = { certainty: 'inherited' } as const;
    const belief = Belief.only(BOUND_RUN).or(Belief.only(CONNECTED), 1, 'an unbind');
    const step = { event: { ...FLR, ...inherited }, track: trackWith({ ...bind, ...inherited }), belief };
    expect(draft({ verdict: 'probable', charge: { takesForGranted: ['a'] }, step }).assumptions.map(kindOf)).toEqual([
      { code: 'premise', record: null },
      { code: 'of-record', record: 'the record' },
      { code: 'of-record', record: 'line 10 (pci_tsm_bind)' },
      { code: 'unseen-steps', record: null },
    ]);
  });

  it('is the order of the lines where stamps contradict it', () => {
    const track = trackWith();
    track.disorderedAt = { sourceId: 1, line: 33 };
    expect(granted({ step: { track } })).toEqual([expect.stringMatching(/although the time falls at line 33$/)]);
    track.disorderedAt = { sourceId: 2, line: 34 };
    expect(granted({ step: { track } })).toEqual([expect.stringMatching(/falls at dmesg\.txt:34$/)]);
  });

  it('is the way from the function that was reset to the device', () => {
    const reach: Shown = { tie: 'vf', record: 5, side: null, shownBy: at('pci.vf', 5), holds: true };
    const fact = { place: 'lspci.txt:7', text: 'physfn' } as SideFact;
    expect(granted({ step: { reach } })).toEqual([]);
    expect(granted({ step: { reach: { ...reach, shownBy: at('pci.vf', 51) } } })).toEqual([
      expect.stringMatching(/VF of/),
    ]);
    expect(granted({ step: { reach: { ...reach, shownBy: null } } })).toEqual([expect.stringMatching(/VF of/)]);
    expect(granted({ step: { reach: { ...reach, tie: 'below', shownBy: null } } })).toEqual([]);
    expect(granted({ step: { reach: { ...reach, tie: 'bus' } } })).toEqual([expect.stringMatching(/whole bus/)]);
    expect(granted({ step: { reach: { ...reach, side: fact } } })).toEqual([
      expect.stringMatching(/lspci\.txt:7: physfn/),
    ]);
  });

  it('is whose record it is, where it names no device', () => {
    const maybe = (candidates: number[]) => ({ certainty: 'maybe', maybe: candidates }) as const;
    expect(granted({ step: { event: { ...FLR, ...maybe([1]) } } })).toEqual([expect.stringMatching(/another one$/)]);
    expect(granted({ step: { event: { ...FLR, ...maybe([1, 2]) } } })).toEqual([expect.stringMatching(/any of 2$/)]);
    const track = trackWith({ ...bind, ...maybe([1, 2, 3]) });
    expect(granted({ step: { track } })).toEqual([expect.stringMatching(/^line 10 \(pci_tsm_bind\) .* any of 3$/)]);
    const unnamed = trackWith({ ...bind, symbol: null, ...maybe([1, 2]) });
    expect(granted({ step: { track: unnamed } })).toEqual([expect.stringMatching(/^line 10 \(tsm\.bind\)/)]);
  });

  it('is what leads from a record without a device to this one', () => {
    const event = { ...FLR, certainty: 'inherited' } as const;
    expect(granted({ step: { event } })).toEqual([expect.stringMatching(/^the record names no/)]);
    const track = trackWith({ ...bind, certainty: 'inherited' });
    expect(granted({ step: { track } })).toEqual([expect.stringMatching(/^line 10 \(pci_tsm_bind\) names no/)]);
  });

  it('is a stored list of addresses, told once', () => {
    const args = { named_by: 'kallsyms' };
    const track = trackWith({ ...bind, args });
    expect(granted({ step: { track, event: { ...FLR, args } } })).toEqual([expect.stringMatching(/^side: kallsyms: /)]);
  });

  it('is whose the records since the bind are that may be of another device, where they would excuse it', () => {
    const perhaps = (kind: StoredEvent['kind'], id: number) => at(kind, id, { certainty: 'maybe', maybe: [1, 2] });
    const doubted = (verdict: Draft['verdict'], ...doubts: StoredEvent[]) => {
      const track = trackWith(bind);
      track.doubts = doubts;
      return granted({ verdict, step: { track } });
    };
    expect(doubted('possible', perhaps('tsm.unbind', 20))).toEqual([
      expect.stringMatching(/^line 20 \(tsm\.unbind\) is of another device: .* any of 2$/),
    ]);
    expect(doubted('possible', perhaps('tsm.bind', 20))).toEqual([expect.stringMatching(/is of this device/)]);
    expect(doubted('possible', perhaps('tsm.unbind', 9), perhaps('tsm.unbind', 10), bind)).toEqual([]);
    expect(doubted('definite', perhaps('tsm.unbind', 20))).toEqual([]);
  });

  it('is that the bind succeeded, where its result was not recorded, or cannot be read', () => {
    expect(granted({ step: { track: trackWith(bind) } })).toEqual([]);
    expect(granted({ step: { track: trackWith({ ...bind, outcome: 'unknown' }) } })).toEqual([
      expect.stringMatching(/^the bind succeeded/),
    ]);
    expect(granted({ step: { track: trackWith({ ...bind, kind: 'tsm.guest_request', outcome: 'unknown' }) } })).toEqual(
      [],
    );
  });

  it('is what would excuse it unseen, since the bind', () => {
    const belief = Belief.only(BOUND_LOCKED).closed(NONE);
    const excuse = (more: More = {}) => granted({ verdict: 'probable', ...more, step: { belief, ...more.step } });
    expect(excuse()).toEqual(['the step would be right only with this unseen: an unrecorded STOP while bound']);
    expect(excuse({ step: { track: trackWith(bind) } })).toEqual([
      'the step would be right only with this unseen between lines 10 and 50: an unrecorded STOP while bound',
    ]);
    expect(excuse({ step: { track: trackWith({ ...bind, sourceId: 2 }) } })).toEqual([
      'the step would be right only with this unseen between dmesg.txt:10 and line 50: an unrecorded STOP while bound',
    ]);
    // What is proved, or sure, or contradicts everything needs no excuse.
    expect(excuse({ charge: { provedByAnswer: true } })).toEqual([]);
    expect(excuse({ verdict: 'definite' })).toEqual([]);
    expect(excuse({ verdict: 'inconsistent' })).toEqual([]);
  });

  it('is not what both readings need', () => {
    const either = Belief.only(CONNECTED).or(Belief.only(BOUND_LOCKED), 1, 'a bind succeeded', {
      sourceId: 1,
      line: 8,
    });
    const belief = Belief.only(CONNECTED)
      .apply(() => [{ to: BOUND_LOCKED, cost: 1, assumes: 'shared' }], { sourceId: 1, line: 8 })
      .closed(NONE);
    expect(granted({ verdict: 'probable', step: { belief } })).toEqual([
      'the step would be right only with this unseen: an unrecorded STOP while bound',
    ]);
    expect(
      granted({
        verdict: 'possible',
        charge: { wrongIn: (state) => state.bind === 'connected' },
        step: { belief: either },
      }),
    ).toEqual(['the step would be right only with this unseen: a bind succeeded (line 8)']);
  });

  it('is the order of what stands too close to tell, where another order makes it merely possible', () => {
    const open = (events: StoredEvent[], tooMany = false, verdict: Draft['verdict'] = 'possible') =>
      granted({ verdict, step: { unordered: { events, inEveryOrder: true, tooMany } } });
    expect(open([at('tsm.unbind', 49)])).toEqual([
      expect.stringMatching(/other side of line 49 \(tsm\.unbind\), which another CPU stamped with the same time$/),
    ]);
    expect(open([at('tsm.unbind', 49, { sourceId: 2, symbol: 'pci_tsm_unbind' })])).toEqual([
      expect.stringMatching(/other side of dmesg\.txt:49 \(pci_tsm_unbind\), which the clocks put within 3 us of it$/),
    ]);
    expect(open([], true)).toEqual([expect.stringMatching(/too many/)]);
    expect(open([at('tsm.unbind', 49)], false, 'definite')).toEqual([]);
  });
});

describe('what would settle it', () => {
  const confirm = (more: More) => draft({ verdict: 'probable', ...more }).toConfirm;
  const options = (complete: EventClass[], more: Partial<typeof OPTIONS> = {}) => ({
    step: { options: { ...OPTIONS, complete: new Set(complete), ...more } },
  });
  const CLASSES = /--complete (.*)$/;
  const PLATFORM = /--platform/;

  it('is the classes that are not declared yet, and the platform', () => {
    expect(confirm(options([]))).toEqual([
      expect.stringMatching(/--complete bind,guest-request$/),
      expect.stringMatching(PLATFORM),
    ]);
    expect(confirm(options(['bind']))[0]).toMatch(/--complete guest-request$/);
    expect(confirm(options(['bind', 'guest-request']))).toEqual([expect.stringMatching(PLATFORM)]);
    expect(confirm(options([], { platform: 'tdx' }))).toEqual([expect.stringMatching(CLASSES)]);
    expect(confirm(options([], { x86: true }))).toEqual([expect.stringMatching(CLASSES)]);
    // The platform decides whether a bind locks: it says nothing of whether a function is bound.
    expect(confirm({ rule: 'unbind-before-disable' })).toEqual([expect.stringMatching(/--complete bind$/)]);
  });

  it('is the platform once, where another input names it', () => {
    const named = 'if the inputs are of one machine, say so: --platform tdx';
    const perhaps = { charge: { toConfirm: [named] }, ...options(['bind', 'guest-request'], { perhaps: ['tdx'] }) };
    expect(confirm({ rule: 'bar-zap-while-bound', ...perhaps })).toEqual([named]);
    // Of a rule that holds everywhere nothing was said of it.
    expect(confirm(options(['bind', 'guest-request'], { perhaps: ['tdx'] }))).toEqual([
      expect.stringMatching(PLATFORM),
    ]);
  });

  it('is nothing where it is settled, but what the rule itself asks for', () => {
    const asks = { charge: { toConfirm: ['look there'] } };
    expect(confirm({ verdict: 'definite', ...asks })).toEqual(['look there']);
    expect(confirm({ charge: { toConfirm: ['look there'], provedByAnswer: true } })).toEqual(['look there']);
    expect(confirm({ ...asks, ...options(['bind', 'guest-request'], { platform: 'tdx' }) })).toEqual(['look there']);
    expect(confirm({ verdict: 'inconsistent', ...asks })).toEqual(['look there', expect.stringMatching(/--complete/)]);
  });
});

describe('a fingerprint', () => {
  const bind = at('tsm.bind', 10, { symbol: 'pci_tsm_bind' });

  it('is the same for the same bug on another device, line and time', () => {
    const one = draft({ step: { track: trackWith(bind) } });
    const track = new DeviceTrack(storedDevice(9, '0000:c1:00.3'), true);
    track.stateEvidence = [{ ...bind, id: 11, line: 711, deviceId: 9 }];
    const other = draft({ step: { track, event: { ...FLR, id: 99, line: 900, time: 1n, sourceId: 2, deviceId: 9 } } });
    expect(fingerprintOf(one)).toBe(fingerprintOf(other));
    expect(fingerprintOf(one)).toMatch(/^[0-9a-f]{16}$/);
  });

  it('differs with the rule, the records and their functions', () => {
    const drafts = [
      draft(),
      draft({ rule: 'conventional-reset-while-locked' }),
      draft({ step: { track: trackWith(bind) } }),
      draft({ step: { track: trackWith({ ...bind, symbol: null }) } }),
      draft({ step: { event: { ...FLR, symbol: null } } }),
      draft({ step: { event: { ...FLR, kind: 'pci.reset' } } }),
      draft({ step: { calls: [at('vfio.close', 30)] } }),
    ];
    expect(new Set(drafts.map(fingerprintOf)).size).toBe(drafts.length);
  });

  it('is not changed by what only tells where a function is, by symptoms or by confirmations', () => {
    const reach = (kind: StoredEvent['kind']): Shown => ({
      tie: 'below',
      record: 5,
      side: null,
      shownBy: at(kind, 5),
      holds: true,
    });
    const plain = fingerprintOf(draft());
    for (const kind of ['pci.bar', 'pci.bridge', 'pci.bus', 'pci.vf', 'pci.add', 'aer.source'] as const)
      expect(fingerprintOf(draft({ step: { reach: reach(kind) } }))).toBe(plain);
    const later = draft();
    addSymptom(later, at('iommu.fault', 60));
    later.evidence.push({ event: at('tsm.unbind', 61), role: 'confirmation' });
    expect(fingerprintOf(later)).toBe(plain);
  });
});

const settled = ({ verdict, severity, assumptions }: Draft) => [verdict, severity, assumptions.length].join(' ');

describe('the unbind that comes too late', () => {
  const entry = { ...FLR, phase: 'enter', pairId: 60, pairTime: 60_000n } as const;
  const late = (
    violation: Partial<StoredEvent>,
    unbind: Partial<StoredEvent>,
    verdict: Draft['verdict'] = 'definite',
  ) => {
    const one = draft({ verdict, step: { event: { ...entry, ...violation } } });
    weighOverlap(one, at('tsm.unbind', 55, { pid: 8, ...unbind }));
    return one;
  };

  test.each<[string, Partial<StoredEvent>, Partial<StoredEvent>, string]>([
    ['began before the step was over', {}, {}, 'possible warning 1'],
    ['began after it', {}, { id: 61 }, 'definite error 0'],
    ['and nothing tells when the step was over', { pairId: null }, {}, 'probable error 1'],
    ['is of the same task, which does one after the other', {}, { pid: 7 }, 'definite error 0'],
    ['is of the same operation', { rootId: 40 }, { rootId: 40 }, 'definite error 0'],
    ['is the operation', { rootId: 55 }, {}, 'definite error 0'],
    ['is of the same task, while the step has no end', { pairId: null }, { pid: 7 }, 'definite error 0'],
    ['and the step is a point', { phase: 'point', pairId: null }, {}, 'definite error 0'],
    // vfio_pci_core_disable() that unbinds by itself may do so before it does any harm.
    ['is inside a disable', { symbol: 'vfio_pci_core_disable' }, { pid: 7 }, 'possible warning 1'],
    ['is of tasks that are not told', { pid: null }, { pid: null }, 'possible warning 1'],
    [
      'is of another source, and began before the end',
      {},
      { id: 70, sourceId: 2, time: 61_000n },
      'possible warning 1',
    ],
    [
      'is of another source, as late as the clocks may be wrong',
      {},
      { id: 70, sourceId: 2, time: 62_000n },
      'possible warning 1',
    ],
    ['is of another source, and later than that', {}, { id: 70, sourceId: 2, time: 62_001n }, 'definite error 0'],
    ['is of another source, without a stamp', {}, { id: 70, sourceId: 2, time: null }, 'definite error 0'],
    [
      'is of another source; the end has no stamp',
      { pairTime: null },
      { id: 70, sourceId: 2, time: 1n },
      'definite error 0',
    ],
    ['is of the same source: its stamp does not count', {}, { id: 61, time: 1n }, 'definite error 0'],
  ])('%s', (_name, violation, unbind, expected) => {
    expect(settled(late(violation, unbind))).toBe(expected);
  });

  it('makes nothing stronger, and says so once', () => {
    expect(settled(late({}, {}, 'possible')).startsWith('possible')).toBe(true);
    expect(
      late({ pairId: null }, {}, 'probable')
        .assumptions.map(textOf)
        .filter((text) => text.includes('was over before')),
    ).toEqual([]);
    expect(late({}, {}).assumptions.map(textOf)[0]).toMatch(/before the unbind of line 55, which began meanwhile$/);
    expect(late({ pairId: null }, {}).assumptions.map(textOf)[0]).toMatch(
      /before the unbind of line 55: its return was not recorded$/,
    );
  });
});

describe('a stamp that is earlier than that of the step', () => {
  const early = (more: Partial<StoredEvent>, step: Partial<StoredEvent> = {}) => {
    const one = draft({ step: { event: { ...FLR, time: 50_000n, ...step } } });
    weighTime(one, at('tsm.unbind', 60, more));
    return one;
  };

  test.each<[string, Partial<StoredEvent>, Partial<StoredEvent>, string]>([
    ['by a nanosecond', { time: 49_999n }, {}, 'possible warning 1'],
    ['not: the same', { time: 50_000n }, {}, 'definite error 0'],
    ['not: later', { time: 60_000n }, {}, 'definite error 0'],
    ['not: none', { time: null }, {}, 'definite error 0'],
    ['not: the step has none', { time: 1n }, { time: null }, 'definite error 0'],
    // What differs by less than the clocks may be wrong was tried in both orders.
    ['in another source, by what the clocks may be wrong', { time: 48_000n, sourceId: 2 }, {}, 'definite error 0'],
    ['in another source, by more', { time: 47_999n, sourceId: 2 }, {}, 'possible warning 1'],
  ])('%s', (_name, more, step, expected) => {
    expect(settled(early(more, step))).toBe(expected);
  });

  it('is told, once', () => {
    const one = early({ time: 1n });
    expect(one.assumptions.map(textOf)[0]).toMatch(/although line 60 \(tsm\.unbind\) is stamped earlier$/);
    weighTime(one, at('tsm.unbind', 61, { time: 2n }));
    expect(settled(one)).toBe('possible warning 1');
    expect(early({ time: 1n, sourceId: 2, symbol: 'pci_tsm_unbind' }).assumptions.map(textOf)[0]).toMatch(
      /dmesg\.txt:60 \(pci_tsm_unbind\)/,
    );
  });
});

describe('what another input tells, whose clock does not relate', () => {
  const elsewhere = (kind: StoredEvent['kind'], more: Partial<StoredEvent> = {}) =>
    at(kind, 80, { sourceId: 3, ...more });
  const track = () => new DeviceTrack(storedDevice(1, '0000:02:00.0'), false);
  const weighed = (events: readonly (readonly [StoredEvent, DeviceTrack])[], more: More = {}) => {
    const strays = new Strays();
    for (const [event, whose] of events) strays.note(event, whose);
    const one = draft(more);
    strays.weigh(one);
    return one;
  };

  test.each<[string, StoredEvent, string]>([
    ['an unbind', elsewhere('tsm.unbind'), 'possible warning 1'],
    ['an unbind by the core', elsewhere('tsm.unbind_core'), 'possible warning 1'],
    ['a request that may be a STOP', elsewhere('tsm.guest_request', { args: { scope: '1' } }), 'possible warning 1'],
    ['a request that does not say what', elsewhere('tsm.guest_request'), 'possible warning 1'],
    ['a request that only asks', elsewhere('tsm.guest_request', { args: { scope: '0' } }), 'definite error 0'],
    ['a request that was refused', elsewhere('tsm.guest_request', { outcome: 'failed' }), 'definite error 0'],
    ['a STOP', elsewhere('tdisp.stop'), 'possible warning 1'],
    ['a STOP that was refused', elsewhere('tdisp.stop', { outcome: 'failed' }), 'definite error 0'],
    ['a disconnect', elsewhere('tsm.disconnect'), 'possible warning 1'],
    ['a disconnect inside the core', elsewhere('tsm.disconnect_core'), 'possible warning 1'],
    ['the end of the TSM context', elsewhere('tsm.destroy'), 'possible warning 1'],
    ['a close', elsewhere('vfio.close'), 'possible warning 1'],
    ['a disable', elsewhere('vfio.disable'), 'possible warning 1'],
    ['a zap', elsewhere('vfio.zap'), 'definite error 0'],
    ['a return, whose entry counts', elsewhere('tsm.unbind', { phase: 'exit', pairId: 79 }), 'definite error 0'],
    ['a return without an entry', elsewhere('tsm.unbind', { phase: 'exit' }), 'possible warning 1'],
    ['an unbind in the same history', at('tsm.unbind', 80, { sourceId: 2 }), 'definite error 0'],
  ])('%s', (_name, event, expected) => {
    const one = weighed([[event, track()]]);
    expect(settled(one)).toBe(expected);
    if (one.assumptions.length > 0) expect(one.assumptions.map(textOf)[0]).toMatch(/other\.txt:80 did not come before/);
  });

  it('excuses nothing where its own bind is recorded, or where no device is named', () => {
    const own = track();
    expect(
      settled(
        weighed([
          [elsewhere('tsm.bind', { id: 70 }), own],
          [elsewhere('tsm.unbind'), own],
        ]),
      ),
    ).toBe('definite error 0');
    expect(settled(weighed([[elsewhere('tsm.unbind'), new DeviceTrack(storedDevice(5, null), false)]]))).toBe(
      'definite error 0',
    );
    const unnamed = { step: { track: new DeviceTrack(storedDevice(5, null), false) } };
    expect(settled(weighed([[elsewhere('tsm.unbind'), track()]], unnamed))).toBe('definite error 0');
    const other = new DeviceTrack(storedDevice(5, '0000:03:00.0'), false);
    expect(settled(weighed([[elsewhere('tsm.unbind'), other]]))).toBe('definite error 0');
  });

  it('excuses nothing that is proved, or rests on no bind', () => {
    expect(settled(weighed([[elsewhere('tsm.unbind'), track()]], { charge: { provedByAnswer: true } }))).toBe(
      'definite error 0',
    );
    expect(settled(weighed([[elsewhere('tsm.unbind'), track()]], { rule: 'double-bind' }))).toBe('definite error 0');
  });

  it('excuses no missing unbind by a STOP: a TDI that was stopped is still bound', () => {
    const rule = 'unbind-before-disable';
    expect(settled(weighed([[elsewhere('tdisp.stop'), track()]], { rule }))).toBe('definite error 0');
    expect(settled(weighed([[elsewhere('tsm.unbind'), track()]], { rule }))).toBe('possible warning 1');
  });

  it('would have been recorded where others of its kind are; an unbind may be hidden all the same', () => {
    const recorded = (kind: StoredEvent['kind']) => [
      [at(kind, 5), new DeviceTrack(storedDevice(6, '0000:09:00.0'), false)] as const,
      [elsewhere(kind), track()] as const,
    ];
    expect(settled(weighed(recorded('vfio.close')))).toBe('definite error 0');
    expect(settled(weighed(recorded('tdisp.stop')))).toBe('definite error 0');
    expect(settled(weighed(recorded('tsm.unbind')))).toBe('possible warning 1');
  });

  it('may be a disconnect of whoever manages it: its PF, its DSM, a function of its device', () => {
    const of = (bdf: string, kind: StoredEvent['kind'] = 'tsm.disconnect', own = track()) =>
      settled(weighed([[elsewhere(kind), new DeviceTrack(storedDevice(6, bdf), false)]], { step: { track: own } }));
    expect(of('0000:02:00.7')).toBe('possible warning 1');
    expect(of('0000:02:00.7', 'tsm.unbind')).toBe('definite error 0');
    expect(of('0000:02:01.0')).toBe('definite error 0');
    const vf = new DeviceTrack(storedDevice(1, '0000:02:00.0', { pf: '0000:07:00.0', dsm: '0000:08:00.0' }), false);
    expect(of('0000:07:00.0', 'tsm.disconnect', vf)).toBe('possible warning 1');
    expect(of('0000:08:00.0', 'tsm.disconnect', vf)).toBe('possible warning 1');
  });

  it('counts once a kind and source, and says which', () => {
    const own = track();
    const one = weighed([
      [elsewhere('tsm.unbind'), own],
      [elsewhere('tsm.unbind', { id: 81 }), own],
      [elsewhere('vfio.close', { id: 82 }), own],
    ]);
    expect(one.assumptions).toEqual([expect.stringMatching(/^the unbind at other\.txt:80 /)]);
  });
});
