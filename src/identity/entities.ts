import { Clusters } from './clusters.ts';

// Clues that are told apart. Real captures have some hundreds; what a hostile one has beyond that stays without a device.
const ENTITIES_MAX = 100_000;

/** The ids that clues have in the timeline, and which of them are one device. */
export class Entities {
  readonly clusters: Clusters;
  readonly #allot: () => number;
  #count = 0;

  /** `allot` gives an id in the timeline. */
  constructor(allot: () => number, clusters: Clusters = new Clusters()) {
    this.#allot = allot;
    this.clusters = clusters;
  }

  get isFull(): boolean {
    return this.#count >= ENTITIES_MAX;
  }

  /** A clue that is nobody's yet. What names a device by its address is taken however many there are. */
  add(): number {
    const entity = this.#allot();
    this.#count += 1;
    this.clusters.add(entity);
    return entity;
  }

  /** A copy that goes its own way. */
  fork(): Entities {
    const copy = new Entities(this.#allot, this.clusters.fork());
    copy.#count = this.#count;
    return copy;
  }
}
