import { busOf } from '../base/bdf.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import { type FenceNotes, noteFence } from './fence-notes.ts';
import { isSamePointer } from './same-pointer.ts';
import type { Scene } from './scene.ts';
import type { DeviceTrack } from './track.ts';

/**
 * A fence is the guest's, at one root port: sev_tio_asid_fence_clear() takes the port and the guest (AMDESE/linux-kvm,
 * drivers/crypto/ccp/sev-dev-tio.c@16f379f5463a), in later trees the device's security manager and the guest. What becomes of it is
 * told by the unbind of any function of that guest there.
 *
 * @param seer the function whose unbind `heard` is part of, with its ledger from before that.
 * @param found the functions that have heard of it already.
 */
export function noteSharedFence(
  scene: Scene,
  heard: StoredEvent,
  seer: DeviceTrack,
  guest: string | null,
  found: ReadonlyMap<DeviceTrack, unknown>,
): void {
  if (!isGone(heard)) return;
  for (const track of scene.tracks.values()) {
    const { fence } = track.ledger.steps;
    if (fence === null || found.has(track) || track.gone || !scene.sameHistory(track, heard)) continue;
    const isSame = guest !== null && fence.vm !== null ? isSamePointer(guest, fence.vm) : null;
    if (isSame === false) continue;
    const next: FenceNotes =
      isSame && hasAnswered(heard) && shareFence(seer, track)
        ? { ...fence, left: 'none', at: heard }
        : { ...fence, perhaps: heard };
    track.ledger = { ...track.ledger, steps: { ...track.ledger.steps, fence: next } };
  }
}

/** The guest that the fence is of, which a function's unbind looks at: the one that the function is bound to, or was. */
export function guestOf({ ledger }: DeviceTrack): string | null {
  return ledger.steps.fence?.vm ?? ledger.vm;
}

/** The end of a command that says that there is no fence any more. */
function isGone(heard: StoredEvent): boolean {
  if (heard.kind !== 'fence.clear' && heard.kind !== 'fence.status') return false;
  if (heard.supersededBy !== null || (heard.phase === 'enter' && heard.pairId !== null)) return false;
  const standing: FenceNotes = { left: 'fenced', at: heard, ran: true, vm: null, unbound: false };
  // A reading without the value that was read tells nothing.
  if (heard.kind === 'fence.status' && heard.args['fenced'] === undefined) return false;
  return noteFence(standing, heard, standing)?.left === 'none';
}

/** Of a call that was not seen to return nobody knows; the driver's line holds the answer. */
function hasAnswered({ outcome, args }: StoredEvent): boolean {
  return outcome === 'ok' || args['error'] !== undefined;
}

/** Functions of one bus are below one port; those with one security manager belong to one device. */
function shareFence(one: DeviceTrack, other: DeviceTrack): boolean {
  if (one.bdf === null || other.bdf === null) return false;
  if (one.dsm !== null && one.dsm === other.dsm) return true;
  const bus = busOf(one.bdf);
  // What sits on a root bus has no port above.
  return bus === busOf(other.bdf) && !bus.endsWith(':00');
}
