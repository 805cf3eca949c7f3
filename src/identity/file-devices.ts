import type { EventKind, KernelEvent } from '../events/event.ts';
import type { NewTask, SystemCall } from '../events/system-calls.ts';
import type { OpenCall } from './calls.ts';
import { type Clusters, LEADS_MAX } from './clusters.ts';
import { isCdev, type OpenFile, OpenFiles, type RunningCall } from './open-files.ts';

const HOT_RESET = 0x3b71;

/** What a record inside a system call does to the device of the very file that the call is about. */
const TELLS: ReadonlySet<EventKind> = new Set([
  'vfio.open',
  'vfio.ioctl',
  'vfio.close',
  'vfio.disable',
  'vfio.config_write',
  'vfio.mmap',
  'iommu.bind',
  'iommu.unbind',
  'iommu.attach_call',
  'iommu.detach_call',
]);

const CLOSES: ReadonlySet<EventKind> = new Set(['vfio.close', 'vfio.disable']);

/** Calls that close more than one file. */
const CLOSES_SEVERAL: ReadonlySet<string> = new Set(['close_range', 'exit_group']);

/** Files of one call that are told. */
const NAMES_MAX = 3;

/** Allots an entity that stands for something of a task; null where there are too many. */
export type NewProxy = (task: string) => number | null;

/** What is told of files by their names; see {@link ToldFiles}. */
export interface FileNames {
  /** @returns what is told, for people; null where nothing is. */
  heed(path: string | null, entity: number): string | null;
  deny(entity: number, other: number): void;
}

/**
 * Devices by the files that processes have of them. A file stands for its device; which one shows in what is recorded while a
 * task is inside a call on the file.
 */
export class FileDevices {
  readonly #clusters: Clusters;
  readonly #newProxy: NewProxy;
  readonly #files: OpenFiles;
  readonly #told: FileNames;
  /** Device files that tasks have used: of two one says nothing of the other. */
  readonly #used = new Map<string, Set<number | string>>();
  /** For a file whose number may mean another one by now. */
  readonly #doubted = new Map<number, number>();
  /** By what stands for a file, or for the device of records inside a call on it: the file, or the call, for people. */
  readonly #names = new Map<number, string>();
  readonly #insides = new Map<number, string>();

  constructor(clusters: Clusters, newProxy: NewProxy, told: FileNames, files = new OpenFiles()) {
    this.#clusters = clusters;
    this.#newProxy = newProxy;
    this.#told = told;
    this.#files = files;
  }

  /** How many processes of this number have ended before the present one. */
  lives(pid: number | null): number {
    return pid === null ? 0 : this.#files.lives(pid);
  }

