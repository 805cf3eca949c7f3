import type { Bdf } from '../base/bdf.ts';
import type { SymbolRow } from '../events/catalogue.ts';
import type { EventKind, KernelEvent, PointerSpace } from '../events/event.ts';
import type { KernelRecord } from '../formats/record.ts';
import { keyOf, type OpenCall } from './calls.ts';
import { Clusters } from './clusters.ts';

/** Who a set of clues turned out to be. */
export interface Resolved {
  readonly bdf: Bdf | null;
  readonly dsm: Bdf | null;
  readonly aliases: readonly string[];
  readonly members: readonly { readonly entity: number; readonly certainty: Certainty }[];
}

/**
 * `exact`: a record names the BDF together with the clue. `inherited`: the clue's own task or call names exactly one BDF,
 * which it takes over. `none`: nothing tells.
 */
export type Certainty = 'exact' | 'inherited' | 'none';

// A struct device sits inside its struct pci_dev (offset 192 to 208 in the builds that were measured), which is larger
// than this: no two pci_dev are closer.
const PCI_DEV_SPAN = 0x400n;

/** Events that concern no single device, whatever surrounds them. */
const IMPERSONAL: ReadonlySet<EventKind> = new Set(['iommu.map', 'iommu.unmap', 'task.exit']);

const SIGNIFICANT: ReadonlySet<EventKind> = new Set([
  'tsm.bind',
  'tsm.unbind',
  'tsm.guest_request',
  'vfio.open',
  'vfio.disable',
]);

// Kernel threads act for many devices: what one of them names says nothing about its other records.
const KERNEL_THREAD = /^(?:kworker\/|ksoftirqd\/|irq\/|migration\/|swapper\/|<idle>|kthreadd)/;

/**
 * Turns the clues of one source into devices. Every clue gets an entity; entities that must be the same device are united
 * as records show it; who they are is decided at the end, when everything has been seen.
 */
export class Identity {
  readonly #newEntity: () => number;
  readonly #clusters = new Clusters();
  /** The present bearer of an address: a removed and re-added function is a new one. */
  readonly #byBdf = new Map<Bdf, { entity: number; used: boolean }>();
  readonly #byPointer = new Map<string, number>();
  readonly #byTask = new Map<string, number>();
  readonly #bdfOf = new Map<number, Bdf>();
  /** BDF entities that a task's records name. */
  readonly #namedBy = new Map<string, Set<number>>();
  readonly #dsmOf = new Map<number, Bdf>();

  /** `newEntity` allots an id in the timeline. */
  constructor(newEntity: () => number) {
    this.#newEntity = newEntity;
  }

  /** The entity that an event belongs to; null where it concerns no device. */
  resolve(record: KernelRecord, event: KernelEvent, row: SymbolRow | null, parent: OpenCall | null): number | null {
    if (IMPERSONAL.has(event.kind)) return null;
    const entity = this.#entityOf(record, event, row, parent);
    if (entity !== null && SIGNIFICANT.has(event.kind)) this.#clusters.of(entity).significant = true;
    return entity;
  }

  /** A record seen twice by two tracers: what one of them knows, both know. */
  same(a: number, b: number): void {
    const one = this.#clusters.of(a);
    const two = this.#clusters.of(b);
    if (one !== two) this.#clusters.unite(a, b);
  }

  /** The machine started anew: pointers, tasks and functions are others from here on. */
  reboot(): void {
    this.#byBdf.clear();
    this.#byPointer.clear();
    this.#byTask.clear();
  }

