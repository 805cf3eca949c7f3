import type { Bdf } from '../base/bdf.ts';
import type { SymbolRow } from '../events/catalogue.ts';
import type { KernelEvent, PointerSpace } from '../events/event.ts';
import { newTask, SystemCallReader } from '../events/system-calls.ts';
import type { KernelRecord } from '../formats/record.ts';
import { keyOf, type OpenCall } from './calls.ts';
import type { Clusters } from './clusters.ts';
import { Entities } from './entities.ts';
import { FileDevices, type FileNames } from './file-devices.ts';
import { Functions } from './functions.ts';
import { Guests } from './guests.ts';
import { Handles } from './handles.ts';
import { type Hints, NO_HINTS } from './hints.ts';
import { ENDS, ENDS_AT_RETURN, IMPERSONAL, isOnVdevice, KERNEL_THREAD, SIGNIFICANT } from './kinds.ts';
import { Lineage } from './lineage.ts';
import { Pointers } from './pointers.ts';
import { Removals } from './removals.ts';
import { requesterOf } from './requesters.ts';
import type { Resolved } from './resolved.ts';
import { type Known, roster } from './roster.ts';
import { Segmentless } from './segmentless.ts';
import { Tasks } from './tasks.ts';
import { Told } from './told.ts';
import type { Denied } from './told-files.ts';
import { VdeviceEnds } from './vdevice-ends.ts';

/** What a record is about: the task that it is of, the call around it, and what the catalogue says of it. */
interface Place {
  readonly task: string;
  /** No kernel thread. */
  readonly user: boolean;
  readonly parent: OpenCall | null;
  readonly row: SymbolRow | null;
}

/** All that it knows: what devices are told by in the end, and what is over by then. */
interface Parts extends Known {
  readonly entities: Entities;
  readonly pointers: Pointers;
  readonly calls: SystemCallReader;
  readonly removals: Removals;
  readonly vdeviceEnds: VdeviceEnds;
}

/** A pointer, the line of the first use of it since it was last shown to be of a device, and that which shows it to be another's. */
export interface Reused {
  readonly value: string;
  readonly line: number;
  readonly later: number;
}

const REUSED_MAX = 1000;

/**
 * Turns the clues of one source into devices. Every clue gets an entity; entities that must be the same device are united
 * as records show it; who they are is decided at the end, when everything has been seen.
 */
export class Identity {
  readonly #entities: Entities;
  readonly #clusters: Clusters;
  readonly #pointers: Pointers;
  readonly #calls: SystemCallReader;
  readonly #files: FileDevices;
  readonly #handles: Handles;
  readonly #tasks: Tasks;
  readonly #functions: Functions;
  readonly #segmentless: Segmentless;
  readonly #told: Told;
  readonly #guests: Guests;
  readonly #lineage: Lineage;
  readonly #removals: Removals;
  readonly #vdeviceEnds: VdeviceEnds;
  /** Uses of a pointer that may have been of either of two devices; at most {@link REUSED_MAX}. */
  readonly #reused: Reused[] = [];
  #boot = 0;
  /** Of many records in a row it is the same. */
  #latestTask: { readonly key: string; readonly lives: number; readonly boot: number; readonly task: string } | null =
    null;

