import type { Bdf } from '../base/bdf.ts';
import type { EventClass } from '../model/states.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import { showsLife } from './presence.ts';
import type { DeviceTrack } from './track.ts';

/** A record that names the function itself. */
export function noteOrigin(track: DeviceTrack, event: StoredEvent): void {
  if (event.certainty !== 'exact') return;
  const { origin } = track;
  const physicalBy = origin.physicalBy ?? (tellsPhysical(event) ? event : null);
  const cameBy = origin.cameBy ?? (event.kind === 'pci.add' ? event : null);
  const there = origin.there || physicalBy !== null || showsLife(event);
  if (physicalBy === origin.physicalBy && cameBy === origin.cameBy && there === origin.there) return;
  track.origin = { ...origin, there, cameBy, physicalBy };
}

/**
 * The BARs of a VF are all 0, and none of them is read (pci_read_bases(), drivers/pci/probe.c); pci_enable_sriov() succeeds on a
 * function with the SR-IOV capability only, which a VF has not (drivers/pci/iov.c).
 */
function tellsPhysical({ kind, outcome }: StoredEvent): boolean {
  return kind === 'pci.bar' || (kind === 'pci.sriov_enable' && outcome === 'ok');
}

/** Whether VFs may come to be in the call. */
export function makesVfs({ kind, symbol }: StoredEvent): boolean {
  return kind === 'pci.sriov_enable' || symbol === 'pci_iov_add_virtfn';
}

/** @param tracks the devices of the history. */
export function noteMaking(tracks: Iterable<DeviceTrack>, pf: Bdf | null): void {
  for (const track of tracks) {
    const { origin } = track;
    if (!origin.there && !origin.maybeMade && mayMake(pf, track.bdf)) track.origin = { ...origin, maybeMade: true };
  }
}

/** The routing ID of a VF is that of its PF and an offset (pci_iov_virtfn_bus(), drivers/pci/iov.c): larger, in the same segment. */
function mayMake(pf: Bdf | null, bdf: Bdf | null): boolean {
  if (pf === null || bdf === null) return true;
  const segment = pf.slice(0, pf.indexOf(':') + 1);
  return bdf.startsWith(segment) && bdf > pf;
}

/**
 * The record that proves that the function is no VF: the kernel read its BARs or made VFs of it, or all that ever made a VF is
 * recorded, and its coming, and nothing could have made this one. Null where there is none: then, or where functions may come and
 * go without a record, it may be one.
 */
export function noVfBy({ isVf, origin }: DeviceTrack, complete: ReadonlySet<EventClass>): StoredEvent | null {
  if (isVf || !complete.has('hotplug')) return null;
  return origin.physicalBy ?? (origin.whole && !origin.maybeMade ? origin.cameBy : null);
}
