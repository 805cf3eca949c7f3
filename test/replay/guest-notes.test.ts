import { expect, test } from 'vitest';
import { type GuestNotes, isInVain, NO_GUEST, noteGuest } from '../../src/replay/guest-notes.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { storedEvent } from './stored-event.ts';

const at = (kind: StoredEvent['kind'], id: number, more: Partial<StoredEvent> = {}) =>
  storedEvent(kind, { id, ...more });
const play = (...events: readonly StoredEvent[]): GuestNotes => events.reduce(noteGuest, NO_GUEST);

const LOCK = at('guest.lock', 1);
const ACCEPT = at('guest.accept', 2);

// The guest's order is lock, accept, probe, unlock (tsm/lock and tsm/accept of its sysfs): each lock begins anew.
test('a guest that has done nothing has neither locked nor accepted', () => {
  expect(NO_GUEST).toEqual({ locked: null, accepted: false, driver: null });
});

test('a guest locks, accepts, and gives back', () => {
  expect(play(LOCK)).toEqual({ locked: LOCK, accepted: false, driver: null });
  expect(play(LOCK, ACCEPT)).toEqual({ locked: LOCK, accepted: true, driver: null });
  expect(play(LOCK, ACCEPT, at('guest.unlock', 3))).toEqual(NO_GUEST);
  expect(play(LOCK, ACCEPT, at('pci.remove', 3))).toEqual(NO_GUEST);
});

test('a lock that comes again asks for another accept', () => {
  const again = at('guest.lock', 3);
  expect(play(LOCK, ACCEPT, again)).toEqual({ locked: again, accepted: false, driver: null });
});

test('what failed changes nothing', () => {
  const failed = { outcome: 'failed', code: -16 } as const;
  expect(play(at('guest.lock', 1, failed))).toEqual(NO_GUEST);
  expect(play(LOCK, at('guest.accept', 2, failed))).toEqual({ locked: LOCK, accepted: false, driver: null });
  expect(play(LOCK, ACCEPT, at('guest.unlock', 3, failed))).toEqual({ locked: LOCK, accepted: true, driver: null });
});

test('what else happens changes nothing', () => {
  const notes = play(LOCK, ACCEPT);
  expect(noteGuest(notes, at('driver.probe', 3, { outcome: 'unknown' }))).toBe(notes);
  expect(noteGuest(notes, at('guest.accept', 4))).toBe(notes);
});

// PATCH 5/7 of 2025-08-26: pci_tsm_unlock() warns and returns as long as a driver is attached.
test('an unlock does nothing while a driver is attached, as far as the core of the guest is asked', () => {
  const probe = at('driver.probe', 3, { outcome: 'ok' });
  const unlock = at('guest.unlock', 4, { symbol: 'pci_tsm_unlock' });
  const used = play(LOCK, ACCEPT, probe);
  expect(used).toEqual({ locked: LOCK, accepted: true, driver: probe });
  expect(isInVain(unlock, used)).toBe(true);
  expect(noteGuest(used, unlock)).toBe(used);
  expect(isInVain({ ...unlock, symbol: 'cca_device_unlock' }, used)).toBe(false);
  const removed = noteGuest(used, at('driver.remove', 4, { outcome: 'void' }));
  expect(removed).toEqual({ locked: LOCK, accepted: true, driver: null });
  expect(noteGuest(removed, unlock)).toEqual(NO_GUEST);
  // Refused with a driver on the device: it is gone.
  expect(noteGuest(used, at('guest.lock', 5)).driver).toBeNull();
  // Of a device that no guest has locked.
  expect(play(probe)).toEqual(NO_GUEST);
});
