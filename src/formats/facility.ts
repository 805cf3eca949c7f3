/**
 * What a logging daemon says of who wrote a message. `user`: the facility of that name in a priority in front of a line, `<14>`; `other`:
 * another one that is not the kernel's, or a word (`user.info`): logd of OpenWrt, which prints words, keeps the facility that the kernel gave.
 */
export type Facility = 'kern' | 'user' | 'other';

/**
 * Whose the messages with the ident `kernel` are; of one source. The klogd of busybox gives all of them the facility `user` where it was
 * built with glibc, whose openlog() takes LOG_KERN, 0, for nothing (sysklogd/klogd.c, busybox 1.36; misc/syslog.c, glibc 2.36). There the
 * facility tells nothing. Where one message has the facility of the kernel no such klogd is at work, and `user` is user space's
 * (/dev/kmsg, as imklog of rsyslog hands it on).
 */
export class KernelFacility {
  #isTold = false;

  /** A message of the ident `kernel`; null: the form has no facility. */
  note(facility: Facility | null): void {
    this.#isTold ||= facility === 'kern';
  }

  /**
   * Whether it counts as user space's.
   *
   * @param hasStamp the message begins with the kernel's own stamp. What has none may be of anybody who calls himself `kernel`.
   */
  isClaim(facility: Facility | null, hasStamp: boolean): boolean {
    return facility === 'other' || (facility === 'user' && (this.#isTold || !hasStamp));
  }
}
