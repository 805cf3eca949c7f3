import { expect, test } from 'vitest';
import { type GuestNotes, NO_GUEST, noteGuest } from '../../src/replay/guest-notes.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { storedEvent } from './stored-event.ts';

const at = (kind: StoredEvent['kind'], id: number, more: Partial<StoredEvent> = {}) =>
  storedEvent(kind, { id, ...more });
const play = (...events: readonly StoredEvent[]): GuestNotes => events.reduce(noteGuest, NO_GUEST);

const LOCK = at('guest.lock', 1);
const ACCEPT = at('guest.accept', 2);

// The guest's order is lock, accept, probe, unlock (tsm/lock and tsm/accept of its sysfs): each lock begins anew.
test('a guest that has done nothing has neither locked nor accepted', () => {
  expect(NO_GUEST).toEqual({ locked: null, accepted: false });
});

test('a guest locks, accepts, and gives back', () => {
  expect(play(LOCK)).toEqual({ locked: LOCK, accepted: false });
  expect(play(LOCK, ACCEPT)).toEqual({ locked: LOCK, accepted: true });
  expect(play(LOCK, ACCEPT, at('guest.unlock', 3))).toEqual(NO_GUEST);
  expect(play(LOCK, ACCEPT, at('pci.remove', 3))).toEqual(NO_GUEST);
});

test('a lock that comes again asks for another accept', () => {
  const again = at('guest.lock', 3);
  expect(play(LOCK, ACCEPT, again)).toEqual({ locked: again, accepted: false });
});

test('what failed changes nothing', () => {
  const failed = { outcome: 'failed', code: -16 } as const;
  expect(play(at('guest.lock', 1, failed))).toEqual(NO_GUEST);
  expect(play(LOCK, at('guest.accept', 2, failed))).toEqual({ locked: LOCK, accepted: false });
  expect(play(LOCK, ACCEPT, at('guest.unlock', 3, failed))).toEqual({ locked: LOCK, accepted: true });
});

test('what else happens changes nothing', () => {
  const notes = play(LOCK, ACCEPT);
  expect(noteGuest(notes, at('driver.probe', 3))).toBe(notes);
  expect(noteGuest(notes, at('guest.accept', 4))).toBe(notes);
});
