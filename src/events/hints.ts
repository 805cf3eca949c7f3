/**
 * What may stand at each place of a text that is looked for, one set of characters (latin1) a place: `['v', 'f', 'i', 'o']`.
 */
export type HintPattern = readonly string[];

/** Bytes of a pattern by which it is found; none may be shorter. */
const WINDOW = 4;
/** Bytes that are looked at together. A window has two such triples, and of two neighbouring ones one is looked at. */
const TRIPLE = 3;
const FIRST = 1;
const SECOND = 2;
/** Letters that a log is full of: a window with others is met less often by chance. */
const COMMON = new Set(' etaoinsrdlc0123456789');

interface Needle {
  /** For each place which bytes may stand there. */
  readonly places: readonly Uint8Array[];
  /** Where its window begins. */
  readonly offset: number;
}

/** Each character of `text` at its place. */
export function literal(text: string): HintPattern {
  return [...text];
}

// Knuth's multiplicative hash: the upper bits of the product depend on all three bytes.
const HASH_BITS = 16;
const hash = (triple: number): number => Math.imul(triple, 0x9e3779b1) >>> (32 - HASH_BITS);

/**
 * Tells whether a text holds any of some short patterns. It looks at every second triple of bytes, since one of them is a triple
 * of the pattern's window wherever that may stand; what is there is looked at closely. So it costs about as much for a hundred
 * patterns as for one, where a regular expression takes longer with each alternative.
 */
export class HintFinder {
  readonly #pattern: RegExp;
  /** By the hash of three bytes: {@link FIRST} or {@link SECOND} where they may be that triple of a window. */
  readonly #triples = new Uint8Array(1 << HASH_BITS);
  /** By the first triple of their window. */
  readonly #needles = new Map<number, Needle[]>();
  #bytes: Uint8Array | null = null;
  #view: DataView = new DataView(new ArrayBuffer(0));

  /** @throws Error where a pattern is shorter than four characters. */
  constructor(patterns: readonly HintPattern[]) {
    this.#pattern = new RegExp(patterns.map((sets) => sets.map(characterClass).join('')).join('|') || '(?!)');
    for (const sets of patterns) this.#add(sets);
  }

  /** @param text latin1, or decoded. */
  inText(text: string): boolean {
    return this.#pattern.test(text);
  }

  /** As {@link inText} of the same bytes as latin1. */
  inBytes(bytes: Uint8Array, start: number, end: number): boolean {
    const view = bytes === this.#bytes ? this.#view : this.#look(bytes);
    const triples = this.#triples;
    let at = start + 1;
    // Four bytes are read at once: the last ones of a text may be the last ones of the buffer.
    for (const last = end - WINDOW - 6; at <= last; at += 8) {
      const found =
        (triples[hash(view.getUint32(at, true) & 0xffffff)] ?? 0) |
        (triples[hash(view.getUint32(at + 2, true) & 0xffffff)] ?? 0) |
        (triples[hash(view.getUint32(at + 4, true) & 0xffffff)] ?? 0) |
        (triples[hash(view.getUint32(at + 6, true) & 0xffffff)] ?? 0);
      if (found !== 0 && this.#isNear(view, start, at, at + 6, end)) return true;
    }
    return this.#isNear(view, start, at, end - TRIPLE, end);
  }

  #look(bytes: Uint8Array): DataView {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return this.#view;
  }

  /** Looks closely at every second triple from `from` to `to`. */
  #isNear(view: DataView, start: number, from: number, to: number, end: number): boolean {
    for (let at = from; at <= to; at += 2) {
      const found = this.#triples[hash(tripleAt(view, at))] ?? 0;
      if ((found & FIRST) !== 0 && this.#holds(view, start, at, end)) return true;
      if ((found & SECOND) !== 0 && at > start && this.#holds(view, start, at - 1, end)) return true;
    }
    return false;
  }

  #holds(view: DataView, start: number, window: number, end: number): boolean {
    for (const { places, offset } of this.#needles.get(tripleAt(view, window)) ?? []) {
      const begin = window - offset;
      if (begin >= start && begin + places.length <= end && stands(places, view, begin)) return true;
    }
    return false;
  }

  #add(sets: HintPattern): void {
    if (sets.length < WINDOW) throw new Error(`a hint is too short: ${sets.join('')}`);
    const places = sets.map((set) => {
      const allowed = new Uint8Array(256);
      for (let i = 0; i < set.length; i++) allowed[set.charCodeAt(i)] = 1;
      return allowed;
    });
    const offset = bestWindow(sets);
    const needle = { places, offset };
    for (const triple of triplesOf(sets, offset)) {
      this.#mark(triple, FIRST);
      const there = this.#needles.get(triple);
      if (there) there.push(needle);
      else this.#needles.set(triple, [needle]);
    }
    for (const triple of triplesOf(sets, offset + 1)) this.#mark(triple, SECOND);
  }

  #mark(triple: number, which: number): void {
    const slot = hash(triple);
    this.#triples[slot] = (this.#triples[slot] ?? 0) | which;
  }
}

function tripleAt(view: DataView, at: number): number {
  return view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
}

/** All that may stand at three places in a row. */
function triplesOf(sets: HintPattern, offset: number): number[] {
  const [first = '', second = '', third = ''] = sets.slice(offset, offset + TRIPLE);
  const triples: number[] = [];
  for (const a of first)
    for (const b of second)
      for (const c of third) triples.push(a.charCodeAt(0) | (b.charCodeAt(0) << 8) | (c.charCodeAt(0) << 16));
  return triples;
}

function stands(places: readonly Uint8Array[], view: DataView, begin: number): boolean {
  for (let i = 0; i < places.length; i++) if (places[i]?.[view.getUint8(begin + i)] !== 1) return false;
  return true;
}

/** Where the window of a pattern begins: there where it is met least often by chance. */
function bestWindow(sets: HintPattern): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let offset = 0; offset + WINDOW <= sets.length; offset++) {
    const chance = sets.slice(offset, offset + WINDOW).reduce((sum, set) => sum + weight(set), 0);
    if (chance < least) {
      least = chance;
      best = offset;
    }
  }
  return best;
}

function weight(set: string): number {
  return [...set].reduce((sum, character) => sum + (COMMON.has(character) ? 4 : 1), 0);
}

function characterClass(set: string): string {
  return `[${set.replace(/[\\\]^-]/g, '\\$&')}]`;
}