  /** Who everybody is, in the order of first mention. */
  finish(): Resolved[] {
    this.#embedDevices();
    const devices = new Map<
      number | object,
      { members: { entity: number; certainty: Certainty }[]; bdf: Bdf | null; aliases: Set<string> }
    >();
    for (const cluster of this.#clusters.all()) {
      const { owner, certainty } = this.#ownerOf(cluster);
      if (owner === null && !cluster.significant) continue;
      const key = owner ?? cluster;
      const device = devices.get(key) ?? {
        members: [],
        bdf: owner === null ? null : (this.#bdfOf.get(owner) ?? null),
        aliases: new Set(),
      };
      devices.set(key, device);
      for (const entity of cluster.members)
        device.members.push({ entity, certainty: entity === owner ? 'exact' : certainty });
      for (const [space, value] of cluster.pointers) device.aliases.add(`${space}=${value}`);
    }
    return [...devices]
      .map(([key, { members, bdf, aliases }]) => ({
        bdf,
        dsm: typeof key === 'number' ? (this.#dsmOf.get(key) ?? null) : null,
        aliases: [...aliases].sort(),
        members: members.sort((a, b) => a.entity - b.entity),
      }))
      .sort((a, b) => (a.members[0]?.entity ?? 0) - (b.members[0]?.entity ?? 0));
  }

  #entityOf(record: KernelRecord, event: KernelEvent, row: SymbolRow | null, parent: OpenCall | null): number | null {
    const task = keyOf(record);
    const userTask = record.task === null || !KERNEL_THREAD.test(record.task);
    let entity: number | null = null;
    for (const clue of event.clues) {
      if (clue.type === 'bdf') {
        entity = this.#bearerOf(clue.bdf, event.kind);
        if (event.args['dsm'] !== undefined) this.#dsmOf.set(entity, event.args['dsm'] as Bdf);
        if (userTask) this.#named(task, entity);
        // iommu:attach_device_to_domain inside a bind call names a device of that call's group.
        if (parent?.entityId != null && event.kind === 'iommu.attach')
          this.#clusters.of(parent.entityId).hints.add(entity);
      } else if (entity === null) {
        entity = this.#pointer(clue.space, clue.value);
        if (userTask) this.#clusters.of(entity).tasks.add(task);
      } else {
        this.#tie(clue.space, clue.value, entity);
      }
    }
    if (entity !== null) {
      if (row?.sameDevice && parent?.entityId != null) this.#clusters.unite(entity, parent.entityId);
      return entity;
    }
    if (parent?.entityId != null && row?.sameDevice) return parent.entityId;
    if (record.type === 'printk' || event.symbol === null) return null;
    if (event.kind === 'call') return parent?.entityId ?? null;
    return this.#task(task, userTask);
  }

  #bearerOf(bdf: Bdf, kind: EventKind): number {
    const known = this.#byBdf.get(bdf);
    const appears = kind === 'pci.add';
    if (known && !(appears && known.used)) {
      known.used ||= !appears;
      return known.entity;
    }
    // The function was there before and appears again: it was removed in between, and so were its kernel objects.
    if (known) this.#forgetPointersOf(known.entity);
    const entity = this.#add();
    this.#bdfOf.set(entity, bdf);
    this.#clusters.of(entity).named = entity;
    this.#byBdf.set(bdf, { entity, used: !appears });
    return entity;
  }

  #pointer(space: PointerSpace, value: string): number {
    const key = `${space}:${value}`;
    const known = this.#byPointer.get(key);
    if (known !== undefined) return known;
    const entity = this.#add();
    this.#clusters.of(entity).pointers.set(space, value);
    this.#byPointer.set(key, entity);
    return entity;
  }

  /** A pointer that a record shows beside a BDF. Where it belonged to another device, the memory was reused: it starts anew. */
  #tie(space: PointerSpace, value: string, bearer: number): void {
    if (this.#clusters.unite(bearer, this.#pointer(space, value))) return;
    this.#byPointer.delete(`${space}:${value}`);
    this.#clusters.unite(bearer, this.#pointer(space, value));
  }

  #task(task: string, userTask: boolean): number {
    const known = this.#byTask.get(task);
    if (known !== undefined) return known;
    const entity = this.#add();
    if (userTask) this.#clusters.of(entity).tasks.add(task);
    this.#byTask.set(task, entity);
    return entity;
  }

  #named(task: string, entity: number): void {
    const named = this.#namedBy.get(task) ?? new Set();
    named.add(entity);
    this.#namedBy.set(task, named);
  }

  #add(): number {
    const entity = this.#newEntity();
    this.#clusters.add(entity);
    return entity;
  }

  #forgetPointersOf(bearer: number): void {
    const cluster = this.#clusters.of(bearer);
    for (const [key, entity] of this.#byPointer) {
      if (this.#clusters.of(entity) === cluster) this.#byPointer.delete(key);
    }
  }

  /** A struct device pointer a little above a struct pci_dev pointer is that function's. */
  #embedDevices(): void {
    const functions: { at: bigint; entity: number }[] = [];
    const devices: { at: bigint; entity: number }[] = [];
    for (const cluster of this.#clusters.all()) {
      const entity = cluster.members[0] ?? 0;
      const pci = cluster.pointers.get('pci');
      const dev = cluster.pointers.get('dev');
      if (pci !== undefined) functions.push({ at: BigInt(pci), entity });
      else if (dev !== undefined) devices.push({ at: BigInt(dev), entity });
    }
    for (const device of devices) {
      const holder = functions.find(({ at }) => device.at > at && device.at - at < PCI_DEV_SPAN);
      if (holder) this.#clusters.unite(device.entity, holder.entity);
    }
  }

  #ownerOf(cluster: { named: number | null; hints: ReadonlySet<number>; tasks: ReadonlySet<string> }): {
    owner: number | null;
    certainty: Certainty;
  } {
    if (cluster.named !== null) return { owner: cluster.named, certainty: 'exact' };
    const [hint] = cluster.hints;
    if (cluster.hints.size === 1 && hint !== undefined) return { owner: hint, certainty: 'inherited' };
    const owner = this.#namedByTasks(cluster.tasks);
    return owner === null ? { owner, certainty: 'none' } : { owner, certainty: 'inherited' };
  }

  /**
   * The device that one of the tasks names as its only one, and that no other task speaks against: a task that names several
   * speaks for each of them.
   */
  #namedByTasks(tasks: ReadonlySet<string>): number | null {
    const lists = [...tasks].flatMap((task) => this.#namedBy.get(task) ?? []);
    const [only] = lists.find((list) => list.size === 1) ?? [];
    return only !== undefined && lists.every((list) => list.has(only)) ? only : null;
  }
}
