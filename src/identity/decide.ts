import type { Cluster, Clusters } from './clusters.ts';
import { haveDifferent, Rivals } from './rivals.ts';

/** Who a set of clues is: an entity of a BDF, a task, or nobody but itself. */
export type Who = number | string | Cluster;

/**
 * How well a record tells its device. `exact`: it names the BDF, or a clue that another record names together with one.
 * `inherited`: the call, file, object or task that it came through belongs to exactly one device. `maybe`: it may be of any of
 * some. `none`: nothing tells.
 */
export type Certainty = 'exact' | 'inherited' | 'maybe' | 'none';

export interface Decision {
  readonly certainty: Certainty;
  /** One, but for `maybe`. */
  readonly who: readonly Who[];
}

/**
 * Candidates beyond which an event is of none of them: each of them is replayed with the event and without it. What a verdict may
 * turn on, as an unbind, is kept for more: a machine with eight GPUs passes a few dozen functions to one VM.
 */
const CANDIDATES_MAX = 32;
const SIGNIFICANT_CANDIDATES_MAX = 256;
const DEPTH_MAX = 6;
/** Leads that are followed for one cluster; a hostile trace may lead anywhere. */
const STEPS_MAX = 256;

/** What is known of tasks when everything has been read. */
export interface Tasks {
  /** Of a record without a segment; null for all others. */
  unsegmented(cluster: Cluster): Decision | null;
  /** Of records that name nothing: whose they are. */
  taskOf(cluster: Cluster): string | null;
  /** Entities of BDFs that the task's own records name. */
  namedBy(task: string): ReadonlySet<number>;
  /** Whether a task that names one device means it by what it does without naming any. */
  speaksFor(task: string): boolean;
  /** Whether what a task did without saying to whom shows that it did it to several. */
  usesSeveral(task: string): boolean;
}

/** Tells who everybody is, once everything was read. */
export class Decider {
  readonly #clusters: Clusters;
  readonly #tasks: Tasks;
  readonly #known = new Map<Cluster, Decision>();
  readonly #rivals: Rivals;
  #steps = 0;

  constructor(clusters: Clusters, tasks: Tasks) {
    this.#clusters = clusters;
    this.#tasks = tasks;
    this.#rivals = new Rivals(clusters);
  }

  of(cluster: Cluster): Decision {
    const known = this.#known.get(cluster);
    if (known) return known;
    this.#steps = 0;
    const decision = this.#decide(cluster, new Set());
    this.#known.set(cluster, decision);
    return decision;
  }

