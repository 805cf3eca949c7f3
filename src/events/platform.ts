import { Repeated } from '../base/repeated.ts';
import type { KernelRecord } from '../formats/record.ts';
import { PLATFORM_MARKS } from './index.ts';

/** What a record says about the machine: the TSM's platform, or at least the architecture. */
export type HostMark = 'tdx' | 'sev-tio' | 'cca' | 'x86' | 'arm64';

/**
 * The platform that a record proves, null where it proves none. System call entries are named by architecture
 * (`__x64_sys_ioctl`, `__arm64_sys_ioctl`; include/linux/syscalls.h).
 */
export function hostMark(record: KernelRecord): HostMark | null {
  if (record.type === 'printk') return MESSAGE_MARKS.of(record.message);
  const { symbol } = record;
  if (symbol !== null) {
    for (const { symbolPrefix, platform } of SYMBOL_MARKS) if (symbol.startsWith(symbolPrefix)) return platform;
  }
  const caller = record.type === 'event' ? null : record.parent;
  // Most callers are no system call: one look instead of three.
  if (caller === null || !caller.startsWith('__')) return null;
  if (caller.startsWith('__x64_sys_') || caller.startsWith('__ia32_sys_')) return 'x86';
  return caller.startsWith('__arm64_sys_') ? 'arm64' : null;
}

const MESSAGE_MARKS = new Repeated<HostMark | null>(
  (text) => PLATFORM_MARKS.find(({ message }) => message?.test(text) === true)?.platform ?? null,
);

const SYMBOL_MARKS = PLATFORM_MARKS.flatMap(({ symbolPrefix, platform }) =>
  symbolPrefix === undefined ? [] : [{ symbolPrefix, platform }],
);
