import { HINT_WINDOWS } from './hint-windows.ts';

/**
 * What may stand at each place of a text that is looked for, one set of characters (latin1) a place: `['v', 'f', 'i', 'o']`.
 */
export type HintPattern = readonly string[];

/** Bytes of a pattern by which it is found; none may be shorter. */
export const WINDOW = 4;
/** Groups of patterns that are looked for together, a bit each. */
export const GROUPS = 8;
/** Letters that a log is full of: a window with others is met less often by chance. */
const COMMON = new Set(' etaoinsrdlc0123456789');

/** Each character of `text` at its place. */
export function literal(text: string): HintPattern {
  return [...text];
}

// As in assembly/layout.ts.
const NIBBLES = 0;
const WINDOWS = 0x1000;
const SLOTS = 0x1000;
const NEEDLES = 0x9000;
const CLASSES = 0xf000;
const SIZE = 0x11000;
const CLASS_BYTES = 32;

// Knuth's multiplicative hash: the upper bits of the product depend on all bytes.
const hash = (bytes: number, bits: number): number => Math.imul(bytes, 0x9e3779b1) >>> (32 - bits);

/**
 * Tells whether a text holds any of some short patterns. Bytes are searched by means of {@link table}: see assembly/hints.ts.
 */
export class HintFinder {
  /**
   * For each place of a window and each half of a byte the groups that may have it there; by the hash of a window the window and
   * where its pattern stands; then the patterns, each its length, where its window begins, and the class of each place; then the
   * classes, a bit for each byte that may stand there.
   */
  readonly table = new Uint8Array(SIZE);
  readonly #pattern: RegExp;
  readonly #view = new DataView(this.table.buffer);
  readonly #classes = new Map<string, number>();
  // 0 marks a free slot.
  #needlesEnd = NEEDLES + 1;
  #windows = 0;

  /** @throws Error where a pattern is shorter than four characters, or the patterns are too many. */
  constructor(patterns: readonly HintPattern[]) {
    const texts = patterns.map(patternText);
    this.#pattern = anyOf(texts);
    for (const [index, sets] of patterns.entries()) this.#add(sets, texts[index] ?? '');
  }

  /** @param text latin1, or decoded. */
  inText(text: string): boolean {
    return this.#pattern.test(text);
  }

  #add(sets: HintPattern, text: string): void {
    if (sets.length < WINDOW) throw new Error(`a hint is too short: ${sets.join('')}`);
    const [offset, group] = HINT_WINDOWS[text] ?? anyWindow(sets);
    for (let place = 0; place < WINDOW; place++) this.#mark(place, sets[offset + place] ?? '', 1 << group);
    const needle = this.#needlesEnd;
    this.#needlesEnd += 2 + sets.length;
    if (this.#needlesEnd > CLASSES || sets.length > 255) throw new Error('too many hints');
    this.table.set([sets.length, offset, ...sets.map((set) => this.#classOf(set))], needle);
    for (const window of valuesOf(sets.slice(offset, offset + WINDOW))) this.#place(window, needle - NEEDLES);
  }

  #mark(place: number, set: string, group: number): void {
    for (let i = 0; i < set.length; i++) {
      const code = set.charCodeAt(i);
      const low = NIBBLES + place * 32 + (code & 15);
      const high = NIBBLES + place * 32 + 16 + (code >> 4);
      this.table[low] = (this.table[low] ?? 0) | group;
      this.table[high] = (this.table[high] ?? 0) | group;
    }
  }

  #place(window: number, needle: number): void {
    if (++this.#windows > SLOTS / 2) throw new Error('too many hints');
    let slot = hash(window, 12);
    const at = (): number => WINDOWS + slot * 8;
    while (this.#view.getUint32(at() + 4, true) !== 0) slot = (slot + 1) % SLOTS;
    this.#view.setUint32(at(), window, true);
    this.#view.setUint32(at() + 4, needle, true);
  }

  #classOf(set: string): number {
    const known = this.#classes.get(set);
    if (known !== undefined) return known;
    const id = this.#classes.size;
    if (CLASSES + (id + 1) * CLASS_BYTES > SIZE) throw new Error('too many hints');
    this.#classes.set(set, id);
    for (let i = 0; i < set.length; i++) {
      const code = set.charCodeAt(i);
      const at = CLASSES + id * CLASS_BYTES + (code >> 3);
      this.table[at] = (this.table[at] ?? 0) | (1 << (code & 7));
    }
    return id;
  }
}

/** All that may stand at some places in a row, as numbers, the first byte the lowest. */
function valuesOf(sets: HintPattern): number[] {
  let values = [0];
  for (const [place, set] of sets.entries()) {
    values = values.flatMap((value) => [...set].map((character) => value | (character.charCodeAt(0) << (8 * place))));
  }
  return values;
}

/** Any of the patterns, wherever it stands. */
export function anyPattern(patterns: readonly HintPattern[]): RegExp {
  return anyOf(patterns.map(patternText));
}

function anyOf(texts: readonly string[]): RegExp {
  return new RegExp(texts.join('|') || '(?!)');
}

/** How a regular expression spells it. */
export function patternText(sets: HintPattern): string {
  return sets.map(characterClass).join('');
}

/**
 * Where the window of a pattern begins that no table chose, and of which group it is: there where it is met least often by chance,
 * with those of about the same first letter.
 */
function anyWindow(sets: HintPattern): readonly [number, number] {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let offset = 0; offset + WINDOW <= sets.length; offset++) {
    const chance = sets.slice(offset, offset + WINDOW).reduce((sum, set) => sum + weight(set), 0);
    if (chance < least) {
      least = chance;
      best = offset;
    }
  }
  return [best, ((sets[best]?.charCodeAt(0) ?? 0) >> 1) % GROUPS];
}

function weight(set: string): number {
  return [...set].reduce((sum, character) => sum + (COMMON.has(character) ? 4 : 1), 0);
}

function characterClass(set: string): string {
  // Nearly all are letters, and these are made at every start.
  if (set.length === 1 && isWordCode(set.charCodeAt(0))) return set;
  return `[${set.replace(/[\\\]^-]/g, '\\$&')}]`;
}

/** A blank, a letter, a digit or an underscore: it stands for itself. */
function isWordCode(code: number): boolean {
  return (
    code === 32 ||
    (code >= 48 && code <= 57) ||
    (code >= 65 && code <= 90) ||
    code === 95 ||
    (code >= 97 && code <= 122)
  );
}
