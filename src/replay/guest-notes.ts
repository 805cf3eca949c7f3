import type { StoredEvent } from '../timeline/rows.ts';

/** How far a guest has got with its device, as far as it was recorded. */
export interface GuestNotes {
  /** A lock that did not fail, with no unlock after it. */
  readonly locked: StoredEvent | null;
  /** An accept after it that did not fail. */
  readonly accepted: boolean;
  /** The probe that attached a driver, not taken from it since. */
  readonly driver: StoredEvent | null;
}

export const NO_GUEST: GuestNotes = { locked: null, accepted: false, driver: null };

export function noteGuest(notes: GuestNotes, heard: StoredEvent): GuestNotes {
  if (heard.outcome === 'failed') return notes;
  switch (heard.kind) {
    case 'guest.lock':
      // The core refuses it with a driver on the device: whatever was there is gone.
      return { locked: heard, accepted: false, driver: null };
    case 'guest.accept':
      return notes.accepted ? notes : { ...notes, accepted: true };
    case 'driver.probe':
      return heard.outcome === 'ok' && notes.locked !== null ? { ...notes, driver: heard } : notes;
    case 'driver.remove':
      return notes.driver === null ? notes : { ...notes, driver: null };
    case 'guest.unlock':
      return isInVain(heard, notes) ? notes : NO_GUEST;
    case 'pci.remove':
      return NO_GUEST;
    default:
      return notes;
  }
}

/**
 * pci_tsm_unlock() does nothing but warn, once a boot, as long as a driver is attached (PATCH 5/7 of Dan Williams' series on accept and
 * unlock of 2025-08-26).
 */
export function isInVain({ kind, symbol }: StoredEvent, { driver }: GuestNotes): boolean {
  return kind === 'guest.unlock' && symbol === 'pci_tsm_unlock' && driver !== null;
}
