import type { BindState, ContractState, EventClass, TdiState, TdispState } from '../model/states.ts';
import { BIND_STATES, CONTRACT_STATES, TDISP_STATES } from '../model/states.ts';
import { ALL_STATES, type Branch, indexOfState, LEFT_MOVES, SILENT_MOVES, TDI_STATES, UNBOUND } from '../model/tdi.ts';

/** What has to be assumed for a hypothesis, latest first: a list that hypotheses share. */
export interface Assumption {
  readonly text: string;
  /** The record that it is about. */
  readonly place: { readonly sourceId: number; readonly line: number } | null;
  readonly before: Assumption | null;
}

type Place = Assumption['place'];

// What is assumed along a log without end: of so many the older ones are let go.
const ASSUMPTIONS_MAX = 64;

const MOVES = [...SILENT_MOVES, ...LEFT_MOVES].map((move) => ({
  ...move,
  at: indexOfState(move.from),
  toAt: indexOfState(move.to),
}));

const POSSIBLE = new WeakMap<ReadonlySet<EventClass>, typeof MOVES>();

/** The silent moves that classes which are recorded completely leave over. The set of one replay never changes. */
function movesBeside(complete: ReadonlySet<EventClass>): typeof MOVES {
  const known = POSSIBLE.get(complete);
  if (known) return known;
  const moves = MOVES.filter((move) => !move.ruledOutBy.some((one) => complete.has(one)));
  POSSIBLE.set(complete, moves);
  return moves;
}

const NOTHING: ReadonlySet<EventClass> = new Set();

interface Hypothesis {
  readonly cost: number;
  readonly assumption: Assumption | null;
  /** How many assumptions these are. */
  readonly depth: number;
}

const FREE: Hypothesis = { cost: 0, assumption: null, depth: 0 };
const NOWHERE: readonly null[] = TDI_STATES.map(() => null);

/**
 * The set of states that a TDI may be in, each with the price of the cheapest history that leads there: an alignment of
 * the log with the model, kept state by state. Immutable; index = position in {@link ALL_STATES}. Those of them that only a
 * refused STOP leads to are in the list only where one was refused: nearly never.
 */
export class Belief {
  readonly #hypotheses: readonly (Hypothesis | null)[];
  /** What {@link closed} made of it: an event is often looked at from several sides. */
  #closed: Belief | null = null;
  /** What it was made closed under. */
  #under: ReadonlySet<EventClass> | null = null;
  /** See {@link after}. */
  #after: Map<string, Belief> | null = null;
  /** See {@link layers}. */
  #layers: Layers | null = null;

  private constructor(hypotheses: readonly (Hypothesis | null)[]) {
    this.#hypotheses = hypotheses;
  }

  /** Nothing is known: every state for free. */
  static unknown(): Belief {
    return Belief.#unknown;
  }

  static readonly #unknown = new Belief(TDI_STATES.map(() => FREE));

  /** The function has just appeared, or the host has just booted. */
  static fresh(): Belief {
    return Belief.only(UNBOUND);
  }

  static only(state: TdiState): Belief {
    const only: (Hypothesis | null)[] = [...NOWHERE];
    put(only, indexOfState(state), FREE);
    return new Belief(only);
  }

  /** True where no state is left: the record fits no hypothesis. */
  get empty(): boolean {
    return this.#hypotheses.every((hypothesis) => hypothesis === null);
  }

  /** How many states it holds; never more than the model has. */
  get size(): number {
    return this.#hypotheses.reduce((count, hypothesis) => (hypothesis === null ? count : count + 1), 0);
  }

  /** Price of the cheapest state; Infinity where there is none. */
  get price(): number {
    let best = Number.POSITIVE_INFINITY;
    // Asked of every event, as what follows: a loop over indices makes nothing that has to be cleared away.
    for (let index = 0; index < this.#hypotheses.length; index++) {
      const hypothesis = this.#hypotheses[index];
      if (hypothesis && hypothesis.cost < best) best = hypothesis.cost;
    }
    return best;
  }

  /** The states that satisfy `test`, at their prices. */
  where(test: (state: TdiState) => boolean): Belief {
    return new Belief(
      this.#hypotheses.map((hypothesis, index) => (ALL_STATES[index] && test(ALL_STATES[index]) ? hypothesis : null)),
    );
  }