  /** @param origin allots an id in the timeline; or whose knowledge it starts out with. */
  constructor(origin: (() => number) | Parts, hints: Hints = NO_HINTS) {
    const from = typeof origin === 'function' ? null : origin;
    this.#entities = typeof origin === 'function' ? new Entities(origin) : origin.entities.fork();
    this.#clusters = this.#entities.clusters;
    this.#pointers = from?.pointers.fork(this.#clusters) ?? new Pointers(this.#clusters);
    this.#tasks = from?.tasks.fork(this.#entities) ?? new Tasks(this.#entities);
    const gone = (entity: number) => this.gone(entity);
    this.#functions = from?.functions.fork(this.#entities, gone) ?? new Functions(this.#entities, gone);
    this.#segmentless = from?.segmentless.fork(this.#entities) ?? new Segmentless(this.#entities);
    const newProxy = (task: string) => this.#tasks.lone(task, true);
    const callerOf = (pid: number | null) => this.#files.callerOf(pid);
    this.#handles =
      from?.handles.fork(this.#clusters, newProxy, callerOf) ?? new Handles(this.#clusters, newProxy, callerOf);
    this.#told = from?.told.fork() ?? new Told(hints);
    const told: FileNames = {
      heed: (path, entity) => this.#told.files.heed(path, entity, this.#clusters, this.#functions),
      deny: (entity, other) => this.#told.files.deny(entity, other, this.#clusters, this.#functions),
    };
    this.#files = from?.files.fork(this.#clusters, newProxy, told) ?? new FileDevices(this.#clusters, newProxy, told);
    this.#calls = new SystemCallReader(from?.calls.machine ?? null);
    this.#guests = from?.guests.fork() ?? new Guests();
    this.#lineage = from?.lineage.fork() ?? new Lineage();
    this.#removals = from?.removals.fork() ?? new Removals();
    this.#vdeviceEnds = from?.vdeviceEnds.fork() ?? new VdeviceEnds();
  }

  /** A copy that goes its own way; its entities are of the same timeline. */
  fork(): Identity {
    const copy = new Identity({ ...this.#known(), ...this.#passing() });
    copy.#boot = this.#boot;
    copy.#reused.push(...this.#reused);
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
    this.#tasks.lose();
  }

  /** A call on the device of `entity` begins, that no other record has told of. */
  began({ kind, phase }: KernelEvent, entity: number): void {
    if (phase === 'enter' && (kind === 'vfio.open' || kind === 'vfio.disable'))
      this.#tasks.used(entity, kind === 'vfio.open');
  }

  /** The entity that an event belongs to; null where it concerns no device. */
  resolve(record: KernelRecord, event: KernelEvent, row: SymbolRow | null, parent: OpenCall | null): number | null {
    const task = this.#taskOf(record);
    if (IMPERSONAL.has(event.kind) && event.clues.length === 0) {
      const known = this.#byHandle(record, event, task);
      if (known !== null && event.handles.length > 0) {
        this.#handles.learn(event, known);
        this.#guests.note(event, known);
      }
      this.#handles.end(event, known);
      return known;
    }
    const removed = event.phase === 'exit' ? null : this.#removals.left(task, parent);
    if (removed !== null) this.gone(removed);
    // Where the trace names no task, what one record names says nothing about the next one on the same CPU.
    // A log that holds events tells a pid at best, which may be a kernel thread's.
    const printed = record.type === 'event' && record.printed === true;
    const user = record.pid !== null && !printed && (record.task === null || !KERNEL_THREAD.test(record.task));
    const place: Place = { task, user, parent, row };
    const named = this.#byClues(record, event, place);
    const entity = named === null ? this.#byPlace(record, event, place) : this.#show(record, event, place, named);
    if (record.pid !== null && record.pid !== 0) this.#followEnd(event, task, named, entity);
    if (entity === null) return null;
    this.#learn(event, entity, task);
    return entity;
  }

  /** Who made the record, as far as it tells: another boot, or another life of the number, is another task. */
  #taskOf(record: KernelRecord): string {
    const key = keyOf(record);
    const lives = this.#files.lives(record.pid);
    const latest = this.#latestTask;
    if (latest !== null && latest.key === key && latest.lives === lives && latest.boot === this.#boot)
      return latest.task;
    const task = `${this.#boot} ${key} ${lives}`;
    this.#latestTask = { key, lives, boot: this.#boot, task };
    return task;
  }

  /** What is unbound right behind the end of a vDEVICE is the device behind that. */
  #followEnd({ kind, phase }: KernelEvent, task: string, named: number | null, entity: number | null): void {
    const ended = this.#vdeviceEnds.take(task);
    if (ended !== null && named !== null && kind === 'tsm.unbind') this.#handles.shown(ended, named);
    const ends = kind === 'iommufd.vdevice_destroy' && phase === 'enter';
    if (ends && named === null && entity !== null) this.#vdeviceEnds.begin(task, entity);
  }

  /** A call on the device of `entity` returns: the record says what it made, or that it failed. */
  returned(event: KernelEvent, entity: number): void {
    if (event.handles.length > 0 || event.outcome === 'failed') this.#handles.returned(event, entity);
    if (event.kind === 'iommufd.vdevice_destroy') this.#vdeviceEnds.over(entity);
    if (event.symbol !== null) this.#end(ENDS_AT_RETURN[event.symbol], entity);
  }

  /** The system call in which the records of `entity` were made, where that tells their device: `ioctl, fd 12 of process 700`. */
  insideOf(entity: number): string | null {
    return this.#files.insideOf(entity);
  }

  /** A record seen twice by two tracers, or entry and exit of one call: what one of them knows, both know. */
  same(a: number, b: number): void {
    // What a task did for one device says nothing of what else it did.
    if (a === b || this.#tasks.isShared(a) || this.#tasks.isShared(b)) return;
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
    this.#removals.over(entity);
    this.#functions.vacate(entity);
    // A PF is not freed before its VFs (sriov_release, drivers/pci/iov.c): what comes at their addresses later is another's.
    this.virtualsGone(entity);
  }

  /** SR-IOV of the PF was disabled: the VFs that are known to be its are gone, their removals recorded or not. */
  virtualsGone(pf: number): void {
    for (const entity of this.#lineage.takeVirtuals(this.#clusters.of(pf).members)) this.gone(entity);
  }

  /** The machine started anew: pointers, tasks and functions are others from here on. */
  reboot(): void {
    this.#boot += 1;
    this.#functions.reboot();
    this.#pointers.clear();
    this.#tasks.reboot();
    this.#removals.clear();
    this.#vdeviceEnds.clear();
    this.#files.reboot();
    this.#handles.clear();
    this.#segmentless.reboot();
  }

  /** What the user says of pointers and records deny, a sentence each. */
  contradicted(): string[] {
    return this.#told.contradicted(this.#clusters, this.#functions);
  }

  /** Pointers that changed hands unseen, as far as somebody used them in between. */
  get reused(): readonly Reused[] {
    return this.#reused;
  }

  /** What data beside the log say of files and records deny. */
  get denied(): readonly Denied[] {
    return this.#told.denied;
  }

  /** Who everybody is so far, in the order of first mention; changes nothing. */
  finish(): Resolved[] {
    return roster(this.#known());
  }

  #known(): Known {
    return {
      clusters: this.#clusters,
      functions: this.#functions,
      segmentless: this.#segmentless,
      tasks: this.#tasks,
      files: this.#files,
      handles: this.#handles,
      told: this.#told,
      guests: this.#guests,
      lineage: this.#lineage,
    };
  }

  #passing(): Omit<Parts, keyof Known> {
    return {
      entities: this.#entities,
      pointers: this.#pointers,
      calls: this.#calls,
      removals: this.#removals,
      vdeviceEnds: this.#vdeviceEnds,
    };
  }

  /** Whom the record names itself, by address or pointer. */
  #byClues(record: KernelRecord, event: KernelEvent, place: Place): number | null {
    let entity: number | null = null;
    for (const clue of event.clues) {
      if (clue.type === 'bdf' && clue.assumed === 'segment') {
        entity ??= this.#segmentless.of(clue.bdf, this.#functions.at(clue.bdf));
      } else if (clue.type === 'bdf') {
        entity = this.#byAddress(clue.bdf, record, event, place);
      } else if (entity === null) {
        entity = this.#pointer(clue.space, clue.value);
        if (entity !== null && place.user) this.#clusters.of(entity).tasks.add(place.task);
        // A return is of the device of its call.
        if (event.phase !== 'exit') this.#pointers.used(clue.space, clue.value, event.line);
      } else {
        this.#tie(clue.space, clue.value, entity, event.line);
      }
    }
    return entity;
  }

  #byAddress(bdf: Bdf, record: KernelRecord, event: KernelEvent, { task, user, parent }: Place): number {
    const entity = this.#functions.named(bdf, event);
    if (event.kind === 'iommu.attach' && record.pid !== null) this.#files.hinted(record.pid, task, entity);
    this.#lineage.note(entity, bdf, event);
    if (user) this.#tasks.names(task, entity);
    // iommu:remove_device_from_group inside a removal names what is removed, or something below it.
    const removed = event.kind === 'pci.remove' ? this.#removalAround(parent) : null;
    if (removed !== null) this.#clusters.of(removed).hints.add(entity);
    // iommu:attach_device_to_domain inside a bind call names a device of that call's group.
    if (parent?.entityId != null && event.kind === 'iommu.attach' && !this.#tasks.isShared(parent.entityId))
      this.#clusters.of(parent.entityId).hints.add(entity);
    return entity;
  }

  /** The record names its device: so does what surrounds it. */
  #show(record: KernelRecord, event: KernelEvent, { task, parent, row }: Place, entity: number): number {
    if (row?.sameDevice && parent?.entityId != null) this.same(entity, parent.entityId);
    if (record.pid !== null && event.symbol !== null) this.#files.shown(event, record.pid, task, entity);
    for (let call = parent; call; call = call.parent)
      if (call.entityId !== null) this.#handles.shown(call.entityId, entity);
    return entity;
  }

  /** Whom the record belongs to by what surrounds it, and by the objects that it names. */
  #byPlace(record: KernelRecord, event: KernelEvent, { task, user, parent, row }: Place): number | null {
    if (parent?.entityId != null && row?.sameDevice) return parent.entityId;
    const byNumber = event.handles.length === 0 ? null : this.#byNumber(event);
    if (byNumber !== null) return byNumber;
    const byHandle = event.handles.length === 0 ? null : this.#handles.resolve(event, task);
    if (byHandle !== null) return byHandle;
    // A message is said by whoever runs: what surrounds it tells nothing, what it names does.
    if (record.type === 'printk' || event.symbol === null)
      return event.handles.length === 0 ? null : this.#handles.suspect(event, task);
    // What the core does in an operation on a vDEVICE it does to the device behind it.
    if (parent?.entityId != null && isOnVdevice(parent)) return parent.entityId;
    const inside = record.pid === null ? null : this.#files.inside(event, record.pid, task, parent);
    if (inside !== null) return inside;
    if (event.kind === 'call') return parent?.entityId ?? null;
    const suspected = event.handles.length === 0 ? null : this.#handles.suspect(event, task);
    if (suspected !== null) return suspected;
    const removal = this.#removalAround(parent);
    if (removal !== null) return removal;
    if (event.kind === 'pci.remove' && event.phase === 'enter') return this.#tasks.lone(task, user);
    // A probe without fields at the entry may have them at the return: such a call is told apart from its task's others.
    const alone = record.type === 'event' && this.#tasks.hasRoom;
    const own = alone ? this.#tasks.lone(task, user) : this.#tasks.common(task, user);
    if (own !== null && !this.#tasks.isShared(own) && isOnVdevice(event)) this.#handles.await(event, own);
    return own;
  }

  /** Whom an event belongs to by what stands for a device. */
  #byHandle(record: KernelRecord, event: KernelEvent, task: string): number | null {
    if (event.kind === 'syscall.ioctl' && record.pid !== null) return this.#files.asked(record.pid, task);
    if (event.handles.length === 0) return null;
    return this.#byNumber(event) ?? this.#handles.resolve(event, task) ?? this.#handles.suspect(event, task);
  }

