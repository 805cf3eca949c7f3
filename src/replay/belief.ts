import type { BindState, ContractState, EventClass, TdiState, TdispState } from '../model/states.ts';
import { BIND_STATES, CONTRACT_STATES, TDISP_STATES } from '../model/states.ts';
import { type Branch, indexOfState, SILENT_MOVES, TDI_STATES, UNBOUND } from '../model/tdi.ts';

/** What has to be assumed for a hypothesis, latest first: a list that hypotheses share. */
export interface Assumption {
  readonly text: string;
  /** The record that it is about. */
  readonly place: { readonly sourceId: number; readonly line: number } | null;
  readonly before: Assumption | null;
}

type Place = Assumption['place'];

const MOVES = SILENT_MOVES.map((move) => ({ ...move, at: indexOfState(move.from) }));

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
}

/**
 * The set of states that a TDI may be in, each with the price of the cheapest history that leads there: an alignment of
 * the log with the model, kept state by state. Immutable; index = position in {@link TDI_STATES}.
 */
export class Belief {
  readonly #hypotheses: readonly (Hypothesis | null)[];

  private constructor(hypotheses: readonly (Hypothesis | null)[]) {
    this.#hypotheses = hypotheses;
  }

  /** Nothing is known: every state for free. */
  static unknown(): Belief {
    return Belief.#unknown;
  }

  static readonly #unknown = new Belief(TDI_STATES.map(() => ({ cost: 0, assumption: null })));

  /** The function has just appeared, or the host has just booted. */
  static fresh(): Belief {
    return Belief.only(UNBOUND);
  }

  static only(state: TdiState): Belief {
    const at = indexOfState(state);
    return new Belief(TDI_STATES.map((_, index) => (index === at ? { cost: 0, assumption: null } : null)));
  }

  /** True where no state is left: the record fits no hypothesis. */
  get empty(): boolean {
    return this.#hypotheses.every((hypothesis) => hypothesis === null);
  }

  /** Price of the cheapest state that satisfies `test`; Infinity where there is none. */
  cost(test: (state: TdiState) => boolean): number {
    let best = Number.POSITIVE_INFINITY;
    this.#hypotheses.forEach((hypothesis, index) => {
      const state = TDI_STATES[index];
      if (hypothesis && state && hypothesis.cost < best && test(state)) best = hypothesis.cost;
    });
    return best;
  }

  /** What the cheapest state that satisfies `test` takes for granted, oldest first. */
  assumptions(test: (state: TdiState) => boolean): Assumption[] {
    const best = this.cost(test);
    // Of equal ones the later: an unrecorded unbind is likelier than a whole disconnect.
    const index = this.#hypotheses.findLastIndex((hypothesis, at) => {
      const state = TDI_STATES[at];
      return hypothesis?.cost === best && state !== undefined && test(state);
    });
    const list: Assumption[] = [];
    for (let node = this.#hypotheses[index]?.assumption ?? null; node; node = node.before) list.unshift(node);
    return list;
  }

  /** The states that need the fewest unobserved steps, among those that satisfy `test`. */
  likeliest(test: (state: TdiState) => boolean = () => true): TdiState[] {
    const best = this.cost(test);
    return TDI_STATES.filter((state, index) => this.#hypotheses[index]?.cost === best && test(state));
  }

  /** Every state goes where `step` sends it; a state without a branch is ruled out. `place`: where an assumption was made. */
  apply(step: (state: TdiState) => readonly Branch[], place: Place): Belief {
    const next: (Hypothesis | null)[] = TDI_STATES.map(() => null);
    this.#hypotheses.forEach((hypothesis, index) => {
      const state = TDI_STATES[index];
      if (!hypothesis || !state) return;
      for (const branch of step(state)) offer(next, branch, hypothesis, place);
    });
    return new Belief(next);
  }

  /** Every state changes to exactly one other, for free. */
  map(change: (state: TdiState) => TdiState): Belief {
    return this.apply((state) => [{ to: change(state), cost: 0, assumes: null }], null);
  }

  /** Either of two beliefs may be true; `extra` is the price of believing the other one. */
  or(other: Belief, extra = 0, assumes: string | null = null, place: Place = null): Belief {
    const next = [...this.#hypotheses];
    other.#hypotheses.forEach((hypothesis, index) => {
      const state = TDI_STATES[index];
      if (hypothesis && state) offer(next, { to: state, cost: extra, assumes }, hypothesis, place);
    });
    return new Belief(next);
  }

  /**
   * Adds what may have happened unseen: the cheapest path over the silent moves (Dijkstra over nine states, here as
   * relaxation until nothing changes). `complete` rules moves out.
   */
  closed(complete: ReadonlySet<EventClass>): Belief {
    const next = [...this.#hypotheses];
    const moves = movesBeside(complete);
    for (let changed = true; changed; ) {
      changed = false;
      for (const move of moves) {
        const from = next[move.at];
        if (from && offer(next, { to: move.to, cost: move.cost, assumes: move.assumes }, from, null)) changed = true;
      }
    }
    return new Belief(next);
  }

  /** After marked loss: whatever can have happened unseen has no price any more, declared complete or not. */
  widened(): Belief {
    const reachable = this.closed(NOTHING);
    return new Belief(reachable.#hypotheses.map((hypothesis) => hypothesis && { cost: 0, assumption: null }));
  }

  /** Prices relative to the cheapest state: keeps them from growing along a long log. */
  normalised(): Belief {
    const least = this.cost(() => true);
    if (least === 0 || least === Number.POSITIVE_INFINITY) return this;
    return new Belief(
      this.#hypotheses.map((hypothesis) => hypothesis && { ...hypothesis, cost: hypothesis.cost - least }),
    );
  }

  /** The three layers of the likeliest states, each in the model's order. */
  layers(test?: (state: TdiState) => boolean): Layers {
    const states = this.likeliest(test);
    return {
      bind: BIND_STATES.filter((value) => states.some((state) => state.bind === value)),
      contract: CONTRACT_STATES.filter((value) => states.some((state) => state.contract === value)),
      device: TDISP_STATES.filter((value) => states.some((state) => state.device === value)),
    };
  }
}

export interface Layers {
  readonly bind: BindState[];
  readonly contract: ContractState[];
  readonly device: TdispState[];
}

function offer(into: (Hypothesis | null)[], branch: Branch, from: Hypothesis, place: Place): boolean {
  const index = indexOfState(branch.to);
  const cost = from.cost + branch.cost;
  const present = into[index];
  if (present && present.cost <= cost) return false;
  const assumption =
    branch.assumes === null ? from.assumption : { text: branch.assumes, place, before: from.assumption };
  into[index] = { cost, assumption };
  return true;
}
