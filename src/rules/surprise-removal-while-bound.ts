import type { StoredEvent } from '../timeline/rows.ts';
import { doc } from './docs/surprise-removal-while-bound.ts';
import { BIND_CLASSES, isBound, type Rule } from './rule.ts';

/** Nanoseconds that pciehp waits for DPC to recover before it tells of the link (pci_dpc_recovered(), 4 s), and some more. */
const TOLD_WITHIN = 5_000_000_000n;

export const rule: Rule = {
  doc,
  rank: 70,
  restsOnBind: true,
  settledBy: BIND_CLASSES,
  judge({ effect, event, reach }) {
    if (effect.type !== 'removal') return null;
    const removed = reach === null ? 'the function was removed' : 'the bridge above was removed';
    const what = event.kind === 'pci.link_down' ? 'the link to the device went down' : removed;
    const charge = { wrongIn: isBound, summary: `${what} while it was still bound to a VM` };
    if (event.kind === 'pci.link_down') return { ...charge, partOf: (earlier) => isLinkReset(earlier, event) };
    // Hot plug removes what it found gone.
    return { ...charge, follows: 'pci.link_down', partOf: (earlier) => removesVfs(earlier, event) };
  },
};

/** The port was reset, or contained an error, which takes the link down. */
function isLinkReset({ kind, args, deviceId, sourceId, time }: StoredEvent, down: StoredEvent): boolean {
  if (kind !== 'pci.bus_reset' || args['below'] !== '1' || deviceId !== down.deviceId || sourceId !== down.sourceId)
    return false;
  return time !== null && down.time !== null && down.time >= time && down.time - time <= TOLD_WITHIN;
}

/** Disabling SR-IOV removes the VFs one by one, in its own task (sriov_del_vfs). */
function removesVfs({ kind, pid, sourceId, pairId }: StoredEvent, removal: StoredEvent): boolean {
  if (kind !== 'pci.sriov_disable' || pid === null || pid !== removal.pid || sourceId !== removal.sourceId)
    return false;
  return pairId === null || pairId > removal.id;
}
