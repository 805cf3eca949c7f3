import type { Nanoseconds } from '../base/time.ts';
import type { Format, LineKind, LineParser, ParserContext } from './format.ts';
import type { LineHead } from './line-head.ts';
import type { PrintkHead } from './printk-entry.ts';
import { PrintkLines } from './printk-lines.ts';
import { shareExplained } from './share.ts';
import { wallStamp } from './wall-time.ts';

// threadtime of logcat (system/logging/liblog/logprint.cpp): date, time, pid, tid, priority, tag, message.
//   12-13 10:32:21.317     0     0 I IOAPIC[0]: apic_id 8, version 17
const ENTRY = /^(?:(\d{4})-)?(\d\d)-(\d\d) (\d\d:\d\d:\d\d)\.(\d{3,6}) +(\d{1,10}) +(\d{1,10}) ([VDIWEFS]) (.*)$/;
const TAG = /^(.{0,64}?) {0,32}: (.*)$/s;
const REMARK = /^-{4,12} (?:beginning of|switch to) /;
/** Levels of printk that logd maps to each letter; where it maps several, the most usual. */
const LEVELS: Readonly<Record<string, number>> = { F: 2, E: 3, W: 4, I: 6, D: 7, V: 7, S: 5 };

// logd takes what stands before the first colon for the tag: `vfio-pci 0000` of `vfio-pci 0000:02:00.0: resetting`.
const CUT_ADDRESS = /\b[0-9a-f]{4}$/;
const REST_OF_ADDRESS = /^[0-9a-f]{2}:[01][0-9a-f]\.[0-7]\b/;

/** A kernel message in the buffer of Android: pid and tid are 0. */
class LogcatHead implements LineHead {
  plain = '';
  message = 0;
  stamp: number | null = null;
  clock: string | null = null;
  readonly bareContinuation = false;
  readonly claimed = false;
  readonly damage = null;
  /** Whether the line scanned last is an entry, of whatever program. */
  isEntry = false;
  #time: Nanoseconds | null = null;
  #level: number | null = null;

  scan(line: string): boolean {
    const match = ENTRY.exec(line);
    this.isEntry = match !== null;
    if (match === null) return false;
    const [, year, month, day, clock = '', fraction = '', pid, tid, letter = '', text = ''] = match;
    if (pid !== '0' || tid !== '0') return false;
    const stamp = wallStamp(
      year === undefined ? null : Number(year),
      Number(month) - 1,
      Number(day),
      clock,
      fraction,
      '',
    );
    this.stamp = stamp?.us ?? null;
    this.clock = stamp?.clock ?? null;
    this.#time = stamp?.time ?? null;
    this.#level = LEVELS[letter] ?? null;
    this.plain = messageOf(text);
    this.message = 0;
    return true;
  }

  values(): PrintkHead {
    return { time: this.#time, cpu: null, pid: null, level: this.#level };
  }
}

/** Tag and text as the one message that they were. */
function messageOf(text: string): string {
  const match = TAG.exec(text);
  if (match === null) return text;
  const [, tag = '', rest = ''] = match;
  if (tag === '') return rest;
  return CUT_ADDRESS.test(tag) && REST_OF_ADDRESS.test(rest) ? `${tag}:${rest}` : `${tag}: ${rest}`;
}

function createParser(context: ParserContext): LineParser {
  const probe = new LogcatHead();
  return new PrintkLines(context, {
    createHead: () => new LogcatHead(),
    other(line): LineKind | null {
      probe.scan(line);
      return probe.isEntry || REMARK.test(line) ? 'skipped' : null;
    },
  });
}

export const logcat: Format = {
  id: 'logcat',
  title: "kernel buffer of Android's logcat; its time has no year",
  example: '12-13 10:32:21.317     0     0 W vfio-pci 0000: 02:00.0: resetting',
  detect: (lines) => shareExplained(lines, createParser),
  parser: createParser,
};
