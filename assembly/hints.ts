import { CHUNK, CLASSES, HITS, HITS_MAX, NEEDLES, WINDOW_MASK, WINDOWS } from './layout';

// Where a text holds any of some short patterns: HintFinder in src/events/hints.ts, which makes the tables. Each pattern has a
// window of four bytes and is of one of eight groups. For sixteen places at once, the lower and the upper half of each of four
// bytes tell of which groups they may be (two shuffles a byte, a bit a group); only where some group is left is the window looked
// up. It costs the same for a hundred patterns as for one, as long as few windows are met by chance.

/** 2^32 over the golden ratio: the upper bits of the product depend on all bytes. */
const SPREAD: u32 = 0x9e3779b1;

/** No pattern is longer: its length is a byte. */
const PATTERN_MAX: usize = 255;

/** How many hits there are, and from where on there may be some that were not kept. */
let hits: i32 = 0;
let keptTo: usize = 0;
/** The hits before this one end before what was asked last. */
let next: i32 = 0;
let asked: usize = 0;

export function forgetHits(): void {
  hits = 0;
  keptTo = usize.MAX_VALUE;
  next = 0;
  asked = 0;
}

/** What ends there or later was not looked for. */
export function forgetBehind(at: usize): void {
  keptTo = min(keptTo, at - PATTERN_MAX);
}

/** Looks the windows up whose last byte is one of the sixteen at `at`, where a group is left. */
export function lookUp(at: usize, groups: v128, limit: usize): void {
  let places = i8x16.bitmask(i8x16.ne(groups, i8x16.splat(0)));
  while (places !== 0) {
    keep(at + ctz(places) - 3, limit);
    places &= places - 1;
  }
}

/** Keeps each pattern that has its window there. A window that several share has a slot for each, one behind the other. */
function keep(window: usize, limit: usize): void {
  const bytes = load<u32>(window);
  let slot = (bytes * SPREAD) >>> 20;
  for (let needle = needleOf(slot); needle !== 0; needle = needleOf(slot)) {
    if (load<u32>(WINDOWS + slot * 8) === bytes) keepIfStands(NEEDLES + needle, window, limit);
    slot = (slot + 1) & WINDOW_MASK;
  }
}

/** Where the pattern of a slot stands; 0: the slot is free. */
function needleOf(slot: u32): u32 {
  return load<u32>(WINDOWS + slot * 8 + 4);
}

/** Of a pattern: a byte of its length, one of where its window begins, one for the class of each place. */
function keepIfStands(needle: usize, window: usize, limit: usize): void {
  const length: usize = load<u8>(needle);
  const begin = window - load<u8>(needle + 1);
  if (begin < CHUNK || begin + length > limit) return;
  for (let i: usize = 0; i < length; i++) {
    const byte: u32 = load<u8>(begin + i);
    const allowed: u32 = load<u8>(CLASSES + <usize>load<u8>(needle + 2 + i) * 32 + (byte >>> 3));
    if (((allowed >>> (byte & 7)) & 1) === 0) return;
  }
  if (hits >= HITS_MAX) {
    keptTo = min(keptTo, begin);
    return;
  }
  store<u32>(HITS + hits * 8, <u32>begin);
  store<u32>(HITS + hits * 8 + 4, <u32>(begin + length));
  hits++;
}

/** Where the first pattern begins of those that end behind `start`; no pattern holds a line feed, so that they come in the order of the lines. */
export function hitBehind(start: usize): usize {
  if (start < asked) next = 0;
  asked = start;
  while (next < hits && hitEnd(next) <= start) next++;
  return next < hits ? hitBegin(next) : keptTo;
}

/** Whether a pattern stands between two places of one line of the chunk. */
export function isWanted(start: usize, end: usize): bool {
  if (hitBehind(start) >= end) return false;
  for (let hit = next; hit < hits && hitBegin(hit) < end; hit++) {
    if (hitBegin(hit) >= start && hitEnd(hit) <= end) return true;
  }
  return end > keptTo;
}

function hitBegin(hit: i32): usize {
  return load<u32>(HITS + hit * 8);
}

function hitEnd(hit: i32): usize {
  return load<u32>(HITS + hit * 8 + 4);
}
