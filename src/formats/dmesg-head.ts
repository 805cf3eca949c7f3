import type { Nanoseconds } from '../base/time.ts';
import { areDigits, unpack } from './digits.ts';
import { exactStamp } from './ftrace-row.ts';
import type { PrintkHead } from './printk.ts';
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
    const first = line.charCodeAt(0);
    if (first === OPEN) return 0;
    return first === LESS ? this.#scanPriority(line) : this.#scanDecoded(line, first);
  }

  /** The exact time of the line that was scanned last. */
  time(line: string): Nanoseconds {
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

/** From the dot to the blank behind the stamp: `.377318] `. */
const FRACTION = 9;
/** `00` before or behind two further digits. */
const LAST_DIGITS = 0x3030;
const FIRST_DIGITS = 0x30300000;
/** `] ` as DataView.getInt16 reads it. */
const STAMP_END = (CLOSE << 8) | BLANK;

/**
 * Finds a head of the usual shape on the bytes of a chunk. In the same second as the line before, which nearly every line of
 * a long log is, it compares words instead of reading digits.
 */
export class HeadSkimmer {
  /** Microseconds. */
  stamp = 0;
  #bytes: Uint8Array | null = null;
  #view: DataView = new DataView(new ArrayBuffer(0));
  /** The column of the dot in the line before, 0 where it is of no use; the four bytes from `[` on, and those before it. */
  #dot = 0;
  #head = 0;
  #tail = 0;
  /** The second that it is, in microseconds. */
  #second = 0;

  /**
   * @param end index behind the line.
   * @returns index of the message, or -1: a priority, a decode prefix, anything unusual is left to {@link HeadScanner}.
   */
  scan(bytes: Uint8Array, start: number, end: number): number {
    const view = bytes === this.#bytes ? this.#view : this.#look(bytes);
    const dot = start + this.#dot;
    if (
      dot > start &&
      dot + FRACTION < end &&
      view.getInt32(start) === this.#head &&
      view.getInt32(dot - 3) === this.#tail &&
      view.getInt16(dot + 7) === STAMP_END
    ) {
      const high = view.getInt32(dot + 1);
      const low = view.getInt16(dot + 5);
      if (areDigits(high) && areDigits((low << 16) | LAST_DIGITS)) {
        this.stamp = this.#second + unpack(high) * 100 + unpack((low & 0xffff) | FIRST_DIGITS);
        return bytes[dot + FRACTION] === OPEN ? this.#skipCaller(bytes, dot + 8, end) : dot + FRACTION;
      }
    }
    return this.#read(view, bytes, start, end);
  }

  #look(bytes: Uint8Array): DataView {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return this.#view;
  }

  #read(view: DataView, bytes: Uint8Array, start: number, end: number): number {
    this.#dot = 0;
    if (bytes[start] !== OPEN || end - start < 16) return -1;
    let at = start + 1;
    while (bytes[at] === BLANK) at++;
    const from = at;
    let value = 0;
    let code = bytes[at] ?? 0;
    while (isDigit(code)) {
      value = value * 10 + code - 48;
      code = bytes[++at] ?? 0;
    }
    if (code !== DOT || at === from || at - from > 9) return -1;
    const dot = at;
    code = bytes[++at] ?? 0;
    while (isDigit(code)) {
      value = value * 10 + code - 48;
      code = bytes[++at] ?? 0;
    }
    if (code !== CLOSE || at - dot !== 7 || at + 2 > end) return -1;
    this.stamp = value;
    // The columns in between are in neither word.
    if (dot - start <= 7 && dot - start >= 6) {
      this.#dot = dot - start;
      this.#head = view.getInt32(start);
      this.#tail = view.getInt32(dot - 3);
      this.#second = value - (value % 1e6);
    }
    return this.#skipCaller(bytes, at + 1, end);
  }

  #skipCaller(bytes: Uint8Array, start: number, end: number): number {
    const blank = bytes[start] === BLANK ? start + 1 : start;
    if (bytes[blank] !== OPEN) return blank > start && blank < end ? blank : -1;
    let at = blank + 1;
    while (bytes[at] === BLANK) at++;
    const letter = bytes[at];
    if (letter !== LETTER_T && letter !== LETTER_C) return -1;
    const from = ++at;
    while (isDigit(bytes[at] ?? 0)) at++;
    if (at === from || at - from > 9 || bytes[at] !== CLOSE || bytes[at + 1] !== BLANK || at + 2 >= end) return -1;
    return at + 2;
  }
}
