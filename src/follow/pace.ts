/** The input is quiet when nothing came for so long: what was going on is most likely over. */
const QUIET_MS = 200;
/** How long an input that is never quiet may keep news back. */
const BUSY_MS = 1000;
/** Judging replays all of the timeline: after it this many times its cost is left to reading. */
const REST = 4;

/**
 * When to judge what has come so far: in a pause, or now and then where there is none, and never more than a fifth of the time.
 * All times in milliseconds.
 */
export class Pace {
  readonly #now: () => number;
  #lastInput = 0;
  /** Of the first input that no judgement has seen; null: there is none. */
  #unseenSince: number | null = null;
  #notBefore = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  input(): void {
    this.#lastInput = this.#now();
    this.#unseenSince ??= this.#lastInput;
  }

  /** How long to wait for a judgement; Infinity where it could see nothing new. */
  dueIn(): number {
    if (this.#unseenSince === null) return Number.POSITIVE_INFINITY;
    const due = Math.min(this.#lastInput + QUIET_MS, this.#unseenSince + BUSY_MS);
    return Math.max(0, Math.max(due, this.#notBefore) - this.#now());
  }

  /** A judgement, which began at `since`, is done. */
  judged(since: number): void {
    const now = this.#now();
    this.#unseenSince = null;
    this.#notBefore = now + REST * (now - since);
  }
}
