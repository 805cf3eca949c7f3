import type { StoredEvent } from '../timeline/rows.ts';

/** The core destroys a vDEVICE, and unbinds its TDI for it whether it is bound or not (series v5, drivers/iommu/iommufd/viommu.c). */
const TAKES_AWAY: ReadonlySet<string> = new Set([
  'iommufd_vdevice_destroy',
  'iommufd_vdevice_abort',
  'iommufd_device_remove_vdev',
  'iommufd_object_remove',
  'iommufd_fops_release',
]);

/** Tasks whose latest calls of this kind are kept; of more, those that called first are forgotten. */
const TASKS_MAX = 1024;

/** Whether the call takes a vDEVICE away, or may do so. */
export function takesAway({ symbol }: Pick<StoredEvent, 'symbol'>): boolean {
  return symbol !== null && TAKES_AWAY.has(symbol);
}

interface Open {
  readonly call: StoredEvent;
  /** Where its return is not recorded: the record of its task that came right behind; null as long as none did. */
  next: number | null;
}

/**
 * The calls of each task that take vDEVICEs away. They are made from everywhere, so that probes, which nest nothing, do not tell what is
 * inside: the task does. Where the return was not probed, the record right behind the entry is taken to be inside.
 */
export class Takers {
  readonly #open = new Map<string, Open>();

  note(event: StoredEvent): void {
    if (this.#open.size === 0 && !takesAway(event)) return;
    const task = taskOf(event);
    if (task === null) return;
    const open = this.#open.get(task);
    if (event.phase === 'enter' && takesAway(event)) {
      // One of them calls another: the outer one goes on as long as it is known to.
      if (open?.call.pairId != null && event.id < open.call.pairId) return;
      this.#open.delete(task);
      this.#open.set(task, { call: event, next: null });
      const [first] = this.#open.keys();
      if (this.#open.size > TASKS_MAX && first !== undefined) this.#open.delete(first);
    } else if (open !== undefined) open.next ??= event.id;
  }

  /** The call of the event's task that it is part of, as far as its records tell; of a return that of its entry. */
  around(event: StoredEvent): StoredEvent | null {
    const task = taskOf(event);
    const open = task === null ? undefined : this.#open.get(task);
    if (open === undefined) return null;
    const { call, next } = open;
    const id = event.phase === 'exit' ? (event.pairId ?? event.id) : event.id;
    const isInside = id > call.id && (call.pairId === null ? id === next : id < call.pairId);
    return isInside ? call : null;
  }
}

/** Every CPU has an idle task of its own, which all have one number. */
function taskOf({ sourceId, pid }: StoredEvent): string | null {
  return pid === null || pid === 0 ? null : `${sourceId} ${pid}`;
}
