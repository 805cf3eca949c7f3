import { Damage } from './damage.ts';

// LZMA as the LZMA SDK's public-domain lzma-specification.txt has it, and the LZMA2 chunks around it as xz-embedded's
// xz_dec_lzma2.c. Chunks are at most 2 MiB of text and 64 KiB as stored, so a chunk is unpacked at once.

const STATES = 12;
const POS_STATES_MAX = 16;
const LEN_LOW = 2;
const LEN_MID = LEN_LOW + POS_STATES_MAX * 8;
const LEN_HIGH = LEN_MID + POS_STATES_MAX * 8;
const LEN_SIZE = LEN_HIGH + 256;

// Where the probabilities of each decision start.
const IS_MATCH = 0;
const IS_REP = IS_MATCH + STATES * POS_STATES_MAX;
const IS_REP_G0 = IS_REP + STATES;
const IS_REP_G1 = IS_REP_G0 + STATES;
const IS_REP_G2 = IS_REP_G1 + STATES;
const IS_REP0_LONG = IS_REP_G2 + STATES;
const POS_SLOT = IS_REP0_LONG + STATES * POS_STATES_MAX;
const POS_SPECIAL = POS_SLOT + 4 * 64;
const POS_ALIGN = POS_SPECIAL + 128;
const MATCH_LEN = POS_ALIGN + 16;
const REP_LEN = MATCH_LEN + LEN_SIZE;
const LITERAL = REP_LEN + LEN_SIZE;
/** Per context; LZMA2 has at most 16 of them. */
const LITERAL_SIZE = 0x300;

const PROB_BITS = 11;
const PROB_HALF = 1 << (PROB_BITS - 1);
const PROB_SHIFT = 5;
const RANGE_TOP = 1 << 24;
const RANGE_START_BYTES = 5;

/** Largest text of a chunk. */
const CHUNK_MAX = 2 * 1024 * 1024;

/**
 * Unpacks LZMA2 chunks one after the other. The dictionary grows with the text: what is promised but not used costs no memory.
 */
export class Lzma2 {
  readonly #dictionary: number;
  /** Bytes that can be gone back to, then the text of the chunk. */
  #window = Buffer.alloc(0);
  #end = 0;
  /** How far back one may go: text since the last reset. */
  #known = 0;

  readonly #probs = new Uint16Array(LITERAL + LITERAL_SIZE * 16);
  #lc = 0;
  #literalMask = 0;
  #posMask = 0;
  #state = 0;
  #rep0 = 0;
  #rep1 = 0;
  #rep2 = 0;
  #rep3 = 0;

  // The range coder. 32-bit integers with a sign: V8 keeps unsigned ones as floats.
  #input: Buffer = this.#window;
  #at = 0;
  #range = 0;
  #code = 0;

  /** @param dictionary bytes. */
  constructor(dictionary: number) {
    this.#dictionary = dictionary;
  }

  /** Forgets the text before. */
  resetDictionary(): void {
    this.#known = 0;
  }

  /** Forgets what was learnt. */
  resetState(): void {
    this.#probs.fill(PROB_HALF);
    this.#state = 0;
    this.#rep0 = 0;
    this.#rep1 = 0;
    this.#rep2 = 0;
    this.#rep3 = 0;
  }

  /** @param byte `(pb * 5 + lp) * 9 + lc`. @throws Damage */
  setProperties(byte: number): void {
    const lc = byte % 9;
    const lp = Math.floor(byte / 9) % 5;
    const pb = Math.floor(byte / 45);
    if (pb > 4 || lc + lp > 4) throw new Damage('damaged');
    this.#lc = lc;
    this.#literalMask = (1 << lp) - 1;
    this.#posMask = (1 << pb) - 1;
  }

