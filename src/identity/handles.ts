import type { EventKind, Handle, HandleType, KernelEvent } from '../events/event.ts';
import { parseNumber } from '../events/numbers.ts';
import { type Clusters, LEADS_MAX } from './clusters.ts';

/** An object of an iommufd that stands for a device: its id is reused after it is destroyed. */
interface Numbered {
  readonly id: bigint;
  readonly pid: number | null;
  /** Address of the iommufd_ctx, where it was recorded. */
  readonly context: string | null;
  readonly type: HandleType;
  readonly entity: number;
}

/** An event that names its device by a number only, and what it names. */
interface Asked {
  readonly handles: readonly Handle[];
  readonly pid: number | null;
  readonly context: string | null;
}

/** Ids that stand for one device; those of address spaces and vIOMMUs stand for all devices in them. */
const NUMBERS: ReadonlySet<HandleType> = new Set(['iommufd-vdevice', 'iommufd-device', 'iommufd-object']);
/** Addresses, or numbers of the firmware's, that are one device's as long as the object lives. */
const OBJECTS: ReadonlySet<HandleType> = new Set(['iommufd-pointer', 'ide-pointer', 'tsm-object']);
/** The number is one device's on one root complex, or in one VM: another one may have it, too. */
const SHARED_NUMBERS: ReadonlySet<HandleType> = new Set(['guest-bdf', 'ide-stream']);

/** After these the numbers and addresses of the record mean another object. */
const ENDS: ReadonlySet<EventKind> = new Set([
  'iommufd.object_destroy',
  'iommufd.vdevice_destroy',
  'iommufd.viommu_destroy',
  'iommu.unbind',
  'ide.free',
  'tdi.destroy',
]);

/** The device is handed on by its record: what it names beside it is the device's. */
const IOMMU_DESTROY = 'IOMMU_DESTROY';

const NUMBERED_MAX = 10_000;
const SAME_NUMBER_MAX = 64;
const OBJECTS_MAX = 100_000;
const ASKED_MAX = 4096;

/** Devices by the numbers and addresses of what stands for them: objects of iommufd, of the TSM's firmware and driver, IDE streams. */
export class Handles {
  readonly #clusters: Clusters;
  readonly #newProxy: (task: string) => number | null;
  readonly #numbered = new Map<bigint, Numbered[]>();
  #count = 0;
  readonly #objects = new Map<string, number>();
  readonly #shared = new Map<string, Set<number>>();
  readonly #asked = new Map<number, Asked>();
  /** Stands for the device of an object, so that many events need no entity each; and back, null for one of several. */
  readonly #proxies = new Map<number, number>();
  readonly #behind = new Map<number, number | null>();

  constructor(clusters: Clusters, newProxy: (task: string) => number | null) {
    this.#clusters = clusters;
    this.#newProxy = newProxy;
  }

