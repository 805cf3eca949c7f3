import { CLASSES, NEEDLES, TRIPLES, WINDOW_MASK, WINDOWS } from './layout';

// Whether a text holds any of some short patterns: HintFinder in src/events/hints.ts, which makes the tables. Every second
// triple of bytes is looked at, since one of those is a triple of the pattern's window of four bytes wherever that may stand.
// So it costs about as much for a hundred patterns as for one.

const FIRST: u32 = 1;
const SECOND: u32 = 2;
/** 2^32 over the golden ratio: the upper bits of the product depend on all bytes. */
const SPREAD: u32 = 0x9e3779b1;

function marks(triple: u32): u32 {
  return load<u8>(TRIPLES + (((triple & 0xffffff) * SPREAD) >>> 16));
}

/** Whether a pattern stands there: a byte of its length, one of where its window begins, one for the class of each place. */
function stands(needle: usize, window: usize, start: usize, end: usize): bool {
  const length: usize = load<u8>(needle);
  const begin = window - load<u8>(needle + 1);
  if (begin < start || begin + length > end) return false;
  for (let i: usize = 0; i < length; i++) {
    const byte: u32 = load<u8>(begin + i);
    const allowed: u32 = load<u8>(CLASSES + <usize>load<u8>(needle + 2 + i) * 32 + (byte >>> 3));
    if (((allowed >>> (byte & 7)) & 1) === 0) return false;
  }
  return true;
}

/** Whether a pattern has its window there. A window that several patterns share has a slot for each, one behind the other. */
function holds(window: usize, start: usize, end: usize): bool {
  const bytes = load<u32>(window);
  let slot = (bytes * SPREAD) >>> 20;
  for (let needle = needleOf(slot); needle !== 0; needle = needleOf(slot)) {
    if (load<u32>(WINDOWS + slot * 8) === bytes && stands(NEEDLES + needle, window, start, end)) return true;
    slot = (slot + 1) & WINDOW_MASK;
  }
  return false;
}

/** Where the pattern of a slot stands; 0: the slot is free. */
function needleOf(slot: u32): u32 {
  return load<u32>(WINDOWS + slot * 8 + 4);
}

function holdsNear(at: usize, start: usize, end: usize): bool {
  const found = marks(load<u32>(at));
  if ((found & FIRST) !== 0 && holds(at, start, end)) return true;
  return (found & SECOND) !== 0 && at > start && holds(at - 1, start, end);
}

/** Whether the bytes hold a pattern. Looks at a few bytes beyond them. */
export function isWanted(start: usize, end: usize): bool {
  for (let at = start + 1; at + 3 <= end; at += 8) {
    const found = marks(load<u32>(at)) | marks(load<u32>(at + 2)) | marks(load<u32>(at + 4)) | marks(load<u32>(at + 6));
    if (found === 0) continue;
    for (let near = at; near < at + 8; near += 2) if (holdsNear(near, start, end)) return true;
  }
  return false;
}
