import type { KernelRecord, TraceEventRecord } from '../formats/record.ts';

/** What a system call that was entered or left says of files; numbers as the kernel has them, unsigned where it returns a file. */
export interface SystemCall {
  /** Without `sys_`; of raw_syscalls by number. */
  readonly name: string;
  readonly phase: 'enter' | 'exit';
  /** Arguments by their name in the kernel's prototype. */
  readonly args: Readonly<Record<string, bigint>>;
  /** The name that is opened; null where the record has an address only. */
  readonly path: string | null;
  /** The file is closed when the process becomes another program; null where the flags are not told by name. */
  readonly closesOnExec: boolean | null;
  /** Signed; null at the entry. */
  readonly result: bigint | null;
}

/** A process comes into being; `shares`: with the files of its parent themselves, not copies; null where it is not told. */
export interface NewTask {
  readonly pid: number;
  readonly parent: number;
  readonly shares: boolean | null;
}

/**
 * Arguments that matter, in the order of the prototype (include/linux/syscalls.h), `-` for those that do not. What has none
 * is told for its result alone: a new file takes a number that may have been another file's.
 */
const PROTOTYPES: Readonly<Record<string, string>> = {
  open: '',
  openat: '',
  openat2: '',
  close: 'fd',
  close_range: 'fd max_fd flags',
  dup: 'fildes',
  dup2: 'oldfd newfd',
  dup3: 'oldfd newfd',
  fcntl: 'fd cmd',
  ioctl: 'fd cmd arg',
  pread64: 'fd',
  pwrite64: 'fd',
  mmap: '- - - - fd',
  munmap: '',
  execve: '',
  execveat: '',
  exit_group: '',
  clone: 'clone_flags',
  clone3: '',
  fork: '',
  vfork: '',
  socket: '',
  accept: '',
  accept4: '',
  eventfd2: '',
  epoll_create1: '',
  memfd_create: '',
  timerfd_create: '',
};

/** arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h (7.1): the calls above where both have them. */
const NUMBERS: Readonly<Record<'x86' | 'arm64', ReadonlyMap<number, string>>> = {
  x86: new Map([
    [2, 'open'],
    [3, 'close'],
    [9, 'mmap'],
    [11, 'munmap'],
    [16, 'ioctl'],
    [17, 'pread64'],
    [18, 'pwrite64'],
    [32, 'dup'],
    [33, 'dup2'],
    [56, 'clone'],
    [57, 'fork'],
    [58, 'vfork'],
    [59, 'execve'],
    [72, 'fcntl'],
    [231, 'exit_group'],
    [257, 'openat'],
    [290, 'eventfd2'],
    [292, 'dup3'],
    [435, 'clone3'],
    [436, 'close_range'],
    [437, 'openat2'],
  ]),
  arm64: new Map([
    [19, 'eventfd2'],
    [23, 'dup'],
    [24, 'dup3'],
    [25, 'fcntl'],
    [29, 'ioctl'],
    [56, 'openat'],
    [57, 'close'],
    [67, 'pread64'],
    [68, 'pwrite64'],
    [94, 'exit_group'],
    [215, 'munmap'],
    [220, 'clone'],
    [221, 'execve'],
    [222, 'mmap'],
    [435, 'clone3'],
    [436, 'close_range'],
    [437, 'openat2'],
  ]),
};

/** Names of trace events that tell of files; see kernel/trace/trace_syscalls.c and include/trace/events/{syscalls,sched,task}.h. */
export const FILE_EVENTS: ReadonlySet<string> = new Set([
  ...Object.keys(PROTOTYPES).flatMap((name) => [`sys_${name}`, `sys_enter_${name}`, `sys_exit_${name}`]),
  'sys_enter',
  'sys_exit',
  'task_newtask',
  'sched_process_exit',
  'sched_process_fork',
]);