  /** A chunk that is stored as it is. Answers its text, valid until the next call. */
  copy(stored: Buffer): Buffer {
    const start = this.#makeRoom(stored.length);
    stored.copy(this.#window, start);
    this.#end += stored.length;
    this.#known += stored.length;
    return this.#window.subarray(start, this.#end);
  }

  /** A chunk of `length` bytes of text. Answers the text, valid until the next call. @throws Damage */
  unpack(stored: Buffer, length: number): Buffer {
    if (stored.length < RANGE_START_BYTES || stored[0] !== 0) throw new Damage('damaged');
    const start = this.#makeRoom(length);
    this.#input = stored;
    this.#range = -1;
    this.#code = stored.readInt32BE(1);
    this.#at = RANGE_START_BYTES;
    this.#decode(start + length);
    this.#normalise();
    // Nearly any damage shows here: text from behind it is not to be taken for a log.
    if (this.#at !== stored.length || this.#code !== 0) throw new Damage('damaged');
    return this.#window.subarray(start, this.#end);
  }

  /** What is sure of the text of a chunk that is cut. */
  unpackPart(stored: Buffer, length: number): Buffer {
    const start = this.#makeRoom(length);
    try {
      this.unpack(stored, length);
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
    }
    return this.#window.subarray(start, this.#end);
  }

  #makeRoom(length: number): number {
    const window = this.#window;
    if (this.#end + length > window.length) {
      const keep = Math.min(this.#end, this.#dictionary);
      const most = this.#dictionary + Math.max(2 * CHUNK_MAX, this.#dictionary >> 2);
      const size = Math.min(most, 2 * (keep + length));
      const target = size > window.length ? Buffer.allocUnsafeSlow(size) : window;
      window.copy(target, 0, this.#end - keep, this.#end);
      this.#window = target;
      this.#end = keep;
    }
    return this.#end;
  }

  #decode(limit: number): void {
    const window = this.#window;
    let at = this.#end;
    // Counts from the last reset of the dictionary on, as the encoder does.
    const offset = this.#known - this.#end;
    try {
      while (at < limit) {
        const position = at + offset;
        const posState = position & this.#posMask;
        const state = this.#state;
        if (this.#bit(IS_MATCH + state * POS_STATES_MAX + posState) === 0) {
          const before = position > 0 ? (window[at - 1] ?? 0) : 0;
          const context = ((position & this.#literalMask) << this.#lc) + (before >> (8 - this.#lc));
          const base = LITERAL + LITERAL_SIZE * context;
          if (state < 7) window[at] = this.#tree(base, 8);
          else {
            this.#checkDistance(position);
            window[at] = this.#matchedLiteral(base, window[at - this.#rep0 - 1] ?? 0);
          }
          // Not before: the input may end within the byte.
          at++;
          this.#state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
          continue;
        }
        let length: number;
        if (this.#bit(IS_REP + state) === 0) {
          this.#rep3 = this.#rep2;
          this.#rep2 = this.#rep1;
          this.#rep1 = this.#rep0;
          length = this.#length(MATCH_LEN, posState);
          this.#state = state < 7 ? 7 : 10;
          this.#rep0 = this.#distance(length);
        } else {
          if (this.#bit(IS_REP_G0 + state) === 0) {
            if (this.#bit(IS_REP0_LONG + state * POS_STATES_MAX + posState) === 0) {
              this.#checkDistance(position);
              window[at] = window[at - this.#rep0 - 1] ?? 0;
              at++;
              this.#state = state < 7 ? 9 : 11;
              continue;
            }
          } else {
            let distance: number;
            if (this.#bit(IS_REP_G1 + state) === 0) distance = this.#rep1;
            else {
              if (this.#bit(IS_REP_G2 + state) === 0) distance = this.#rep2;
              else {
                distance = this.#rep3;
                this.#rep3 = this.#rep2;
              }
              this.#rep2 = this.#rep1;
            }
            this.#rep1 = this.#rep0;
            this.#rep0 = distance;
          }
          length = this.#length(REP_LEN, posState);
          this.#state = state < 7 ? 8 : 11;
        }
        this.#checkDistance(position);
        // A match of LZMA2 ends with its chunk at the latest.
        if (length > limit - at) throw new Damage('damaged');
        let from = at - this.#rep0 - 1;
        for (const end = at + length; at < end; ) window[at++] = window[from++] ?? 0;
      }
    } finally {
      this.#known += at - this.#end;
      this.#end = at;
    }
  }

  #checkDistance(position: number): void {
    // As unsigned: a distance may have its highest bit set.
    const distance = this.#rep0 >>> 0;
    if (distance >= position || distance >= this.#dictionary) throw new Damage('damaged');
  }

  #length(base: number, posState: number): number {
    if (this.#bit(base) === 0) return 2 + this.#tree(base + LEN_LOW + posState * 8, 3);
    if (this.#bit(base + 1) === 0) return 10 + this.#tree(base + LEN_MID + posState * 8, 3);
    return 18 + this.#tree(base + LEN_HIGH, 8);
  }

  #distance(length: number): number {
    const slot = this.#tree(POS_SLOT + Math.min(length - 2, 3) * 64, 6);
    if (slot < 4) return slot;
    const bits = (slot >> 1) - 1;
    const base = (2 | (slot & 1)) << bits;
    if (slot < 14) return base + this.#reverseTree(POS_SPECIAL + base - slot, bits);
    return (base + (this.#direct(bits - 4) << 4) + this.#reverseTree(POS_ALIGN, 4)) | 0;
  }

  #tree(base: number, bits: number): number {
    let symbol = 1;
    for (let i = 0; i < bits; i++) symbol = (symbol << 1) | this.#bit(base + symbol);
    return symbol - (1 << bits);
  }

  #reverseTree(base: number, bits: number): number {
    let symbol = 1;
    let value = 0;
    for (let i = 0; i < bits; i++) {
      const bit = this.#bit(base + symbol);
      symbol = (symbol << 1) | bit;
      value |= bit << i;
    }
    return value;
  }

  #matchedLiteral(base: number, match: number): number {
    let symbol = 1;
    let expected = match;
    while (symbol < 0x100) {
      const matchBit = (expected >> 7) & 1;
      expected <<= 1;
      const bit = this.#bit(base + ((1 + matchBit) << 8) + symbol);
      symbol = (symbol << 1) | bit;
      if (matchBit !== bit) {
        while (symbol < 0x100) symbol = (symbol << 1) | this.#bit(base + symbol);
      }
    }
    return symbol & 0xff;
  }

  #direct(bits: number): number {
    let value = 0;
    for (let i = 0; i < bits; i++) {
      this.#normalise();
      this.#range >>>= 1;
      if (this.#code >>> 0 >= this.#range) {
        this.#code = (this.#code - this.#range) | 0;
        value = (value << 1) | 1;
      } else value <<= 1;
    }
    return value;
  }

  #bit(index: number): number {
    this.#normalise();
    const probability = this.#probs[index] ?? 0;
    const bound = Math.imul(this.#range >>> PROB_BITS, probability);
    if (this.#code >>> 0 < bound >>> 0) {
      this.#range = bound;
      this.#probs[index] = probability + (((1 << PROB_BITS) - probability) >> PROB_SHIFT);
      return 0;
    }
    this.#range = (this.#range - bound) | 0;
    this.#code = (this.#code - bound) | 0;
    this.#probs[index] = probability - (probability >> PROB_SHIFT);
    return 1;
  }

  #normalise(): void {
    if (this.#range >>> 0 >= RANGE_TOP) return;
    if (this.#at >= this.#input.length) throw new Damage('damaged');
    this.#range <<= 8;
    this.#code = (this.#code << 8) | (this.#input[this.#at++] ?? 0);
  }
}
