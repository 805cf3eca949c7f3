import type { Bdf } from '../base/bdf.ts';
import type { Cluster } from './clusters.ts';
import type { Decision } from './decide.ts';
import type { Entities } from './entities.ts';

// Candidates of an address without a segment.
const CANDIDATES_MAX = 64;

/** Addresses without a segment: whose they are is decided when all segments of the capture are known. */
export class Segmentless {
  readonly #entities: Entities;
  /** The address in segment 0, and who had that when the record came. */
  readonly #short = new Map<number, { readonly bdf: Bdf; readonly bearer: number | null }>();
  readonly #by = new Map<string, number>();

  constructor(entities: Entities) {
    this.#entities = entities;
  }

  /** `bearer` has the address in segment 0 now. */
  of(bdf: Bdf, bearer: number | null): number {
    const key = `${bdf} ${bearer ?? ''}`;
    const known = this.#by.get(key);
    if (known !== undefined) return known;
    const entity = this.#entities.add();
    this.#by.set(key, entity);
    this.#short.set(entity, { bdf, bearer });
    return entity;
  }

  /** The address in segment 0 of an entity that stands for one without a segment. */
  addressOf(entity: number): Bdf | null {
    return this.#short.get(entity)?.bdf ?? null;
  }

  /**
   * Segment 0, unless the capture knows the same bus, device and function in another one: then any of them. Null for what is no
   * address without a segment.
   *
   * @param byTail the functions of the capture by {@link tailOf} their address.
   */
  decide(cluster: Cluster, byTail: ReadonlyMap<string, readonly [number, Bdf][]>): Decision | null {
    const short = this.#short.get(cluster.members[0] ?? -1);
    if (short === undefined || cluster.named !== null) return null;
    const all = byTail.get(tailOf(short.bdf)) ?? [];
    const [first] = all;
    if (first === undefined) return { certainty: 'inherited', who: [cluster.members[0] ?? -1] };
    const own = all.every(([, bdf]) => bdf === short.bdf);
    return own
      ? { certainty: 'inherited', who: [short.bearer ?? first[0]] }
      : { certainty: 'maybe', who: all.slice(0, CANDIDATES_MAX).map(([entity]) => entity) };
  }

  reboot(): void {
    this.#by.clear();
  }

  /** A copy that goes its own way, over a copy of the entities. */
  fork(entities: Entities): Segmentless {
    const copy = new Segmentless(entities);
    for (const [entity, short] of this.#short) copy.#short.set(entity, short);
    for (const [key, entity] of this.#by) copy.#by.set(key, entity);
    return copy;
  }
}

/** Bus, device and function: what is left of an address without its segment. */
export function tailOf(bdf: Bdf): string {
  return bdf.slice(bdf.indexOf(':'));
}
