import { describe, expect, test } from 'vitest';
import { BOUND_RUN } from '../../src/model/tdi.ts';
import { Belief } from '../../src/replay/belief.ts';
import { SourceClocks } from '../../src/replay/clocks.ts';
import { DeviceTrack } from '../../src/replay/track.ts';
import { type Draft, draftOf } from '../../src/rules/draft.ts';
import { CLOSE_UNSEEN } from '../../src/rules/excuses.ts';
import { RULES } from '../../src/rules/index.ts';
import { Nameless } from '../../src/rules/nameless.ts';
import { type Charge, isLocked } from '../../src/rules/rule.ts';
import { severityOf } from '../../src/rules/verdict.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { storedDevice, storedEvent, storedSource } from '../replay/stored-event.ts';
import { stepOf } from './step.ts';

// An unbind whose record names no device may be that of the device that a finding is about: then nobody is to be accused for sure.

/** Two sources of one machine, and a third one that nothing relates to them. */
const CLOCKS = new SourceClocks([
  storedSource(1, { path: 'trace.txt', clockGroup: 1, clockError: 0 }),
  storedSource(2, { path: 'dmesg.txt', clockGroup: 1, clockError: 0 }),
  storedSource(3, { path: 'other.txt' }),
]);

const at = (kind: StoredEvent['kind'], id: number, more: Partial<StoredEvent> = {}) =>
  storedEvent(kind, { id, ...more });
const named = (aliases: readonly string[] = []) =>
  new DeviceTrack(storedDevice(1, '0000:02:00.0', { aliases: [...aliases] }), false);
const unnamed = (aliases: readonly string[] = [], id = 9) =>
  new DeviceTrack(storedDevice(id, null, { aliases: [...aliases] }), false);

type Heard = readonly [StoredEvent, DeviceTrack];

interface Finding {
  readonly rule?: string;
  readonly charge?: Partial<Charge>;
  readonly verdict?: Draft['verdict'];
  readonly track?: DeviceTrack;
  readonly event?: StoredEvent;
}

/** A finding on the record of line 50, after these records and before those. */
function found(
  before: readonly Heard[],
  { rule = 'flr-while-locked', ...more }: Finding = {},
  after: readonly Heard[] = [],
) {
  const nameless = new Nameless();
  for (const [event, track] of before) nameless.note(event, track);
  const { track = named(), event = at('pci.flr', 50), verdict = 'definite' } = more;
  const step = stepOf(
    { type: 'function-reset', certain: true },
    { event, belief: Belief.only(BOUND_RUN), clocks: CLOCKS, track },
  );
  const whole = RULES.find(({ doc }) => doc.id === rule);
  if (!whole) throw new Error(rule);
  const charge = { wrongIn: isLocked, summary: 'x', ...more.charge };
  const draft = draftOf(whole, step, charge, verdict, severityOf(verdict));
  nameless.drafted(draft);
  for (const [later, whose] of after) nameless.note(later, whose);
  nameless.weigh(draft);
  return draft;
}

const settled = ({ verdict, severity, assumptions }: Draft) => [verdict, severity, assumptions.length].join(' ');
const ACCUSED = 'definite error 0';
const OPEN = 'possible warning 1';

