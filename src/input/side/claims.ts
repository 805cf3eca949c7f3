import { FACTS_MAX, type SideFact } from './fact.ts';

/** Something that files say, and where the first of them does. */
export interface Claim<Value> {
  readonly value: Value;
  readonly fact: SideFact;
}

/** What files say of one property, by key. Two that say different things contradict each other: then neither counts. */
export class Claims<Key, Value extends boolean | bigint | string> {
  readonly #said = new Map<Key, Claim<Value> & { readonly denied: SideFact | null }>();

  tell(key: Key, value: Value, fact: SideFact): void {
    const known = this.#said.get(key);
    if (known === undefined) {
      if (this.#said.size < FACTS_MAX) this.#said.set(key, { value, fact, denied: null });
    } else if (known.denied === null && known.value !== value) {
      const text = `${fact.text} here, and ${known.fact.text} in ${known.fact.place}: neither was used`;
      this.#said.set(key, { ...known, denied: { place: fact.place, text } });
    }
  }

  get agreed(): Map<Key, Claim<Value>> {
    return new Map(
      [...this.#said].flatMap(([key, { value, fact, denied }]) => (denied === null ? [[key, { value, fact }]] : [])),
    );
  }

  /** What was contradicted. */
  get disputed(): SideFact[] {
    return [...this.#said.values()].flatMap(({ denied }) => denied ?? []);
  }
}
