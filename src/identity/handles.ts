import type { EventKind, Handle, HandleType, KernelEvent } from '../events/event.ts';
import { parseNumber } from '../events/numbers.ts';
import { type Clusters, LEADS_MAX } from './clusters.ts';
import { Memberships } from './memberships.ts';
import { type Candidates, ObjectIds, type Scope } from './object-ids.ts';
import { ObjectNames } from './object-names.ts';

/** An event that names its device by a number only, and what it names. */
type Asked = Pick<KernelEvent, 'args' | 'handles'> & { readonly pid: number | null; readonly scope: Scope };

/** Ids that stand for one device. */
const IDS: ReadonlySet<HandleType> = new Set(['iommufd-vdevice', 'iommufd-device', 'iommufd-object']);
/** Ids that stand for all devices in what they name. */
const GATHERINGS: ReadonlySet<HandleType> = new Set([
  'iommufd-ioas',
  'iommufd-hwpt',
  'iommufd-pt',
  'iommufd-viommu',
  'iommufd-object',
]);

/** After these the ids and names of the record mean another object. */
const ENDS: ReadonlySet<EventKind> = new Set([
  'iommufd.object_destroy',
  'iommufd.vdevice_destroy',
  'iommufd.viommu_destroy',
  'iommu.unbind',
  'ide.free',
  'tdi.destroy',
]);
/** Commands that destroy what the firmware calls the device. */
const ENDING_COMMANDS: ReadonlySet<string> = new Set([
  'IOMMU_DESTROY',
  'TIO_DEV_RECLAIM',
  'TDH.SPDM.DELETE',
  'TDH.IDE.STREAM.DELETE',
]);

const ATTACH = 'VFIO_DEVICE_ATTACH_IOMMUFD_PT';
const DETACH = 'VFIO_DEVICE_DETACH_IOMMUFD_PT';
/** What names an address space or a vIOMMU beside the device that will be in it. */
const JOINING: ReadonlySet<string> = new Set(['IOMMU_HWPT_ALLOC', 'IOMMU_VIOMMU_ALLOC', 'IOMMU_VDEVICE_ALLOC']);
const VDEVICE_ALLOC = 'IOMMU_VDEVICE_ALLOC';

const ASKED_MAX = 4096;
// Names of devices that are listed; a hostile trace has no end of them.
const LISTED_MAX = 20_000;

/** Where a task calls from: the process, and the file of /dev/iommu that its running system call is on. */
export type CallerOf = (pid: number | null) => Omit<Scope, 'context'>;

/** Devices by the ids and names of what stands for them: objects of iommufd, of the TSM's firmware and driver, streams. */
export class Handles {
  readonly #clusters: Clusters;
  readonly #newProxy: (task: string) => number | null;
  readonly #callerOf: CallerOf;
  readonly #ids: ObjectIds;
  readonly #names: ObjectNames;
  readonly #memberships: Memberships;
  readonly #asked = new Map<number, Asked>();
  /** Stands for the device of an object, so that many events need no entity each; and back, null for one of several. */
  readonly #proxies = new Map<number, number>();
  readonly #behind = new Map<number, number | null>();
  /** What devices were called, for people. */
  readonly #listed = new Map<number, Set<string>>();
  #count = 0;

  constructor(
    clusters: Clusters,
    newProxy: (task: string) => number | null,
    callerOf: CallerOf,
    from: { ids: ObjectIds; names: ObjectNames; memberships: Memberships } | null = null,
  ) {
    this.#clusters = clusters;
    this.#newProxy = newProxy;
    this.#callerOf = callerOf;
    this.#ids = from?.ids.fork(clusters) ?? new ObjectIds(clusters);
    this.#names = from?.names.fork(clusters) ?? new ObjectNames(clusters);
    this.#memberships = from?.memberships.fork(clusters) ?? new Memberships(clusters);
  }

