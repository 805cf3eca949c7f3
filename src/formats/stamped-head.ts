import type { Nanoseconds } from '../base/time.ts';
import { behindBlank, HeadScanner } from './dmesg-head.ts';
import { stampAt } from './dmesg-stamps.ts';
import type { LineHead } from './line-head.ts';
import type { PrintkHead } from './printk-entry.ts';
import type { Damage } from './repairs.ts';
import { unwrapped } from './unwrap.ts';
import { mayBeVendor, vendorHead } from './vendor-head.ts';

/** Stamps on one line: dmesg has seven forms of time. */
const MAX_STAMPS = 8;
const ESCAPE = 27;
const OPEN = 91;
const DIGIT_0 = 48;
const DIGIT_9 = 57;
const LESS = 60;

// A stamp that is none: `[ 12.34]`.
const BROKEN_STAMP = /^\[ *\d{1,20}\./;

/**
 * The head of a line of dmesg in any of its forms: a level, any number of stamps, a caller. The usual form is tried first.
 * Where a line has several stamps, the kernel's own is the time, else that of the calendar.
 */
export class StampedHead implements LineHead {
  plain = '';
  message = 0;
  stamp: number | null = null;
  clock: string | null = null;
  bareContinuation = false;
  damage: Damage | null = null;
  readonly #scanner = new HeadScanner();
  /** Exact time of a stamp of another form than the usual one. */
  #time: Nanoseconds | null = null;
  #usual = false;

  get claimed(): boolean {
    return this.#scanner.claimed;
  }

  scan(line: string): boolean {
    const scanner = this.#scanner;
    this.bareContinuation = line.charCodeAt(0) === LESS;
    this.damage = null;
    if (scanner.scan(line)) {
      const code = line.charCodeAt(scanner.message);
      if (code !== ESCAPE) {
        this.plain = line;
        this.#takeUsual();
        if (code === OPEN || (code >= DIGIT_0 && code <= DIGIT_9)) this.#scanMore(line);
        this.#skipVendor(line);
        return true;
      }
    } else if (this.#scanOther(line)) return true;
    for (const { plain, damage } of unwrapped(line)) {
      if (!this.#scanOther(plain)) continue;
      this.damage = damage;
      return true;
    }
    return this.#scanLevelAlone(line);
  }

  values(): PrintkHead {
    const { cpu, pid, level } = this.#scanner;
    return { time: this.#usual ? this.#scanner.time(this.plain) : this.#time, cpu, pid, level };
  }

  #takeUsual(): void {
    this.message = this.#scanner.message;
    this.stamp = this.#scanner.stamp;
    this.clock = 'printk';
    this.#usual = true;
  }

  /** Stamps, and a caller, behind a usual stamp that has no caller. */
  #scanMore(line: string): void {
    const scanner = this.#scanner;
    let at = this.message;
    for (let i = 0; i < MAX_STAMPS; i++) {
      const stamp = stampAt(line, at);
      if (stamp === null) break;
      at = behindBlank(line, stamp.end);
    }
    if (at === this.message) return;
    this.message = behindBlank(line, scanner.scanCaller(line, at));
  }

  #skipVendor(line: string): void {
    const vendor = mayBeVendor(line, this.message) ? vendorHead(line, this.message) : null;
    if (vendor === null) return;
    this.#scanner.cpu ??= vendor.cpu;
    this.#scanner.pid ??= vendor.pid;
    this.message = vendor.end;
  }

  #scanOther(line: string): boolean {
    const scanner = this.#scanner;
    const start = scanner.scanLevel(line);
    this.plain = line;
    this.stamp = null;
    this.clock = null;
    this.#time = null;
    this.#usual = false;
    let at = start;
    for (let i = 0; i < MAX_STAMPS && !this.#usual; i++) {
      if (line.charCodeAt(at) === OPEN && scanner.scanStamp(line, at)) {
        this.#takeUsual();
        this.#scanMore(line);
        this.#skipVendor(line);
        return true;
      }
      const stamp = stampAt(line, at);
      if (stamp === null) break;
      at = behindBlank(line, stamp.end);
      if (this.clock === 'printk' || stamp.clock === null) continue;
      if (this.clock !== null && stamp.clock !== 'printk') continue;
      this.stamp = stamp.us;
      this.clock = stamp.clock;
      this.#time = stamp.time;
    }
    if (at === start) return false;
    this.message = behindBlank(line, scanner.scanCaller(line, at));
    return true;
  }

  /** A level without a stamp is the kernel's too, where printk.time is off. */
  #scanLevelAlone(line: string): boolean {
    const scanner = this.#scanner;
    const start = scanner.scanLevel(line);
    if (start === 0 || BROKEN_STAMP.test(line.slice(start, start + 32))) return false;
    this.plain = line;
    this.message = behindBlank(line, scanner.scanCaller(line, start));
    return true;
  }
}