  #decide(cluster: Cluster, passed: ReadonlySet<Cluster>): Decision {
    const told = this.#told(cluster, passed);
    if (told !== null) return told;
    const perhaps = this.#led(cluster, false, passed).who;
    const { owner, alone } = this.#ownerByTasks(cluster, passed);
    if (owner !== null && alone && perhaps.every((one) => one === owner))
      return { certainty: 'inherited', who: [owner] };
    const several = [...perhaps, ...(owner === null ? [] : [owner])];
    if (several.length > 0) {
      const open = cluster.leads.some((lead) => lead.open);
      const all = open ? [...several, ...this.#namedBy(cluster)] : several;
      return maybe(cluster, all) ?? this.#alone(cluster);
    }
    // What a task did without saying to whom it did to one of those that it names.
    if (this.#tasks.taskOf(cluster) === null) return this.#alone(cluster);
    return maybe(cluster, [...cluster.hints, ...this.#namedBy(cluster)]) ?? this.#alone(cluster);
  }

  /** What anything but the task tells; null: nothing. */
  #told(cluster: Cluster, passed: ReadonlySet<Cluster>): Decision | null {
    if (cluster.named !== null) return { certainty: 'exact', who: [cluster.named] };
    this.#steps += 1;
    const unsegmented = this.#tasks.unsegmented(cluster);
    if (unsegmented !== null) return unsegmented;
    const sure = this.#led(cluster, true, passed);
    const [only, ...others] = sure.who;
    if (only !== undefined && others.length === 0 && !sure.doubtful)
      return { certainty: typeof only === 'number' ? 'inherited' : 'none', who: [only] };
    if (only !== undefined) return maybe(cluster, sure.who) ?? this.#alone(cluster);
    const [hint] = cluster.hints;
    return cluster.hints.size === 1 && hint !== undefined ? { certainty: 'inherited', who: [hint] } : null;
  }

  /**
   * The device that the tasks mean, unless it is known to have another object of the same kind; and whether the cluster is the only
   * one whose objects may be that device's: of two, nothing tells which is.
   */
  #ownerByTasks(cluster: Cluster, passed: ReadonlySet<Cluster>): { owner: number | null; alone: boolean } {
    const owner = this.#namedByTasks(cluster);
    if (owner === null) return { owner, alone: true };
    if (haveDifferent(cluster, this.#clusters.of(owner))) return { owner: null, alone: true };
    // Those that use what others name, too, are not taken for the one that a task names.
    const meaning = [...cluster.tasks].filter((task) => this.#speaksOnlyFor(task, owner));
    const rivals = this.#rivals.of(cluster, meaning)?.filter((rival) => this.#namedByTasks(rival) === owner);
    if (rivals === undefined) return { owner, alone: false };
    const here = new Set(passed).add(cluster);
    const told = rivals.map((rival) => this.#told(rival, here));
    const isTaken = told.some((one) => one !== null && one.certainty !== 'maybe' && one.who.includes(owner));
    const alone = told.every((one) => one !== null && one.certainty !== 'maybe');
    return { owner: isTaken ? null : owner, alone };
  }

  #speaksOnlyFor(task: string, owner: number): boolean {
    const named = this.#tasks.namedBy(task);
    return named.size === 1 && named.has(owner) && this.#tasks.speaksFor(task);
  }

  /** All devices that tasks of the cluster name. */
  #namedBy({ tasks }: Cluster): number[] {
    return [...tasks].flatMap((task) => [...this.#tasks.namedBy(task)]);
  }

  /** Devices with an address that leads end at; where none has one, what else they end at. */
  #led(cluster: Cluster, sure: boolean, passed: ReadonlySet<Cluster>): { who: Who[]; doubtful: boolean } {
    if (passed.size >= DEPTH_MAX || this.#steps > STEPS_MAX) return { who: [], doubtful: false };
    const here = new Set(passed).add(cluster);
    const ends = cluster.leads
      .filter((lead) => lead.sure === sure)
      .map(({ entity }) => this.#clusters.of(entity))
      .filter((next) => !here.has(next))
      .map((next) => this.#decide(next, here));
    const unique = [...new Set(ends.flatMap(({ who }) => who))].filter((who) => who !== cluster);
    const withAddress = unique.filter((who) => typeof who === 'number');
    const doubtful = ends.some(({ certainty }) => certainty === 'maybe');
    return { who: withAddress.length > 0 ? withAddress : unique, doubtful };
  }

  #alone(cluster: Cluster): Decision {
    return { certainty: 'none', who: [this.#tasks.taskOf(cluster) ?? cluster] };
  }

  /**
   * The device that one of the tasks names as its only one, and that no other task speaks against: a task that names several
   * speaks for each of them.
   */
  #namedByTasks(cluster: Cluster): number | null {
    const nameless = this.#tasks.taskOf(cluster) !== null;
    const lists = [...cluster.tasks]
      .filter((task) => this.#tasks.speaksFor(task) && !(nameless && this.#tasks.usesSeveral(task)))
      .map((task) => this.#tasks.namedBy(task))
      .filter(({ size }) => size > 0);
    const [only] = lists.find((list) => list.size === 1) ?? [];
    return only !== undefined && lists.every((list) => list.has(only)) ? only : null;
  }
}

function maybe({ significant }: Cluster, who: readonly Who[]): Decision | null {
  const unique = [...new Set(who)].filter((one) => typeof one === 'number');
  const most = significant ? SIGNIFICANT_CANDIDATES_MAX : CANDIDATES_MAX;
  return unique.length === 0 || unique.length > most ? null : { certainty: 'maybe', who: unique };
}
