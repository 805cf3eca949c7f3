import type { PointerSpace } from '../events/event.ts';
import type { Clusters } from './clusters.ts';

// A struct device sits inside its struct pci_dev (offset 192 to 208 in the builds that were measured), which is larger
// than this: no two pci_dev are closer.
const PCI_DEV_SPAN_BITS = 10n;
const PCI_DEV_SPAN = 1n << PCI_DEV_SPAN_BITS;

// One struct pci_dev at most, and a few of the other kind, begin in a stretch; a hostile trace may say anything.
const STRETCH_MAX = 16;

/** Kernel addresses and whose they are now. The kernel frees objects and gives their memory to others. */
export class Pointers {
  readonly #clusters: Clusters;
  readonly #entityAt = new Map<string, number>();
  /** Keys of struct pci_dev and struct device, by the stretch of memory that they begin in. */
  readonly #near = new Map<bigint, Set<string>>();

  /** The line of the first use since a record last showed whose the pointer is. */
  readonly #usedAt = new Map<string, number>();

  constructor(clusters: Clusters) {
    this.#clusters = clusters;
  }

  get(space: PointerSpace, value: string): number | null {
    return this.#entityAt.get(keyOf(space, value)) ?? null;
  }

  /** `entity` is what stands at this address. A struct device a little above a struct pci_dev is that function's. */
  set(space: PointerSpace, value: string, entity: number): void {
    const key = keyOf(space, value);
    this.#entityAt.set(key, entity);
    const cluster = this.#clusters.of(entity);
    cluster.pointers.set(space, value);
    cluster.aliases.add(`${space}=${value}`);
    if (space !== 'pci' && space !== 'dev') return;
    const at = BigInt(value);
    const stretch = at >> PCI_DEV_SPAN_BITS;
    const other = space === 'pci' ? 'dev' : 'pci';
    for (const neighbour of [stretch - 1n, stretch, stretch + 1n]) {
      for (const candidate of this.#near.get(neighbour) ?? []) {
        const found = this.#entityAt.get(candidate);
        if (found === undefined || !candidate.startsWith(`${other}:`)) continue;
        const there = BigInt(candidate.slice(other.length + 1));
        const offset = space === 'dev' ? at - there : there - at;
        if (offset > 0n && offset < PCI_DEV_SPAN) this.#clusters.unite(entity, found);
      }
    }
    const keys = this.#near.get(stretch) ?? new Set();
    if (keys.size < STRETCH_MAX) keys.add(key);
    this.#near.set(stretch, keys);
  }

  /** A record names its device by this address alone. */
  used(space: PointerSpace, value: string, line: number): void {
    const key = keyOf(space, value);
    if (this.#entityAt.has(key) && !this.#usedAt.has(key)) this.#usedAt.set(key, line);
  }

  /** A record shows whose the address is. @returns the line of the first use since one last did, or null. */
  named(space: PointerSpace, value: string): number | null {
    const key = keyOf(space, value);
    const line = this.#usedAt.get(key) ?? null;
    this.#usedAt.delete(key);
    return line;
  }

  /** What stood at this address is gone. */
  forget(space: PointerSpace, value: string): void {
    const key = keyOf(space, value);
    const entity = this.#entityAt.get(key);
    if (entity === undefined) return;
    this.#entityAt.delete(key);
    this.#usedAt.delete(key);
    const { pointers } = this.#clusters.of(entity);
    if (pointers.get(space) === value) pointers.delete(space);
    if (space !== 'pci' && space !== 'dev') return;
    const stretch = BigInt(value) >> PCI_DEV_SPAN_BITS;
    const keys = this.#near.get(stretch);
    keys?.delete(key);
    if (keys?.size === 0) this.#near.delete(stretch);
  }

  /** The device of `entity` is gone, and all its objects with it. */
  forgetAllOf(entity: number): void {
    for (const [space, value] of [...this.#clusters.of(entity).pointers]) this.forget(space, value);
  }

  /** A copy that goes its own way, over a copy of the clusters. */
  fork(clusters: Clusters): Pointers {
    const copy = new Pointers(clusters);
    for (const [key, entity] of this.#entityAt) copy.#entityAt.set(key, entity);
    for (const [stretch, keys] of this.#near) copy.#near.set(stretch, new Set(keys));
    for (const [key, line] of this.#usedAt) copy.#usedAt.set(key, line);
    return copy;
  }

  clear(): void {
    this.#entityAt.clear();
    this.#near.clear();
    this.#usedAt.clear();
  }
}

function keyOf(space: PointerSpace, value: string): string {
  return `${space}:${value}`;
}
