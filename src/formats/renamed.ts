import type { SyslogHead } from './syslog-head.ts';

// context_update_kernel_hostname() in src/hostname/hostnamed.c of systemd, since 248; before, method_set_hostname() and
// method_set_static_hostname() there.
const SAID = /^(?:Hostname set to <([^<>\s]{1,255})>|Changed (?:static )?host name to '([^'\s]{1,255})')/;

/** The program that names a machine while it runs; PID 1 says the same at boot. */
export const RENAMER = 'systemd-hostnamed';

/** The name that its machine has from a message on, lower case; null where the message does not say so. */
export function newName(message: string): string | null {
  const match = SAID.exec(message);
  return match === null ? null : (match[1] ?? match[2] ?? '').toLowerCase();
}

/** Whether two names may be of one host: one has the domain, the other one has not. */
export function isSameName(one: string, other: string): boolean {
  return one === other || one.startsWith(`${other}.`) || other.startsWith(`${one}.`);
}

/** What a line says about when its message was made. Microseconds. */
export interface Moment {
  /** Of a clock that begins with the boot. */
  readonly stamp: number;
  readonly clock: string;
  /** When a daemon took it, of the calendar; null where the form has no such time. */
  readonly wall: number | null;
}

/** Null where it has no stamp but that of the calendar, which all machines share. @param head has scanned the line. */
export function momentOf({ stamp, clock, prefix }: Pick<SyslogHead, 'stamp' | 'clock' | 'prefix'>): Moment | null {
  if (prefix === null || stamp === null || clock === null || clock === prefix.time?.clock) return null;
  return { stamp, clock, wall: prefix.time?.us ?? null };
}

/** A daemon takes a message within that of the kernel's making it, and some forms write whole seconds. */
const DELAY = 2e6;
/** Where there is no other clock: longer than that a rename does not go without a message of the kernel. */
const SILENCE = 3600e6;

/** Whether one boot's clock goes on from one message to a later one: it went by as much as the calendar did. */
export function clockGoesOn(before: Moment, after: Moment): boolean {
  const passed = after.stamp - before.stamp;
  if (before.clock !== after.clock || passed < 0) return false;
  if (before.wall === null || after.wall === null) return passed <= SILENCE;
  return Math.abs(passed - (after.wall - before.wall)) <= DELAY;
}
