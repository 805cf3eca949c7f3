import type { Bdf } from '../base/bdf.ts';
import type { KernelEvent } from '../events/event.ts';
import { type Bearer, isAlive, isAnother } from './bearer.ts';
import { Buses } from './buses.ts';
import type { Entities } from './entities.ts';

/** Who has an address now: a function that was removed and comes again is another one. */
export class Functions {
  readonly #entities: Entities;
  readonly #gone: (entity: number) => void;
  readonly #byBdf = new Map<Bdf, Bearer>();
  readonly #bdfOf = new Map<number, Bdf>();
  #buses = new Buses();

  /** `gone` is told of functions that are gone because another one has come in their place, or a bridge above them went. */
  constructor(entities: Entities, gone: (entity: number) => void) {
    this.#entities = entities;
    this.#gone = gone;
  }

  /** The address of an entity that stands for one. */
  addressOf(entity: number): Bdf | null {
    return this.#bdfOf.get(entity) ?? null;
  }

  addresses(): IterableIterator<[number, Bdf]> {
    return this.#bdfOf.entries();
  }

  /** The last function at the address, gone or not. */
  at(bdf: Bdf): number | null {
    return this.#byBdf.get(bdf)?.entity ?? null;
  }

  /** The function at the address that the event is about. */
  named(bdf: Bdf, event: KernelEvent): number {
    const entity = this.#bearerOf(bdf, event);
    this.#buses.note(event, bdf);
    return entity;
  }

  /** The function that the user says is at the address. */
  told(bdf: Bdf): number {
    return this.at(bdf) ?? this.#appear(bdf, { used: false, enumerated: false, grouped: false });
  }

  /** Whoever lives at the address of `entity` from now on is another function, and so it is below it, where it is a bridge. */
  vacate(entity: number): void {
    const { named } = this.#entities.clusters.of(entity);
    const bdf = named === null ? undefined : this.#bdfOf.get(named);
    const bearer = bdf === undefined ? undefined : this.#byBdf.get(bdf);
    if (bdf === undefined || bearer === undefined || bearer.entity !== named || bearer.gone) return;
    bearer.gone = true;
    for (const other of this.#buses.gone(bdf)) {
      const below = this.#byBdf.get(other);
      if (below !== undefined && !below.gone) this.#gone(below.entity);
    }
  }

  reboot(): void {
    this.#byBdf.clear();
    this.#buses.clear();
  }

  /** A copy that goes its own way, over a copy of the entities. */
  fork(entities: Entities, gone: (entity: number) => void): Functions {
    const copy = new Functions(entities, gone);
    for (const [bdf, bearer] of this.#byBdf) copy.#byBdf.set(bdf, { ...bearer });
    for (const [entity, bdf] of this.#bdfOf) copy.#bdfOf.set(entity, bdf);
    copy.#buses = this.#buses.fork();
    return copy;
  }

  #bearerOf(bdf: Bdf, event: KernelEvent): number {
    const known = this.#byBdf.get(bdf);
    const appears = event.kind === 'pci.add';
    // What the kernel reads of a function as it enumerates it comes before it joins its group.
    const uses = !appears && event.kind !== 'pci.bar';
    const joins = appears && event.args['group'] !== undefined;
    const isNew =
      known !== undefined && (appears ? known.gone || isAnother(known, joins) : known.gone && isAlive(event));
    if (known && !isNew) {
      known.used ||= uses;
      known.enumerated ||= appears && !joins;
      known.grouped ||= joins;
      return known.entity;
    }
    // The function was there before and appears again: it was removed in between, and so were its kernel objects.
    if (known) this.#gone(known.entity);
    return this.#appear(bdf, { used: uses, enumerated: appears && !joins, grouped: joins });
  }

  #appear(bdf: Bdf, seen: Omit<Bearer, 'entity' | 'gone'>): number {
    const entity = this.#entities.add();
    this.#bdfOf.set(entity, bdf);
    this.#entities.clusters.of(entity).named = entity;
    this.#byBdf.set(bdf, { entity, ...seen, gone: false });
    this.#buses.came(bdf);
    return entity;
  }
}
