import type { SideFact } from './fact.ts';

/** The kernel that ran when side data were stored. */
export interface KernelRelease {
  /** `7.3.4+deb13-amd64`, as uname -r has it. */
  readonly release: string;
  readonly fact: SideFact;
}

const RELEASE = '(\\d{1,3}\\.\\d{1,5}[\\w.+~-]{0,64})';
// Linux version 7.3.4+deb13-amd64 (debian-kernel@lists.debian.org) (x86_64-linux-gnu-gcc-14 ..    (/proc/version)
// Linux host 7.3.4+deb13-amd64 #1 SMP PREEMPT_DYNAMIC Debian 7.3.4-1~bpo13+1 (2026-11-15) x86_64 GNU/Linux    (uname -a)
const SAID = new RegExp(`^Linux (?:version|\\S{1,64}) ${RELEASE} (?:\\(|#)`);
// 7.3.4+deb13-amd64    (uname -r, in a file of that name)
const ALONE = new RegExp(`^${RELEASE}$`);

/** The release that a line tells; `name` is that of the file. Null for every other line. */
export function kernelRelease(row: string, name: string): string | null {
  const said = SAID.exec(row)?.[1];
  if (said !== undefined) return said;
  const base = name.slice(name.lastIndexOf('/') + 1);
  return /^(?:uname|osrelease)/.test(base) ? (ALONE.exec(row.trim())?.[1] ?? null) : null;
}