  /** By how much more every state costs here than there; null where they differ in more than that. */
  dearerBy(other: Belief): number | null {
    let by: number | null = null;
    for (let index = 0; index < Math.max(this.#hypotheses.length, other.#hypotheses.length); index++) {
      const one = this.#hypotheses[index] ?? null;
      const two = other.#hypotheses[index] ?? null;
      if (one === null && two === null) continue;
      if (one === null || two === null || (by !== null && one.cost - two.cost !== by)) return null;
      by = one.cost - two.cost;
    }
    return by;
  }

  /** Price of the cheapest state that satisfies `test`; Infinity where there is none. */
  cost(test: (state: TdiState) => boolean): number {
    let best = Number.POSITIVE_INFINITY;
    for (let index = 0; index < this.#hypotheses.length; index++) {
      const hypothesis = this.#hypotheses[index];
      const state = ALL_STATES[index];
      if (hypothesis && state && hypothesis.cost < best && test(state)) best = hypothesis.cost;
    }
    return best;
  }

  /** What the cheapest state that satisfies `test` takes for granted, oldest first. */
  assumptions(test: (state: TdiState) => boolean): Assumption[] {
    const best = this.cost(test);
    // Of equal ones the later: an unrecorded unbind is likelier than a whole disconnect.
    const index = this.#hypotheses.findLastIndex((hypothesis, at) => {
      const state = ALL_STATES[at];
      return hypothesis?.cost === best && state !== undefined && test(state);
    });
    const list: Assumption[] = [];
    for (let node = this.#hypotheses[index]?.assumption ?? null; node; node = node.before) list.unshift(node);
    return list;
  }

  /** What any of the states takes for granted. */
  everyAssumption(): Assumption[] {
    const found = new Set<Assumption>();
    for (const hypothesis of this.#hypotheses) {
      for (let node = hypothesis?.assumption ?? null; node && !found.has(node); node = node.before) found.add(node);
    }
    return [...found];
  }

