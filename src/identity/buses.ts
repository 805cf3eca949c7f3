import { type Bdf, busOf } from '../base/bdf.ts';
import type { KernelEvent } from '../events/event.ts';

// A machine has some hundreds of bridges; a hostile log has no end of them.
const BRIDGES_MAX = 4096;

/** Which functions are below which bridge, as far as bridges announced their buses: they go with it. */
export class Buses {
  readonly #ranges = new Map<Bdf, { readonly domain: string; readonly first: number; readonly last: number }>();
  readonly #functions = new Map<string, Set<Bdf>>();

  /** What an event says of the bridge at `bdf`. */
  note(event: KernelEvent, bdf: Bdf): void {
    if (event.kind !== 'pci.bridge') return;
    const first = Number.parseInt(event.args['first'] ?? '', 16);
    const last = Number.parseInt(event.args['last'] ?? event.args['first'] ?? '', 16);
    const bus = busOf(bdf);
    const domain = bus.slice(0, bus.lastIndexOf(':'));
    this.#ranges.delete(bdf);
    // A bridge that nobody configured announces bus 00.
    if (!(first > Number.parseInt(bus.slice(domain.length + 1), 16)) || this.#ranges.size >= BRIDGES_MAX) return;
    this.#ranges.set(bdf, { domain, first, last });
  }

  came(bdf: Bdf): void {
    const bus = busOf(bdf);
    const functions = this.#functions.get(bus) ?? new Set();
    this.#functions.set(bus, functions.add(bdf));
  }

  /** The function at `bdf` is gone. @returns those that were below it, and are gone, too. */
  gone(bdf: Bdf): Bdf[] {
    this.#functions.get(busOf(bdf))?.delete(bdf);
    const range = this.#ranges.get(bdf);
    if (range === undefined) return [];
    this.#ranges.delete(bdf);
    const below: Bdf[] = [];
    for (let bus = range.first; bus <= range.last && bus <= 0xff; bus++) {
      below.push(...(this.#functions.get(`${range.domain}:${bus.toString(16).padStart(2, '0')}`) ?? []));
    }
    return below;
  }

  clear(): void {
    this.#ranges.clear();
    this.#functions.clear();
  }

  /** A copy that goes its own way. */
  fork(): Buses {
    const copy = new Buses();
    for (const [bdf, range] of this.#ranges) copy.#ranges.set(bdf, range);
    for (const [bus, functions] of this.#functions) copy.#functions.set(bus, new Set(functions));
    return copy;
  }
}
