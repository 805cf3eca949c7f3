import { forgetBehind, forgetHits, lookUp } from './hints';
import { CHUNK, FEEDS, FEEDS_MAX, NIBBLES } from './layout';
import { LINE_FEED } from './line';

// One pass over the bytes of a chunk, sixteen at a time, before its lines are gone over: where they end, and where something
// stands that somebody looks for.

/** How many line feeds were found. */
let feeds: i32 = 0;
/** Those before this one end lines before the one that was asked of last. */
let next: i32 = 0;
let asked: usize = 0;

/** Goes over the first `length` bytes of the chunk. Looks at up to fifteen beyond them. */
export function scan(length: usize): void {
  const limit = CHUNK + length;
  const lowest = i8x16.splat(0x0f);
  const feed = i8x16.splat(LINE_FEED);
  const low0 = v128.load(NIBBLES);
  const high0 = v128.load(NIBBLES, 16);
  const low1 = v128.load(NIBBLES, 32);
  const high1 = v128.load(NIBBLES, 48);
  const low2 = v128.load(NIBBLES, 64);
  const high2 = v128.load(NIBBLES, 80);
  const low3 = v128.load(NIBBLES, 96);
  const high3 = v128.load(NIBBLES, 112);
  let before0 = i8x16.splat(0);
  let before1 = before0;
  let before2 = before0;
  let count = 0;
  forgetHits();
  let at = CHUNK;
  for (; at < limit && count <= FEEDS_MAX - 16; at += 16) {
    const bytes = v128.load(at);
    const low = v128.and(bytes, lowest);
    const high = v128.and(i16x8.shr_u(bytes, 4), lowest);
    const groups0 = v128.and(i8x16.relaxed_swizzle(low0, low), i8x16.relaxed_swizzle(high0, high));
    const groups1 = v128.and(i8x16.relaxed_swizzle(low1, low), i8x16.relaxed_swizzle(high1, high));
    const groups2 = v128.and(i8x16.relaxed_swizzle(low2, low), i8x16.relaxed_swizzle(high2, high));
    const groups3 = v128.and(i8x16.relaxed_swizzle(low3, low), i8x16.relaxed_swizzle(high3, high));
    // Of the four bytes of a window that ends at a place each stands one further to the left.
    const groups = v128.and(
      v128.and(
        i8x16.shuffle(before0, groups0, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28),
        i8x16.shuffle(before1, groups1, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29),
      ),
      v128.and(
        i8x16.shuffle(before2, groups2, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30),
        groups3,
      ),
    );
    before0 = groups0;
    before1 = groups1;
    before2 = groups2;
    if (v128.any_true(groups)) lookUp(at, groups, limit);
    // Nearly always none or one: written down in any case, since what cannot be foreseen is dear.
    let ends = i8x16.bitmask(i8x16.eq(bytes, feed));
    store<u32>(FEEDS + count * 4, at + ctz(ends));
    const more = popcnt(ends);
    for (let i = 1; i < more; i++) {
      ends &= ends - 1;
      store<u32>(FEEDS + (count + i) * 4, at + ctz(ends));
    }
    count += more;
  }
  if (at < limit) forgetBehind(at);
  feeds = count;
  next = 0;
  asked = 0;
}

/** Which line feed is the first one from `from` on: see {@link feedAt}. Cheap where it is asked of one line after the other. */
export function feedFrom(from: usize): i32 {
  if (from < asked) next = 0;
  asked = from;
  while (next < feeds && feedAt(next) < from) next++;
  return next;
}

/** Where a line feed stands; beyond the chunk, where no further one is known. */
export function feedAt(feed: i32): usize {
  return feed < feeds ? <usize>load<u32>(FEEDS + feed * 4) : usize.MAX_VALUE;
}