describe('a record of nobody knows which device, before the step', () => {
  test.each<[string, StoredEvent, string]>([
    ['an unbind', at('tsm.unbind', 40), OPEN],
    ['the unbind inside the core', at('tsm.unbind_core', 40), OPEN],
    ['a disconnect', at('tsm.disconnect', 40), OPEN],
    ['a request that may be a STOP', at('tsm.guest_request', 40, { args: { scope: '1' } }), OPEN],
    ['a request that only asks', at('tsm.guest_request', 40, { args: { scope: '0' } }), ACCUSED],
    ['a close, which leaves the device bound', at('vfio.close', 40), ACCUSED],
    ['a reset', at('pci.flr', 40), ACCUSED],
    ['an unbind in another trace of the machine', at('tsm.unbind', 40, { sourceId: 2 }), OPEN],
    ['an unbind on another machine', at('tsm.unbind', 40, { sourceId: 3 }), ACCUSED],
    ['the step itself', at('tsm.unbind', 50), ACCUSED],
  ])('%s', (_, event, expected) => {
    expect(settled(found([[event, unnamed()]]))).toBe(expected);
  });

  test('is told by its place', () => {
    const same = found([[at('tsm.unbind', 40), unnamed()]]);
    expect(same.assumptions).toEqual(['the unbind on line 40 is of another device: nothing tells of which']);
    const other = found([[at('tsm.disconnect', 40, { sourceId: 2 }), unnamed()]]);
    expect(other.assumptions).toEqual(['the disconnect on dmesg.txt:40 is of another device: nothing tells of which']);
    // Of several the last one.
    const two = found([
      [at('tsm.unbind', 40), unnamed()],
      [at('tsm.unbind', 41), unnamed()],
    ]);
    expect(two.assumptions).toEqual([expect.stringContaining('line 41')]);
  });

  test('is of another device where that one has an address, or a bind of its own', () => {
    expect(settled(found([[at('tsm.unbind', 40), named()]]))).toBe(ACCUSED);
    const own = unnamed();
    expect(
      settled(
        found([
          [at('tsm.bind', 30), own],
          [at('tsm.unbind', 40), own],
        ]),
      ),
    ).toBe(ACCUSED);
    // The bind of a third one says nothing of it.
    expect(
      settled(
        found([
          [at('tsm.bind', 30), unnamed([], 8)],
          [at('tsm.unbind', 40), own],
        ]),
      ),
    ).toBe(OPEN);
  });

  test('is of another device where both have a pointer to the same kind of object, and not the same one', () => {
    const weighed = (one: string[], two: string[]) =>
      settled(found([[at('tsm.unbind', 40), unnamed(two)]], { track: named(one) }));
    expect(weighed(['pci=0xa'], ['pci=0xb'])).toBe(ACCUSED);
    expect(weighed(['dev=0xa'], ['dev=0xb'])).toBe(ACCUSED);
    expect(weighed(['pci=0xa'], ['pci=0xa'])).toBe(OPEN);
    expect(weighed(['pci=0xa'], ['dev=0xb'])).toBe(OPEN);
    expect(weighed(['pci=0xa'], [])).toBe(OPEN);
    // A function may have had two of them, one after the other; and of some kinds it has many.
    expect(weighed(['pci=0xa', 'pci=0xb'], ['pci=0xb', 'pci=0xc'])).toBe(OPEN);
    expect(weighed(['task=7'], ['task=8'])).toBe(OPEN);
  });

  test('counts only if it may have come after what shows the device to be bound', () => {
    const own = named();
    const bind = at('tsm.bind', 45);
    const request = at('tsm.guest_request', 45);
    const unbind: Heard = [at('tsm.unbind', 40), unnamed()];
    const stop: Heard = [at('tdisp.stop', 40), unnamed()];
    const withLast = (heard: Heard, last: StoredEvent) => settled(found([heard, [last, own]], { track: own }));
    expect(withLast(unbind, bind)).toBe(ACCUSED);
    expect(withLast(unbind, request)).toBe(ACCUSED);
    expect(withLast(stop, bind)).toBe(ACCUSED);
    // A TDI that was stopped is bound, and answers.
    expect(withLast(stop, request)).toBe(OPEN);
    // What failed shows nothing, and neither does what is done to any function.
    expect(withLast(unbind, { ...bind, outcome: 'failed' })).toBe(OPEN);
    expect(withLast(unbind, at('pci.flr', 45))).toBe(OPEN);
    // A request keeps the bind before it.
    expect(settled(found([[bind, own], stop, [request, own]], { track: own }))).toBe(OPEN);
    expect(settled(found([stop, [bind, own], [request, own]], { track: own }))).toBe(ACCUSED);
    // After the bind again.
    expect(settled(found([[bind, own], unbind], { track: own }))).toBe(OPEN);
  });

  test('that comes after the step excuses nothing', () => {
    expect(settled(found([], {}, [[at('tsm.unbind', 60), unnamed()]]))).toBe(ACCUSED);
  });

  test('excuses nothing that is proved, that rests on no bind, or that is of nobody knows which device itself', () => {
    const before: readonly Heard[] = [[at('tsm.unbind', 40), unnamed()]];
    expect(settled(found(before, { charge: { provedByAnswer: true } }))).toBe(ACCUSED);
    expect(settled(found(before, { rule: 'double-bind' }))).toBe(ACCUSED);
    expect(settled(found(before, { track: unnamed() }))).toBe(ACCUSED);
  });

  test('leaves a suspicion as it is', () => {
    expect(settled(found([[at('tsm.unbind', 40), unnamed()]], { verdict: 'possible' }))).toBe('possible warning 0');
  });

  test('excuses no missing unbind by a STOP: a TDI that was stopped is still bound', () => {
    const rule = 'unbind-before-disable';
    expect(settled(found([[at('tdisp.stop', 40), unnamed()]], { rule }))).toBe(ACCUSED);
    expect(settled(found([[at('tsm.unbind', 40), unnamed()]], { rule }))).toBe(OPEN);
  });

  test('is forgotten by nobody, however many come after it', () => {
    const stop: Heard = [at('tdisp.stop', 41), unnamed()];
    const unbind: Heard = [at('tsm.unbind', 40), unnamed()];
    const many = (heard: Heard, count = 1000): Heard[] => Array.from({ length: count }, () => heard);
    const rule = 'unbind-before-disable';
    const one = found([unbind, ...many(stop)], { rule });
    expect(settled(one)).toBe(OPEN);
    expect(one.assumptions).toEqual([expect.stringContaining('line 40')]);
    expect(settled(found([...many(stop), unbind], { rule }))).toBe(OPEN);
    expect(settled(found(many(stop), { rule }))).toBe(ACCUSED);
    // Of so many nobody looks up whose they may be; but that they came before the bind, or on another machine, is known.
    const [own, other] = [named(['pci=0xa']), unnamed(['pci=0xb'])];
    const apart: Heard = [at('tsm.unbind', 40), other];
    expect(settled(found(many(apart, 200), { rule, track: own }))).toBe(ACCUSED);
    expect(settled(found(many(apart), { rule, track: own }))).toBe(OPEN);
    expect(settled(found([...many(unbind, 300), [at('tsm.bind', 45), own]], { rule, track: own }))).toBe(ACCUSED);
    expect(settled(found(many([at('tsm.unbind', 40, { sourceId: 3 }), unnamed()]), { rule }))).toBe(ACCUSED);
    // Closes excuse nothing, however many.
    expect(settled(found(many([at('vfio.close', 40), unnamed()]), { rule }))).toBe(ACCUSED);
  });
});

