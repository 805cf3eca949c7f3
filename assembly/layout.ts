// Where things stand in the memory of the skimmer; src/input/skim-engine.ts writes there.

/**
 * What is looked for, as HintFinder lays it out: a byte for each hash of three bytes; slots of a window and the pattern that has
 * it; the patterns; which bytes may stand at a place, a bit each.
 */
export const HINTS: usize = 0;
export const TRIPLES: usize = 0;
export const WINDOWS: usize = 0x10000;
export const WINDOW_MASK: u32 = 0xfff;
export const NEEDLES: usize = 0x18000;
export const CLASSES: usize = 0x1e000;
/** What every line begins with, and how far each of its bytes may differ; at most {@link PREFIX_MAX} bytes each. */
export const PREFIX: usize = 0x20000;
export const PREFIX_SLACK: usize = 0x21000;
export const PREFIX_MAX: i32 = 0x1000;
/** A name that is to be added, with four blanks behind it. */
export const NAME: usize = 0x22000;
/** The table of names: hash, start in the pool and length of each slot, then the pool itself. */
export const HASHES: usize = 0x30000;
export const STARTS: usize = 0x40000;
export const LENGTHS: usize = 0x50000;
export const POOL: usize = 0x60000;
/** The lines, and room for reading a few bytes beyond them. */
export const CHUNK: usize = 0xe0000;
export const CHUNK_MAX: i32 = 0x40000;
