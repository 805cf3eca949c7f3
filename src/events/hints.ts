/**
 * What may stand at each place of a text that is looked for, one set of characters (latin1) a place: `['v', 'f', 'i', 'o']`.
 */
export type HintPattern = readonly string[];

/** Bytes of a pattern by which it is found; none may be shorter. */
const WINDOW = 4;
/** Pairs of neighbours in a window: of every three that follow one another in a text one is looked at. */
const PAIRS = WINDOW - 1;
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

/**
 * Tells whether a text holds any of some short patterns. It looks at every third pair of bytes, since one of them is a pair of
 * the pattern's window wherever that may stand; what is there is looked at closely. So it costs about as much for a hundred
 * patterns as for one, where a regular expression takes longer with each alternative.
 */
export class HintFinder {
  readonly #pattern: RegExp;
  /** By two bytes, the second one the higher: bit i is set where they may be the i-th pair of a window. */
  readonly #pairs = new Uint8Array(1 << 16);
  /** By the first pair of their window. */
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
    const pairs = this.#pairs;
    // The window has three pairs: the first one that is looked at may be its last.
    let at = start + PAIRS - 1;
    for (const last = end - 3 * PAIRS - 2; at <= last; at += 4 * PAIRS) {
      const found =
        (pairs[view.getUint16(at, true)] ?? 0) |
        (pairs[view.getUint16(at + PAIRS, true)] ?? 0) |
        (pairs[view.getUint16(at + 2 * PAIRS, true)] ?? 0) |
        (pairs[view.getUint16(at + 3 * PAIRS, true)] ?? 0);
      if (found !== 0 && this.#isNear(view, start, at, at + 3 * PAIRS, end)) return true;
    }
    return this.#isNear(view, start, at, end - 2, end);
  }

  #look(bytes: Uint8Array): DataView {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return this.#view;
  }

  /** Looks closely at every third pair from `from` to `to`. */
  #isNear(view: DataView, start: number, from: number, to: number, end: number): boolean {
    const pairs = this.#pairs;
    for (let at = from; at <= to; at += PAIRS) {
      const found = pairs[view.getUint16(at, true)] ?? 0;
      if (found === 0) continue;
      for (let pair = 0; pair < PAIRS; pair++) {
        const window = at - pair;
        if ((found & (1 << pair)) !== 0 && window >= start && this.#holds(view, start, window, end)) return true;
      }
    }
    return false;
  }

  #holds(view: DataView, start: number, window: number, end: number): boolean {
    if (window + WINDOW > end) return false;
    const first = view.getUint16(window, true);
    const pairs = this.#pairs;
    if (((pairs[first] ?? 0) & 1) === 0 || ((pairs[view.getUint16(window + 1, true)] ?? 0) & 2) === 0) return false;
    if (((pairs[view.getUint16(window + 2, true)] ?? 0) & 4) === 0) return false;
    for (const { places, offset } of this.#needles.get(first) ?? []) {
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
    for (let i = 0; i < PAIRS; i++) {
      for (const pair of pairsOf(sets[offset + i] ?? '', sets[offset + i + 1] ?? '')) {
        this.#pairs[pair] = (this.#pairs[pair] ?? 0) | (1 << i);
        if (i === 0) this.#needles.set(pair, [...(this.#needles.get(pair) ?? []), { places, offset }]);
      }
    }
  }
}

function pairsOf(firsts: string, seconds: string): number[] {
  return [...firsts].flatMap((first) =>
    [...seconds].map((second) => first.charCodeAt(0) | (second.charCodeAt(0) << 8)),
  );
}

function stands(places: readonly Uint8Array[], view: DataView, begin: number): boolean {
  return places.every((allowed, i) => allowed[view.getUint8(begin + i)] === 1);
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
