import { type Bdf, slotOf } from '../base/bdf.ts';
import type { KernelEvent } from '../events/event.ts';
import type { Clusters } from './clusters.ts';

/** The functions above a device, where records tell. */
export interface Above {
  readonly pf: Bdf | null;
  readonly dsm: Bdf | null;
}

/** Which functions are VFs of which PF, and which device security manager (DSM) they have. Both hold for a function's whole life. */
export class Lineage {
  readonly #dsmOf = new Map<number, Bdf>();
  readonly #pfOf = new Map<number, Bdf>();
  /** Functions that came or went inside a call on their PF, with the entity of that one. */
  readonly #virtualOf = new Map<number, number>();
  /** The VFs that a PF has now. */
  readonly #virtuals = new Map<number, number[]>();
  /** Functions whose tsm/connect was written with success: they are DSMs. */
  readonly #connected = new Set<Bdf>();

  /** What an event says of the function that `entity` stands for, at `bdf`. */
  note(entity: number, bdf: Bdf, event: KernelEvent): void {
    if (event.args['dsm'] !== undefined) this.#dsmOf.set(entity, event.args['dsm'] as Bdf);
    if (event.args['pf'] !== undefined) this.#pfOf.set(entity, event.args['pf'] as Bdf);
    if (event.kind === 'tsm.connect' && event.outcome === 'ok') this.#connected.add(bdf);
  }

  /** `entity` is a VF of the function that `pf` stands for. */
  virtual(entity: number, pf: number): void {
    this.#virtualOf.set(entity, pf);
    const virtuals = this.#virtuals.get(pf);
    if (virtuals === undefined) this.#virtuals.set(pf, [entity]);
    else virtuals.push(entity);
  }

  /** The entities of the VFs that the function of `members` has; from now on it has none. */
  takeVirtuals(members: readonly number[]): number[] {
    const virtuals = members.flatMap((entity) => this.#virtuals.get(entity) ?? []);
    for (const entity of members) this.#virtuals.delete(entity);
    return virtuals;
  }

  /** @param bdf of the device; `members` its entities; `bdfOf` the address of an entity that stands for one. */
  above(
    owner: number,
    members: readonly { readonly entity: number }[],
    clusters: Clusters,
    bdfOf: (entity: number) => Bdf | null,
  ): Above {
    const physical = members.flatMap(({ entity }) => this.#virtualOf.get(entity) ?? [])[0];
    const named = physical === undefined ? null : clusters.of(physical).named;
    const own = bdfOf(owner);
    const told = this.#pfOf.get(owner) ?? (named === null ? null : bdfOf(named));
    const pf = told === own ? null : told;
    const dsm = this.#dsmOf.get(owner);
    if (dsm !== undefined) return { pf, dsm };
    // Function 0 of the device, or of the one of the PF, where it has been connected (find_dsm_dev, drivers/pci/tsm.c, 7.1).
    const at = pf ?? own;
    const first = at === null ? null : (`${slotOf(at)}.0` as Bdf);
    return { pf, dsm: first !== null && this.#connected.has(first) ? first : null };
  }

  /** A copy that goes its own way. */
  fork(): Lineage {
    const copy = new Lineage();
    for (const [entity, dsm] of this.#dsmOf) copy.#dsmOf.set(entity, dsm);
    for (const [entity, pf] of this.#pfOf) copy.#pfOf.set(entity, pf);
    for (const [entity, pf] of this.#virtualOf) copy.#virtualOf.set(entity, pf);
    for (const [pf, virtuals] of this.#virtuals) copy.#virtuals.set(pf, [...virtuals]);
    for (const bdf of this.#connected) copy.#connected.add(bdf);
    return copy;
  }
}