  /** A copy that goes its own way, over a copy of the clusters. */
  fork(clusters: Clusters, newProxy: (task: string) => number | null, callerOf: CallerOf): Handles {
    const from = { ids: this.#ids, names: this.#names, memberships: this.#memberships };
    const copy = new Handles(clusters, newProxy, callerOf, from);
    for (const [entity, asked] of this.#asked) copy.#asked.set(entity, asked);
    for (const [entity, proxy] of this.#proxies) copy.#proxies.set(entity, proxy);
    for (const [proxy, entity] of this.#behind) copy.#behind.set(proxy, entity);
    for (const [entity, names] of this.#listed) copy.#listed.set(entity, new Set(names));
    copy.#count = this.#count;
    return copy;
  }

  clear(): void {
    this.#ids.clear();
    this.#names.clear();
    this.#memberships.clear();
    this.#asked.clear();
  }

  /** Whom an event certainly belongs to by its handles; null where they do not tell. */
  resolve(event: KernelEvent, task: string): number | null {
    const found = this.#find(event);
    if (found === null || !found.sure) return null;
    const [only, ...others] = this.#distinct(found.entities);
    return only !== undefined && others.length === 0 ? this.#proxyOf(only, task) : null;
  }

  /** Whom it may belong to by them, where nothing tells better. */
  suspect(event: KernelEvent, task: string): number | null {
    const own = this.#find(event);
    const found = own ?? this.#findShared(event);
    if (found === null || found.entities.length === 0) return null;
    // That one device has the number does not make it the only one.
    const open = own === null || found.entities.length > LEADS_MAX;
    const entity = this.#newProxy(task);
    if (entity === null) return null;
    for (const one of this.#distinct(found.entities).slice(0, LEADS_MAX))
      this.#clusters.of(entity).leads.push({ entity: one, sure: false, open });
    this.#behind.set(entity, null);
    return entity;
  }

  /** An operation on an object that is not known yet: what it does to a device inside tells whose object it is. */
  await(event: KernelEvent, entity: number): void {
    if (this.#asked.size >= ASKED_MAX) this.#asked.clear();
    const { args, handles, pid } = event;
    this.#asked.set(entity, { args, handles, pid, scope: this.#scope(event) });
  }

  /** Inside the call that `around` stands for a record names its device. */
  shown(around: number, entity: number): void {
    const asked = this.#asked.get(around);
    if (asked === undefined || this.#clusters.of(around) === this.#clusters.of(entity)) return;
    this.#asked.delete(around);
    this.#clusters.of(around).leads.unshift({ entity, sure: true });
    for (const handle of asked.handles) {
      // What the call named is the device's, and nobody's beside it.
      const id = IDS.has(handle.type) ? parseNumber(handle.value) : null;
      if (id !== null) this.#ids.disown(id, around);
      this.#learn(handle, entity, asked);
    }
  }

  /** A record tells the device beside its handles. */
  learn(event: KernelEvent, entity: number): void {
    const device = this.#behind.get(entity);
    if (device === null || event.outcome === 'failed') return;
    const own = device ?? entity;
    // A device is bound to one iommufd at a time: what it had before is over, its end recorded or not.
    if (event.kind === 'iommu.bind' && event.handles.some(({ type }) => type === 'iommufd-device')) {
      this.#ids.forget(own, null);
      this.#memberships.leave(own);
    }
    const { args, handles, pid } = event;
    const asked = { args, handles, pid, scope: this.#scope(event) };
    for (const handle of handles) this.#learn(handle, own, asked);
    this.#join(event, own, asked.scope);
  }

  /** A call on the device of `entity` returns. */
  returned(event: KernelEvent, entity: number): void {
    if (event.outcome !== 'failed') this.learn(event, entity);
    else if (event.kind === 'iommu.attach_call') this.#memberships.leave(entity);
  }

  /** The object of the event is destroyed: its number and address are free for others. `entity`: of the event's device. */
  end(event: KernelEvent, entity: number | null): void {
    if (entity !== null && leaves(event)) this.#memberships.leave(entity);
    if (entity !== null && event.kind === 'ide.free') this.#names.forget(entity, 'ide-stream');
    if (event.kind === 'iommufd.close') {
      this.#ids.release(this.#scope(event));
      this.#memberships.release(this.#scope(event));
    }
    const command = event.args['cmd_name'] ?? event.args['command_name'] ?? '';
    if (!ENDS.has(event.kind) && !ENDING_COMMANDS.has(command)) return;
    const scope = this.#scope(event);
    for (const { type, value } of event.handles) {
      if (ObjectNames.isObject(type) || ObjectNames.isShared(type)) this.#names.end(type, value, event);
      const id = IDS.has(type) || GATHERINGS.has(type) ? parseNumber(value) : null;
      if (id === null) continue;
      if (IDS.has(type)) this.#ids.end(id, scope);
      if (GATHERINGS.has(type)) this.#memberships.end(id, scope);
    }
  }

  /** The device is gone, and every object of it. */
  gone(entity: number): void {
    this.#ids.forget(entity, null);
    this.#names.forget(entity, null);
    this.#memberships.leave(entity);
  }

  /** What the device of `entity` was called by records, for people. */
  namesOf(entity: number): Iterable<string> {
    return this.#listed.get(entity) ?? [];
  }

  #find(event: KernelEvent): Candidates | null {
    let scope: Scope | null = null;
    for (const { type, value } of event.handles) {
      const named = ObjectNames.isObject(type) ? this.#names.find(type, value, event) : [];
      // An SMMU says the client of a stream that has one now: whoever had it may be gone, and it another's.
      if (named.length > 0) return { entities: named, sure: type !== 'stream-id' };
      const id = IDS.has(type) ? parseNumber(value) : null;
      if (id === null) continue;
      scope ??= this.#scope(event);
      const found = this.#ids.find(id, type, scope);
      if (found !== null) return found;
    }
    // What is put into an address space says nothing of those that are in it.
    if (joins(event)) return null;
    for (const { type, value } of event.handles) {
      const id = GATHERINGS.has(type) ? parseNumber(value) : null;
      if (id === null) continue;
      scope ??= this.#scope(event);
      const found = this.#memberships.find(id, scope);
      if (found !== null) return found;
    }
    return null;
  }

  #findShared(event: KernelEvent): Candidates | null {
    for (const { type, value } of event.handles) {
      const named = ObjectNames.isShared(type) ? this.#names.find(type, value, event) : [];
      if (named.length > 0) return { entities: named, sure: false };
    }
    return null;
  }

  #learn({ type, value }: Handle, entity: number, { args, pid, scope }: Asked): void {
    if (ObjectNames.isObject(type) || ObjectNames.isShared(type)) {
      this.#names.learn(type, value, { args }, entity);
      // What the VM calls the device is told by itself.
      if (type !== 'guest-bdf') this.#list(entity, `${type}=${value}`);
      return;
    }
    const id = IDS.has(type) && type !== 'iommufd-object' ? parseNumber(value) : null;
    if (id === null) return;
    this.#ids.learn(id, type, scope, entity);
    this.#list(entity, `${type}=${id}${pid === null ? '' : ` of process ${pid}`}`);
  }

  /** The event puts its device into an address space, or into a vIOMMU. */
  #join(event: KernelEvent, entity: number, scope: Scope): void {
    if (!joins(event)) return;
    const attaches = isAttach(event);
    const places = event.kind === 'iommufd.vdevice_alloc' || event.args['cmd_name'] === VDEVICE_ALLOC;
    // A device has one address space at a time.
    if (attaches) this.#memberships.leave(entity);
    for (const { type, value } of event.handles) {
      const id = GATHERINGS.has(type) && type !== 'iommufd-object' ? parseNumber(value) : null;
      if (id === null) continue;
      // The HWPT that is made over an address space has an id of its own, which only its return tells.
      const sure = type === 'iommufd-viommu' ? places : attaches;
      this.#memberships.join(id, scope, entity, sure);
    }
  }

  #scope(event: KernelEvent): Scope {
    const context = event.handles.find(({ type }) => type === 'iommufd-context')?.value ?? null;
    return { ...this.#callerOf(event.pid), context };
  }

  #list(entity: number, name: string): void {
    const names = this.#listed.get(entity) ?? new Set();
    if (this.#count >= LISTED_MAX || names.has(name)) return;
    this.#count += 1;
    this.#listed.set(entity, names.add(name));
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

function isAttach({ kind, args }: KernelEvent): boolean {
  return kind === 'iommu.attach_call' || args['cmd_name'] === ATTACH;
}

/** Whether the event puts a device into an address space or a vIOMMU that it names. */
function joins(event: KernelEvent): boolean {
  const { kind, args } = event;
  if (kind === 'iommufd.vdevice_alloc' || kind === 'iommufd.viommu_alloc' || isAttach(event)) return true;
  return JOINING.has(args['cmd_name'] ?? '');
}

/** Whether the device of the event is in no address space afterwards. */
function leaves({ kind, args, phase }: KernelEvent): boolean {
  if (kind === 'iommu.unbind' || kind === 'vfio.close' || kind === 'vfio.disable') return true;
  return phase !== 'exit' && (kind === 'iommu.detach_call' || args['cmd_name'] === DETACH);
}
