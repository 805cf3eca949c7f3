import type { EventKind } from '../events/event.ts';
import { parseInteger } from '../events/numbers.ts';
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
const VESSELS: ReadonlySet<EventKind> = new Set([
  'call',
  'vfio.ioctl',
  'syscall.ioctl',
  'iommufd.ioctl',
  'iommufd.close',
  'task.exit',
]);

/** Commands of include/uapi/linux/vfio.h that are an operation by themselves. */
const COMMANDS: ReadonlyMap<number, string> = new Map([
  [0x3b6f, 'VFIO_DEVICE_RESET'],
  [0x3b71, 'VFIO_DEVICE_PCI_HOT_RESET'],
]);

function commandOf({ kind, args }: StoredEvent): string | null {
  return kind === 'vfio.ioctl' ? (COMMANDS.get(parseInteger(args['cmd']) ?? 0) ?? null) : null;
}

export function isVessel(event: StoredEvent): boolean {
  return VESSELS.has(event.kind) && commandOf(event) === null;
}

export function nameOf(event: StoredEvent): string {
  return commandOf(event) ?? event.symbol ?? WORDS[event.kind] ?? event.kind;
}

/** What a request of the guest is about, where that was recorded. */
const ASKED: Partial<Record<EventKind, string>> = {
  'tdisp.lock': 'LOCK',
  'tdisp.start': 'START',
  'tdisp.stop': 'STOP',
  'tdisp.report': 'the report',
};

/** What the firmware says names no operation: the call around it does. */
const SAYINGS: ReadonlySet<EventKind> = new Set(['firmware.refused', 'tdisp.refused']);

/** A request by what it asks for, which tells it from others. */
export function recorded(history: History, event: StoredEvent): Recorded {
  const unit = event.kind === 'tsm.guest_request' ? history.unit(event) : null;
  const asked = unit && history.events.find(({ id, kind }) => unit.has(id) && ASKED[kind] !== undefined);
  const name = asked ? `${nameOf(event)} for ${ASKED[asked.kind]}` : nameOf(event);
  return { name, event };
}

/** The operation that the step is part of, as far as its name tells more: the close around a disable. */
export function operationOf(history: History, step: StoredEvent, within: StoredEvent): Recorded {
  const calls = history.callsAround(step);
  const [request] = calls;
  if (SAYINGS.has(step.kind) && request !== undefined) return operationOf(history, request, within);
  const depth = calls.findIndex(({ id }) => id === within.id);
  const around = calls.slice(0, depth + 1).findLast((call) => !isVessel(call));
  const isOfTask = depth < 0 && within.id !== step.id && !isVessel(within);
  return recorded(history, around ?? (isOfTask ? within : step));
}