/** CLONE_FILES of include/uapi/linux/sched.h: parent and child have one table of files. */
const CLONE_FILES = 0x400n;
const AT_FDCWD = 0xffff_ff9cn;
const LOW_32 = 0xffff_ffffn;
const VFIO_IOCTLS = { first: 0x3b64n, last: 0x3bffn } as const;

/** Reads the system calls of one source. Which machine the numbers of raw_syscalls belong to shows in those that only one has. */
export class SystemCallReader {
  #machine: 'x86' | 'arm64' | null = null;

  get machine(): 'x86' | 'arm64' | null {
    return this.#machine;
  }

  constructor(machine: 'x86' | 'arm64' | null = null) {
    this.#machine = machine;
  }

  /** null for every other record. */
  read(record: KernelRecord): SystemCall | null {
    if (record.type !== 'event' || record.symbol !== null) return null;
    if (record.name === 'sched_process_exit') return ending(record.body);
    if (!record.name.startsWith('sys_')) return null;
    const body = record.body.trim();
    if (record.name === 'sys_enter' || record.name === 'sys_exit') return this.#raw(record, body);
    const bare = record.name.slice('sys_'.length);
    // exit_group is no return of `group`.
    if (PROTOTYPES[bare] !== undefined) return body.startsWith('->') ? left(bare, body) : entered(bare, body);
    if (bare.startsWith('enter_')) return entered(bare.slice('enter_'.length), body);
    return bare.startsWith('exit_') ? left(bare.slice('exit_'.length), body) : null;
  }

  // NR 257 (ffffff9c, 55d0c0a1e2b0, 2, 0, 0, 0)    NR 257 = 5    (include/trace/events/syscalls.h, 2.6.31 to 7.1)
  #raw({ name }: TraceEventRecord, body: string): SystemCall | null {
    if (name === 'sys_exit') {
      const match = /^NR (\d{1,4}) = (-?\d{1,20})$/.exec(body);
      const call = match?.[1] === undefined ? undefined : this.#named(Number(match[1]), []);
      if (match?.[2] === undefined || call === undefined) return null;
      return { name: call, phase: 'exit', args: {}, path: null, closesOnExec: null, result: BigInt(match[2]) };
    }
    const match = /^NR (\d{1,4}) \(([0-9a-f]{1,16}(?:, [0-9a-f]{1,16}){5})\)$/.exec(body);
    if (match?.[1] === undefined || match[2] === undefined) return null;
    const values = match[2].split(', ').map((value) => BigInt(`0x${value}`));
    const call = this.#named(Number(match[1]), values);
    if (call === undefined) return null;
    const args: Record<string, bigint> = {};
    for (const [index, argument] of (PROTOTYPES[call] ?? '').split(' ').entries()) {
      const value = values[index];
      if (argument !== '' && argument !== '-' && value !== undefined) args[argument] = value & LOW_32;
    }
    return { name: call, phase: 'enter', args, path: null, closesOnExec: null, result: null };
  }

  #named(number: number, values: readonly bigint[]): string | undefined {
    this.#machine ??= machineOf(number, values);
    return this.#machine === null ? undefined : NUMBERS[this.#machine].get(number);
  }
}

/** openat with AT_FDCWD, or an ioctl of vfio: what has the same number on the other machine takes no such arguments. */
function machineOf(number: number, [first, second]: readonly bigint[]): 'x86' | 'arm64' | null {
  if (first === undefined || second === undefined) return null;
  const opens = (first & LOW_32) === AT_FDCWD;
  const asks = (second & LOW_32) >= VFIO_IOCTLS.first && (second & LOW_32) <= VFIO_IOCTLS.last;
  if ((number === 257 && opens) || (number === 16 && asks)) return 'x86';
  return (number === 56 && opens) || (number === 29 && asks) ? 'arm64' : null;
}

/** The end of the last thread closes what the process has open, as exit_group does; see task.ts. */
function ending(body: string): SystemCall | null {
  if (body.includes(' group_dead=false')) return null;
  return { name: 'exit_group', phase: 'enter', args: {}, path: null, closesOnExec: null, result: null };
}

