import type { HandleType } from '../events/event.ts';
import type { Clusters } from './clusters.ts';

/** Where an id of iommufd is valid: numbers are unique in one context, and a process may have several of them. */
export interface Scope {
  /** The process, other than a later one with its number; null where the trace names no tasks. */
  readonly process: string | null;
  /** Address of the iommufd_ctx, where it was recorded. */
  readonly context: string | null;
  /** The open file of /dev/iommu that the call is made on, where system calls were recorded. */
  readonly file: number | null;
}

/** Whether an id of `a` means the same object as that id of `b`, as far as is known. */
export function isSameScope(a: Scope, b: Scope): boolean {
  if (a.context !== null && b.context !== null) return a.context === b.context;
  if (a.file !== null && b.file !== null) return a.file === b.file;
  return a.process === b.process;
}

/** Whether it may: another thread of the process, or another process with numbers of its own. */
export function mayBeSameScope(a: Scope, b: Scope): boolean {
  if (a.context !== null && b.context !== null) return a.context === b.context;
  return a.file === null || b.file === null || a.file === b.file;
}

/** An object of an iommufd that stands for a device, as long as it lives: its id is reused. */
interface Numbered {
  readonly scope: Scope;
  readonly type: HandleType;
  readonly entity: number;
}

export interface Candidates {
  readonly entities: readonly number[];
  /** It is one of them, and no other. */
  readonly sure: boolean;
}

// All are looked through where a device loses its own.
const IDS_MAX = 4096;
const SAME_ID_MAX = 64;

/** Ids of iommufd that stand for one device each: of the device itself, and of its place in a VM (vDEVICE). */
export class ObjectIds {
  readonly #clusters: Clusters;
  readonly #byId = new Map<bigint, Numbered[]>();
  #count = 0;

  constructor(clusters: Clusters) {
    this.#clusters = clusters;
  }

  /**
   * The id is the device's from now on. Two devices with one id in one scope are of two contexts, or the end of the first was not
   * recorded: then it may mean either.
   */
  learn(id: bigint, type: HandleType, scope: Scope, entity: number): void {
    if (this.#count >= IDS_MAX) return;
    const cluster = this.#clusters.of(entity);
    const others = (this.#byId.get(id) ?? []).filter(
      (one) => !(isSameScope(one.scope, scope) && this.#clusters.of(one.entity) === cluster && one.type === type),
    );
    if (others.length < SAME_ID_MAX) this.#keep(id, [...others, { scope, type, entity }]);
  }

  /** Whose the id is. @param type `iommufd-object`: of whatever kind. */
  find(id: bigint, type: HandleType, scope: Scope): Candidates | null {
    const list = (this.#byId.get(id) ?? []).filter((one) => type === 'iommufd-object' || one.type === type);
    const own = list.filter((one) => isSameScope(one.scope, scope));
    if (own.length > 0) return { entities: own.map(({ entity }) => entity), sure: true };
    const others = list.filter((one) => mayBeSameScope(one.scope, scope));
    return others.length > 0 ? { entities: others.map(({ entity }) => entity), sure: false } : null;
  }

  /** The object with this id is destroyed. */
  end(id: bigint, scope: Scope): void {
    this.#keep(
      id,
      (this.#byId.get(id) ?? []).filter((one) => !isSameScope(one.scope, scope)),
    );
  }

  /** The id is not of `entity`, which only stood for whoever it was. */
  disown(id: bigint, entity: number): void {
    const cluster = this.#clusters.of(entity);
    const list = this.#byId.get(id) ?? [];
    const left = list.filter((one) => this.#clusters.of(one.entity) !== cluster);
    if (left.length < list.length) this.#keep(id, left);
  }

  /** The device has no object of this type any more; null: none of any type. */
  forget(entity: number, type: HandleType | null): void {
    const cluster = this.#clusters.of(entity);
    this.#drop((one) => (type === null || one.type === type) && this.#clusters.of(one.entity) === cluster);
  }

  /** The context of the scope is released, with all that is in it. */
  release(scope: Scope): void {
    this.#drop((one) => isSameScope(one.scope, scope));
  }

  clear(): void {
    this.#byId.clear();
    this.#count = 0;
  }

  /** A copy that goes its own way, over a copy of the clusters. */
  fork(clusters: Clusters): ObjectIds {
    const copy = new ObjectIds(clusters);
    for (const [id, list] of this.#byId) copy.#byId.set(id, [...list]);
    copy.#count = this.#count;
    return copy;
  }

  #drop(test: (one: Numbered) => boolean): void {
    for (const [id, list] of [...this.#byId]) {
      const left = list.filter((one) => !test(one));
      if (left.length < list.length) this.#keep(id, left);
    }
  }

  #keep(id: bigint, list: Numbered[]): void {
    this.#count += list.length - (this.#byId.get(id)?.length ?? 0);
    if (list.length > 0) this.#byId.set(id, list);
    else this.#byId.delete(id);
  }
}
