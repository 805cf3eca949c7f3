import type { Nanoseconds } from '../base/time.ts';

/** A stamp of a calendar. `us` fits a number until the year 2255, `time` is exact. */
export interface WallStamp {
  readonly us: number;
  readonly time: Nanoseconds;
  /**
   * `wall`: since the epoch. `wall-local`: the same count as if the zone, which is not told, were UTC. `wall-no-year`: since
   * the first of January of a year that is not told either.
   */
  readonly clock: 'wall' | 'wall-local' | 'wall-no-year';
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** Has a 29th of February, so that every date of a log without years is one. */
const LEAP_YEAR = 1972;
const DAY_S = 86_400;

/** 0 for `Jan`; -1 for what is no English name of a month: other languages are not guessed at. */
export function monthIndex(name: string): number {
  return MONTHS.indexOf(name);
}

/**
 * @param year null where it is not told.
 * @param month 0 to 11.
 * @param clock `hh:mm:ss`.
 * @param fraction up to nine digits, or none.
 * @param zone `Z`, `UTC`, `+01:00`, `-0700`; another or an empty one is not known.
 * @returns null where the numbers are no date.
 */
export function wallStamp(
  year: number | null,
  month: number,
  day: number,
  clock: string,
  fraction: string,
  zone: string,
): WallStamp | null {
  const hour = Number(clock.slice(0, 2));
  const minute = Number(clock.slice(3, 5));
  const second = Number(clock.slice(6, 8));
  // 60: a leap second.
  if (month < 0 || month > 11 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) return null;
  const base = year === null ? Date.UTC(LEAP_YEAR, 0, 1) : 0;
  const days = (Date.UTC(year ?? LEAP_YEAR, month, day) - base) / 1000 / DAY_S;
  const offset = zoneSeconds(zone);
  const seconds = days * DAY_S + hour * 3600 + minute * 60 + second - (offset ?? 0);
  if (!Number.isSafeInteger(seconds) || seconds < 0) return null;
  const digits = fraction.slice(0, 9).padEnd(9, '0');
  return {
    us: seconds * 1e6 + Number(digits.slice(0, 6)),
    time: BigInt(seconds) * 1_000_000_000n + BigInt(digits),
    clock: year === null ? 'wall-no-year' : offset === null ? 'wall-local' : 'wall',
  };
}

const OFFSET = /^([+-])(\d\d):?(\d\d)$/;

/** Seconds east of Greenwich, null where the zone is not told or told in letters that mean several. */
function zoneSeconds(zone: string): number | null {
  if (zone === 'Z' || zone === 'UTC' || zone === 'GMT') return 0;
  const match = OFFSET.exec(zone);
  if (match === null) return null;
  const seconds = Number(match[2]) * 3600 + Number(match[3]) * 60;
  return match[1] === '-' ? -seconds : seconds;
}
