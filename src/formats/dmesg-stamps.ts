import type { Nanoseconds } from '../base/time.ts';
import { monthIndex, wallStamp } from './wall-time.ts';

/** What a stamp of dmesg tells. Where it is no time of a clock (an increment), all is null. */
export interface Stamp {
  readonly us: number | null;
  readonly time: Nanoseconds | null;
  readonly clock: string | null;
  /** Index behind the stamp. */
  readonly end: number;
}

// print_record() in sys-utils/dmesg.c of util-linux; since 2.40 several --time-format stand on one line.
//   -d, --time-format delta     [   13.492693 <    0.115375>]     [<    0.115375>]
//   -e, -H, reltime             [Nov22 05:53]  on the first line of a minute, then  [  +0.115375]
//   -T, --time-format ctime     [Sun Nov 22 05:53:14 2026]     also with a delta:  [Fri Feb 13 23:31:30 2009 <    0.000000>]
//   --time-format iso           2026-11-22T05:53:14,549803+00:00
const PRINTK_DELTA = /\[ *(\d{1,10})\.(\d{6}) <[ -]{0,12}\d{1,12}\.\d{6}>\]/y;
const INCREMENT = /\[(?:<[ -]{0,12}\d{1,12}\.\d{6}>| *\+\d{1,10}\.\d{6})\]/y;
const MINUTE = /\[[A-Z][a-z]{2} ?\d{1,2} \d\d:\d\d\]/y;
const CTIME = /\[\S{1,40} {1,2}(\S{1,40}) +(\d{1,2}) (\d\d:\d\d:\d\d) (\d{4})(?: <[ -]{0,12}\d{1,12}\.\d{6}>)?\]/y;
const ISO = /(\d{4})-(\d\d)-(\d\d)T(\d\d:\d\d:\d\d),(\d{6})([+-]\d\d:?\d\d|Z)/y;

const OPEN = 91;
const NO_CLOCK = { us: null, time: null, clock: null };

/** The stamp that begins at `at`, of any form but the plain `[   13.377318]`; null where there is none. */
export function stampAt(line: string, at: number): Stamp | null {
  if (line.charCodeAt(at) !== OPEN) return isoAt(line, at);
  const printk = matchAt(PRINTK_DELTA, line, at);
  if (printk !== null) {
    const [whole, seconds = '', fraction = ''] = printk;
    return {
      us: Number(seconds) * 1e6 + Number(fraction),
      time: BigInt(seconds) * 1_000_000_000n + BigInt(fraction) * 1000n,
      clock: 'printk',
      end: at + whole.length,
    };
  }
  const ctime = matchAt(CTIME, line, at);
  if (ctime !== null) {
    const [whole, month = '', day, clock = '', year] = ctime;
    const stamp = wallStamp(Number(year), monthIndex(month), Number(day), clock, '', '');
    return { ...(stamp ?? NO_CLOCK), end: at + whole.length };
  }
  const other = matchAt(INCREMENT, line, at) ?? matchAt(MINUTE, line, at);
  return other === null ? null : { ...NO_CLOCK, end: at + other[0].length };
}

function isoAt(line: string, at: number): Stamp | null {
  const match = matchAt(ISO, line, at);
  if (match === null) return null;
  const [whole, year, month, day, clock = '', fraction = '', zone = ''] = match;
  const stamp = wallStamp(Number(year), Number(month) - 1, Number(day), clock, fraction, zone);
  return stamp === null ? null : { ...stamp, end: at + whole.length };
}

function matchAt(pattern: RegExp, line: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(line);
}
