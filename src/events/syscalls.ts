import type { TraceEventRow } from './catalogue.ts';

const IOCTL = {
  kind: 'syscall.ioctl',
  named: 'sys_ioctl',
  handles: [{ type: 'any-fd', arguments: ['fd'] }],
  decodes: { cmd: 'ioctl' },
  versions: '2.6.32-',
} as const;

/**
 * System calls that carry the user's wish to vfio and iommufd, as three tools print them. Numbers are hexadecimal, without 0x
 * up to 6.17, with it (but for those below ten) since. Only the numbers of vfio and iommufd: what file it is is not known
 * here, so that a number may mean several things.
 */
export const SYSCALL_EVENTS: readonly TraceEventRow[] = [
  {
    ...IOCTL,
    name: 'sys_ioctl',
    pattern:
      /^\(fd: (?<fd>(?:0x)?[0-9a-f]{1,16}), cmd: (?<cmd>(?:0x)?3b(?:6[4-9a-f]|[7-9][0-9a-f])), arg: (?<arg>(?:0x)?[0-9a-f]{1,16})\)$/,
    example: 'sys_ioctl(fd: 4, cmd: 0x3b76, arg: 0x7ffed92853e0)',
    source: 'print_syscall_enter, kernel/trace/trace_syscalls.c (6.12, 7.1)',
  },
  {
    ...IOCTL,
    name: 'sys_enter_ioctl',
    pattern:
      /^fd: (?<fd>0x[0-9a-f]{1,16}), cmd: (?<cmd>0x0{0,12}3b(?:6[4-9a-f]|[7-9][0-9a-f])), arg: (?<arg>0x[0-9a-f]{1,16})$/,
    example: 'sys_enter_ioctl: fd: 0x00000004, cmd: 0x00003b76, arg: 0x7ffd66e782f0',
    source: 'set_print_fmt, kernel/trace/trace_syscalls.c (6.12, 7.3), as trace-cmd report and perf script use it',
  },
  {
    ...IOCTL,
    name: 'sys_enter_ioctl',
    pattern:
      /^__syscall_nr=(?:0x)?[0-9a-f]{1,4} (?:\(\d{1,4}\) )?fd=(?<fd>0x[0-9a-f]{1,16}) (?:\(\d{1,10}\) )?cmd=(?<cmd>0x3b(?:6[4-9a-f]|[7-9][0-9a-f])) (?:\(\d{1,10}\) )?arg=(?<arg>(?:0x)?[0-9a-f]{1,16})/,
    example:
      'sys_enter_ioctl: __syscall_nr=0x10 (16) fd=0x4 (4) cmd=0x3b76 (15222) arg=0x7ffe50fa0120 (140730256982304)',
    source: 'print_fields, kernel/trace/trace_output.c (7.3), with the option fields',
  },
];
