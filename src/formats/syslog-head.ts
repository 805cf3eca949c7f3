import type { Nanoseconds } from '../base/time.ts';
import { withoutControls } from './clean.ts';
import { behindBlank, HeadScanner } from './dmesg-head.ts';
import { type KernelFacility, KLOGD_STARTED, SIGN_LENGTH } from './facility.ts';
import { exactStamp } from './ftrace-row.ts';
import type { LineHead } from './line-head.ts';
import type { PrintkHead } from './printk-entry.ts';
import type { Damage } from './repairs.ts';
import type { SyslogPrefix } from './syslog-prefix.ts';
import { unwrapped } from './unwrap.ts';

const BLANK = 32;
const OPEN = 91;

/** The clock of journalctl -o short-monotonic: since systemd 256 when journald received it, before when the kernel said it. */
export const JOURNAL_CLOCK = 'journal-monotonic';

/**
 * The head of a kernel message in a line of a logging daemon. Where the text begins with the kernel's own stamp, that is the
 * time: the daemon's says when it came to know.
 */
export class SyslogHead implements LineHead {
  plain = '';
  message = 0;
  stamp: number | null = null;
  clock: string | null = null;
  readonly bareContinuation = false;
  damage: Damage | null = null;
  /** The prefix of the line that was scanned last, whoever wrote it. */
  prefix: SyslogPrefix | null = null;
  readonly #inner = new HeadScanner();
  readonly #parse: (line: string) => SyslogPrefix | null;
  readonly #facilities: KernelFacility;
  #time: Nanoseconds | null = null;

  /** @param facilities of the source, which may have several heads. */
  constructor(parse: (line: string) => SyslogPrefix | null, facilities: KernelFacility) {
    this.#parse = parse;
    this.#facilities = facilities;
  }

  scan(line: string): boolean {
    this.prefix = null;
    this.damage = null;
    if (this.#scan(line)) return true;
    if (this.prefix !== null) return false;
    for (const { plain, damage } of unwrapped(line)) {
      if (this.#scan(plain)) {
        this.damage = damage;
        return true;
      }
      if (this.prefix !== null) return false;
    }
    return false;
  }

  get claimed(): boolean {
    return this.prefix !== null && this.#facilities.isClaim(this.prefix.facility, this.clock === 'printk');
  }

  values(): PrintkHead {
    const { cpu, pid } = this.#inner;
    return { time: this.#time, cpu, pid, level: this.prefix?.level ?? null };
  }

  #scan(raw: string): boolean {
    const line = raw.includes('\xa0') ? withoutControls(raw) : raw;
    const prefix = this.#parse(line);
    this.prefix = prefix;
    if (prefix?.ident !== 'kernel') return false;
    // Hardly any form has one.
    if (prefix.facility !== null)
      this.#facilities.note(prefix.facility, line.slice(prefix.message, prefix.message + SIGN_LENGTH));
    if (line.startsWith(KLOGD_STARTED, prefix.message)) {
      this.prefix = { ...prefix, ident: 'klogd' };
      return false;
    }
    this.plain = line;
    const inner = this.#inner;
    let start = prefix.message;
    while (line.charCodeAt(start) === BLANK) start++;
    if (line.charCodeAt(start) === OPEN && inner.scanStamp(line, start)) {
      this.message = inner.message;
      this.stamp = inner.stamp;
      this.clock = 'printk';
      this.#time = inner.time(line);
      return true;
    }
    const behind = inner.scanCaller(line, prefix.message);
    this.message = behind > prefix.message ? behindBlank(line, behind) : prefix.message;
    this.#takeOuter(prefix);
    return true;
  }

  #takeOuter(prefix: SyslogPrefix): void {
    this.stamp = prefix.time?.us ?? null;
    this.clock = prefix.time?.clock ?? null;
    this.#time = prefix.time?.time ?? null;
    if (prefix.seconds === null) return;
    this.#time = exactStamp(prefix.seconds);
    this.stamp = Number(this.#time / 1000n);
    this.clock = JOURNAL_CLOCK;
  }
}
