import { describe, expect, test } from 'vitest';
import { BOUND_LOCKED, BOUND_RUN, BOUND_UNLOCKED, CONNECTED, UNBOUND } from '../../src/model/tdi.ts';
import { Belief } from '../../src/replay/belief.ts';
import { atEnd } from '../../src/replay/meanwhile.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { storedEvent } from './stored-event.ts';

describe('what the end of a call makes of a hypothesis', () => {
  const end = (kind: StoredEvent['kind'], more: Partial<StoredEvent> = {}) =>
    storedEvent(kind, { id: 9, phase: 'exit', pairId: 5, ...more });
  const all = Belief.unknown();
  const said = (belief: Belief) =>
    belief.likeliest().map(({ bind, contract, device }) => `${bind} ${contract} ${device}`);
  const none = Belief.only(UNBOUND).where(() => false);

  // It did its work before other things happened: what it leads to may be there already.
  test.each([
    ['tsm.bind', [BOUND_UNLOCKED, BOUND_LOCKED, BOUND_RUN], [UNBOUND, CONNECTED]],
    ['tsm.connect', [CONNECTED, BOUND_LOCKED], [UNBOUND]],
    ['tdisp.lock', [BOUND_LOCKED], [BOUND_RUN, BOUND_UNLOCKED, CONNECTED]],
    ['tdisp.start', [BOUND_RUN], [BOUND_LOCKED, BOUND_UNLOCKED]],
  ] as const)('%s', (kind, led, others) => {
    const after = said(atEnd(all, end(kind), none));
    for (const state of led) expect(after).toContain(said(Belief.only(state))[0]);
    for (const state of others) expect(after).not.toContain(said(Belief.only(state))[0]);
    expect(atEnd(all, end(kind, { outcome: 'unknown' }), none).empty).toBe(false);
    for (const more of [{ phase: 'enter' }, { phase: 'point' }, { pairId: null }, { outcome: 'failed' }] as const)
      expect(atEnd(all, end(kind, more), none)).toBe(none);
  });

  test('is what it was made of, of calls that lead nowhere, and beside the others', () => {
    expect(atEnd(all, end('tsm.unbind'), none)).toBe(none);
    const after = said(atEnd(all, end('tdisp.start'), Belief.only(UNBOUND)));
    expect(after).toEqual(['unbound unlocked unlocked', 'bound run run', 'bound run error', 'bound run unlocked']);
  });
});
