import { identifierCodes } from './text.ts';

/** Slots; a power of two. A kernel trace names a few thousand symbols. */
const SLOTS = 1 << 14;
const MASK = SLOTS - 1;
/** Entries before the table is emptied: a half-full table finds a name in one or two probes. */
const CAPACITY = SLOTS / 2;
const POOL = CAPACITY * 32;

/**
 * Names that nobody wants, found by their bytes: cutting the name out of a chunk and asking a Map costs as much as all the
 * rest of a line. Exact: a name that only has the hash of another one is not found.
 */
export class NameTable {
  /** Index behind the name that {@link has} looked at. */
  end = 0;
  readonly #hashes = new Int32Array(SLOTS);
  readonly #starts = new Int32Array(SLOTS);
  /** 0 marks a free slot. */
  readonly #lengths = new Int32Array(SLOTS);
  readonly #pool = new Uint8Array(POOL);
  #used = 0;
  #poolUsed = 0;

  /**
   * Whether the identifier that begins at `start` is in the table. Sets {@link end} in either case.
   *
   * @param stop index behind the last byte that may be looked at.
   */
  has(bytes: Uint8Array, start: number, stop: number): boolean {
    let hash = 0;
    let at = start;
    while (at < stop) {
      const byte = bytes[at] ?? 0;
      if (identifierCodes[byte] !== 1) break;
      hash = (Math.imul(hash, 31) + byte) | 0;
      at++;
    }
    this.end = at;
    return this.#find(bytes, start, at - start, hash);
  }

  /** Adds a name of identifier characters. */
  add(name: string): void {
    const bytes = Buffer.from(name, 'latin1');
    if (bytes.length === 0 || this.has(bytes, 0, bytes.length) || this.end !== bytes.length || bytes.length > POOL)
      return;
    if (this.#used >= CAPACITY || this.#poolUsed + bytes.length > POOL) this.#clear();
    let hash = 0;
    for (const byte of bytes) hash = (Math.imul(hash, 31) + byte) | 0;
    let slot = spread(hash);
    while (this.#lengths[slot] !== 0) slot = (slot + 1) & MASK;
    this.#hashes[slot] = hash;
    this.#starts[slot] = this.#poolUsed;
    this.#lengths[slot] = bytes.length;
    this.#pool.set(bytes, this.#poolUsed);
    this.#poolUsed += bytes.length;
    this.#used++;
  }

  #find(bytes: Uint8Array, start: number, length: number, hash: number): boolean {
    let slot = spread(hash);
    for (;;) {
      const known = this.#lengths[slot] ?? 0;
      if (known === 0) return false;
      if (known === length && this.#hashes[slot] === hash && this.#same(bytes, start, length, this.#starts[slot] ?? 0))
        return true;
      slot = (slot + 1) & MASK;
    }
  }

  #same(bytes: Uint8Array, start: number, length: number, from: number): boolean {
    const pool = this.#pool;
    for (let i = 0; i < length; i++) if (bytes[start + i] !== pool[from + i]) return false;
    return true;
  }

  #clear(): void {
    this.#lengths.fill(0);
    this.#used = 0;
    this.#poolUsed = 0;
  }
}

function spread(hash: number): number {
  return (hash ^ (hash >>> 15)) & MASK;
}
