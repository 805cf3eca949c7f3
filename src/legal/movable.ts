import { takesAway } from '../replay/takers.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import type { History } from './history.ts';
import { isVessel } from './names.ts';

type Kind = StoredEvent['kind'];

/** The core's own calls: whoever asks for what they are part of has no say in their order. */
const OF_CORE: ReadonlySet<Kind> = new Set([
  'tsm.unbind_core',
  'tsm.disconnect_core',
  'tsm.destroy',
  'tsm.connect_core',
]);

/** Iommufd unbinds what it takes away, whether something is bound or not: the call goes where the object goes. */
const UNBINDS_ITSELF: ReadonlySet<Kind> = new Set([
  'iommufd.vdevice_destroy',
  'iommufd.object_destroy',
  'iommufd.close',
]);

/** Steps of a function's driver, which may call the core inside them wherever it likes. */
const OF_DRIVER: ReadonlySet<Kind> = new Set([
  'vfio.close',
  'vfio.disable',
  'vfio.unregister',
  // "vfio/pci: Do TSM Unbind before zapping bars" (20250529053513) unbinds first in them.
  'vfio.config_write',
  'vfio.ioctl',
]);

/**
 * What somebody can move to have `event` elsewhere: the operation around it, named for what it is, or the call itself, where a
 * driver or a guest makes it. None where the core makes it as part of `step`, or of something else.
 */
export function movableBy(history: History, event: StoredEvent, step: StoredEvent): StoredEvent[] {
  const inStep = isAround(history, step, event) || isMeanwhile(event, step) || isOfRemoval(history, event, step);
  const around = inStep
    ? undefined
    : history.callsAround(event).findLast((call) => isApart(history, call, step) && !isVessel(call));
  // A STOP that a guest asks for is a request of the guest.
  if (around?.kind === 'tsm.guest_request') return [around];
  const isOfOthers = (one: StoredEvent) => OF_CORE.has(one.kind) || takerOf(history, one) !== null;
  const isFree = !isOfOthers(event) && (!inStep || OF_DRIVER.has(step.kind));
  return [...(around === undefined || isOfOthers(around) ? [] : [around]), ...(isFree ? [event] : [])];
}

/** Both are part of one removal, as the task tells: what the core and the drivers unbind in it goes where that goes. */
function isOfRemoval(history: History, event: StoredEvent, step: StoredEvent): boolean {
  const outermost = outermostAround(history, step);
  return UNBINDS.has(event.kind) && REMOVES.has(outermost.kind) && isMeanwhile(event, outermost);
}

const UNBINDS: ReadonlySet<Kind> = new Set(['tsm.unbind', 'tsm.unbind_core']);
const REMOVES: ReadonlySet<Kind> = new Set(['pci.remove', 'pci.sriov_disable']);

/** The operation that takes away what was bound, and unbinds for that. */
export function takerOf(history: History, event: StoredEvent): StoredEvent | null {
  if (event.kind !== 'tsm.unbind') return null;
  const isTaker = (call: StoredEvent) =>
    UNBINDS_ITSELF.has(call.kind) &&
    (isMeanwhile(event, call) || isAround(history, call, event) || isRightBehind(history, event, call));
  return history.events.find(isTaker) ?? null;
}

/** Where the return of a call was not recorded: the first record of its task behind it is taken to be inside, see `Takers`. */
function isRightBehind({ events }: History, event: StoredEvent, call: StoredEvent): boolean {
  if (call.phase !== 'enter' || call.pairId !== null || call.pid === null || call.pid === 0) return false;
  const behind = events.slice(events.indexOf(call) + 1);
  return behind.find(({ pid, symbol }) => pid === call.pid && !takesAway({ symbol }))?.id === event.id;
}

/** Made by the task of a call before that returned: what is called from everywhere does not say by whom. */
export function isMeanwhile(event: StoredEvent, call: StoredEvent): boolean {
  // Every CPU has an idle task of its own.
  if (call.phase !== 'enter' || call.pairId === null || call.pid === null || call.pid === 0) return false;
  return event.pid === call.pid && event.id > call.id && event.id < call.pairId;
}

/** The outermost call that the step was made in, as its nesting or its task tells. */
export function outermostAround(history: History, step: StoredEvent): StoredEvent {
  const call = history.callsAround(step).at(-1) ?? step;
  return history.events.find((event) => isMeanwhile(call, event)) ?? call;
}

export function isAround(history: History, event: StoredEvent, step: StoredEvent): boolean {
  return history.unit(event).has(step.id);
}

/** Neither around the step nor in it. */
export function isApart(history: History, event: StoredEvent, step: StoredEvent): boolean {
  return !isAround(history, event, step) && !isAround(history, step, event);
}
