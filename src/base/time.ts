/**
 * Time of a record: whole nanoseconds of the source's own clock, or whole ticks where the clock has no unit (trace_clock
 * counter, uptime, x86-tsc print integers without a dot). A bigint, since 2^53 ns is only 104 days of uptime.
 */
export type Nanoseconds = bigint;

/**
 * `text` is decimal seconds as kernel tools print them (`12.345678`, `1762.123456789`); null where it is not that.
 * Digits past the ninth are dropped.
 */
export function parseSeconds(text: string): Nanoseconds | null {
  const dot = text.indexOf('.');
  const whole = dot < 0 ? text : text.slice(0, dot);
  const fraction = dot < 0 ? '' : text.slice(dot + 1, dot + 10);
  if (!isDigits(whole) || (dot >= 0 && !isDigits(fraction))) return null;
  return BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));
}

/** Decimal seconds with six digits, or nine where the clock resolves nanoseconds. The inverse of {@link parseSeconds}. */
export function formatSeconds(time: Nanoseconds): string {
  const negative = time < 0n;
  const absolute = negative ? -time : time;
  const fraction = (absolute % 1_000_000_000n).toString().padStart(9, '0');
  const digits = fraction.endsWith('000') ? fraction.slice(0, 6) : fraction;
  return `${negative ? '-' : ''}${absolute / 1_000_000_000n}.${digits}`;
}

/** A record's time as the reports show it: decimal seconds, or the bare number for a clock that counts ticks. */
export function formatTime(time: Nanoseconds | null, unit: TimeUnit): string | null {
  if (time === null) return null;
  return unit === 'ticks' ? time.toString() : formatSeconds(time);
}

/** `ticks`: integers of a clock that does not say what it counts. */
export type TimeUnit = 'ns' | 'ticks';

function isDigits(text: string): boolean {
  if (text.length === 0 || text.length > 20) return false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 48 || code > 57) return false;
  }
  return true;
}
