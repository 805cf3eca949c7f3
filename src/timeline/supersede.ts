import type { EventKind, KernelEvent } from '../events/event.ts';
import { type OpenCall, tellsMore } from '../identity/calls.ts';
import type { Identity } from '../identity/identity.ts';
import type { TimelineWriter } from './timeline.ts';

/** Wrappers that an inner event says more exactly: what is inside counts, they do not. */
const SUPERSEDED_BY: Partial<Record<EventKind, readonly EventKind[]>> = {
  'pci.flr': ['pci.reset', 'vfio.ioctl', 'vfio.config_write', 'vfio.open'],
  'pci.bus_reset': ['pci.reset', 'vfio.ioctl', 'vfio.config_write', 'pci.bus_reset', 'vfio.open'],
  'pci.reset': ['pci.reset', 'vfio.ioctl', 'vfio.config_write', 'vfio.open'],
  'pci.power': ['vfio.power', 'vfio.config_write'],
  'vfio.power': ['vfio.config_write'],
  'pci.remove': ['pci.remove'],
  // pci_dbg tells that the bit was set; the call does not.
  'pci.clear_master': ['pci.clear_master'],
};

/** Of an event that stands inside calls which tell of the same act, or repeats one of them: only one of them counts. */
export function supersede(
  writer: TimelineWriter,
  identity: Identity,
  event: KernelEvent,
  parent: OpenCall | null,
  id: number,
  entityId: number | null,
): void {
  const wrappers = SUPERSEDED_BY[event.kind];
  if (!wrappers) return;
  if (event.symbol === null && parent?.kind === event.kind && !tellsMore(event, parent)) {
    // printk:console inside the very call that prints it.
    writer.supersedeEvent(id, parent.eventId);
    return;
  }
  if (event.kind === 'pci.remove' && event.phase === 'point') {
    // iommu:remove_device_from_group repeats the removal that it is part of.
    for (let call = parent; call; call = call.parent) {
      // Below a bridge that is removed each function goes by itself.
      const other = entityId !== null && call.entityId !== null && identity.differ(entityId, call.entityId);
      if (call.kind === 'pci.remove' && !other) writer.supersedeEvent(id, call.eventId);
    }
    return;
  }
  for (let call = parent; call && wrappers.includes(call.kind); call = call.parent) {
    writer.supersedeEvent(call.eventId, id);
    // `reset via flr` was said in this call; now the function itself is recorded.
    if (call.announcement !== null) writer.supersedeEvent(call.announcement, id);
    call.announcement = event.symbol === null ? id : null;
  }
}
