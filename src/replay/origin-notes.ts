import type { SideFact } from '../input/side-data.ts';
import type { EventClass } from '../model/states.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import type { ReplayOptions } from './step.ts';
import type { DeviceTrack } from './track.ts';

/** A record that names the function itself. */
export function noteOrigin(track: DeviceTrack, event: StoredEvent): void {
  if (event.certainty !== 'exact' || !tellsPhysical(event)) return;
  const { origin } = track;
  if (origin.physicalBy === null || !origin.isCertain) track.origin = { ...origin, physicalBy: event, isCertain: true };
}

/**
 * The BARs of a VF are all 0, and none of them is read (pci_read_bases(), drivers/pci/probe.c); pci_enable_sriov() succeeds on a
 * function with the SR-IOV capability only, which a VF has not (drivers/pci/iov.c); tsm/connect is a file of function 0 of a device only,
 * and of no VF (is_pci_tsm_pf0(), include/linux/pci-tsm.h; pci_tsm_link_group_visible(), drivers/pci/tsm.c, 6.19-).
 */
function tellsPhysical({ kind, outcome }: StoredEvent): boolean {
  if (kind === 'tsm.connect' || kind === 'tsm.connect_core') return outcome !== 'failed';
  return kind === 'pci.bar' || (kind === 'pci.sriov_enable' && outcome === 'ok');
}

/**
 * The record that proves that the function is no VF: the kernel read its BARs, made VFs of it or connected it. Null where there is none, or where
 * functions may come and go without a record. That it came, and that no call that makes VFs was recorded before, proves nothing: the
 * lines of the kernel are the same for a VF, and whoever records enumeration need not record that call.
 */
export function noVfBy({ isVf, origin }: DeviceTrack, complete: ReadonlySet<EventClass>): StoredEvent | null {
  return isVf || !origin.isCertain || !complete.has('hotplug') ? null : origin.physicalBy;
}

/** What shows that the function is no VF, and whether it leaves no doubt. */
export type NoVf = { readonly isProof: boolean } & (
  | { readonly record: StoredEvent; readonly side: null }
  | { readonly record: null; readonly side: SideFact }
);

/** Null where nothing shows it, or something that it is one. */
export function noVf(track: DeviceTrack, options: Pick<ReplayOptions, 'complete' | 'sideDoubted'>): NoVf | null {
  const { isVf, origin, noVfSide } = track;
  if (isVf) return null;
  const proof = noVfBy(track, options.complete);
  if (proof !== null) return { isProof: true, record: proof, side: null };
  if (noVfSide !== null && sideHolds(track, options)) return { isProof: true, record: null, side: noVfSide };
  if (origin.physicalBy !== null) return { isProof: false, record: origin.physicalBy, side: null };
  return noVfSide === null ? null : { isProof: false, record: null, side: noVfSide };
}

/**
 * Whether what was stored of a function, and cannot change while it exists, is of the one that the records are of: functions come and go
 * only with a record, none of which is of this address, and nothing shows the data to be of another machine.
 */
export function sideHolds(
  { origin }: DeviceTrack,
  { complete, sideDoubted }: Pick<ReplayOptions, 'complete' | 'sideDoubted'>,
): boolean {
  return complete.has('hotplug') && origin.isOnly && sideDoubted !== true;
}
