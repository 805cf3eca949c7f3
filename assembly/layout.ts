// Where things stand in the memory of the skimmer; src/input/skim-engine.ts writes there.

/**
 * What is looked for, as HintFinder lays it out: for each of four places sixteen bytes that tell which groups have a byte there
 * with these lower bits, and sixteen for the upper bits; slots of a window and the pattern that has it; the patterns; which bytes
 * may stand at a place, a bit each.
 */
export const HINTS: usize = 0;
export const NIBBLES: usize = 0;
export const WINDOWS: usize = 0x1000;
export const WINDOW_MASK: u32 = 0xfff;
export const NEEDLES: usize = 0x9000;
export const CLASSES: usize = 0xf000;
/** What every line begins with, and how far each of its bytes may differ; at most {@link PREFIX_MAX} bytes each. */
export const PREFIX: usize = 0x20000;
export const PREFIX_SLACK: usize = 0x21000;
export const PREFIX_MAX: i32 = 0x1000;
/** A name that is to be added, with four blanks behind it. */
export const NAME: usize = 0x22000;
/** The first bytes of the head that was read last. */
export const HEAD: usize = 0x23000;
/** What a look at lines has found: numbers of four bytes each, see messages.ts and rows.ts, and a time behind them. */
export const FOUND: usize = 0x23010;
export const FOUND_TIME: usize = 0x23030;
/** The table of names: hash, start in the pool and length of each slot, then the pool itself. */
export const HASHES: usize = 0x30000;
export const STARTS: usize = 0x40000;
export const LENGTHS: usize = 0x50000;
export const POOL: usize = 0x60000;
/** The lines, and room for reading a few bytes beyond them. */
export const CHUNK: usize = 0xe0000;
export const CHUNK_MAX: i32 = 0x40000;
/** Where the line feeds of the chunk stand, and where what is looked for begins and ends in it: see scan.ts. */
export const FEEDS: usize = 0x130000;
export const FEEDS_MAX: i32 = 0x10000;
export const HITS: usize = 0x170000;
export const HITS_MAX: i32 = 0x2000;
