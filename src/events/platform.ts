import type { KernelRecord } from '../formats/record.ts';
import { PLATFORM_MARKS } from './index.ts';

/** What a record says about the machine: the TSM's platform, or at least the architecture. */
export type HostMark = 'tdx' | 'sev-tio' | 'cca' | 'x86' | 'arm64';

/**
 * The platform that a record proves, null where it proves none. System call entries are named by architecture
 * (`__x64_sys_ioctl`, `__arm64_sys_ioctl`; include/linux/syscalls.h).
 */
export function hostMark(record: KernelRecord): HostMark | null {
  const message = record.type === 'printk' ? record.message : null;
  const symbol = record.type === 'printk' ? null : record.symbol;
  for (const mark of PLATFORM_MARKS) {
    if (symbol !== null && mark.symbolPrefix !== undefined && symbol.startsWith(mark.symbolPrefix))
      return mark.platform;
    if (message !== null && mark.message?.test(message)) return mark.platform;
  }
  const caller = record.type === 'function' || record.type === 'graph' ? record.parent : null;
  if (caller?.startsWith('__x64_sys_') || caller?.startsWith('__ia32_sys_')) return 'x86';
  if (caller?.startsWith('__arm64_sys_')) return 'arm64';
  return null;
}
