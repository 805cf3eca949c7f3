import type { StoredEvent } from '../timeline/rows.ts';

/** What was recorded of the IDE streams of a device, at either end. */
export interface StreamNotes {
  /** Enabled at one end at least: by struct pci_ide * as printed, `?` where the record names none. */
  readonly enabled: readonly { readonly ide: string; readonly first: StoredEvent }[];
  /** Why none is, as far as it was seen: the last one was only set up, could not be enabled, or was disabled. */
  readonly missing: { readonly why: 'set-up' | 'failed' | 'disabled'; readonly at: StoredEvent } | null;
}

export const NO_STREAM: StreamNotes = { enabled: [], missing: null };

const STREAMS_MAX = 16;

export function noteStream(notes: StreamNotes, heard: StoredEvent): StreamNotes {
  const ide = heard.args['ide'] ?? '?';
  switch (heard.kind) {
    case 'ide.setup':
      return notes.enabled.length > 0 ? notes : { ...notes, missing: { why: 'set-up', at: heard } };
    case 'ide.enable':
      return heard.outcome === 'failed' ? without(notes, ide, 'failed', heard) : enabled(notes, ide, heard);
    case 'ide.disable':
    case 'ide.teardown':
      return heard.outcome === 'failed' ? notes : without(notes, ide, 'disabled', heard);
    case 'tsm.disconnect':
    case 'tsm.disconnect_core':
    case 'tsm.destroy':
      return NO_STREAM;
    default:
      return notes;
  }
}

function enabled(notes: StreamNotes, ide: string, heard: StoredEvent): StreamNotes {
  if (notes.enabled.some((one) => one.ide === ide) || notes.enabled.length >= STREAMS_MAX) return notes;
  return { enabled: [...notes.enabled, { ide, first: heard }], missing: null };
}

function without(notes: StreamNotes, ide: string, why: 'failed' | 'disabled', heard: StoredEvent): StreamNotes {
  // A record that names no stream may be of any of them.
  const rest = ide === '?' ? [] : notes.enabled.filter((one) => one.ide !== ide && one.ide !== '?');
  return { enabled: rest, missing: rest.length > 0 ? null : { why, at: heard } };
}
