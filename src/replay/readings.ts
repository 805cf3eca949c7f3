import type { EventClass, TdiState } from '../model/states.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import type { Assumption, Belief } from './belief.ts';

/** What it takes to believe either reading of a step; Infinity: no history of the records leads there. */
export interface Prices {
  readonly wrong: number;
  readonly right: number;
}

/** An event after which the readings were no longer as far apart as before. */
export interface Turn extends Prices {
  readonly eventId: number;
}

// The latest ones: what counts is where the readings end.
const TURNS_MAX = 8;

/** Steps that one has to assume, oldest first. */
export interface Excuse {
  readonly before: readonly Assumption[];
  readonly after: readonly Assumption[];
}

/** What an event does to every hypothesis. */
export type Change = (before: Belief) => Belief;

/**
 * The two readings of a step, that it was wrong and that it was right, and what each of them takes to explain the records after it:
 * both go through the same changes as the belief that they are parts of. Once these treat both alike, nothing that comes can tell
 * them apart.
 */
export class Readings {
  readonly #complete: ReadonlySet<EventClass>;
  /** The one that it is a copy of; itself, if it is none. */
  readonly origin: Readings;
  readonly #turns: Turn[] = [];
  readonly #atFirst: { readonly wrong: Belief; readonly right: Belief };
  #wrong: Belief;
  #right: Belief;
  #settled = false;
  /** The event of the step, as long as no other one has come: what it does itself comes before all that may happen unseen. */
  #only: number | null;

  /**
   * @param belief what was believed before the step, closed under the silent moves.
   * @param stepId id of the step's event.
   */
  constructor(
    belief: Belief,
    wrongIn: (state: TdiState) => boolean,
    complete: ReadonlySet<EventClass>,
    stepId: number,
    of?: Readings,
  ) {
    this.#only = of ? of.#only : stepId;
    this.#complete = complete;
    this.origin = of?.origin ?? this;
    this.#wrong = of ? of.#wrong : belief.where(wrongIn);
    this.#right = of ? of.#right : belief.where((state) => !wrongIn(state));
    this.#atFirst = of ? of.#atFirst : { wrong: this.#wrong, right: this.#right };
    this.#settled = of ? of.#settled : this.#isDecided();
  }

  copy(): Readings {
    return new Readings(this.#wrong, always, this.#complete, 0, this);
  }

  /** Nothing that comes will change the prices. */
  get settled(): boolean {
    return this.#settled;
  }

  get prices(): Prices {
    return { wrong: this.#wrong.price, right: this.#right.price };
  }

  /** What changed the difference of the prices, in order: the latest events that did. */
  get turns(): readonly Turn[] {
    return this.#turns;
  }

  /** What the reading that the step was right takes for granted, and the other one does not. */
  excuse(): Excuse {
    const known = new Set(this.#atFirst.right.everyAssumption());
    const right = this.#right.assumptions(always);
    const notInWrong = (wrong: readonly Assumption[]) => {
      const shared = new Set(wrong.map(said));
      return (one: Assumption) => !shared.has(said(one));
    };
    return {
      before: right.filter((one) => known.has(one)).filter(notInWrong(this.#atFirst.wrong.assumptions(always))),
      after: right.filter((one) => !known.has(one)).filter(notInWrong(this.#wrong.assumptions(always))),
    };
  }

  settle(): void {
    this.#settled = true;
  }

  follow(change: Change, event: StoredEvent): void {
    if (this.#settled) return;
    if (this.#only !== null && this.#only !== event.id) this.#close();
    const [wrong, right] = [change(this.#wrong), change(this.#right)];
    // What neither explains speaks for none of them.
    if (wrong.empty && right.empty) this.settle();
    else this.#become(wrong, right, event);
  }

  /** What a copy went through may have happened instead. */
  either(copy: Readings | undefined, event: StoredEvent): void {
    const isOver = copy === undefined || this.#settled || copy.#settled;
    if (copy !== undefined) this.#become(this.#wrong.or(copy.#wrong), this.#right.or(copy.#right), event);
    if (isOver) this.settle();
  }

  #become(wrong: Belief, right: Belief, { id }: StoredEvent): void {
    const before = this.prices;
    this.#wrong = wrong;
    this.#right = right;
    if (this.#only !== id) this.#close();
    const now = this.prices;
    if (now.wrong - now.right !== before.wrong - before.right) {
      this.#turns.push({ ...now, eventId: id });
      if (this.#turns.length > TURNS_MAX) this.#turns.shift();
    }
    if (this.#isDecided()) this.settle();
  }

  /** Adds what may have happened unseen since. */
  #close(): void {
    this.#only = null;
    this.#wrong = this.#wrong.closed(this.#complete);
    this.#right = this.#right.closed(this.#complete);
  }

  #isDecided(): boolean {
    return this.#wrong.empty || this.#right.empty || this.#right.dearerBy(this.#wrong) !== null;
  }
}

function always(): boolean {
  return true;
}

function said({ text, place }: Assumption): string {
  return `${place?.sourceId} ${place?.line} ${text}`;
}
