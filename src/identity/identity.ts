import { type Bdf, parseBdf } from '../base/bdf.ts';
import type { SymbolRow } from '../events/catalogue.ts';
import type { EventKind, KernelEvent, PointerSpace } from '../events/event.ts';
import { parseNumber } from '../events/numbers.ts';
import { newTask, SystemCallReader } from '../events/system-calls.ts';
import type { KernelRecord } from '../formats/record.ts';
import { type Bearer, isAlive, isAnother } from './bearer.ts';
import { Buses } from './buses.ts';
import { keyOf, type OpenCall } from './calls.ts';
import { type Cluster, Clusters } from './clusters.ts';
import { type Certainty, Decider, type Decision, type Who } from './decide.ts';
import { FileDevices } from './file-devices.ts';
import { Handles } from './handles.ts';
import { type Hints, NO_HINTS } from './hints.ts';
import { Lineage } from './lineage.ts';
import { Pointers } from './pointers.ts';

/** Who a set of clues turned out to be. */
export interface Resolved {
  readonly bdf: Bdf | null;
  readonly dsm: Bdf | null;
  readonly pf: Bdf | null;
  readonly guestBdf: Bdf | null;
  readonly aliases: readonly string[];
  readonly members: readonly { readonly entity: number; readonly certainty: Exclude<Certainty, 'maybe'> }[];
  /** Entities that may be its, or another device's. */
  readonly maybe: readonly number[];
}

export type { Certainty } from './decide.ts';

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

/** Calls on the object that stands for a device in a VM. */
const ON_VDEVICE: ReadonlySet<EventKind> = new Set([
  'iommufd.tsm_op',
  'iommufd.tsm_request',
  'iommufd.vdevice_alloc',
  'iommufd.vdevice_destroy',
]);

/** Objects that end with the call: the next one at the same address is another. */
const ENDS: Readonly<Record<string, PointerSpace>> = { iommufd_device_unbind: 'idev', vfio_df_close: 'df' };

