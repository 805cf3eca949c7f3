import type { StoredEvent } from '../timeline/rows.ts';

/** How far a guest has got with its device, as far as it was recorded. */
export interface GuestNotes {
  /** A lock that did not fail, with no unlock after it. */
  readonly locked: StoredEvent | null;
  /** An accept after it that did not fail. */
  readonly accepted: boolean;
}

export const NO_GUEST: GuestNotes = { locked: null, accepted: false };

export function noteGuest(notes: GuestNotes, heard: StoredEvent): GuestNotes {
  if (heard.outcome === 'failed') return notes;
  switch (heard.kind) {
    case 'guest.lock':
      return { locked: heard, accepted: false };
    case 'guest.accept':
      return notes.accepted ? notes : { ...notes, accepted: true };
    case 'guest.unlock':
    case 'pci.remove':
      return NO_GUEST;
    default:
      return notes;
  }
}
