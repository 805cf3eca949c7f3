import type { Wanted } from '../wanted.ts';
import type { Place, Symbols } from './symbols.ts';

/** Addresses remembered before the memory is emptied. A trace names some thousand; a hostile one any number. */
const CAPACITY = 1 << 18;

/**
 * An address of a trace. `symbol`: the name to report, or null where nobody wants it; `place`: null where kallsyms does
 * not tell what lies there.
 */
export interface KnownPlace {
  readonly symbol: string | null;
  readonly place: Place | null;
}

/** Remembers what lies at an address, and whether somebody wants it: a trace repeats a few thousand millions of times. */
export class WantedPlaces {
  readonly #symbols: Symbols;
  readonly #wanted: Wanted;
  readonly #furthest: number;
  readonly #known = new Map<number, KnownPlace>();

  /** @param furthest bytes behind the start of a function that still are that function. */
  constructor(symbols: Symbols, wanted: Wanted, furthest: number) {
    this.#symbols = symbols;
    this.#wanted = wanted;
    this.#furthest = furthest;
  }

  at(key: number): KnownPlace {
    return this.#known.get(key) ?? this.#learn(key);
  }

  #learn(key: number): KnownPlace {
    const found = this.#symbols.find(key);
    const place = found !== null && found.offset <= this.#furthest ? found : null;
    const known = { place, symbol: place === null ? null : this.#wanted.name(place.name) };
    if (this.#known.size >= CAPACITY) this.#known.clear();
    this.#known.set(key, known);
    return known;
  }
}
