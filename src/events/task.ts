import type { TraceEventRow } from './catalogue.ts';

/** The end of a process: the kernel then closes what it still has open. */
export const TASK_EVENTS: readonly TraceEventRow[] = [
  {
    name: 'sched_process_exit',
    kind: 'task.exit',
    // group_dead is printed since 6.16; without it the thread's end need not be the process's.
    pattern: /^comm=.{0,64}? pid=(?<pid>\d+) prio=\d+(?: group_dead=(?<group_dead>true|false))?$/,
    example: 'sched_process_exit: comm=qemu-system-x86 pid=742 prio=120 group_dead=true',
    versions: '2.6.31-',
    source: 'include/trace/events/sched.h (6.12, 7.1)',
  },
  {
    name: 'sys_exit_group',
    kind: 'task.exit',
    pattern: /^\(error_code: (?<error_code>-?(?:0x)?[0-9a-f]+)\)$/,
    example: 'sys_exit_group(error_code: 0)',
    versions: '2.6.32-',
    source: 'kernel/trace/trace_syscalls.c (6.12, 7.1)',
  },
];
