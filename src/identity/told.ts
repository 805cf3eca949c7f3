import type { Bdf } from '../base/bdf.ts';
import type { Cluster, Clusters } from './clusters.ts';
import type { Functions } from './functions.ts';
import { type Hints, toldAlias } from './hints.ts';
import { type Denied, ToldFiles } from './told-files.ts';

/** Pointers that the user says something of. The log wins where it says otherwise. */
export class Told {
  readonly #hints: Hints;
  readonly #told = new Map<number, { readonly pointer: string; readonly bdf: Bdf }>();

  /** The same of files, by data stored beside the log. */
  readonly files: ToldFiles;

  constructor(hints: Hints, files = new ToldFiles(hints.side)) {
    this.#hints = hints;
    this.files = files;
  }

  get denied(): readonly Denied[] {
    return this.files.denied;
  }

  /** The user knows the pointer: it leads to the present bearer of the address, unless a record says otherwise. */
  heed(pointer: string, entity: number, clusters: Clusters, functions: Functions): void {
    const bdf = this.#hints.of(pointer);
    if (bdf === null) return;
    clusters.of(entity).leads.push({ entity: functions.told(bdf), sure: true });
    this.#told.set(entity, { pointer, bdf });
  }

  /** What the device is called by the user's word alone. */
  aliases({ members, named }: Cluster): string[] {
    if (named !== null || this.#told.size === 0) return [];
    return members.flatMap((entity) => {
      const told = this.#told.get(entity);
      return told === undefined ? [] : [toldAlias(told.pointer)];
    });
  }

  /** What the user says of pointers and records deny, a sentence each. */
  contradicted(clusters: Clusters, functions: Functions): string[] {
    return [...this.#told].flatMap(([entity, { pointer, bdf }]) => {
      const { named } = clusters.of(entity);
      const other = named === null ? null : functions.addressOf(named);
      return other === null || other === bdf
        ? []
        : [`${pointer} is not ${bdf}, as the user says: a record shows it to be of ${other}`];
    });
  }

  /** A copy that goes its own way. */
  fork(): Told {
    const copy = new Told(this.#hints, this.files.fork());
    for (const [entity, told] of this.#told) copy.#told.set(entity, told);
    return copy;
  }
}
