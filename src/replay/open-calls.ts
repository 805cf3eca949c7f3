import type { StoredEvent } from '../timeline/rows.ts';

/** Tasks whose open calls are kept; of more, those whose last call is the oldest are forgotten. */
const TASKS_MAX = 1024;
/** Calls inside one another that are kept of a task. */
const DEPTH_MAX = 16;

/** Calls that wait for others, look at what is there, and leave the harm to a call of its own: some refuse, or find nothing to do. */
const ASKS: ReadonlySet<StoredEvent['kind']> = new Set([
  'vfio.ioctl',
  'vfio.open',
  'pci.reset',
  'pci.remove',
  'pci.sriov_enable',
  'pci.sriov_disable',
  'tsm.disconnect',
  'tsm.unregister',
  'iommufd.vdevice_destroy',
  'host.sleep',
]);

const DOES_HARM: ReadonlySet<StoredEvent['kind']> = new Set([
  'pci.flr',
  'pci.bus_reset',
  'pci.clear_master',
  'pci.power',
  'vfio.disable',
  'vfio.power',
  // Of what is below; of the function itself the last that a removal does (remove_device_from_group).
  'pci.remove',
]);

/** What shows, whoever does it, that a function which was to be removed is: these are of the next one at its address. */
const NEXT_LIFE: ReadonlySet<StoredEvent['kind']> = new Set(['vfio.open', 'pci.add']);

/**
 * Calls of which the entry alone is recorded, and nothing later of their task: a trace that ends there does not tell whether they came to
 * do what they were called for. A record of the task that is no part of the call shows that it is over, one of the call that does the harm that it got there.
 */
export class OpenCalls {
  readonly #open = new Map<number, readonly StoredEvent[]>();

  /** To be told of every event of every source, in order. */
  note(event: StoredEvent): void {
    if (this.#open.size > 0 && NEXT_LIFE.has(event.kind)) this.#forgetRemovals(event);
    const task = taskOf(event);
    const open = this.#open.get(task);
    const inside = open?.filter((call) => event.parentId === call.id && !DOES_HARM.has(event.kind)) ?? [];
    const begins = event.phase === 'enter' && event.pairId === null && ASKS.has(event.kind);
    if (begins) {
      if (open !== undefined) this.#open.delete(task);
      this.#open.set(task, [...inside, event].slice(-DEPTH_MAX));
      const [first] = this.#open.keys();
      if (this.#open.size > TASKS_MAX && first !== undefined) this.#open.delete(first);
    } else if (open !== undefined && inside.length < open.length) {
      if (inside.length > 0) this.#open.set(task, inside);
      else this.#open.delete(task);
    }
  }

  #forgetRemovals({ deviceId }: StoredEvent): void {
    for (const [task, open] of this.#open) {
      const left = open.filter((call) => call.kind !== 'pci.remove' || call.deviceId !== deviceId);
      if (left.length > 0) this.#open.set(task, left);
      else this.#open.delete(task);
    }
  }

  /** After the last event. */
  get left(): readonly StoredEvent[] {
    return [...this.#open.values()].flat();
  }
}

/** Process ids have 22 bits (PID_MAX_LIMIT, include/linux/threads.h); records without one count as one task of their source. */
function taskOf({ sourceId, pid }: StoredEvent): number {
  return sourceId * 2 ** 23 + (pid === null ? -1 : pid);
}
