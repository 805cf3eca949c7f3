/**
 * What a logging daemon says of who wrote a message. `user`: the facility of that name in a priority in front of a line, `<14>`, or in the
 * words of busybox's syslogd; `other`: another one that is not the kernel's, or any other word: logd of OpenWrt keeps the facility that the
 * kernel gave.
 */
export type Facility = 'kern' | 'user' | 'other';

/** What klogd of busybox says of itself, in the name of the kernel. */
export const KLOGD_STARTED = 'klogd started: BusyBox ';
/** What no user space writes: it does not run yet, or it is klogd itself that says so (klogd_main() in sysklogd/klogd.c of busybox). */
const OF_KLOGD =
  /^(?:\[ {1,4}0\.000000\]|Linux version |Booting Linux on physical CPU |klogd started: BusyBox |\[ *\d{1,10}\.\d{6}\] Linux version )/;
/** Characters of a message that are looked at. */
export const SIGN_LENGTH = 64;

/**
 * Whose the messages with the ident `kernel` are; of one source. The klogd of busybox gives all of them the facility `user` where it was
 * built with glibc, whose openlog() takes LOG_KERN, 0, for nothing (sysklogd/klogd.c, busybox 1.36; misc/syslog.c, glibc 2.36). There the
 * facility tells nothing. Where one message has the facility of the kernel no such klogd is at work, and `user` is user space's
 * (/dev/kmsg, as imklog of rsyslog and a klogd with another libc hand it on). Where nothing shows the one or the other it cannot be told.
 */
export class KernelFacility {
  /** Messages of the facility `user` that may have a stamp of the kernel. */
  users = 0;
  #isTold = false;
  #isKlogd = false;

  /** A message of the ident `kernel`, and how it begins; the facility is null where the form has none. */
  note(facility: Facility | null, message: string): void {
    if (facility === 'kern') this.#isTold = true;
    if (facility !== 'user') return;
    if (message.trimStart().startsWith('[')) this.users++;
    this.#isKlogd ||= OF_KLOGD.test(message);
  }

  /**
   * Whether it counts as user space's.
   *
   * @param hasStamp the message begins with the kernel's own stamp. What has none may be of anybody who calls himself `kernel`.
   */
  isClaim(facility: Facility | null, hasStamp: boolean): boolean {
    if (facility === 'user') return this.#isTold || !hasStamp || !this.#isKlogd;
    return facility === 'other';
  }

  /** Whether nothing shows whose the messages of the facility `user` are. */
  get isOpen(): boolean {
    return !this.#isTold && !this.#isKlogd;
  }
}
