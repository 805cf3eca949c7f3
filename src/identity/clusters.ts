import type { PointerSpace } from '../events/event.ts';

/** Another entity whose device this one has: certainly, or perhaps. */
export interface Lead {
  readonly entity: number;
  readonly sure: boolean;
  /** It may as well be one that nothing leads to: any that its task names. */
  readonly open?: boolean;
}

/** What is known of a set of clues that mean one device. `entity` ids are those of the timeline. */
export interface Cluster {
  readonly members: number[];
  /** The entity of the BDF that a record names together with one of the clues. */
  named: number | null;
  /** BDF entities that were named inside a call of this device. */
  readonly hints: Set<number>;
  /** Where its device shows if nothing names it: the file it came through, the object that stands for it. */
  readonly leads: Lead[];
  /** Tasks whose records use a clue of this cluster. */
  readonly tasks: Set<string>;
  /** Pointers that are its own now. */
  readonly pointers: Map<PointerSpace, string>;
  /** All that it ever was called by. */
  readonly aliases: Set<string>;
  /** Holds more than side effects: without a BDF it is still worth a device of its own. */
  significant: boolean;
}

/** More of them decide nothing. */
export const LEADS_MAX = 16;

/** Union-find over entities. A union that would make two devices one is refused. */
export class Clusters {
  readonly #up = new Map<number, number>();
  readonly #clusters = new Map<number, Cluster>();

  add(entity: number): void {
    this.#up.set(entity, entity);
    this.#clusters.set(entity, {
      members: [entity],
      named: null,
      hints: new Set(),
      leads: [],
      tasks: new Set(),
      pointers: new Map(),
      aliases: new Set(),
      significant: false,
    });
  }

  of(entity: number): Cluster {
    const cluster = this.#clusters.get(this.#find(entity));
    if (!cluster) throw new Error(`unknown entity ${entity}`);
    return cluster;
  }

  all(): IterableIterator<Cluster> {
    return this.#clusters.values();
  }

  /** Whether records name two devices by address: then they are not one, whatever encloses what. */
  differ(a: number, b: number): boolean {
    const [one, two] = [this.of(a).named, this.of(b).named];
    return one !== null && two !== null && one !== two;
  }

  /** A copy that goes its own way. */
  fork(): Clusters {
    const copy = new Clusters();
    const { up, clusters } = structuredClone({ up: this.#up, clusters: this.#clusters });
    for (const [entity, above] of up) copy.#up.set(entity, above);
    for (const [root, cluster] of clusters) copy.#clusters.set(root, cluster);
    return copy;
  }

  /** True when `a` and `b` are one device now; false when what is known of them contradicts that. */
  unite(a: number, b: number): boolean {
    const rootA = this.#find(a);
    const rootB = this.#find(b);
    if (rootA === rootB) return true;
    const one = this.of(rootA);
    const two = this.of(rootB);
    if (one.named !== null && two.named !== null && one.named !== two.named) return false;
    for (const [space, value] of two.pointers) {
      const other = one.pointers.get(space);
      if (other !== undefined && other !== value) return false;
    }
    const [keep, drop, from] = one.members.length >= two.members.length ? [one, two, rootB] : [two, one, rootA];
    this.#up.set(from, keep === one ? rootA : rootB);
    this.#clusters.delete(from);
    keep.members.push(...drop.members);
    keep.named ??= drop.named;
    for (const hint of drop.hints) keep.hints.add(hint);
    keep.leads.push(...drop.leads.slice(0, LEADS_MAX - keep.leads.length));
    for (const task of drop.tasks) keep.tasks.add(task);
    for (const [space, value] of drop.pointers) keep.pointers.set(space, value);
    for (const alias of drop.aliases) keep.aliases.add(alias);
    keep.significant ||= drop.significant;
    return true;
  }

  #find(entity: number): number {
    let root = entity;
    for (let up = this.#up.get(root); up !== undefined && up !== root; up = this.#up.get(root)) root = up;
    for (let at = entity; at !== root; ) {
      const next = this.#up.get(at) ?? root;
      this.#up.set(at, root);
      at = next;
    }
    return root;
  }
}
