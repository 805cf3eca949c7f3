export const LINE_FEED: u8 = 10;
const CARRIAGE_RETURN: u8 = 13;
const NO_BREAK: u8 = 0xa0;

/** Longest line that is taken: MAX_LINE of src/input/lines.ts. */
export const MAX_LINE: usize = 64 * 1024;

/** Where the line feed is that ends the line at `from`, or `limit`. Reads up to fifteen bytes beyond. */
export function lineFeed(from: usize, limit: usize): usize {
  const wanted = i8x16.splat(LINE_FEED);
  for (let at = from; at < limit; at += 16) {
    const found = i8x16.bitmask(i8x16.eq(v128.load(at), wanted));
    if (found !== 0) return min(at + ctz(found), limit);
  }
  return limit;
}

/** Whether one of the bytes stands for a blank that must not be broken at; may look at a few bytes beyond. */
export function hasNoBreak(from: usize, end: usize): bool {
  const wanted = i8x16.splat(NO_BREAK);
  for (let at = from; at < end; at += 16) {
    if (i8x16.bitmask(i8x16.eq(v128.load(at), wanted)) !== 0) return true;
  }
  return false;
}

/** The end of a line without what ends it. */
export function trimmed(start: usize, feed: usize): usize {
  return feed > start && load<u8>(feed - 1) === CARRIAGE_RETURN ? feed - 1 : feed;
}

export function isDigit(byte: u32): bool {
  return byte - 48 < 10;
}
