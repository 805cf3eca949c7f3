import type { EventKind, KernelEvent } from '../events/event.ts';

/** The function that has an address now. */
export interface Bearer {
  readonly entity: number;
  /** More than its coming was seen of it. */
  used: boolean;
  /** It was seen to be enumerated, or to enter its IOMMU group: both happen once in its life. */
  enumerated: boolean;
  grouped: boolean;
  /** It was seen to be removed. */
  gone: boolean;
}

/** What only a function does that is there; what is said of one that was removed may still come after it. */
const ALIVE: ReadonlySet<EventKind> = new Set(['vfio.open', 'tsm.connect', 'tsm.bind', 'pci.enable', 'iommu.bind']);

/** Whether the event shows that a function has come to an address whose bearer was removed. */
export function isAlive(event: KernelEvent): boolean {
  return ALIVE.has(event.kind) && event.phase !== 'exit';
}

/**
 * Whether a function that appears is another one than the known bearer of its address. At boot it is enumerated, used by a
 * quirk, and put into its IOMMU group only then.
 *
 * @param joins its IOMMU group is what makes it appear.
 */
export function isAnother(known: Bearer, joins: boolean): boolean {
  if (!known.used) return false;
  return !joins || known.grouped || !known.enumerated;
}
