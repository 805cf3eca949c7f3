import type { HealthCode, HealthItem, HealthSink } from '../base/health.ts';

const LOSS_CODES: ReadonlySet<HealthCode> = new Set(['events-lost', 'buffer-wrapped', 'messages-dropped']);
const REPEATED_CODES: ReadonlySet<HealthCode> = new Set([
  ...LOSS_CODES,
  'messages-suppressed',
  'buffer-started',
  'lines-elided',
]);
/** Rows of one code that are handed on as they come: a reader that fell behind leaves a loss mark every few hundred lines. */
const MAX_ROWS = 1000;

/**
 * Sums up what the source says is missing, and folds what it says too often: then there is one row for all marks between two
 * records that are handed over, since between any two of these it has to be known whether something is missing.
 */
export class LossCounter {
  lost = 0;
  readonly #health: HealthSink;
  readonly #rows = new Map<HealthCode, number>();
  readonly #folded = new Map<HealthCode, HealthItem & { rows: number }>();

  constructor(health: HealthSink) {
    this.#health = health;
  }

  readonly take = (item: HealthItem): void => {
    if (LOSS_CODES.has(item.code)) this.lost += item.count;
    const rows = (this.#rows.get(item.code) ?? 0) + 1;
    this.#rows.set(item.code, rows);
    if (rows <= MAX_ROWS || !REPEATED_CODES.has(item.code)) {
      this.#health(item);
      return;
    }
    const folded = this.#folded.get(item.code);
    if (folded === undefined) this.#folded.set(item.code, { ...item, rows: 1 });
    else {
      folded.count += item.count;
      folded.rows++;
    }
  };

  /** A record that stands at `line` is about to be handed over: hands on what was folded before it. */
  before(line: number): void {
    if (this.#folded.size === 0) return;
    for (const [code, { rows, ...item }] of this.#folded) {
      if (item.line !== null && item.line > line) continue;
      this.#folded.delete(code);
      this.#health(rows === 1 ? item : { ...item, message: `${rows} more marks like the ones before` });
    }
  }

  /** The input is over: hands on what was folded since. */
  end(): void {
    for (const { rows, ...item } of this.#folded.values()) {
      this.#health({ ...item, message: `${rows} more marks like the ones before, from here on` });
    }
  }
}
