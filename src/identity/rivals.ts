import type { PointerSpace } from '../events/event.ts';
import type { Cluster, Clusters } from './clusters.ts';

/** Objects of which a function has one as long as it is there: its driver's is made anew when that is bound again, which is rare. */
const LASTING: readonly PointerSpace[] = ['pci', 'dev', 'vfio'];

/** Rivals of one cluster that are looked at; of more, nothing tells which is which. */
const RIVALS_MAX = 8;

/** Objects of one kind of a cluster that are looked at. */
const OBJECTS_MAX = 64;

/** Whether both have an object of a kind of which a function has one, and not the same: then they are not one function. */
export function haveDifferent(one: Cluster, other: Cluster): boolean {
  return LASTING.some((space) => {
    const [ours, theirs] = [objectsOf(one, space), objectsOf(other, space)];
    return ours.length > 0 && theirs.length > 0 && !ours.some((alias) => theirs.includes(alias));
  });
}

/** Clusters without an address that one task uses, and that cannot be one function. */
export class Rivals {
  readonly #clusters: Clusters;
  /** By task and kind, the objects and whose they are: where one address is used again, one of them. */
  #objects: ReadonlyMap<string, ReadonlyMap<string, Cluster>> | null = null;

  constructor(clusters: Clusters) {
    this.#clusters = clusters;
  }

  /** Those of a cluster that one of these tasks uses; null where there are too many. */
  of(cluster: Cluster, tasks: readonly string[]): readonly Cluster[] | null {
    const rivals = new Set<Cluster>();
    for (const space of LASTING) {
      if (objectsOf(cluster, space).length === 0) continue;
      this.#objects ??= this.#sorted();
      for (const task of tasks) {
        for (const [alias, other] of this.#objects.get(`${task} ${space}`) ?? []) {
          if (!cluster.aliases.has(alias) && haveDifferent(cluster, other)) rivals.add(other);
          if (rivals.size > RIVALS_MAX) return null;
        }
      }
    }
    return [...rivals];
  }

  #sorted(): Map<string, Map<string, Cluster>> {
    const objects = new Map<string, Map<string, Cluster>>();
    for (const cluster of this.#clusters.all()) {
      if (cluster.named !== null) continue;
      for (const space of LASTING) {
        for (const alias of objectsOf(cluster, space)) {
          for (const task of cluster.tasks) {
            const key = `${task} ${space}`;
            const known = objects.get(key) ?? new Map<string, Cluster>();
            objects.set(key, known.set(alias, cluster));
          }
        }
      }
    }
    return objects;
  }
}

function objectsOf({ aliases }: Cluster, space: PointerSpace): string[] {
  const objects: string[] = [];
  for (const alias of aliases) {
    if (alias.startsWith(`${space}=`)) objects.push(alias);
    if (objects.length >= OBJECTS_MAX) break;
  }
  return objects;
}
