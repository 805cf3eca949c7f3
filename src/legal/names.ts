import type { EventKind } from '../events/event.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import type { History } from './history.ts';
import type { Recorded } from './order.ts';

/** What console messages tell of, which name no function. */
const WORDS: Partial<Record<EventKind, string>> = {
  'pci.flr': 'FLR',
  'pci.reset': 'function reset',
  'pci.bus_reset': 'bus reset',
  'pci.clear_master': 'clearing of Bus Master Enable',
  'pci.power': 'power change',
  'pci.remove': 'removal',
  'pci.sriov_disable': 'SR-IOV disable',
  'task.exit': 'process exit',
  'host.sleep': 'sleep',
  'guest.lock': 'lock by the guest',
  'guest.accept': 'accept by the guest',
  'guest.unlock': 'unlock by the guest',
  'guest.dma': 'opening of trusted DMA',
  'mmio.share': 'sharing of the BARs',
};

/** Calls that hold all kinds of things: what they hold says more. */
export const VESSELS: ReadonlySet<EventKind> = new Set([
  'call',
  'vfio.ioctl',
  'syscall.ioctl',
  'iommufd.ioctl',
  'iommufd.close',
  'task.exit',
]);

export function nameOf({ symbol, kind }: StoredEvent): string {
  return symbol ?? WORDS[kind] ?? kind;
}

/** What the firmware says names no operation: the call around it does. */
const SAYINGS: ReadonlySet<EventKind> = new Set(['firmware.refused', 'tdisp.refused']);

export function recorded(event: StoredEvent): Recorded {
  return { name: nameOf(event), event };
}

/** The operation that the step is part of, as far as its name tells more: the close around a disable. */
export function operationOf(history: History, step: StoredEvent, within: StoredEvent): Recorded {
  const calls = history.callsAround(step);
  const [request] = calls;
  if (SAYINGS.has(step.kind) && request !== undefined) return operationOf(history, request, within);
  const depth = calls.findIndex(({ id }) => id === within.id);
  const around = calls.slice(0, depth + 1).findLast(({ kind }) => !VESSELS.has(kind));
  const isOfTask = depth < 0 && within.id !== step.id && !VESSELS.has(within.kind);
  return recorded(around ?? (isOfTask ? within : step));
}
