import { ownCopy } from './own-copy.ts';

/** A log that says more different things than this is not helped by what was said before. */
const TEXTS_MAX = 1024;
/** Longer texts are rare, and would take room. */
const LENGTH_MAX = 256;

/** What a text means, worked out once for texts that come again and again: what it gives must not be changed. */
export class Repeated<T> {
  readonly #meaningOf: (text: string) => T;
  readonly #known = new Map<string, T>();

  constructor(meaningOf: (text: string) => T) {
    this.#meaningOf = meaningOf;
  }

  of(text: string): T {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const meaning = this.#meaningOf(text);
    if (text.length > LENGTH_MAX) return meaning;
    if (this.#known.size >= TEXTS_MAX) this.#known.clear();
    this.#known.set(ownCopy(text), meaning);
    return meaning;
  }
}