  /** Whom the record names by a requester id. */
  #byNumber(event: KernelEvent): number | null {
    const requester = requesterOf(event);
    if (requester === null) return null;
    const { bdf, segment } = requester;
    return segment ? this.#functions.named(bdf, event) : this.#segmentless.of(bdf, this.#functions.at(bdf));
  }

  /** Takes in what the event of a known device tells of names and lifetimes. */
  #learn(event: KernelEvent, entity: number, task: string): void {
    if (event.handles.length > 0 && !this.#tasks.isShared(entity)) {
      this.#handles.learn(event, entity);
      this.#guests.note(event, entity);
    }
    this.#handles.end(event, entity);
    if (SIGNIFICANT.has(event.kind)) this.#clusters.of(entity).significant = true;
    if (event.kind === 'pci.remove' && event.phase === 'enter') this.#removals.begin(task, entity, event.line);
    if (event.symbol !== null) this.#end(ENDS[event.symbol], entity);
  }

  /** The object of the device is no more: what comes at its address is another's. */
  #end(space: PointerSpace | undefined, entity: number): void {
    const value = space === undefined ? undefined : this.#clusters.of(entity).pointers.get(space);
    if (space !== undefined && value !== undefined) this.#pointers.forget(space, value);
  }

  /** The removal that the record is part of, where its own record names no function. */
  #removalAround(parent: OpenCall | null): number | null {
    for (let call = parent; call; call = call.parent) {
      if (call.kind !== 'pci.remove' || call.entityId === null) continue;
      return this.#tasks.isLone(call.entityId) ? call.entityId : null;
    }
    return null;
  }

  #pointer(space: PointerSpace, value: string): number | null {
    const known = this.#pointers.get(space, value);
    if (known !== null || this.#entities.isFull) return known;
    const entity = this.#entities.add();
    this.#pointers.set(space, value, entity);
    this.#told.heed(value, entity, this.#clusters, this.#functions);
    return entity;
  }

  /** A pointer that a record shows beside a BDF. Where it belonged to another device, the memory was reused: it starts anew. */
  #tie(space: PointerSpace, value: string, bearer: number, line: number): void {
    const entity = this.#pointer(space, value);
    if (entity === null) return;
    const used = this.#pointers.named(space, value);
    if (this.#clusters.unite(bearer, entity)) return;
    if (used !== null && this.#reused.length < REUSED_MAX) this.#reused.push({ value, line: used, later: line });
    this.#pointers.forget(space, value);
    const stale = this.#clusters.of(bearer).pointers.get(space);
    if (stale !== undefined) this.#pointers.forget(space, stale);
    const fresh = this.#pointer(space, value);
    if (fresh !== null) this.#clusters.unite(bearer, fresh);
  }
}