  /** The states that need the fewest unobserved steps, among those that satisfy `test`. */
  likeliest(test: (state: TdiState) => boolean = () => true): TdiState[] {
    const best = this.cost(test);
    return ALL_STATES.filter((state, index) => this.#hypotheses[index]?.cost === best && test(state));
  }

  /** Every state goes where `step` sends it; a state without a branch is ruled out. `place`: where an assumption was made. */
  apply(step: (state: TdiState) => readonly Branch[], place: Place): Belief {
    const next: (Hypothesis | null)[] = [...NOWHERE];
    for (let index = 0; index < this.#hypotheses.length; index++) {
      const hypothesis = this.#hypotheses[index];
      const state = ALL_STATES[index];
      if (!hypothesis || !state) continue;
      for (const branch of step(state)) offer(next, indexOfState(branch.to), branch, hypothesis, place);
    }
    return new Belief(next);
  }

  /** Every state changes to exactly one other, for free. */
  map(change: (state: TdiState) => TdiState): Belief {
    const next: (Hypothesis | null)[] = [...NOWHERE];
    for (let index = 0; index < this.#hypotheses.length; index++) {
      const hypothesis = this.#hypotheses[index];
      const state = ALL_STATES[index];
      if (hypothesis && state) offer(next, indexOfState(change(state)), FOR_FREE, hypothesis, null);
    }
    return new Belief(next);
  }

  /** As {@link map}, worked out once for each `event`, which names the change. A belief that it leaves as it is stays the same one. */
  after(event: string, change: (state: TdiState) => TdiState): Belief {
    const known = this.#after?.get(event);
    if (known !== undefined) return known;
    const changed = this.map(change);
    const next = this.#isAs(changed) ? this : changed;
    this.#after ??= new Map();
    this.#after.set(event, next);
    return next;
  }

  /** Whether the same hypotheses are left. */
  #isAs(other: Belief): boolean {
    const [one, two] = [this.#hypotheses, other.#hypotheses];
    return one.length === two.length && one.every((hypothesis, index) => hypothesis === two[index]);
  }

  /** Either of two beliefs may be true; `extra` is the price of believing the other one. */
  or(other: Belief, extra = 0, assumes: string | null = null, place: Place = null): Belief {
    const next = [...this.#hypotheses];
    const price = { cost: extra, assumes };
    for (let index = 0; index < other.#hypotheses.length; index++) {
      const hypothesis = other.#hypotheses[index];
      if (hypothesis) offer(next, index, price, hypothesis, place);
    }
    return new Belief(next);
  }

  /**
   * Adds what may have happened unseen: the cheapest path over the silent moves (Dijkstra over a few states, here as
   * relaxation until nothing changes). `complete` rules moves out.
   */
  closed(complete: ReadonlySet<EventClass>): Belief {
    // Always another belief than this one: who compares the two sees that something may have happened.
    if (this.#under === complete) return Belief.#closedUnder(complete, this.#hypotheses);
    const known = this.#closed;
    if (known !== null && known.#under === complete) return known;
    const next = [...this.#hypotheses];
    const moves = movesBeside(complete);
    for (let changed = true; changed; ) {
      changed = false;
      for (let i = 0; i < moves.length; i++) {
        const move = moves[i];
        if (move === undefined) continue;
        // Those of states that nothing unseen leads to come last.
        if (move.at >= next.length) break;
        const from = next[move.at];
        if (from && offer(next, move.toAt, move, from, null)) changed = true;
      }
    }
    this.#closed = Belief.#closedUnder(complete, next);
    return this.#closed;
  }

  static #closedUnder(complete: ReadonlySet<EventClass>, hypotheses: readonly (Hypothesis | null)[]): Belief {
    const closed = new Belief(hypotheses);
    closed.#under = complete;
    return closed;
  }

  /** After marked loss: whatever can have happened unseen has no price any more, declared complete or not. */
  widened(): Belief {
    const reachable = this.closed(NOTHING);
    return new Belief(reachable.#hypotheses.map((hypothesis) => hypothesis && FREE));
  }

  /** Prices relative to the cheapest state: keeps them from growing along a long log. */
  normalised(): Belief {
    const least = this.price;
    if (least === 0) return this;
    return new Belief(
      this.#hypotheses.map((hypothesis) => hypothesis && { ...hypothesis, cost: hypothesis.cost - least }),
    );
  }

  /** The three layers of the likeliest states, each in the model's order. */
  layers(test?: (state: TdiState) => boolean): Layers {
    if (test !== undefined) return this.where(test).layers();
    this.#layers ??= this.#likeliestLayers();
    return this.#layers;
  }

  #likeliestLayers(): Layers {
    const least = this.price;
    // A bit a state: there are few sets.
    let likeliest = 0;
    for (let index = 0; index < this.#hypotheses.length; index++) {
      if (this.#hypotheses[index]?.cost === least) likeliest |= 1 << index;
    }
    const known = LAYERS.get(likeliest);
    if (known !== undefined) return known;
    const states = ALL_STATES.filter((_, index) => (likeliest >> index) & 1);
    const layers = {
      bind: BIND_STATES.filter((value) => states.some((state) => state.bind === value)),
      contract: CONTRACT_STATES.filter((value) => states.some((state) => state.contract === value)),
      device: TDISP_STATES.filter((value) => states.some((state) => state.device === value)),
    };
    LAYERS.set(likeliest, layers);
    return layers;
  }
}

export interface Layers {
  readonly bind: readonly BindState[];
  readonly contract: readonly ContractState[];
  readonly device: readonly TdispState[];
}

const LAYERS = new Map<number, Layers>();

const FOR_FREE = { cost: 0, assumes: null };

function offer(
  into: (Hypothesis | null)[],
  index: number,
  { cost: price, assumes }: Pick<Branch, 'cost' | 'assumes'>,
  from: Hypothesis,
  place: Place,
): boolean {
  const cost = from.cost + price;
  const present = into[index];
  if (present && present.cost <= cost) return false;
  if (assumes !== null) put(into, index, assume(cost, assumes, place, from));
  else put(into, index, price === 0 ? from : { cost, assumption: from.assumption, depth: from.depth });
  return true;
}

function put(into: (Hypothesis | null)[], index: number, hypothesis: Hypothesis): void {
  while (into.length <= index) into.push(null);
  into[index] = hypothesis;
}

function assume(cost: number, text: string, place: Place, { assumption, depth }: Hypothesis): Hypothesis {
  const isFull = depth >= ASSUMPTIONS_MAX;
  return { cost, assumption: { text, place, before: isFull ? null : assumption }, depth: isFull ? 1 : depth + 1 };
}
