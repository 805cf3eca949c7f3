import type { StoredEvent } from '../timeline/rows.ts';
import { isSamePointer } from './same-pointer.ts';

/** The one IDE stream that was ever spoken of for a device since its last connect. */
export interface OneStream {
  /** Its struct pci_ide * as printed; null where no record has named it yet. */
  readonly ide: string | null;
  /** Something was done to it by that name: it was there before whatever is allotted or asked for now. */
  readonly used: boolean;
  /** What enabled it, as long as nothing disabled it, and it could be enabled whenever that was tried. */
  readonly enabledBy: StoredEvent | null;
  /** It could not be enabled once, at one of its ends. */
  readonly failed: boolean;
  /** The firmware was asked for it. */
  readonly asked: boolean;
  /** The kernel allotted it. */
  readonly allotted: boolean;
}

/** The only stream that the security manager of a function ever had, and the record that shows who that is. */
export interface ManagedStream {
  readonly stream: OneStream;
  readonly shownBy: StoredEvent;
}

/**
 * Null where none was spoken of; `several` where others were, where a record did not tell which, or where it was given back, so that
 * its name is free for another one; `at-init` where the kernel found one as it started, which no disconnect ends.
 */
export type SoleStream = OneStream | 'several' | 'at-init' | null;

/** What is done to a stream at the device's security manager, or at the port above, concerns all that are locked over it. */
export const STREAM_KINDS: ReadonlySet<StoredEvent['kind']> = new Set([
  'ide.alloc',
  'ide.claim',
  'ide.setup',
  'ide.enable',
  'ide.disable',
  'ide.teardown',
  'ide.free',
]);
const ENDS: ReadonlySet<StoredEvent['kind']> = new Set(['tsm.disconnect', 'tsm.disconnect_core', 'tsm.destroy']);

const NOTHING: OneStream = { ide: null, used: false, enabledBy: null, failed: false, asked: false, allotted: false };

/** After an event at either end of a stream. */
export function noteSoleStream(before: SoleStream, heard: StoredEvent): SoleStream {
  // Only calls of the kernel name its own streams.
  if (before === 'at-init' || (heard.kind === 'ide.claim' && heard.symbol === null)) return 'at-init';
  if (ENDS.has(heard.kind)) return null;
  if (!STREAM_KINDS.has(heard.kind) || heard.supersededBy !== null || before === 'several') return before;
  if (heard.certainty !== 'exact') return 'several';
  const one = before ?? NOTHING;
  // Each stream is allotted once, and the TDX module makes one for each that the kernel sets up; both come before the set-up.
  if (heard.kind === 'ide.alloc') {
    if (isReturn(heard) || heard.outcome === 'failed') return before;
    if (one.used || one.allotted) return 'several';
    return { ...one, allotted: true, ide: heard.args['ide'] ?? null };
  }
  if (heard.symbol === 'tdh_ide_stream_create') {
    if (isReturn(heard)) return before;
    return one.used || one.asked ? 'several' : { ...one, asked: true };
  }
  // The driver has the RMM connect what it has set up, with the number that the kernel gave that stream; it does so once.
  if (heard.args['command_name'] === 'RMI_PDEV_STREAM_CONNECT') {
    if (isReturn(heard)) return before;
    return one.asked || one.ide === null ? 'several' : { ...one, asked: true };
  }
  const { ide } = heard.args;
  // What is set up through another pointer than was allotted is another stream.
  if (ide === undefined || (one.ide !== null && !isSamePointer(one.ide, ide))) return 'several';
  switch (heard.kind) {
    case 'ide.enable':
      return enabled({ ...one, ide, used: true }, heard);
    case 'ide.setup':
    case 'ide.claim':
      return { ...one, ide, used: true };
    case 'ide.free':
      return 'several';
    default:
      return { ...one, ide, used: true, enabledBy: null };
  }
}

/** A stream is enabled at two ends, and a record of one of them does not tell which: what failed once is not known to be whole again. */
function enabled(one: OneStream, heard: StoredEvent): OneStream {
  // What came of it stands in its entry already.
  if (isReturn(heard)) return one;
  if (heard.outcome !== 'ok' || one.failed) return { ...one, enabledBy: null, failed: true };
  return { ...one, enabledBy: one.enabledBy ?? heard };
}

/** After an event at a port of which no record tells whose stream it ends: what fails there may be the other end of this one. */
export function noteOtherEnd(before: SoleStream, heard: StoredEvent): SoleStream {
  if (heard.kind !== 'ide.enable' || isReturn(heard) || heard.outcome === 'ok' || typeof before === 'string')
    return before;
  const one = before ?? NOTHING;
  const { ide } = heard.args;
  const isAnother = one.ide !== null && ide !== undefined && !isSamePointer(one.ide, ide);
  return isAnother || one.failed ? before : { ...one, enabledBy: null, failed: true };
}

function isReturn({ phase, pairId }: StoredEvent): boolean {
  return phase === 'exit' && pairId !== null;
}
