/** Slots; a power of two. A kernel trace names a few thousand symbols. */
const SLOTS = 1 << 14;
const MASK = SLOTS - 1;
/** Entries before the table is emptied: a half-full table finds a name in one or two probes. */
const CAPACITY = SLOTS / 2;
/** Words of four bytes. */
const POOL = CAPACITY * 16;
/** Names of kernel symbols are shorter (KSYM_NAME_LEN). */
const MAX_NAME = 512;

const BLANKS = 0x20202020;
const ONES = 0x01010101;
const TOPS = 0x80808080;
/** 2^32 over the golden ratio: spreads consecutive words over all bits. */
const SPREAD = 0x9e3779b1;

/** Of every table before its first word: most are made to try a form that turns out not to fit. Never written. */
const NO_SLOTS = new Int32Array(SLOTS);

/**
 * Words that nobody wants, found by their bytes: cutting a name out of a chunk and asking a Map costs as much as all the
 * rest of a line. It takes four bytes at a time. Exact: a word that only has the hash of another one is not found.
 */
export class NameTable {
  /** Index behind the word that {@link has} looked at: of the blank after it. */
  end = 0;
  #hashes = NO_SLOTS;
  #starts = NO_SLOTS;
  /** 0 marks a free slot. */
  #lengths = NO_SLOTS;
  #pool = NO_SLOTS;
  #used = 0;
  #poolUsed = 0;

  /**
   * Whether the word that begins at `start` and ends before the next blank is in the table. Sets {@link end} if it is.
   *
   * @param stop index behind the last byte that may be looked at.
   */
  has(view: DataView, start: number, stop: number): boolean {
    let hash = 0;
    let at = start;
    for (;;) {
      if (at + 4 > stop) return false;
      const word = view.getInt32(at, true);
      // The lowest bit that is left marks the first blank.
      const difference = word ^ BLANKS;
      const blank = (difference - ONES) & ~difference & TOPS;
      if (blank !== 0) {
        const bits = (31 - Math.clz32(blank & -blank)) & ~7;
        const tail = word & ((1 << bits) - 1);
        this.end = at + (bits >> 3);
        return this.#find(view, start, at, tail, this.end - start, mix(hash, tail));
      }
      hash = mix(hash, word);
      at += 4;
    }
  }

  /** Adds a word of printable ASCII without a blank. */
  add(name: string): void {
    if (name.length === 0 || name.length > MAX_NAME) return;
    const bytes = Buffer.from(`${name}    `, 'latin1');
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (this.has(view, 0, bytes.length)) return;
    if (this.#pool === NO_SLOTS) this.#allocate();
    const words = name.length >> 2;
    if (this.#used >= CAPACITY || this.#poolUsed + words + 1 > POOL) this.#clear();
    let hash = 0;
    for (let i = 0; i < words; i++) {
      const word = view.getInt32(4 * i, true);
      hash = mix(hash, word);
      this.#pool[this.#poolUsed + i] = word;
    }
    const tail = view.getInt32(4 * words, true) & ((1 << (8 * (name.length & 3))) - 1);
    hash = mix(hash, tail);
    this.#pool[this.#poolUsed + words] = tail;
    let slot = hash & MASK;
    while (this.#lengths[slot] !== 0) slot = (slot + 1) & MASK;
    this.#hashes[slot] = hash;
    this.#starts[slot] = this.#poolUsed;
    this.#lengths[slot] = name.length;
    this.#poolUsed += words + 1;
    this.#used++;
  }

  #find(view: DataView, start: number, tailAt: number, tail: number, length: number, hash: number): boolean {
    let slot = hash & MASK;
    for (;;) {
      const known = this.#lengths[slot];
      if (known === 0) return false;
      if (
        known === length &&
        this.#hashes[slot] === hash &&
        this.#same(view, start, tailAt, tail, this.#starts[slot] ?? 0)
      ) {
        return true;
      }
      slot = (slot + 1) & MASK;
    }
  }

  #same(view: DataView, start: number, tailAt: number, tail: number, from: number): boolean {
    const pool = this.#pool;
    let word = from;
    for (let at = start; at < tailAt; at += 4) if (view.getInt32(at, true) !== pool[word++]) return false;
    return tail === pool[word];
  }

  #allocate(): void {
    this.#hashes = new Int32Array(SLOTS);
    this.#starts = new Int32Array(SLOTS);
    this.#lengths = new Int32Array(SLOTS);
    this.#pool = new Int32Array(POOL);
  }

  #clear(): void {
    this.#lengths.fill(0);
    this.#used = 0;
    this.#poolUsed = 0;
  }
}

function mix(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, SPREAD);
  return mixed ^ (mixed >>> 15);
}
