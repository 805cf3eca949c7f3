import type { NewTask, SystemCall } from '../events/system-calls.ts';

/** What a file is, by its name or by what it was asked; `unknown`: neither tells. */
export type FileKind = 'device' | 'group' | 'container' | 'iommufd' | 'unknown';

/** One open file: of a device of vfio, of its group, of /dev/iommu. Processes may share it. */
export interface OpenFile {
  readonly id: number;
  kind: FileKind;
  /** The first number of it that is known, for people. */
  name: string | null;
  /** By which it, or the group it is of, was opened; null where that was not recorded. */
  path: string | null;
  /** What the file's device is to identity; null as long as nothing was said of it. */
  entity: number | null;
}

/** A system call that a task is in, as far as the records tell. */
export interface RunningCall {
  readonly name: string;
  /** The number of the ioctl; null for other calls. */
  readonly cmd: number | null;
  readonly pid: number;
  /** What it acts on: several where a process ends. */
  files: readonly OpenFile[];
  /** What it lets go of, and whether it is surely that and nothing else; null for a call that closes nothing. */
  readonly closes: { readonly files: readonly OpenFile[]; readonly sure: boolean } | null;
  /** What the call may return a number for: VFIO_GROUP_GET_DEVICE_FD. */
  opens: OpenFile | null;
  /** Whether the number surely meant that file. */
  readonly sure: boolean;
  /** Losses of the source before it. */
  readonly generation: number;
  /** What was said on entry. */
  readonly said: SystemCall;
  /** What stands for the device of records inside that name none, and whether a device was closed in it. */
  entity: number | null;
  closed: boolean;
}

interface Slot {
  file: OpenFile;
  /** False where the number may mean another file by now. */
  sure: boolean;
  closesOnExec: boolean | null;
}

/** The files of a process, by their numbers: those of vfio and iommufd. */
interface Table {
  readonly pid: number;
  readonly slots: Map<number, Slot>;
  ended: boolean;
}

interface State {
  readonly tables: Map<number, Table>;
  readonly running: Map<number, RunningCall>;
  /** How many processes with a number have ended. */
  readonly ended: Map<number, number>;
  files: number;
  generation: number;
  closesSeen: boolean;
}

function fresh(files: number): State {
  return { tables: new Map(), running: new Map(), ended: new Map(), files, generation: 0, closesSeen: false };
}

const TABLES_MAX = 4096;
const RUNNING_MAX = 4096;
const FILES_MAX = 1024;

const GROUP_GET_DEVICE_FD = 0x3b6a;
const F_DUPFD = 0;
const F_DUPFD_CLOEXEC = 1030;
const CLOSE_RANGE_CLOEXEC = 4n;
const CLONE_FILES = 0x400n;

/** Calls that return the number of a file which is none of ours, and is therefore no longer one of ours. */
const OPENS_OTHER: ReadonlySet<string> = new Set([
  'socket',
  'accept',
  'accept4',
  'eventfd2',
  'epoll_create1',
  'memfd_create',
  'timerfd_create',
]);
const FORKS: ReadonlySet<string> = new Set(['clone', 'clone3', 'fork', 'vfork']);
const OPENS: ReadonlySet<string> = new Set(['open', 'openat', 'openat2']);
const DUPS: ReadonlySet<string> = new Set(['dup', 'dup2', 'dup3', 'fcntl']);
/** Calls that close what had the number that they give to another file. */
const REPLACES: ReadonlySet<string> = new Set(['dup2', 'dup3']);

/**
 * Which file a number means in a process, from the system calls that were recorded. What was not recorded is not guessed: a
 * file whose opening is unknown is known by its use, and doubted once its number may have been given to another.
 */
export class OpenFiles {
  #state: State = fresh(0);

  /** The call that a task has entered and, as far as is known, not left. */
  running(pid: number): RunningCall | null {
    return this.#state.running.get(pid) ?? null;
  }

  /** How many processes of this number have ended before the present one. */
  lives(pid: number): number {
    return this.#state.ended.get(pid) ?? 0;
  }

  /** Whether the records since the call began are complete, as far as the source says. */
  isWhole(call: RunningCall): boolean {
    return call.generation === this.#state.generation;
  }