  /** A copy that goes its own way, over a copy of the clusters. */
  fork(clusters: Clusters, newProxy: NewProxy, told: FileNames): FileDevices {
    const copy = new FileDevices(clusters, newProxy, told, this.#files.fork());
    for (const [task, used] of this.#used) copy.#used.set(task, new Set(used));
    for (const [file, entity] of this.#doubted) copy.#doubted.set(file, entity);
    for (const [entity, name] of this.#names) copy.#names.set(entity, name);
    for (const [entity, inside] of this.#insides) copy.#insides.set(entity, inside);
    return copy;
  }

  /** Where a task calls from: its process, other than a later one with its number, and the file of /dev/iommu that it asks. */
  callerOf(pid: number | null): { readonly process: string | null; readonly file: number | null } {
    if (pid === null) return { process: null, file: null };
    const call = this.#running(pid);
    const file = call?.sure ? call.files.find(({ kind }) => kind === 'iommufd') : undefined;
    return { process: `${pid} ${this.lives(pid)}`, file: file?.id ?? null };
  }

  /** The file that `entity` stands for, for people; null where it stands for none. */
  nameOf(entity: number): string | null {
    return this.#names.get(entity) ?? null;
  }

  /** The system call in which records were made that `entity` stands for: `ioctl, fd 12 of process 700`. */
  insideOf(entity: number): string | null {
    return this.#insides.size === 0 ? null : (this.#insides.get(entity) ?? null);
  }

  call(call: SystemCall, pid: number): void {
    if (call.phase === 'enter') {
      this.#files.enter(pid, call);
      return;
    }
    const left = this.#files.leave(pid, call);
    // Whatever the task did between entry and return it did inside the call.
    const [file] = left === null ? [] : deviceFiles(left);
    if (left === null || left.entity === null || file?.entity == null || left.closes !== null) return;
    if (left.sure || left.opens) this.#lead(left.entity, file.entity, true);
  }

  born(task: NewTask): void {
    this.#files.born(task);
  }

  lose(): void {
    this.#files.lose();
  }

  reboot(): void {
    this.#files.clear();
    this.#used.clear();
  }

  /** The device of a system call on one of its files, for the record of the call itself. */
  asked(pid: number, task: string): number | null {
    const call = this.#running(pid);
    const [file, ...others] = call?.files.filter(({ kind }) => kind === 'device') ?? [];
    if (call === null || file === undefined || others.length > 0) return null;
    const entity = this.#entity(file, task);
    if (entity === null || call.sure) return entity;
    const known = this.#doubted.get(file.id);
    if (known !== undefined) return known;
    const doubted = this.#newProxy(task);
    if (doubted === null) return null;
    this.#doubted.set(file.id, doubted);
    this.#lead(doubted, entity, false, true);
    return doubted;
  }

  /** Whom a record inside a system call belongs to that names no device by itself; null where the call does not tell. */
  inside(event: KernelEvent, pid: number, task: string, parent: OpenCall | null): number | null {
    const call = this.#running(pid);
    if (call === null) return null;
    const files = deviceFiles(call, event);
    // A hot reset is of all devices behind the bus, a bus reset of those that the bridge above leads to.
    if (files.length === 0 || call.cmd === HOT_RESET || event.kind === 'pci.bus_reset') return null;
    if (call.closes !== null && (call.entity === null || parent?.entityId !== call.entity)) {
      // One file is closed once: another device that closes does it in a call that was not recorded.
      if (!CLOSES.has(event.kind) || (call.closed && !CLOSES_SEVERAL.has(call.name))) return null;
      call.closed = true;
      call.entity = null;
    }
    call.entity ??= this.#insider(call, files, task);
    return call.entity;
  }

  /** A record inside a system call names a device: it is the one of the call's file. */
  shown(event: KernelEvent, pid: number, task: string, entity: number): void {
    const call = this.#running(pid);
    const [file, ...others] = call === null || !TELLS.has(event.kind) ? [] : deviceFiles(call, event);
    if (call === null || file === undefined || others.length > 0 || call.cmd === HOT_RESET) return;
    if (call.closes !== null) {
      if (!CLOSES.has(event.kind) || call.closed) return;
      call.closed = event.kind === 'vfio.close' || event.kind === 'vfio.disable';
    }
    const known = this.#entity(file, task);
    if (known === null) return;
    this.#told.deny(known, entity);
    const leads = this.#clusters.of(known).leads;
    if (leads.some((lead) => lead.sure && this.#clusters.differ(lead.entity, entity))) {
      this.#replace(call, file, task, entity);
      return;
    }
    if (!call.opens) this.#files.confirm(call, file);
    this.#lead(known, entity, true);
    if (this.#clusters.of(entity).named === null) this.#lead(entity, known, true);
  }

  /** The device is attached to a domain inside a call on a file: it is in the group of the file's device. */
  hinted(pid: number, task: string, entity: number): void {
    const call = this.#running(pid);
    if (call === null || call.name !== 'ioctl' || call.cmd === HOT_RESET) return;
    const [file] = call.opens ? [call.opens] : call.files;
    if (file === undefined || (file.kind !== 'device' && file.kind !== 'group')) return;
    const known = this.#entity(file, task);
    if (known !== null) this.#clusters.of(known).hints.add(entity);
  }

  /** The device was closed for good, or is gone: no file of it is left. */
  closed(entity: number): void {
    this.#files.forget((file) => file.entity !== null && this.#leadsTo(file.entity, entity));
  }

  /** Whether the task used several device files: that it names one device says nothing of a certain file. */
  usesSeveral(task: string): boolean {
    return (this.#used.get(task)?.size ?? 0) > 1;
  }

  #running(pid: number): RunningCall | null {
    const call = this.#files.running(pid);
    return call !== null && this.#files.isWhole(call) ? call : null;
  }

  #insider(call: RunningCall, files: readonly OpenFile[], task: string): number | null {
    const entity = this.#newProxy(task);
    if (entity === null) return null;
    const names = files.slice(0, NAMES_MAX).flatMap(({ name }) => name ?? []);
    this.#insides.set(entity, [call.name, ...names].join(', '));
    // Whether a call has come to its end before the record shows when its return is recorded; closes are seldom doubted.
    const sure = call.closes?.sure ?? false;
    // A number that may mean another file by now may be of another device.
    const doubted = !(call.closes ?? call).sure && call.opens === null && call.name !== 'exit_group';
    const open = doubted || files.length > LEADS_MAX;
    for (const file of files.slice(0, LEADS_MAX)) {
      const known = this.#entity(file, task);
      if (known !== null) this.#lead(entity, known, sure, open);
    }
    return entity;
  }

  #entity(file: OpenFile, task: string): number | null {
    const used = this.#used.get(task) ?? new Set();
    if (file.kind === 'device') this.#used.set(task, used.add(isCdev(file.path) ? file.path : file.id));
    if (file.entity === null) {
      file.entity = this.#newProxy(task);
      const told = file.entity === null ? null : this.#told.heed(file.path, file.entity);
      if (told !== null) file.name = `${file.name ?? 'a file'} (${told})`;
    }
    if (file.entity !== null && file.name !== null) this.#names.set(file.entity, file.name);
    return file.entity;
  }

  /** The number had been given to another file: what is inside the call is that one's. */
  #replace(call: RunningCall, file: OpenFile, task: string, entity: number): void {
    const fresh = this.#files.replace(call, file);
    const known = this.#entity(fresh, task);
    if (known === null) return;
    this.#lead(known, entity, true);
    if (call.entity === null) return;
    const { leads } = this.#clusters.of(call.entity);
    leads.splice(0, leads.length);
    this.#lead(call.entity, known, true);
  }

  #lead(from: number, to: number, sure: boolean, open = false): void {
    const { leads } = this.#clusters.of(from);
    const known = leads.findIndex(({ entity }) => entity === to);
    if (known >= 0 && (leads[known]?.sure || !sure)) return;
    if (known >= 0) leads.splice(known, 1);
    if (leads.length < LEADS_MAX) leads.push({ entity: to, sure, open: open && !sure });
  }

  #leadsTo(from: number, to: number): boolean {
    return this.#clusters.of(from).leads.some(({ entity }) => this.#clusters.of(entity) === this.#clusters.of(to));
  }
}

/** Those of devices: what closes one, and that is all it closes, is of one, whatever else is known of it. */
function deviceFiles(call: RunningCall, event: KernelEvent | null = null): readonly OpenFile[] {
  if (call.opens) return [call.opens];
  const files = call.closes?.files ?? call.files;
  const [only, ...others] = files;
  if (only?.kind === 'unknown' && others.length === 0 && call.closes && event && CLOSES.has(event.kind))
    only.kind = 'device';
  return files.filter(({ kind }) => kind === 'device');
}
