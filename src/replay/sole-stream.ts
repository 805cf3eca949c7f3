import type { StoredEvent } from '../timeline/rows.ts';

/** The one IDE stream that was ever spoken of for a device since its last connect. */
export interface OneStream {
  /** Its struct pci_ide * as printed; null where only the firmware was asked for it. */
  readonly ide: string | null;
  /** What enabled it, as long as nothing disabled it. */
  readonly enabledBy: StoredEvent | null;
  /** The firmware was asked for it. */
  readonly asked: boolean;
}

/** Null where none was spoken of; `several` where others were, or a record did not tell which. */
export type SoleStream = OneStream | 'several' | null;

const KINDS: ReadonlySet<StoredEvent['kind']> = new Set(['ide.setup', 'ide.enable', 'ide.disable', 'ide.teardown']);
const ENDS: ReadonlySet<StoredEvent['kind']> = new Set(['tsm.disconnect', 'tsm.disconnect_core', 'tsm.destroy']);

/** After an event at either end of a stream. */
export function noteSoleStream(before: SoleStream, heard: StoredEvent): SoleStream {
  if (ENDS.has(heard.kind)) return null;
  if (!KINDS.has(heard.kind) || heard.supersededBy !== null || before === 'several') return before;
  if (heard.certainty !== 'exact') return 'several';
  const { ide } = heard.args;
  const { enabledBy = null, asked = false } = before ?? {};
  // The TDX module makes one for each that the kernel sets up, and is asked first.
  if (heard.symbol === 'tdh_ide_stream_create') {
    if (heard.phase === 'exit' && heard.pairId !== null) return before;
    return before === null ? { ide: null, enabledBy, asked: true } : 'several';
  }
  if (ide === undefined || (before !== null && before.ide !== null && before.ide !== ide)) return 'several';
  switch (heard.kind) {
    case 'ide.enable':
      // That it could not be enabled says not that it was not before.
      return { ide, enabledBy: enabledBy ?? (heard.outcome === 'ok' ? heard : null), asked };
    case 'ide.setup':
      return { ide, enabledBy, asked };
    default:
      return { ide, enabledBy: null, asked };
  }
}
