import type { Nanoseconds } from '../base/time.ts';
import { exactStamp } from './ftrace-row.ts';
import type { PrintkHead } from './printk-entry.ts';
import { isDigit } from './text.ts';

const BLANK = 32;
const OPEN = 91;
const CLOSE = 93;
const LESS = 60;
const GREATER = 62;
const DOT = 46;
const LETTER_T = 84;
const LETTER_C = 67;

/** As dmesg -x and dmesg --json -x name them; the index is the level. */
export const LEVEL_NAMES = ['emerg', 'alert', 'crit', 'err', 'warn', 'notice', 'info', 'debug'] as const;

// `kern  :warn  : `, sys-utils/dmesg.c of util-linux.
const DECODED = /^([a-z]{3,8}[0-7]?) *:([a-z]{3,6}) *: /;
// `<c>`, `<d>`: KERN_CONT and KERN_DEFAULT before 3.6, and what `log -m` of crash prints of a facility: no level.
const HEXADECIMAL = /^<[0-9]{0,2}[a-f]>(?=\[)/;
/** Longest decode prefix. */
const MAX_DECODED = 24;

/**
 * Finds the head of a printk line:
 *
 *     | <4>            |[   13.377318]| [   T86]| vfio-pci 0000:02:00.0: resetting
 *     | kern  :warn  : |               [    C0]
 *       -r, -x           stamp          CALLER    message
 *
 * dmesg prints a blank before the caller, the console and `dmesg -S` none. One object serves all lines; its fields hold
 * until the next {@link scan}.
 */
export class HeadScanner {
  /** Microseconds. */
  stamp = 0;
  /** Index of the message. */
  message = 0;
  level: number | null = null;
  /** The prefix names a facility that is not the kernel's, whose own messages have none else (vprintk_emit()): devkmsg_write() gave it. */
  claimed = false;
  cpu: number | null = null;
  pid: number | null = null;
  #stampStart = 0;
  #stampEnd = 0;

  scan(line: string): boolean {
    const at = this.scanLevel(line);
    return (at > 0 || line.charCodeAt(0) === OPEN) && this.scanStamp(line, at);
  }

  /** The prefix of -r or -x. Answers the index behind it, 0 where there is none. */
  scanLevel(line: string): number {
    this.level = null;
    this.claimed = false;
    const first = line.charCodeAt(0);
    if (first === OPEN) return 0;
    return first === LESS ? this.#scanPriority(line) : this.#scanDecoded(line, first);
  }

  /** The exact time of the line that was scanned last. */
  time(line: string): Nanoseconds {
    // Six digits behind the dot: up to 104 days after the boot a number holds all of it.
    const nanoseconds = this.stamp * 1000;
    if (nanoseconds <= Number.MAX_SAFE_INTEGER) return BigInt(nanoseconds);
    return exactStamp(line.slice(this.#stampStart, this.#stampEnd));
  }

  /** The values of the line that was scanned last. */
  values(line: string): PrintkHead {
    return { time: this.time(line), cpu: this.cpu, pid: this.pid, level: this.level };
  }

  /** `<N>`: facility * 8 + level. */
  #scanPriority(line: string): number {
    let at = 1;
    let priority = 0;
    while (at < 5 && isDigit(line.charCodeAt(at))) {
      priority = priority * 10 + line.charCodeAt(at) - 48;
      at++;
    }
    if (at > 1 && line.charCodeAt(at) === GREATER) {
      this.level = priority & 7;
      this.claimed = priority > 7;
      return at + 1;
    }
    return HEXADECIMAL.exec(line.slice(0, 8))?.[0].length ?? 0;
  }

  #scanDecoded(line: string, first: number): number {
    if (first < 97 || first > 122) return 0;
    const match = DECODED.exec(line.slice(0, MAX_DECODED));
    const level = match === null ? -1 : LEVEL_NAMES.indexOf(match[2] as (typeof LEVEL_NAMES)[number]);
    if (match === null || level < 0) return 0;
    this.level = level;
    this.claimed = match[1] !== 'kern';
    return match[0].length;
  }

  /** The stamp at `start`, and the caller and the message behind it. */
  scanStamp(line: string, start: number): boolean {
    const length = line.length;
    if (start >= length || line.charCodeAt(start) !== OPEN) return false;
    let at = start + 1;
    while (at < length && line.charCodeAt(at) === BLANK) at++;
    const from = at;
    let value = 0;
    let code = 0;
    for (; at < length; at++) {
      code = line.charCodeAt(at);
      if (!isDigit(code)) break;
      value = value * 10 + code - 48;
    }
    if (code !== DOT || at === from || at - from > 10) return false;
    const dot = at++;
    for (; at < length; at++) {
      code = line.charCodeAt(at);
      if (!isDigit(code)) break;
      value = value * 10 + code - 48;
    }
    if (code !== CLOSE || at - dot !== 7) return false;
    this.stamp = value;
    this.#stampStart = from;
    this.#stampEnd = at;
    this.message = behindBlank(line, this.scanCaller(line, at + 1));
    return true;
  }

  /** `[   T86]`: the thread; `[    C0]`: the CPU, in an interrupt. Answers the index behind it. */
  scanCaller(line: string, start: number): number {
    this.cpu = null;
    this.pid = null;
    let at = line.charCodeAt(start) === BLANK ? start + 1 : start;
    if (line.charCodeAt(at) !== OPEN) return start;
    at++;
    while (line.charCodeAt(at) === BLANK) at++;
    const letter = line.charCodeAt(at);
    if (letter !== LETTER_T && letter !== LETTER_C) return start;
    const from = ++at;
    let id = 0;
    while (at - from < 10 && isDigit(line.charCodeAt(at))) {
      id = id * 10 + line.charCodeAt(at) - 48;
      at++;
    }
    if (at === from || line.charCodeAt(at) !== CLOSE) return start;
    if (letter === LETTER_T) this.pid = id;
    else this.cpu = id;
    return at + 1;
  }
}

/** Index behind the one blank that may stand at `at`. */
export function behindBlank(line: string, at: number): number {
  return line.charCodeAt(at) === BLANK ? at + 1 : at;
}
