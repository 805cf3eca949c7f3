import { parseInteger } from '../events/numbers.ts';
import type { StoredEvent } from '../timeline/rows.ts';

/**
 * The fence of a guest's ASID on AMD, since the TDI was unbound. `unread`: nobody has looked at it; `fenced`: it was read and stands;
 * `uncleared`: the firmware would not take it away; `none`: it was read or cleared, and does not stand.
 */
export interface FenceNotes {
  readonly left: 'unread' | 'fenced' | 'uncleared' | 'none';
  /** The record that says so: the unbind, the reading, the attempt to clear it. */
  readonly at: StoredEvent;
  readonly ran: boolean;
  /** The VM whose guest it is, as the bind named it. */
  readonly vm: string | null;
  /** The host unbound the function since: it was not only a guest that stopped the TDI, which stays bound then. */
  readonly unbound: boolean;
  /** The task that did that. */
  readonly unboundBy?: number | null;
  /**
   * What became of the guest since: the VM was destroyed, or the function was given up. The kernel uses the address of a VM that is gone
   * for the next one at once. Absent: neither was seen.
   */
  readonly guest?: 'destroyed' | 'left';
  /** Since then another fence was taken away that may be this one. */
  readonly perhaps?: StoredEvent | undefined;
}

/** @param before `ran`: the TDI was started since its LOCK. */
export function noteFence(
  fence: FenceNotes | null,
  heard: StoredEvent,
  before: Pick<FenceNotes, 'ran' | 'vm'>,
): FenceNotes | null {
  switch (heard.kind) {
    case 'tdisp.stop':
      if (heard.args['command_name'] !== 'TIO_TDI_UNBIND' || heard.outcome === 'failed') return fence;
      return fence === null || fence.left === 'none' ? { left: 'unread', at: heard, unbound: false, ...before } : fence;
    case 'tsm.unbind':
      return fence === null || heard.outcome === 'failed' ? fence : { ...fence, unbound: true, unboundBy: heard.pid };
    case 'vm.destroy':
      // Its file may be closed, and its key given back, while others still hold the VM.
      return fence === null || heard.args['what'] !== 'VM' ? fence : { ...fence, guest: 'destroyed' };
    case 'vfio.open':
    case 'vfio.disable':
      return fence === null || fence.guest !== undefined ? fence : { ...fence, guest: 'left' };
    case 'fence.status':
      return fence === null || heard.outcome === 'failed'
        ? fence
        : { ...fence, perhaps: undefined, ...afterReading(fence, heard) };
    case 'fence.clear':
      if (fence === null) return null;
      return { ...fence, at: heard, perhaps: undefined, left: hasFailed(heard) ? 'uncleared' : 'none' };
    case 'mmio.share':
    case 'tsm.bind':
    // The firmware goes with the TSM, or the fence belongs to one that nobody can use any more.
    case 'tsm.unregister':
      return null;
    default:
      return fence;
  }
}

/** `fenced` is filled in by the time the function returns. A TDI that never ran is fenced by default, and stays so (tdi_unbind). */
function afterReading({ ran }: FenceNotes, heard: StoredEvent): Pick<FenceNotes, 'left' | 'at'> {
  const value = heard.args['fenced'];
  const stands = heard.phase !== 'enter' && (value === 'true' || parseInteger(value) === 1);
  return { left: stands && ran ? 'fenced' : 'none', at: heard };
}

/** Whether a fence was not cleared: the line of tdi_unbind() is printed whatever became of it: `ret=` is an errno, the number behind it the status of the PSP. */
export function hasFailed({ outcome, args }: StoredEvent): boolean {
  if (outcome === 'failed') return true;
  return [args['error'], args['status']].some((text) => (parseInteger(text) ?? 0) !== 0);
}
