import type { EventClass } from '../model/states.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import type { DeviceTrack } from './track.ts';

/** A record that names the function itself. */
export function noteOrigin(track: DeviceTrack, event: StoredEvent): void {
  if (event.certainty !== 'exact') return;
  if (track.origin.physicalBy === null && tellsPhysical(event)) track.origin = { ...track.origin, physicalBy: event };
}

/**
 * The BARs of a VF are all 0, and none of them is read (pci_read_bases(), drivers/pci/probe.c); pci_enable_sriov() succeeds on a
 * function with the SR-IOV capability only, which a VF has not (drivers/pci/iov.c).
 */
function tellsPhysical({ kind, outcome }: StoredEvent): boolean {
  return kind === 'pci.bar' || (kind === 'pci.sriov_enable' && outcome === 'ok');
}

/**
 * The record that proves that the function is no VF: the kernel read its BARs or made VFs of it. Null where there is none, or where
 * functions may come and go without a record. That it came, and that no call that makes VFs was recorded before, proves nothing: the
 * lines of the kernel are the same for a VF, and whoever records enumeration need not record that call.
 */
export function noVfBy({ isVf, origin }: DeviceTrack, complete: ReadonlySet<EventClass>): StoredEvent | null {
  return isVf || !complete.has('hotplug') ? null : origin.physicalBy;
}