  /** Takes in that a task enters a call, and tells what is known of it. */
  enter(pid: number, call: SystemCall): RunningCall {
    const table = this.#table(pid);
    const fd = call.args['fd'] ?? call.args['fildes'] ?? call.args['oldfd'] ?? null;
    const cmd = call.name === 'ioctl' ? Number(call.args['cmd'] ?? 0n) : null;
    const slot = fd === null ? null : this.#slot(table, Number(fd), cmd);
    const opens = slot && cmd === GROUP_GET_DEVICE_FD ? this.#newFile('device', slot.file.path) : null;
    const ends = call.name === 'exit_group';
    const closes = this.#closes(table, call);
    const running: RunningCall = {
      name: call.name,
      cmd,
      pid,
      files: ends ? (closes?.files ?? []) : slot ? [slot.file] : [],
      closes,
      opens,
      sure: !ends && (slot?.sure ?? false),
      generation: this.#state.generation,
      said: call,
      entity: null,
      closed: false,
    };
    remember(this.#state.running, pid, running, RUNNING_MAX);
    if (call.name === 'close' && fd !== null) {
      this.#state.closesSeen = true;
      table.slots.delete(Number(fd));
    }
    if (call.name === 'close_range') closeRange(table, call);
    if (REPLACES.has(call.name)) table.slots.delete(Number(call.args['newfd'] ?? -1n));
    if (ends) table.ended = true;
    return running;
  }

  /** Takes in that a task leaves a call; what it was in, null where its entry is unknown or records were lost since. */
  leave(pid: number, call: SystemCall): RunningCall | null {
    const running = this.running(pid);
    this.#state.running.delete(pid);
    const own = running?.name === call.name && this.isWhole(running) ? running : null;
    const result = Number(call.result ?? -1n);
    const table = this.#table(pid);
    if (OPENS.has(call.name)) this.#opened(table, result, own);
    else if (OPENS_OTHER.has(call.name)) table.slots.delete(result);
    else if (DUPS.has(call.name)) this.#duplicated(table, result, own, call.name);
    else if (call.name === 'ioctl' && own?.opens) {
      // Always closed on exec (vfio_device_open_file of drivers/vfio/group.c).
      if (result >= 0) this.#put(table, result, { file: own.opens, sure: true, closesOnExec: true });
    } else if (call.name.startsWith('execve')) {
      if (result === 0) becomeAnother(table);
    } else if (FORKS.has(call.name) && result > 0) {
      this.born({ pid: result, parent: pid, shares: sharesFiles(call.name, own) });
    }
    return own;
  }

  /** A task comes into being with the files of its parent. */
  born({ pid, parent, shares }: NewTask): void {
    const table = this.#state.tables.get(parent);
    const known = this.#state.tables.get(pid);
    // The birth is told by several events: the one that says more counts, as long as the child has done nothing.
    if (!table || known === table) return;
    if (shares) {
      remember(this.#state.tables, pid, table, TABLES_MAX);
      return;
    }
    if (known && !known.ended && shares === null) return;
    if (known?.ended) this.#end(pid);
    const slots = new Map([...table.slots].map(([fd, slot]) => [fd, { ...slot, sure: slot.sure && shares === false }]));
    remember(this.#state.tables, pid, { pid, slots, ended: false }, TABLES_MAX);
  }

  /** Records were lost: any number may mean another file. */
  lose(): void {
    this.#state.generation += 1;
    for (const { slots } of this.#state.tables.values()) for (const slot of slots.values()) slot.sure = false;
  }

  /** The number in the process of the call means another file than was thought, and has since nobody knows when. */
  replace(call: RunningCall, file: OpenFile): OpenFile {
    const fresh = this.#newFile(file.kind);
    for (const slot of this.#state.tables.get(call.pid)?.slots.values() ?? []) {
      if (slot.file === file) Object.assign(slot, { file: fresh, sure: true });
    }
    if (call.opens) call.opens = fresh;
    else call.files = [fresh];
    return fresh;
  }

  /** What the file is has just been shown: its number means it. */
  confirm(call: RunningCall, file: OpenFile): void {
    for (const slot of this.#state.tables.get(call.pid)?.slots.values() ?? []) if (slot.file === file) slot.sure = true;
  }

  /** Files that `test` holds for are no longer open. */
  forget(test: (file: OpenFile) => boolean): void {
    for (const { slots } of this.#state.tables.values()) {
      for (const [fd, { file }] of slots) if (test(file)) slots.delete(fd);
    }
  }

  clear(): void {
    this.#state = fresh(this.#state.files);
  }

  /** A copy that goes its own way. A file may be reached by several ways: all is copied at once. */
  fork(): OpenFiles {
    const copy = new OpenFiles();
    copy.#state = structuredClone(this.#state);
    return copy;
  }

  #table(pid: number): Table {
    const known = this.#state.tables.get(pid);
    // The process has ended: this is another one with its number.
    if (known && !known.ended) return known;
    const fresh: Table = { pid, slots: new Map(), ended: false };
    if (known) this.#end(pid);
    remember(this.#state.tables, pid, fresh, TABLES_MAX);
    return fresh;
  }

  #end(pid: number): void {
    remember(this.#state.ended, pid, this.lives(pid) + 1, TABLES_MAX);
  }

  /** The file behind a number; by its use where its opening was not recorded. */
  #slot(table: Table, fd: number, cmd: number | null): Slot | null {
    const known = table.slots.get(fd) ?? null;
    const used = cmd === null ? null : usedAs(cmd);
    if (known && (used === null || known.file.kind === used)) return known;
    if (known?.file.kind === 'unknown' && used !== null) {
      known.file.kind = used;
      return known;
    }
    if (used === null) return known;
    // Without closes nobody knows for how long the number means this file.
    const slot = { file: this.#newFile(used), sure: this.#state.closesSeen, closesOnExec: null };
    this.#put(table, fd, slot);
    return slot;
  }

  #closes(table: Table, { name, args }: SystemCall): RunningCall['closes'] {
    const all = [...table.slots];
    if (name === 'exit_group') return { files: [...new Set(all.map(([, { file }]) => file))], sure: false };
    const several = name === 'close_range';
    if (name !== 'close' && !REPLACES.has(name) && (!several || keepsOpen(args))) return null;
    const fd = REPLACES.has(name) ? args['newfd'] : args['fd'];
    const found = several
      ? all.filter(([number]) => isInRange(number, args))
      : all.filter(([number]) => number === Number(fd));
    // A number of which nothing is known means a file, and none of those that others mean.
    if (found.length === 0) return { files: [this.#newFile('unknown')], sure: false };
    const files = [...new Set(found.map(([, { file }]) => file))];
    const isAll = !several || BigInt(found.length) === (args['max_fd'] ?? 0xffff_ffffn) - (args['fd'] ?? 0n) + 1n;
    return { files, sure: isAll && found.every(([, { sure }]) => sure) };
  }

  #opened(table: Table, fd: number, own: RunningCall | null): void {
    if (fd < 0) return;
    table.slots.delete(fd);
    const kind = own === null ? null : kindOf(own.said.path);
    if (own === null || kind === null) return;
    this.#put(table, fd, { file: this.#newFile(kind, own.said.path), sure: true, closesOnExec: own.said.closesOnExec });
  }

  #duplicated(table: Table, fd: number, own: RunningCall | null, by: string): void {
    const cmd = Number(own?.said.args['cmd'] ?? -1n);
    if (fd < 0 || (by === 'fcntl' && cmd !== F_DUPFD && cmd !== F_DUPFD_CLOEXEC)) return;
    table.slots.delete(fd);
    const [file] = own?.files ?? [];
    if (file && own) this.#put(table, fd, { file, sure: own.sure, closesOnExec: null });
  }

  #put(table: Table, fd: number, slot: Slot): void {
    slot.file.name ??= `fd ${fd} of process ${table.pid}`;
    if (table.slots.size < FILES_MAX) table.slots.set(fd, slot);
  }

  #newFile(kind: FileKind, path: string | null = null): OpenFile {
    this.#state.files += 1;
    return { id: this.#state.files, kind, name: null, path, entity: null };
  }
}

/** Whether the path is one device's own, and of no group. */
export function isCdev(path: string | null): path is string {
  return path !== null && /^\/dev\/vfio\/devices\/vfio\d{1,10}$/.test(path);
}

function kindOf(path: string | null): FileKind | null {
  if (path === null) return 'unknown';
  if (isCdev(path)) return 'device';
  if (path === '/dev/vfio/vfio') return 'container';
  if (/^\/dev\/vfio\/(?:noiommu-)?\d{1,10}$/.test(path)) return 'group';
  return path === '/dev/iommu' ? 'iommufd' : null;
}

/** What only one kind of file is asked; null for numbers that several have (include/uapi/linux/vfio.h, iommufd.h). */
function usedAs(cmd: number): FileKind | null {
  if ((cmd >= 0x3b6b && cmd <= 0x3b6f) || (cmd >= 0x3b76 && cmd <= 0x3b78) || cmd === 0x3b7a || cmd === 0x3b7b)
    return 'device';
  if (cmd >= 0x3b67 && cmd <= 0x3b6a) return 'group';
  return cmd >= 0x3b80 && cmd <= 0x3bff ? 'iommufd' : null;
}

/** Whether a child has the very files of its parent: the flags of clone3 stand in the memory of the user. */
function sharesFiles(name: string, own: RunningCall | null): boolean | null {
  if (name === 'fork' || name === 'vfork') return false;
  const flags = own?.said.args['clone_flags'];
  return flags === undefined ? null : (flags & CLONE_FILES) !== 0n;
}

function becomeAnother(table: Table): void {
  for (const [fd, slot] of table.slots) {
    if (slot.closesOnExec === true) table.slots.delete(fd);
    else if (slot.closesOnExec === null) slot.sure = false;
  }
}

function closeRange(table: Table, { args }: SystemCall): void {
  for (const [fd, slot] of table.slots) {
    if (!isInRange(fd, args)) continue;
    if (keepsOpen(args)) slot.closesOnExec = true;
    else table.slots.delete(fd);
  }
}

/** Of close_range: whether it is about the number. */
function isInRange(fd: number, args: SystemCall['args']): boolean {
  return BigInt(fd) >= (args['fd'] ?? 0n) && BigInt(fd) <= (args['max_fd'] ?? 0xffff_ffffn);
}

/** Of close_range: nothing is closed before the process becomes another program. */
function keepsOpen(args: SystemCall['args']): boolean {
  return ((args['flags'] ?? 0n) & CLOSE_RANGE_CLOEXEC) !== 0n;
}

/** Insertion order is age: the oldest makes room. */
function remember<K, V>(map: Map<K, V>, key: K, value: V, max: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= max) return;
  const oldest = map.keys().next().value;
  if (oldest !== undefined) map.delete(oldest);
}
