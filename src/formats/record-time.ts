import type { HealthSink } from '../base/health.ts';
import type { Nanoseconds, TimeUnit } from '../base/time.ts';

/**
 * Watches the time stamps of all records, wanted or not: their unit and whether they fall.
 */
export class RecordTime {
  unit: TimeUnit = 'ns';
  readonly #health: HealthSink;
  #previous = Number.NEGATIVE_INFINITY;
  #falls = 0;
  #firstFall = 0;
  #known = false;
  #withTime = 0;
  #withoutTime = 0;

  constructor(health: HealthSink) {
    this.#health = health;
  }

  /**
   * The stamp of the next record.
   *
   * @param stamp microseconds, or ticks.
   * @returns whether time fell.
   */
  note(stamp: number, ticks: boolean, line: number): boolean {
    if (!this.#known) this.#begin(ticks, line);
    this.#withTime++;
    const fell = stamp < this.#previous;
    this.#previous = stamp;
    if (fell) {
      if (this.#falls === 0) this.#firstFall = line;
      this.#falls++;
    }
    return fell;
  }

  /** Whether `stamp` is an ordinary one to follow: whole microseconds, of a clock in seconds. */
  advances(stamp: number): boolean {
    return this.#known && this.unit === 'ns' && Number.isInteger(stamp) && stamp === this.#previous;
  }

  /** Nothing has to be said about a next stamp, in whole microseconds, that is not below this one; null: about any. */
  get floor(): number | null {
    return this.#known && this.unit === 'ns' ? this.#previous : null;
  }

  /** `count` records followed whose stamps did not fall; the last one is `stamp`. */
  advance(stamp: number, count: number): void {
    this.#previous = stamp;
    this.#withTime += count;
  }

  /** The last stamp as exact time; only for one that {@link advance} told, which had no more than six digits. */
  get advanced(): Nanoseconds {
    return BigInt(this.#previous) * 1000n;
  }

  /** The next record carries no time. */
  noteNone(): void {
    this.#withoutTime++;
  }

  /** A new boot begins: what comes next is no fall. */
  restart(): void {
    this.#previous = Number.NEGATIVE_INFINITY;
  }

  /** The last fall was a reboot and is no fault of the clock. */
  forgiveFall(): void {
    this.#falls--;
  }

  /** The input is over: reports what was found. */
  end(): void {
    if (this.#falls > 0) {
      const message = `time stamps fall ${this.#falls === 1 ? 'once' : `${this.#falls} times`}; the order of the file was kept`;
      this.#health({ code: 'time-backwards', line: this.#firstFall, message, count: this.#falls });
    }
    if (this.#withTime === 0 && this.#withoutTime > 0) {
      const message = 'the records carry no time; the order of the file was kept';
      this.#health({ code: 'no-time', line: null, message, count: this.#withoutTime });
    }
  }

  #begin(ticks: boolean, line: number): void {
    this.#known = true;
    if (!ticks) return;
    this.unit = 'ticks';
    const message = 'the time stamps are integers of an unnamed clock (trace_clock counter, uptime or x86-tsc)';
    this.#health({ code: 'clock-unknown', line, message, count: 1 });
  }
}

/** The exact time where the stamp is of the unit that the source began with, else null: a mixed source has no one clock. */
export function timeInUnit(time: Nanoseconds, ticks: boolean, unit: TimeUnit): Nanoseconds | null {
  return ticks === (unit === 'ticks') ? time : null;
}
