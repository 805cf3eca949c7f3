import { FOUND } from './layout';
import { isDigit, lineFeed, MAX_LINE, trimmed } from './line';
import { behindName } from './names';

// The row that nearly every line of a trace is: one of the function tracer or of a static event, laid out as the row before,
// in the same second, whose name nobody wants.
//
//     |          <idle>-0       [003] ...1.    85.758080: _raw_spin_unlock <-mt_find
//                               ^ column  ^flags ^dot    ^name
//
// Whatever is the least unusual is left to the parser of src/formats, which also gives the layout; properties.test.ts checks
// that both agree on any line.

const BLANK: u32 = 32;
const OPEN_PARENTHESIS: u32 = 40;
const DASH: u32 = 45;
const DOT: u32 = 46;
const COLON: u32 = 58;
const LESS: u32 = 60;
const QUOTE: u32 = 62;
const OPEN: u32 = 91;
const CLOSE: u32 = 93;
const UNDERSCORE: u32 = 95;

/** Columns that a blank, at most five digits and the dot of the usual stamp take: `" %5lu.%06lu: "`. */
const SECONDS: usize = 6;
/** From the dot to the text behind the stamp: `.758080: `. */
const FRACTION: usize = 9;

/** Columns of `[` and of the dot. */
let column: usize = 0;
let dotColumn: usize = 0;
/** The six columns before the dot, as they were in the row before. */
let secondsText: u32 = 0;
let padText: u32 = 0;

/** Whether each of four bytes is a digit: 0x30 to 0x39. */
function areDigits(word: u32): bool {
  return (word & 0xf0f0f0f0) === 0x30303030 && ((word + 0x06060606) & 0xf0f0f0f0) === 0x30303030;
}

/** The number that four digits spell. */
function unpack(word: u32): i32 {
  const digits = word - 0x30303030;
  return <i32>((digits & 255) * 1000 + ((digits >> 8) & 255) * 100 + ((digits >> 16) & 255) * 10 + (digits >> 24));
}

function hasHead(start: usize): bool {
  const at = start + column;
  const dot = start + dotColumn;
  if (load<u8>(at) !== OPEN || load<u8>(at - 1) !== BLANK || load<u8>(at + 4) !== CLOSE || load<u8>(at + 5) !== BLANK)
    return false;
  if (load<u8>(dot) !== DOT || load<u8>(dot + 7) !== COLON || load<u8>(dot + 8) !== BLANK) return false;
  if (
    !isDigit(load<u8>(at + 1)) ||
    !isDigit(load<u8>(at + 2)) ||
    !isDigit(load<u8>(at + 3)) ||
    isDigit(load<u8>(at + 6))
  )
    return false;
  for (let flag = at + 6; flag < dot - SECONDS; flag++) if (load<u8>(flag) === BLANK) return false;
  return load<u32>(dot - 4) === secondsText && load<u16>(dot - SECONDS) === padText;
}

function isUnwanted(start: usize, end: usize): bool {
  const at = behindName(start, end);
  if (at === 0) return false;
  const next: u32 = load<u8>(at + 1);
  // A dynamic event may sit on a wanted symbol.
  if (load<u8>(at - 1) === COLON)
    return at + 1 < end && next !== OPEN_PARENTHESIS && next !== UNDERSCORE && next !== BLANK;
  return at + 2 < end && next === LESS && load<u8>(at + 2) === DASH;
}

/** How the row before was laid out; `seconds` and `pad` are the bytes before its dot. */
export function layOut(newColumn: usize, newDot: usize, seconds: u32, pad: u32): void {
  column = newColumn;
  dotColumn = newDot;
  secondsText = seconds;
  padText = pad;
}

/**
 * Goes over rows until one has to be looked at.
 *
 * @param from the beginning of a line, `limit` behind the last line feed.
 * @param previous the digits behind the dot in the row before, as a number.
 * @returns where the first line begins that was not taken. Found: how many rows were taken, and the digits behind the dot in the last
 * one.
 */
export function skimRows(from: usize, limit: usize, previous: i32): usize {
  let start = from;
  let fraction = previous;
  let taken = 0;
  while (start < limit) {
    const feed = lineFeed(start, limit);
    if (feed >= limit || feed - start > MAX_LINE) break;
    const end = trimmed(start, feed);
    const dot = start + dotColumn;
    // What begins with a mark of quotation is read without it, and that is said.
    if (dot + FRACTION + 4 > end || load<u8>(start) === QUOTE || !hasHead(start)) break;
    const high = load<u32>(dot + 1);
    const low = load<u32>(dot + 3);
    if (!areDigits(high) || !areDigits(low)) break;
    const now = unpack(high) * 100 + (unpack(low) % 100);
    if (now < fraction || !isUnwanted(dot + FRACTION, end)) break;
    fraction = now;
    taken++;
    start = feed + 1;
  }
  store<i32>(FOUND, taken);
  store<i32>(FOUND, fraction, 4);
  return start;
}