// Clues that are told apart, and tasks of which is known what they name. Real captures have some hundreds; what a hostile
// one has beyond that stays without a device.
const ENTITIES_MAX = 100_000;
const LONE_CALLS_MAX = 10_000;
const NAMING_TASKS_MAX = 100_000;
const REMOVALS_MAX = 256;
// Candidates of an address without a segment.
const SEGMENTS_MAX = 8;

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
  readonly #calls: SystemCallReader;
  readonly #files: FileDevices;
  readonly #handles: Handles;
  /** Entities of records without a segment: the address in segment 0, and who had that when it came. */
  readonly #short = new Map<number, { readonly bdf: Bdf; readonly bearer: number | null }>();
  readonly #segmentlessBy = new Map<string, number>();
  readonly #hints: Hints;
  /** Entities of pointers that the user says something of. */
  readonly #told = new Map<number, { readonly pointer: string; readonly bdf: Bdf }>();
  /** What the VM calls a device: the latest word of its binds. */
  readonly #guestOf = new Map<number, Bdf>();
  /** The present bearer of an address: a removed and re-added function is a new one. */
  readonly #byBdf = new Map<Bdf, Bearer>();
  readonly #byTask = new Map<string, number>();
  readonly #bdfOf = new Map<number, Bdf>();
  /** BDF entities that a task's records name. */
  readonly #namedBy = new Map<string, Set<number>>();
  #lineage = new Lineage();
  #buses = new Buses();
  /** Removals under way: what they remove, and the line of the call. */
  readonly #removing = new Map<string, { readonly entity: number; readonly line: number }>();
  /** Entities of records that name no device by themselves, with their task. */
  readonly #anonymous = new Map<number, string>();
  /** Those of them that stand for several calls of their task. */
  readonly #shared = new Set<number>();
  #entities = 0;
  #boot = 0;

  /** `newEntity` allots an id in the timeline. `from`: what it starts out with instead of nothing. */
  constructor(
    newEntity: () => number,
    hints: Hints = NO_HINTS,
    from: {
      clusters: Clusters;
      pointers: Pointers;
      files: FileDevices;
      handles: Handles;
      calls: SystemCallReader;
    } | null = null,
  ) {
    this.#newEntity = newEntity;
    this.#hints = hints;
    this.#clusters = from?.clusters ?? new Clusters();
    this.#pointers = from?.pointers ?? new Pointers(this.#clusters);
    this.#calls = from?.calls ?? new SystemCallReader();
    const newProxy = (task: string) => this.#anonymousOf(task, true);
    this.#handles = from?.handles.fork(this.#clusters, newProxy) ?? new Handles(this.#clusters, newProxy);
    this.#files = from?.files.fork(this.#clusters, newProxy) ?? new FileDevices(this.#clusters, newProxy);
  }

  /** A copy that goes its own way. */
  fork(): Identity {
    const clusters = this.#clusters.fork();
    const copy = new Identity(this.#newEntity, this.#hints, {
      clusters,
      pointers: this.#pointers.fork(clusters),
      files: this.#files,
      handles: this.#handles,
      calls: new SystemCallReader(this.#calls.machine),
    });
    for (const [bdf, bearer] of this.#byBdf) copy.#byBdf.set(bdf, { ...bearer });
    for (const [task, entity] of this.#byTask) copy.#byTask.set(task, entity);
    for (const [entity, bdf] of this.#bdfOf) copy.#bdfOf.set(entity, bdf);
    for (const [task, named] of this.#namedBy) copy.#namedBy.set(task, new Set(named));
    for (const [entity, guest] of this.#guestOf) copy.#guestOf.set(entity, guest);
    for (const [entity, short] of this.#short) copy.#short.set(entity, short);
    for (const [key, entity] of this.#segmentlessBy) copy.#segmentlessBy.set(key, entity);
    for (const [entity, told] of this.#told) copy.#told.set(entity, told);
    copy.#lineage = this.#lineage.fork();
    copy.#buses = this.#buses.fork();
    for (const [task, removal] of this.#removing) copy.#removing.set(task, removal);
    for (const [entity, task] of this.#anonymous) copy.#anonymous.set(entity, task);
    for (const entity of this.#shared) copy.#shared.add(entity);
    copy.#entities = this.#entities;
    copy.#boot = this.#boot;
    return copy;
  }

  /** Takes in what a record tells of files and tasks; most tell nothing. True where the task crosses into user space or back. */
  observe(record: KernelRecord): boolean {
    if (record.type !== 'event' || record.pid === null) return false;
    const call = this.#calls.read(record);
    if (call !== null) {
      this.#files.call(call, record.pid);
      return record.name.startsWith('sys_');
    }
    if (record.name.endsWith('task') || record.name.endsWith('fork')) {
      const task = newTask(record);
      if (task !== null) this.#files.born(task);
    }
    return false;
  }

  /** Records were lost: what was open may be closed, and its number another file's. */
  lose(): void {
    this.#files.lose();
  }

  /** The entity that an event belongs to; null where it concerns no device. */
  resolve(record: KernelRecord, event: KernelEvent, row: SymbolRow | null, parent: OpenCall | null): number | null {
    const task = `${this.#boot} ${keyOf(record)} ${this.#files.lives(record.pid)}`;
    if (IMPERSONAL.has(event.kind) && event.clues.length === 0) {
      const known = this.#byHandle(record, event, task);
      this.#handles.end(event);
      return known;
    }
    if (event.phase !== 'exit') this.#finishRemoval(task, parent);
    const entity = this.#entityOf(record, event, row, parent, task);
    if (entity === null) return null;
    if (event.handles.length > 0 && !this.#shared.has(entity)) {
      this.#handles.learn(event, entity);
      this.#noteGuest(event, entity);
    }
    this.#handles.end(event);
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
    return this.#clusters.differ(a, b);
  }

  /** `entity` is a VF of the function that `pf` stands for. */
  virtual(entity: number, pf: number): void {
    const physical = this.#clusters.of(pf);
    if (this.#clusters.of(entity) === physical) return;
    this.#lineage.virtual(entity, pf);
    // What is done to it is done to its VFs, also where nothing but its pointer is known.
    physical.significant ||= physical.aliases.size > 0;
  }

  /** The removal of the function has come to its end: its memory is free for others. */
  gone(entity: number): void {
    this.#pointers.forgetAllOf(entity);
    this.#files.closed(entity);
    this.#handles.gone(entity);
    for (const [task, removal] of this.#removing) if (removal.entity === entity) this.#removing.delete(task);
    this.#vacate(entity);
  }

  /** SR-IOV of the PF was disabled: the VFs that are known to be its are gone, their removals recorded or not. */
  virtualsGone(pf: number): void {
    for (const entity of this.#lineage.takeVirtuals(this.#clusters.of(pf).members)) this.gone(entity);
  }

  /** Whoever lives at the address of `entity` from now on is another function, and so it is below it, where it is a bridge. */
  #vacate(entity: number): void {
    const { named } = this.#clusters.of(entity);
    const bdf = named === null ? undefined : this.#bdfOf.get(named);
    const bearer = bdf === undefined ? undefined : this.#byBdf.get(bdf);
    if (bdf === undefined || bearer === undefined || bearer.entity !== named || bearer.gone) return;
    bearer.gone = true;
    for (const other of this.#buses.gone(bdf)) {
      const below = this.#byBdf.get(other);
      if (below !== undefined && !below.gone) this.gone(below.entity);
    }
  }

  /** The machine started anew: pointers, tasks and functions are others from here on. */
  reboot(): void {
    this.#boot += 1;
    this.#byBdf.clear();
    this.#pointers.clear();
    this.#byTask.clear();
    this.#removing.clear();
    this.#buses.clear();
    this.#files.reboot();
    this.#handles.clear();
    this.#segmentlessBy.clear();
  }

  /** Pointers by which the user alone knows who it is. */
  #toldOf({ members, named }: Cluster): { readonly pointer: string }[] {
    return named !== null || this.#told.size === 0 ? [] : members.flatMap((entity) => this.#told.get(entity) ?? []);
  }

  /** What the user says of pointers and records deny, a sentence each. */
  contradicted(): string[] {
    return [...this.#told].flatMap(([entity, { pointer, bdf }]) => {
      const { named } = this.#clusters.of(entity);
      const other = named === null ? null : (this.#bdfOf.get(named) ?? null);
      return other === null || other === bdf
        ? []
        : [`${pointer} is not ${bdf}, as the user says: a record shows it to be of ${other}`];
    });
  }

  /** Who everybody is so far, in the order of first mention; changes nothing. */
  finish(): Resolved[] {
    const byTail = Map.groupBy(this.#bdfOf, ([, bdf]) => tailOf(bdf));
    const decider = new Decider(this.#clusters, {
      unsegmented: (cluster) => this.#unsegmented(cluster, byTail),
      taskOf: (cluster) => this.#taskOf(cluster),
      namedBy: (task) => this.#namedBy.get(task) ?? NOBODY,
      // A task that uses several files may name the device of another one.
      speaksFor: (task, cluster) => cluster.leads.length === 0 || !this.#files.usesSeveral(task),
    });
    const decisions = [...this.#clusters.all()].map((cluster) => ({ cluster, ...decider.of(cluster) }));
    const told = decisions.filter(({ certainty }) => certainty !== 'maybe');
    const significant = new Set(told.filter(({ cluster }) => cluster.significant).flatMap(({ who }) => who));
    const devices = new Map<Who, Found>();
    for (const { cluster, certainty, who } of told) {
      const [key] = who;
      if (key === undefined || certainty === 'maybe' || (typeof key !== 'number' && !significant.has(key))) continue;
      const device = devices.get(key) ?? { members: [], aliases: new Set(), maybe: [] };
      devices.set(key, device);
      for (const entity of cluster.members)
        device.members.push({ entity, certainty: entity === key ? 'exact' : certainty });
      for (const alias of cluster.aliases) device.aliases.add(alias);
      for (const { pointer } of this.#toldOf(cluster)) device.aliases.add(`${pointer} (as told)`);
    }
    const guests = new Map<Who, Bdf>();
    for (const [entity, guest] of this.#guestOf) {
      const { certainty, who } = decider.of(this.#clusters.of(entity));
      if (certainty !== 'maybe' && who[0] !== undefined) guests.set(who[0], guest);
    }
    for (const { cluster, certainty, who } of decisions)
      if (certainty === 'maybe') for (const key of who) devices.get(key)?.maybe.push(...cluster.members);
    return [...devices]
      .map(([key, { members, aliases, maybe }]) => ({
        bdf: typeof key === 'number' ? (this.#bdfOf.get(key) ?? this.#short.get(key)?.bdf ?? null) : null,
        ...(typeof key === 'number'
          ? this.#lineage.above(key, members, this.#clusters, (entity) => this.#bdfOf.get(entity) ?? null)
          : { dsm: null, pf: null }),
        guestBdf: guests.get(key) ?? null,
        aliases: [...aliases].sort(),
        members: members.sort((a, b) => a.entity - b.entity),
        maybe: maybe.sort((a, b) => a - b),
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
      if (clue.type === 'bdf' && clue.assumed === 'segment') {
        entity ??= this.#segmentless(clue.bdf);
      } else if (clue.type === 'bdf') {
        entity = this.#bearerOf(clue.bdf, event);
        if (event.kind === 'iommu.attach' && record.pid !== null) this.#files.hinted(record.pid, task, entity);
        this.#lineage.note(entity, clue.bdf, event);
        this.#buses.note(event, clue.bdf);
        if (userTask) this.#named(task, entity);
        // iommu:remove_device_from_group inside a removal names what is removed, or something below it.
        const removed = event.kind === 'pci.remove' ? this.#removalAround(parent) : null;
        if (removed !== null) this.#clusters.of(removed).hints.add(entity);
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
      if (record.pid !== null && event.symbol !== null) this.#files.shown(event, record.pid, task, entity);
      for (let call = parent; call; call = call.parent)
        if (call.entityId !== null) this.#handles.shown(call.entityId, entity);
      return entity;
    }
    if (parent?.entityId != null && row?.sameDevice) return parent.entityId;
    if (record.type === 'printk' || event.symbol === null) return null;
    const byHandle = event.handles.length === 0 ? null : this.#handles.resolve(event, task);
    if (byHandle !== null) return byHandle;
    // What the core does in an operation on a vDEVICE it does to the device behind it.
    if (parent?.entityId != null && ON_VDEVICE.has(parent.kind)) return parent.entityId;
    const inside = record.pid === null ? null : this.#files.inside(event, record.pid, task, parent);
    if (inside !== null) return inside;
    if (event.kind === 'call') return parent?.entityId ?? null;
    const suspected = event.handles.length === 0 ? null : this.#handles.suspect(event, task);
    if (suspected !== null) return suspected;
    const removal = this.#removalAround(parent);
    if (removal !== null) return removal;
    if (event.kind === 'pci.remove' && event.phase === 'enter') return this.#anonymousOf(task, userTask);
    // A probe without fields at the entry may have them at the return: such a call is told apart from its task's others.
    const alone = record.type === 'event' && this.#anonymous.size < LONE_CALLS_MAX;
    const own = alone ? this.#anonymousOf(task, userTask) : this.#task(task, userTask);
    if (own !== null && !this.#shared.has(own) && ON_VDEVICE.has(event.kind)) this.#handles.await(event, own);
    return own;
  }

  /** A record without a segment: whom it is of is decided when all segments of the capture are known. */
  #segmentless(bdf: Bdf): number {
    const bearer = this.#byBdf.get(bdf)?.entity ?? null;
    const key = `${bdf} ${bearer ?? ''}`;
    const known = this.#segmentlessBy.get(key);
    if (known !== undefined) return known;
    const entity = this.#add();
    this.#segmentlessBy.set(key, entity);
    this.#short.set(entity, { bdf, bearer });
    return entity;
  }

  /** Segment 0, unless the capture knows the same bus, device and function in another one: then any of them. */
  #unsegmented(cluster: Cluster, byTail: ReadonlyMap<string, readonly [number, Bdf][]>): Decision | null {
    const short = this.#short.get(cluster.members[0] ?? -1);
    if (short === undefined || cluster.named !== null) return null;
    const all = byTail.get(tailOf(short.bdf)) ?? [];
    const [first] = all;
    if (first === undefined) return { certainty: 'inherited', who: [cluster.members[0] ?? -1] };
    const own = all.every(([, bdf]) => bdf === short.bdf);
    return own
      ? { certainty: 'inherited', who: [short.bearer ?? first[0]] }
      : { certainty: 'maybe', who: all.slice(0, SEGMENTS_MAX).map(([entity]) => entity) };
  }

  /** Whom an event belongs to by what stands for a device. */
  #byHandle(record: KernelRecord, event: KernelEvent, task: string): number | null {
    if (event.kind === 'syscall.ioctl' && record.pid !== null) return this.#files.asked(record.pid, task);
    if (event.handles.length === 0) return null;
    return this.#handles.resolve(event, task) ?? this.#handles.suspect(event, task);
  }

  #noteGuest({ kind, outcome, handles }: KernelEvent, entity: number): void {
    if ((kind !== 'tsm.bind' && kind !== 'iommufd.vdevice_alloc') || outcome === 'failed') return;
    const guest = guestBdf(handles);
    // The latest word is the last one.
    this.#guestOf.delete(entity);
    if (guest !== null) this.#guestOf.set(entity, guest);
  }

  /** The removal that the record is part of, where its own record names no function. */
  #removalAround(parent: OpenCall | null): number | null {
    for (let call = parent; call; call = call.parent) {
      if (call.kind !== 'pci.remove' || call.entityId === null) continue;
      return this.#anonymous.has(call.entityId) && !this.#shared.has(call.entityId) ? call.entityId : null;
    }
    return null;
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
    const isNew =
      known !== undefined && (appears ? known.gone || isAnother(known, joins) : known.gone && isAlive(event));
    if (known && !isNew) {
      known.used ||= !appears;
      known.enumerated ||= appears && !joins;
      known.grouped ||= joins;
      return known.entity;
    }
    // The function was there before and appears again: it was removed in between, and so were its kernel objects.
    if (known) this.gone(known.entity);
    return this.#appear(bdf, { used: !appears, enumerated: appears && !joins, grouped: joins });
  }

  #appear(bdf: Bdf, seen: Omit<Bearer, 'entity' | 'gone'>): number {
    const entity = this.#add();
    this.#bdfOf.set(entity, bdf);
    this.#clusters.of(entity).named = entity;
    this.#byBdf.set(bdf, { entity, ...seen, gone: false });
    this.#buses.came(bdf);
    return entity;
  }

  #pointer(space: PointerSpace, value: string): number | null {
    const known = this.#pointers.get(space, value);
    if (known !== null || this.#entities >= ENTITIES_MAX) return known;
    const entity = this.#add();
    this.#pointers.set(space, value, entity);
    this.#heedHint(value, entity);
    return entity;
  }

  /** The user knows the pointer: it leads to the present bearer of the address, unless a record says otherwise. */
  #heedHint(value: string, entity: number): void {
    const bdf = this.#hints.of(value);
    if (bdf === null) return;
    const cluster = this.#clusters.of(entity);
    const bearer =
      this.#byBdf.get(bdf)?.entity ?? this.#appear(bdf, { used: false, enumerated: false, grouped: false });
    cluster.leads.push({ entity: bearer, sure: true });
    this.#told.set(entity, { pointer: value, bdf });
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
}

interface Found {
  readonly members: { entity: number; certainty: Exclude<Certainty, 'maybe'> }[];
  readonly aliases: Set<string>;
  readonly maybe: number[];
}

const NOBODY: ReadonlySet<number> = new Set();

/** Bus, device and function as one number, with a segment above them where there is one (struct pci_tdi, include/linux/pci-tsm.h). */
function guestBdf(handles: KernelEvent['handles']): Bdf | null {
  const value = parseNumber(handles.find(({ type }) => type === 'guest-bdf')?.value ?? '');
  if (value === null || value < 0n) return null;
  const hex = (number: bigint, digits: number) => number.toString(16).padStart(digits, '0');
  const [segment, bus] = [hex(value >> 16n, 4), hex((value >> 8n) & 0xffn, 2)];
  return parseBdf(`${segment}:${bus}:${hex((value >> 3n) & 0x1fn, 2)}.${value & 7n}`);
}

/** Bus, device and function: what is left of an address without its segment. */
function tailOf(bdf: Bdf): string {
  return bdf.slice(bdf.indexOf(':'));
}