function entered(name: string, body: string): SystemCall | null {
  const prototype = PROTOTYPES[name];
  if (prototype === undefined) return null;
  const args: Record<string, bigint> = {};
  for (const argument of prototype.split(' ')) {
    const value = argument === '' || argument === '-' ? null : numberOf(body, argument);
    if (value !== null) args[argument] = value & LOW_32;
  }
  const opens = name.startsWith('open');
  return {
    name,
    phase: 'enter',
    args,
    path: opens ? pathOf(body) : null,
    closesOnExec: opens ? closesOnExec(body) : null,
    result: null,
  };
}

function left(name: string, body: string): SystemCall | null {
  if (PROTOTYPES[name] === undefined) return null;
  const match = /^(?:-> |.{0,80}\bret=)?(0x)?([0-9a-f]{1,16})(?: \(-?\d{1,20}\))?$/.exec(body);
  if (match?.[2] === undefined) return null;
  return {
    name,
    phase: 'exit',
    args: {},
    path: null,
    closesOnExec: null,
    result: BigInt.asIntN(64, BigInt(`0x${match[2]}`)),
  };
}

/**
 * `(fd: 4, cmd: 0x3b76, arg: 0x7ffed92853e0)`, `fd: 0x00000004, cmd: ..`, `fd=0x4 (4) cmd=..`. Without 0x it is hexadecimal up
 * to 6.17, and below ten since (print_syscall_enter, kernel/trace/trace_syscalls.c).
 */
function numberOf(body: string, argument: string): bigint | null {
  const match = new RegExp(`(?:^|[ (])${argument}(?:: |=)(?:0x)?([0-9a-f]{1,16})(?![0-9a-z])`).exec(body.slice(0, 512));
  return match?.[1] === undefined ? null : BigInt(`0x${match[1]}`);
}

// `(dfd: 4294967196, filename: 4702236 "/dev/iommu", flags: O_RDWR)` since 6.18; with the option fields at the end of the line.
const PATH =
  /^\(?(?:dfd: [^,"]{1,24}, )?filename: [^,"]{1,24} "(.{0,400}?)", (?:flags|how): |__filename_val=(.{1,400})$/;
// By name only where it is one: `flags: 0x80002` of another machine than x86 or arm64 may be anything.
const FLAGS = /", flags: ([A-Z_|]{1,200})[,)]/;

function pathOf(body: string): string | null {
  const match = PATH.exec(body.slice(0, 1024));
  return match?.[1] ?? match?.[2] ?? null;
}

function closesOnExec(body: string): boolean | null {
  const flags = FLAGS.exec(body.slice(0, 1024))?.[1];
  return flags === undefined ? null : flags.split('|').includes('O_CLOEXEC');
}

/** The birth of a task; null for every other record. */
export function newTask(record: KernelRecord): NewTask | null {
  if (record.type !== 'event' || record.symbol !== null) return null;
  if (record.name === 'task_newtask') {
    // pid=1234 comm=qemu clone_flags=3d0f00 oom_score_adj=0    (include/trace/events/task.h, 3.5 to 7.1)
    const match = /^pid=(\d{1,10}) comm=.{0,32}? clone_flags=(?:0x)?([0-9a-f]{1,16}) oom_score_adj=/.exec(record.body);
    if (match?.[1] === undefined || match[2] === undefined || record.pid === null) return null;
    const shares = (BigInt(`0x${match[2]}`) & CLONE_FILES) !== 0n;
    return { pid: Number(match[1]), parent: record.pid, shares };
  }
  if (record.name !== 'sched_process_fork') return null;
  // comm=qemu pid=1200 child_comm=qemu child_pid=1234    (include/trace/events/sched.h)
  const match = /^comm=.{0,32}? pid=(\d{1,10}) child_comm=.{0,32}? child_pid=(\d{1,10})$/.exec(record.body);
  if (match?.[1] === undefined || match[2] === undefined) return null;
  return { pid: Number(match[2]), parent: Number(match[1]), shares: null };
}
