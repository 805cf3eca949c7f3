import type { Clusters } from './clusters.ts';
import { type Candidates, isSameScope, mayBeSameScope, type Scope } from './object-ids.ts';

interface Member {
  readonly id: bigint;
  readonly scope: Scope;
  readonly entity: number;
  /** False where the device may be in it through an object whose own id was not recorded. */
  readonly sure: boolean;
}

// All are looked through: a machine has some hundreds of them.
const MEMBERS_MAX = 1024;

/**
 * Ids of iommufd that stand for several devices: address spaces (IOAS, HWPT), which devices are attached to, and vIOMMUs, which
 * vDEVICEs are made in. What is done to one of them concerns the devices in it.
 */
export class Memberships {
  readonly #clusters: Clusters;
  #members: Member[] = [];

  constructor(clusters: Clusters) {
    this.#clusters = clusters;
  }

  join(id: bigint, scope: Scope, entity: number, sure: boolean): void {
    const cluster = this.#clusters.of(entity);
    const isKnown = (one: Member) =>
      one.id === id && isSameScope(one.scope, scope) && this.#clusters.of(one.entity) === cluster;
    if (this.#members.some((one) => isKnown(one) && (one.sure || !sure))) return;
    this.#members = this.#members.filter((one) => !isKnown(one));
    if (this.#members.length < MEMBERS_MAX) this.#members.push({ id, scope, entity, sure });
  }

  /** The devices in it; null where none is known. One that is known to be in it is the one: of others nothing was recorded. */
  find(id: bigint, scope: Scope): Candidates | null {
    const list = this.#members.filter((one) => one.id === id);
    const own = list.filter((one) => isSameScope(one.scope, scope));
    const found = own.length > 0 ? own : list.filter((one) => mayBeSameScope(one.scope, scope));
    if (found.length === 0) return null;
    return { entities: found.map(({ entity }) => entity), sure: own.length > 0 && own.every(({ sure }) => sure) };
  }

  /** The device is detached, unbound, or gone. */
  leave(entity: number): void {
    if (this.#members.length === 0) return;
    const cluster = this.#clusters.of(entity);
    this.#members = this.#members.filter((one) => this.#clusters.of(one.entity) !== cluster);
  }

  /** The object with this id is destroyed. */
  end(id: bigint, scope: Scope): void {
    this.#members = this.#members.filter((one) => one.id !== id || !isSameScope(one.scope, scope));
  }

  release(scope: Scope): void {
    this.#members = this.#members.filter((one) => !isSameScope(one.scope, scope));
  }

  clear(): void {
    this.#members = [];
  }

  /** A copy that goes its own way, over a copy of the clusters. */
  fork(clusters: Clusters): Memberships {
    const copy = new Memberships(clusters);
    copy.#members = [...this.#members];
    return copy;
  }
}