  /** A copy that goes its own way, over a copy of the clusters. */
  fork(clusters: Clusters, newProxy: (task: string) => number | null): Handles {
    const copy = new Handles(clusters, newProxy);
    for (const [id, list] of this.#numbered) copy.#numbered.set(id, [...list]);
    copy.#count = this.#count;
    for (const [key, entity] of this.#objects) copy.#objects.set(key, entity);
    for (const [key, set] of this.#shared) copy.#shared.set(key, new Set(set));
    for (const [entity, asked] of this.#asked) copy.#asked.set(entity, asked);
    for (const [entity, proxy] of this.#proxies) copy.#proxies.set(entity, proxy);
    for (const [proxy, entity] of this.#behind) copy.#behind.set(proxy, entity);
    return copy;
  }

  clear(): void {
    this.#numbered.clear();
    this.#count = 0;
    this.#objects.clear();
    this.#shared.clear();
    this.#asked.clear();
  }

  /** Whom an event certainly belongs to by its handles; null where they do not tell. */
  resolve(event: KernelEvent, task: string): number | null {
    if (!event.handles.some(({ type }) => NUMBERS.has(type) || OBJECTS.has(type))) return null;
    const { entities, sure } = this.#find(event);
    const [only, ...others] = entities;
    return sure && only !== undefined && others.length === 0 ? this.#proxyOf(only, task) : null;
  }

  /** Whom it may belong to by them, where nothing tells better. */
  suspect(event: KernelEvent, task: string): number | null {
    if (!event.handles.some(({ type }) => isTold(type))) return null;
    const found = this.#find(event);
    if (found.entities.length === 0) return null;
    const entity = this.#newProxy(task);
    if (entity === null) return null;
    for (const one of found.entities.slice(0, LEADS_MAX))
      this.#clusters.of(entity).leads.push({ entity: one, sure: false });
    this.#behind.set(entity, null);
    return entity;
  }

  /** An operation on an object that is not known yet: what it does to a device inside tells whose object it is. */
  await(event: KernelEvent, entity: number): void {
    if (this.#asked.size >= ASKED_MAX) this.#asked.clear();
    this.#asked.set(entity, { handles: event.handles, pid: event.pid, context: contextOf(event.handles) });
  }

  /** Inside the call that `around` stands for a record names its device. */
  shown(around: number, entity: number): void {
    const asked = this.#asked.get(around);
    if (asked === undefined || this.#clusters.of(around) === this.#clusters.of(entity)) return;
    this.#asked.delete(around);
    this.#clusters.of(around).leads.unshift({ entity, sure: true });
    for (const handle of asked.handles) this.#learn(handle, entity, asked.pid, asked.context);
  }

  /** A record tells the device beside its handles. */
  learn(event: KernelEvent, entity: number): void {
    const device = this.#behind.get(entity);
    if (device === null) return;
    for (const handle of event.handles) this.#learn(handle, device ?? entity, event.pid, contextOf(event.handles));
  }

  /** The object is destroyed: its number and address are free for others. */
  end(event: KernelEvent): void {
    const destroys =
      ENDS.has(event.kind) || (event.kind === 'iommufd.ioctl' && event.args['cmd_name'] === IOMMU_DESTROY);
    if (event.kind === 'iommufd.close') this.#forgetNumbers((one) => one.pid === event.pid);
    if (!destroys) return;
    for (const { type, value } of event.handles) {
      this.#objects.delete(`${type}:${value}`);
      this.#shared.delete(`${type}:${value}`);
      const id = NUMBERS.has(type) ? parseNumber(value) : null;
      if (id === null) continue;
      const list = this.#numbered.get(id) ?? [];
      const context = contextOf(event.handles);
      this.#keep(
        id,
        list.filter((one) => !isSame(one, event.pid, context)),
      );
    }
  }

  /** The device is gone, and every object of it. */
  gone(entity: number): void {
    const cluster = this.#clusters.of(entity);
    this.#forgetNumbers((one) => this.#clusters.of(one.entity) === cluster);
    for (const [key, one] of this.#objects) if (this.#clusters.of(one) === cluster) this.#objects.delete(key);
    for (const set of this.#shared.values())
      for (const one of set) if (this.#clusters.of(one) === cluster) set.delete(one);
  }

  #find(event: KernelEvent): { entities: readonly number[]; sure: boolean } {
    const context = contextOf(event.handles);
    for (const { type, value } of event.handles) {
      const object = OBJECTS.has(type) ? this.#objects.get(`${type}:${value}`) : undefined;
      if (object !== undefined) return { entities: [object], sure: true };
      const id = NUMBERS.has(type) ? parseNumber(value) : null;
      if (id === null) continue;
      const list = (this.#numbered.get(id) ?? []).filter((one) => type === 'iommufd-object' || one.type === type);
      const own = list.filter((one) => isSame(one, event.pid, context));
      if (own.length > 0) return { entities: this.#distinct(own.map(({ entity }) => entity)), sure: true };
      // Another thread of the process, or another process with numbers of its own.
      const others = list.filter((one) => context === null || one.context === null);
      if (others.length > 0) return { entities: this.#distinct(others.map(({ entity }) => entity)), sure: false };
    }
    for (const { type, value } of event.handles) {
      const set = SHARED_NUMBERS.has(type) ? this.#shared.get(`${type}:${canonical(value)}`) : undefined;
      if (set && set.size > 0) return { entities: this.#distinct([...set]), sure: false };
    }
    return { entities: [], sure: false };
  }

  #learn({ type, value }: Handle, entity: number, pid: number | null, context: string | null): void {
    if (OBJECTS.has(type)) {
      if (this.#objects.size < OBJECTS_MAX) this.#objects.set(`${type}:${value}`, entity);
      return;
    }
    if (SHARED_NUMBERS.has(type)) {
      const key = `${type}:${canonical(value)}`;
      const set = this.#shared.get(key) ?? new Set();
      if (set.size < SAME_NUMBER_MAX && this.#shared.size < OBJECTS_MAX) this.#shared.set(key, set.add(entity));
      return;
    }
    const id = NUMBERS.has(type) && type !== 'iommufd-object' ? parseNumber(value) : null;
    if (id === null || this.#count >= NUMBERED_MAX) return;
    const others = (this.#numbered.get(id) ?? []).filter((one) => !isSame(one, pid, context));
    if (others.length < SAME_NUMBER_MAX) this.#keep(id, [...others, { id, pid, context, type, entity }]);
  }

  #keep(id: bigint, list: Numbered[]): void {
    this.#count += list.length - (this.#numbered.get(id)?.length ?? 0);
    if (list.length > 0) this.#numbered.set(id, list);
    else this.#numbered.delete(id);
  }

  #forgetNumbers(test: (one: Numbered) => boolean): void {
    for (const [id, list] of [...this.#numbered]) {
      const left = list.filter((one) => !test(one));
      if (left.length < list.length) this.#keep(id, left);
    }
  }

  #distinct(entities: readonly number[]): number[] {
    return [...new Map(entities.map((entity) => [this.#clusters.of(entity), entity])).values()];
  }

  #proxyOf(entity: number, task: string): number | null {
    const known = this.#proxies.get(entity);
    if (known !== undefined) return known;
    const proxy = this.#newProxy(task);
    if (proxy === null) return null;
    this.#proxies.set(entity, proxy);
    this.#behind.set(proxy, entity);
    this.#clusters.of(proxy).leads.push({ entity, sure: true });
    return proxy;
  }
}

function isTold(type: HandleType): boolean {
  return NUMBERS.has(type) || OBJECTS.has(type) || SHARED_NUMBERS.has(type);
}

/** Whether an id of this process, or of this context, is that one: numbers are unique in a context. */
function isSame(one: Numbered, pid: number | null, context: string | null): boolean {
  return one.context !== null && context !== null ? one.context === context : one.pid === pid;
}

function contextOf(handles: readonly Handle[]): string | null {
  return handles.find(({ type }) => type === 'iommufd-context')?.value ?? null;
}

/** `0x200` and `512` are one number. */
function canonical(value: string): string {
  return String(parseNumber(value) ?? value);
}
