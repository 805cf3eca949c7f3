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
/** Rows in all of one code; what follows is one row at the end. */
const MAX_TOLD = 10_000;
const EVERYWHERE =
  'marks of lost evidence are too many to be told one by one: from here on something may be missing between any two records';

/**
 * Sums up what the source says is missing, and folds what it says too often: then there is one row for all marks between two
 * records that are handed over, since between any two of these it has to be known whether something is missing. Where even these
 * are too many, `losses-everywhere` says that something is missing between any two, and how much is told at the end.
 */
export class LossCounter {
  lost = 0;
  readonly #health: HealthSink;
  readonly #rows = new Map<HealthCode, number>();
  readonly #folded = new Map<HealthCode, HealthItem & { rows: number }>();
  readonly #told = new Map<HealthCode, number>();
  #everywhere = false;

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
      const told = (this.#told.get(code) ?? MAX_ROWS) + 1;
      if (told > MAX_TOLD) {
        this.#tellEverywhere(item.line);
        continue;
      }
      this.#told.set(code, told);
      this.#folded.delete(code);
      this.#health(rows === 1 ? item : { ...item, message: `${rows} more marks like the ones before` });
    }
  }

  #tellEverywhere(line: number | null): void {
    if (this.#everywhere) return;
    this.#everywhere = true;
    this.#health({ code: 'losses-everywhere', line, message: EVERYWHERE, count: 1 });
  }

  /** The input is over: hands on what was folded since. */
  end(): void {
    for (const { rows, ...item } of this.#folded.values()) {
      this.#health({ ...item, message: `${rows} more marks like the ones before, from here on` });
    }
  }
}
