import type { Bdf } from '../base/bdf.ts';
import type { SymbolRow } from '../events/catalogue.ts';
import type { EventKind, KernelEvent, PointerSpace } from '../events/event.ts';
import type { KernelRecord } from '../formats/record.ts';
import { type Bearer, isAnother } from './bearer.ts';
import { keyOf, type OpenCall } from './calls.ts';
import { type Cluster, Clusters } from './clusters.ts';
import { Lineage } from './lineage.ts';
import { Pointers } from './pointers.ts';

/** Who a set of clues turned out to be. */
export interface Resolved {
  readonly bdf: Bdf | null;
  readonly dsm: Bdf | null;
  readonly pf: Bdf | null;
  readonly aliases: readonly string[];
  readonly members: readonly { readonly entity: number; readonly certainty: Certainty }[];
}

/**
 * `exact`: a record names the BDF together with the clue. `inherited`: the clue's own task or call names exactly one BDF,
 * which it takes over. `none`: nothing tells.
 */
export type Certainty = 'exact' | 'inherited' | 'none';

/** Events that concern no single device, whatever surrounds them, unless they name one. */
const IMPERSONAL: ReadonlySet<EventKind> = new Set([
  'iommu.map',
  'iommu.unmap',
  'iommu.domain',
  'iommu.error',
  'iommufd.ioctl',
  'iommufd.close',
  'iommufd.object_destroy',
  'dmabuf.export',
  'dmabuf.attach',
  'dmabuf.detach',
  'dmabuf.put',
  'vm.unmap',
  'vm.attributes',
  'vm.fault',
  'vm.exit',
  'vm.destroy',
  'tsm.register',
  'tsm.unregister',
  'firmware.ready',
  'firmware.dead',
  'firmware.refused',
  'pci.config_write',
  'syscall.ioctl',
  'host.splat',
  'host.hang',
  'host.machine_check',
  'task.exit',
]);

const SIGNIFICANT: ReadonlySet<EventKind> = new Set([
  'tsm.bind',
  'tsm.unbind',
  'tsm.guest_request',
  'vfio.open',
  'vfio.disable',
]);

/** Objects that end with the call: the next one at the same address is another. */
const ENDS: Readonly<Record<string, PointerSpace>> = { iommufd_device_unbind: 'idev', vfio_df_close: 'df' };

// Clues that are told apart, and tasks of which is known what they name. Real captures have some hundreds; what a hostile
// one has beyond that stays without a device.
const ENTITIES_MAX = 100_000;
const LONE_CALLS_MAX = 10_000;
const NAMING_TASKS_MAX = 100_000;
const REMOVALS_MAX = 256;

// Kernel threads act for many devices: what one of them names says nothing about its other records.
const KERNEL_THREAD = /^(?:kworker\/|ksoftirqd\/|irq\/|migration\/|swapper\/|<idle>|kthreadd)/;

/**
 * Turns the clues of one source into devices. Every clue gets an entity; entities that must be the same device are united
 * as records show it; who they are is decided at the end, when everything has been seen.
 */
export class Identity {
  readonly #newEntity: () => number;
  readonly #clusters: Clusters;
  readonly #pointers: Pointers;
  /** The present bearer of an address: a removed and re-added function is a new one. */
  readonly #byBdf = new Map<Bdf, Bearer>();
  readonly #byTask = new Map<string, number>();
  readonly #bdfOf = new Map<number, Bdf>();
  /** BDF entities that a task's records name. */
  readonly #namedBy = new Map<string, Set<number>>();
  #lineage = new Lineage();
  /** Removals under way: what they remove, and the line of the call. */
  readonly #removing = new Map<string, { readonly entity: number; readonly line: number }>();
  /** Entities of records that name no device by themselves, with their task. */
  readonly #anonymous = new Map<number, string>();
  /** Those of them that stand for several calls of their task. */
  readonly #shared = new Set<number>();
  #entities = 0;
  #boot = 0;

  /** `newEntity` allots an id in the timeline. `from`: what it starts out with instead of nothing. */
  constructor(newEntity: () => number, from: { clusters: Clusters; pointers: Pointers } | null = null) {
    this.#newEntity = newEntity;
    this.#clusters = from?.clusters ?? new Clusters();
    this.#pointers = from?.pointers ?? new Pointers(this.#clusters);
  }