describe('a close of nobody knows which device, where the owner ended and no close was recorded', () => {
  const exit = { rule: 'bound-at-exit', charge: { takesForGranted: ['others', CLOSE_UNSEEN] } } as const;
  const granted = (before: readonly Heard[], more: Finding = {}, after: readonly Heard[] = []) =>
    found(before, { ...exit, ...more }, after).assumptions;

  test('may be the one: that there was none is not said', () => {
    expect(granted([])).toEqual(['others', CLOSE_UNSEEN]);
    const one = 'the close on line 40 is of another device: nothing tells of which';
    expect(granted([[at('vfio.close', 40), unnamed()]])).toEqual(['others', one]);
    expect(granted([[at('vfio.disable', 40), unnamed()]])).toEqual(['others', one]);
    // Also one that came after the exit, as the kernel closes what an ended task had open.
    expect(granted([], {}, [[at('vfio.close', 40), unnamed()]])).toEqual(['others', one]);
  });

  test('is another one where it came before the bind, on another machine, or by another pointer', () => {
    const own = named(['pci=0xa']);
    const close: Heard = [at('vfio.close', 40), unnamed()];
    expect(granted([close, [at('tsm.bind', 45), own]], { track: own })).toEqual(['others', CLOSE_UNSEEN]);
    expect(granted([[at('tsm.bind', 30), own], close], { track: own })).not.toContain(CLOSE_UNSEEN);
    // A request is none of its bind.
    expect(granted([close, [at('tsm.guest_request', 45), own]], { track: own })).not.toContain(CLOSE_UNSEEN);
    expect(granted([[at('vfio.close', 40, { sourceId: 3 }), unnamed()]])).toContain(CLOSE_UNSEEN);
    expect(granted([[at('vfio.close', 40), unnamed(['pci=0xb'])]], { track: own })).toContain(CLOSE_UNSEEN);
  });

  test('leaves the verdict as it is, and says nothing of other findings', () => {
    expect(found([[at('vfio.close', 40), unnamed()]], exit).verdict).toBe('definite');
    expect(settled(found([[at('vfio.close', 40), unnamed()]]))).toBe(ACCUSED);
  });
});
