import { describe, expect, test } from 'vitest';
import { Calls } from '../../src/replay/calls.ts';
import type { RecordedEvents } from '../../src/replay/recorded.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { storedEvent } from './stored-event.ts';

const enter = (id: number, more: Partial<StoredEvent> = {}) => storedEvent('tsm.bind', { id, phase: 'enter', ...more });

/** What is recorded, and the ids that were asked for. */
function recorded(...events: readonly StoredEvent[]) {
  const asked: number[] = [];
  const event = (id: number) => {
    asked.push(id);
    return events.find((one) => one.id === id) ?? null;
  };
  return { asked, calls: new Calls({ event } as unknown as RecordedEvents) };
}

describe('the calls around an event', () => {
  test('are those that enclose it, innermost first', () => {
    const [ioctl, bind, inner] = [enter(1), enter(2, { parentId: 1 }), enter(3, { parentId: 2 })];
    const { calls } = recorded(ioctl, bind, inner);
    expect(calls.around(storedEvent('tdisp.lock', { id: 4, parentId: 3 }))).toEqual([inner, bind, ioctl]);
    expect(calls.around(storedEvent('tdisp.lock', { id: 4 }))).toEqual([]);
  });

  test('end where one is not recorded', () => {
    const bind = enter(2, { parentId: 1 });
    const { calls } = recorded(bind);
    expect(calls.around(storedEvent('tdisp.lock', { id: 4, parentId: 2 }))).toEqual([bind]);
    expect(calls.around(storedEvent('tdisp.lock', { id: 4, parentId: 9 }))).toEqual([]);
  });

  test('are looked at as deep as nesting goes, not as deep as a hostile log says', () => {
    const nested = Array.from({ length: 40 }, (_, n) => enter(n + 1, { parentId: n === 0 ? null : n }));
    const { calls } = recorded(...nested);
    expect(calls.around(storedEvent('tdisp.lock', { id: 50, parentId: 40 }))).toHaveLength(32);
    expect(calls.around(storedEvent('tdisp.lock', { id: 50, parentId: 32 }))).toHaveLength(32);
    expect(recorded(enter(1, { parentId: 1 })).calls.around(storedEvent('tdisp.lock', { parentId: 1 }))).toHaveLength(
      32,
    );
  });
});

describe('what is near is not looked up', () => {
  test('an entry that was seen', () => {
    const bind = enter(2);
    const { asked, calls } = recorded();
    calls.remember(bind);
    calls.remember(storedEvent('tdisp.lock', { id: 3 }));
    expect(calls.around(storedEvent('tdisp.lock', { id: 4, parentId: 2 }))).toEqual([bind]);
    expect(asked).toEqual([]);
    // Only calls have something inside them.
    expect(calls.around(storedEvent('tdisp.lock', { id: 4, parentId: 3 }))).toEqual([]);
    expect(asked).toEqual([3]);
  });

  test('one that took the place of an older one: the older one is looked up', () => {
    const [old, late] = [enter(2), enter(2 + 256)];
    const { asked, calls } = recorded(old, late);
    calls.remember(old);
    calls.remember(late);
    expect(calls.around(storedEvent('tdisp.lock', { id: 900, parentId: 258 }))).toEqual([late]);
    expect(asked).toEqual([]);
    expect(calls.around(storedEvent('tdisp.lock', { id: 900, parentId: 2 }))).toEqual([old]);
    expect(asked).toEqual([2]);
  });

  test('two entries side by side', () => {
    const { asked, calls } = recorded();
    const entries = [enter(2), enter(3), enter(2 + 255)];
    for (const one of entries) calls.remember(one);
    for (const one of entries) expect(calls.around(storedEvent('tdisp.lock', { parentId: one.id }))).toEqual([one]);
    expect(asked).toEqual([]);
  });

  test('an entry that returns, longer than one of which no return is recorded', () => {
    const [old, late, later] = [2, 2 + 256, 2 + 512].map((id) => enter(id, { pairId: 900 }));
    const { asked, calls } = recorded();
    if (!old || !late || !later) throw new Error('three');
    calls.remember(old);
    calls.remember(late);
    calls.remember(enter(2 + 256 * 2));
    for (const one of [old, late]) expect(calls.around(storedEvent('tdisp.lock', { parentId: one.id }))).toEqual([one]);
    expect(asked).toEqual([]);
    calls.remember(later);
    expect(calls.around(storedEvent('tdisp.lock', { parentId: 2 }))).toEqual([]);
    expect(asked).toEqual([2]);
  });

  test('what stands on a page that was read', () => {
    const pages = [[10, 11, 12], [13, 14], []].map((ids) => ids.map((id) => enter(id)));
    const { asked, calls } = recorded();
    calls.stayNear(pages);
    expect(calls.around(storedEvent('tdisp.lock', { id: 15, parentId: 11 }))).toEqual([pages[0]?.[1]]);
    expect(calls.around(storedEvent('tdisp.lock', { id: 15, parentId: 14 }))).toEqual([pages[1]?.[1]]);
    expect(asked).toEqual([]);
    expect(calls.around(storedEvent('tdisp.lock', { id: 15, parentId: 16 }))).toEqual([]);
    expect(asked).toEqual([16]);
  });
});

describe('the two records of a call', () => {
  const entry = enter(5, { pairId: 9, args: { bdf: '0000:02:00.0', ret: 'none' } });
  const exit = storedEvent('tsm.unbind', { id: 9, phase: 'exit', pairId: 5, args: { ret: '0' }, outcome: 'ok' });
  const { calls } = recorded(entry, exit);

  test('a return knows what was asked; where both say something the return is right', () => {
    expect(calls.withEntry(exit)).toEqual({ ...exit, args: { bdf: '0000:02:00.0', ret: '0' } });
    // What was called is known where it was called.
    expect(calls.heard(exit)).toEqual({ ...exit, kind: 'tsm.bind', args: { bdf: '0000:02:00.0', ret: '0' } });
  });

  test('an entry knows what its return says, and its own word counts', () => {
    expect(calls.heard(entry)).toEqual({ ...entry, args: { bdf: '0000:02:00.0', ret: 'none' } });
    expect(calls.withEntry(entry)).toBe(entry);
  });

  test('what has no other record stays as it is', () => {
    const lost = storedEvent('tsm.bind', { id: 9, phase: 'exit', pairId: 77 });
    for (const one of [
      lost,
      enter(9, { pairId: 77 }),
      enter(9),
      storedEvent('tsm.bind', { id: 9, phase: 'exit' }),
      storedEvent('tsm.bind', { id: 9, pairId: 5 }),
    ]) {
      expect(calls.heard(one)).toBe(one);
      expect(calls.withEntry(one)).toBe(one);
    }
  });
});