  /** A copy that goes its own way. */
  fork(): Identity {
    const clusters = this.#clusters.fork();
    const copy = new Identity(this.#newEntity, { clusters, pointers: this.#pointers.fork(clusters) });
    for (const [bdf, bearer] of this.#byBdf) copy.#byBdf.set(bdf, { ...bearer });
    for (const [task, entity] of this.#byTask) copy.#byTask.set(task, entity);
    for (const [entity, bdf] of this.#bdfOf) copy.#bdfOf.set(entity, bdf);
    for (const [task, named] of this.#namedBy) copy.#namedBy.set(task, new Set(named));
    copy.#lineage = this.#lineage.fork();
    for (const [task, removal] of this.#removing) copy.#removing.set(task, removal);
    for (const [entity, task] of this.#anonymous) copy.#anonymous.set(entity, task);
    for (const entity of this.#shared) copy.#shared.add(entity);
    copy.#entities = this.#entities;
    copy.#boot = this.#boot;
    return copy;
  }

  /** The entity that an event belongs to; null where it concerns no device. */
  resolve(record: KernelRecord, event: KernelEvent, row: SymbolRow | null, parent: OpenCall | null): number | null {
    if (IMPERSONAL.has(event.kind) && event.clues.length === 0) return null;
    const task = `${this.#boot} ${keyOf(record)}`;
    if (event.phase !== 'exit') this.#finishRemoval(task, parent);
    const entity = this.#entityOf(record, event, row, parent, task);
    if (entity === null) return null;
    if (SIGNIFICANT.has(event.kind)) this.#clusters.of(entity).significant = true;
    if (event.kind === 'pci.remove' && event.phase === 'enter' && this.#removing.size < REMOVALS_MAX)
      this.#removing.set(task, { entity, line: event.line });
    const ends = event.symbol === null ? undefined : ENDS[event.symbol];
    const ended = ends === undefined ? undefined : this.#clusters.of(entity).pointers.get(ends);
    if (ends !== undefined && ended !== undefined) this.#pointers.forget(ends, ended);
    return entity;
  }

  /** A record seen twice by two tracers, or entry and exit of one call: what one of them knows, both know. */
  same(a: number, b: number): void {
    // What a task did for one device says nothing of what else it did.
    if (a === b || this.#shared.has(a) || this.#shared.has(b)) return;
    this.#clusters.unite(a, b);
  }

  /** Whether records name two devices by address: then they are not one, whatever encloses what. */
  differ(a: number, b: number): boolean {
    const [one, two] = [this.#clusters.of(a).named, this.#clusters.of(b).named];
    return one !== null && two !== null && one !== two;
  }

  /** `entity` is a VF of the function that `pf` stands for. */
  virtual(entity: number, pf: number): void {
    if (this.#clusters.of(entity) !== this.#clusters.of(pf)) this.#lineage.virtual(entity, pf);
  }

  /** The removal of the function has come to its end: its memory is free for others. */
  gone(entity: number): void {
    this.#pointers.forgetAllOf(entity);
    for (const [task, removal] of this.#removing) if (removal.entity === entity) this.#removing.delete(task);
  }

  /** The machine started anew: pointers, tasks and functions are others from here on. */
  reboot(): void {
    this.#boot += 1;
    this.#byBdf.clear();
    this.#pointers.clear();
    this.#byTask.clear();
    this.#removing.clear();
  }

  /** Who everybody is so far, in the order of first mention; changes nothing. */
  finish(): Resolved[] {
    const devices = new Map<
      number | string | object,
      { members: { entity: number; certainty: Certainty }[]; bdf: Bdf | null; aliases: Set<string> }
    >();
    const clusters = [...this.#clusters.all()].map((cluster) => ({ cluster, task: this.#taskOf(cluster) }));
    const significant = new Set(clusters.filter(({ cluster }) => cluster.significant).map(({ task }) => task));
    for (const { cluster, task } of clusters) {
      const { owner, certainty } = this.#ownerOf(cluster);
      if (owner === null && !cluster.significant && (task === null || !significant.has(task))) continue;
      const key = owner ?? task ?? cluster;
      const device = devices.get(key) ?? {
        members: [],
        bdf: owner === null ? null : (this.#bdfOf.get(owner) ?? null),
        aliases: new Set(),
      };
      devices.set(key, device);
      for (const entity of cluster.members)
        device.members.push({ entity, certainty: entity === owner ? 'exact' : certainty });
      for (const alias of cluster.aliases) device.aliases.add(alias);
    }
    return [...devices]
      .map(([key, { members, bdf, aliases }]) => ({
        bdf,
        ...(typeof key === 'number'
          ? this.#lineage.above(key, members, this.#clusters, (entity) => this.#bdfOf.get(entity) ?? null)
          : { dsm: null, pf: null }),
        aliases: [...aliases].sort(),
        members: members.sort((a, b) => a.entity - b.entity),
      }))
      .sort((a, b) => (a.members[0]?.entity ?? 0) - (b.members[0]?.entity ?? 0));
  }

  #entityOf(
    record: KernelRecord,
    event: KernelEvent,
    row: SymbolRow | null,
    parent: OpenCall | null,
    task: string,
  ): number | null {
    // Where the trace names no task, what one record names says nothing about the next one on the same CPU.
    const userTask = record.pid !== null && (record.task === null || !KERNEL_THREAD.test(record.task));
    let entity: number | null = null;
    for (const clue of event.clues) {
      if (clue.type === 'bdf') {
        entity = this.#bearerOf(clue.bdf, event);
        this.#lineage.note(entity, clue.bdf, event);
        if (userTask) this.#named(task, entity);
        // iommu:attach_device_to_domain inside a bind call names a device of that call's group.
        if (parent?.entityId != null && event.kind === 'iommu.attach' && !this.#shared.has(parent.entityId))
          this.#clusters.of(parent.entityId).hints.add(entity);
      } else if (entity === null) {
        entity = this.#pointer(clue.space, clue.value);
        if (entity !== null && userTask) this.#clusters.of(entity).tasks.add(task);
      } else {
        this.#tie(clue.space, clue.value, entity);
      }
    }
    if (entity !== null) {
      if (row?.sameDevice && parent?.entityId != null) this.same(entity, parent.entityId);
      return entity;
    }
    if (parent?.entityId != null && row?.sameDevice) return parent.entityId;
    if (record.type === 'printk' || event.symbol === null) return null;
    if (event.kind === 'call') return parent?.entityId ?? null;
    // A probe without fields at the entry may have them at the return: such a call is told apart from its task's others.
    const alone = record.type === 'event' && this.#anonymous.size < LONE_CALLS_MAX;
    return alone ? this.#anonymousOf(task, userTask) : this.#task(task, userTask);
  }

  /** A removal that the task has left without a recorded exit is over, too. */
  #finishRemoval(task: string, parent: OpenCall | null): void {
    const removing = this.#removing.get(task);
    if (!removing) return;
    for (let call = parent; call; call = call.parent) if (call.line === removing.line) return;
    this.#removing.delete(task);
    this.gone(removing.entity);
  }

  /** The task of records without any clue: what it did without saying to whom is one device, however many they are. */
  #taskOf(cluster: Cluster): string | null {
    if (cluster.named !== null || cluster.aliases.size > 0) return null;
    return this.#anonymous.get(cluster.members[0] ?? -1) ?? null;
  }

  #bearerOf(bdf: Bdf, event: KernelEvent): number {
    const known = this.#byBdf.get(bdf);
    const appears = event.kind === 'pci.add';
    const joins = appears && event.args['group'] !== undefined;
    if (known && !(appears && isAnother(known, joins))) {
      known.used ||= !appears;
      known.enumerated ||= appears && !joins;
      known.grouped ||= joins;
      return known.entity;
    }
    // The function was there before and appears again: it was removed in between, and so were its kernel objects.
    if (known) this.gone(known.entity);
    const entity = this.#add();
    this.#bdfOf.set(entity, bdf);
    this.#clusters.of(entity).named = entity;
    this.#byBdf.set(bdf, { entity, used: !appears, enumerated: appears && !joins, grouped: joins });
    return entity;
  }

  #pointer(space: PointerSpace, value: string): number | null {
    const known = this.#pointers.get(space, value);
    if (known !== null || this.#entities >= ENTITIES_MAX) return known;
    const entity = this.#add();
    this.#pointers.set(space, value, entity);
    return entity;
  }

  /** A pointer that a record shows beside a BDF. Where it belonged to another device, the memory was reused: it starts anew. */
  #tie(space: PointerSpace, value: string, bearer: number): void {
    const entity = this.#pointer(space, value);
    if (entity === null || this.#clusters.unite(bearer, entity)) return;
    this.#pointers.forget(space, value);
    const stale = this.#clusters.of(bearer).pointers.get(space);
    if (stale !== undefined) this.#pointers.forget(space, stale);
    const fresh = this.#pointer(space, value);
    if (fresh !== null) this.#clusters.unite(bearer, fresh);
  }

  #task(task: string, userTask: boolean): number | null {
    const known = this.#byTask.get(task);
    if (known !== undefined) return known;
    const entity = this.#anonymousOf(task, userTask);
    if (entity === null) return null;
    this.#byTask.set(task, entity);
    this.#shared.add(entity);
    return entity;
  }

  #anonymousOf(task: string, userTask: boolean): number | null {
    if (this.#entities >= ENTITIES_MAX) return null;
    const entity = this.#add();
    if (userTask) this.#clusters.of(entity).tasks.add(task);
    this.#anonymous.set(entity, task);
    return entity;
  }

  #named(task: string, entity: number): void {
    const named = this.#namedBy.get(task) ?? new Set();
    named.add(entity);
    if (this.#namedBy.size < NAMING_TASKS_MAX) this.#namedBy.set(task, named);
  }

  #add(): number {
    const entity = this.#newEntity();
    this.#entities += 1;
    this.#clusters.add(entity);
    return entity;
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
