import { HASHES, LENGTHS, NAME, POOL, STARTS } from './layout';

// Words that nobody wants, found by their bytes. Exact: a word that only has the hash of another one is not found.

/** Slots; a power of two. A kernel trace names a few thousand symbols. */
const SLOTS: u32 = 1 << 14;
const MASK: u32 = SLOTS - 1;
/** Entries before the table is emptied: a half-full table finds a name in one or two probes. */
const CAPACITY: u32 = SLOTS / 2;
/** Words of four bytes. */
const POOL_WORDS: u32 = CAPACITY * 16;
/** 2^32 over the golden ratio: spreads consecutive words over all bits. */
const SPREAD: u32 = 0x9e3779b1;

const BLANKS: u32 = 0x20202020;
const ONES: u32 = 0x01010101;
const TOPS: u32 = 0x80808080;

let used: u32 = 0;
let poolUsed: u32 = 0;
/** Of the word that was looked at last: its hash, and its last bytes that fill no whole word. */
let hash: u32 = 0;
let tail: u32 = 0;

function mix(before: u32, word: u32): u32 {
  const mixed = (before ^ word) * SPREAD;
  return mixed ^ (mixed >>> 15);
}

/** Index behind the word that ends before the next blank; 0 where there is none before `stop`. */
function wordEnd(start: usize, stop: usize): usize {
  hash = 0;
  for (let at = start; at + 4 <= stop; at += 4) {
    const word = load<u32>(at);
    // The lowest bit that is left marks the first blank.
    const difference = word ^ BLANKS;
    const blank = (difference - ONES) & ~difference & TOPS;
    if (blank !== 0) {
      const bits = ctz(blank) & ~7;
      tail = word & ((1 << bits) - 1);
      hash = mix(hash, tail);
      return at + (bits >> 3);
    }
    hash = mix(hash, word);
  }
  return 0;
}

/** 0 marks a free slot. */
function lengthAt(slot: u32): u32 {
  return load<u32>(LENGTHS + slot * 4);
}

function isSame(start: usize, end: usize, from: u32): bool {
  let pooled = POOL + from * 4;
  let at = start;
  for (; at + 4 <= end; at += 4, pooled += 4) if (load<u32>(at) !== load<u32>(pooled)) return false;
  return tail === load<u32>(pooled);
}

/** Index behind the word at `start` that ends before the next blank, if it is a known one; else 0. */
export function behindName(start: usize, stop: usize): usize {
  const end = wordEnd(start, stop);
  if (end === 0) return 0;
  const length = <u32>(end - start);
  let slot = hash & MASK;
  for (let known = lengthAt(slot); known !== 0; known = lengthAt(slot)) {
    if (known === length && load<u32>(HASHES + slot * 4) === hash && isSame(start, end, load<u32>(STARTS + slot * 4)))
      return end;
    slot = (slot + 1) & MASK;
  }
  return 0;
}

/** Adds the word at {@link NAME}, behind which four blanks stand. */
export function addName(length: u32): void {
  if (length === 0 || behindName(NAME, NAME + length + 4) !== 0) return;
  const words = (length >> 2) + 1;
  if (used >= CAPACITY || poolUsed + words > POOL_WORDS) forgetNames();
  wordEnd(NAME, NAME + length + 4);
  let slot = hash & MASK;
  while (lengthAt(slot) !== 0) slot = (slot + 1) & MASK;
  store<u32>(HASHES + slot * 4, hash);
  store<u32>(STARTS + slot * 4, poolUsed);
  store<u32>(LENGTHS + slot * 4, length);
  const pooled = POOL + poolUsed * 4;
  memory.copy(pooled, NAME, length & ~3);
  store<u32>(pooled + (length & ~3), tail);
  poolUsed += words;
  used++;
}

export function forgetNames(): void {
  memory.fill(LENGTHS, 0, SLOTS * 4);
  used = 0;
  poolUsed = 0;
}
