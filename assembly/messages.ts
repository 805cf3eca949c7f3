import { isWanted } from './hints';
import { PREFIX, PREFIX_SLACK } from './layout';
import { hasNoBreak, isDigit, lineFeed, MAX_LINE, trimmed } from './line';

// Lines of a kernel log that nobody wants: `[   13.377318] text`, with or without the caller, behind the prefix of a logging
// daemon or not. Whatever is the least unusual is left to the parsers of src/formats; properties.test.ts checks that both agree.

const BLANK: u32 = 32;
const STAR: u32 = 42;
const DASH: u32 = 45;
const DOT: u32 = 46;
const DIGIT_0: u32 = 48;
const DIGIT_9: u32 = 57;
const CAPITAL_A: u32 = 65;
const CAPITAL_C: u32 = 67;
const CAPITAL_D: u32 = 68;
const CAPITAL_T: u32 = 84;
const CAPITAL_Z: u32 = 90;
const OPEN: u32 = 91;
const CLOSE: u32 = 93;
const BRACE: u32 = 123;

/** Four bytes as they are read: `mess`, `ages`, `ssed`, `ata]`. */
const MESS: u32 = 0x7373656d;
const AGES: u32 = 0x73656761;
const SSED: u32 = 0x64657373;
const ATA: u32 = 0x5d617461;

/** How many lines were taken, the time of the last one in microseconds, where that line stands, the length of the longest. */
export let taken: i32 = 0;
export let stamp: f64 = 0;
export let lastStart: i32 = 0;
export let lastEnd: i32 = 0;
export let longest: i32 = 0;

/** The time of the head at hand. */
let time: u64 = 0;

/** Where the message begins behind the head at `from`; 0: the head is not of the usual shape. */
function behindHead(from: usize): usize {
  if (load<u8>(from) !== OPEN) return 0;
  let at = from + 1;
  while (load<u8>(at) === BLANK) at++;
  const seconds = at;
  let value: u64 = 0;
  let byte: u32 = load<u8>(at);
  while (isDigit(byte) && at - seconds < 10) {
    value = value * 10 + (byte - DIGIT_0);
    byte = load<u8>(++at);
  }
  if (byte !== DOT || at === seconds || at - seconds > 9) return 0;
  const dot = at;
  byte = load<u8>(++at);
  while (isDigit(byte) && at - dot < 8) {
    value = value * 10 + (byte - DIGIT_0);
    byte = load<u8>(++at);
  }
  if (byte !== CLOSE || at - dot !== 7) return 0;
  time = value;
  return behindCaller(at + 1);
}

/** `[    T1]`, `[    C2]`: what CONFIG_PRINTK_CALLER adds. */
function behindCaller(from: usize): usize {
  const at = load<u8>(from) === BLANK ? from + 1 : from;
  if (load<u8>(at) !== OPEN) return at > from ? at : 0;
  let next = at + 1;
  while (load<u8>(next) === BLANK) next++;
  const letter: u32 = load<u8>(next);
  if (letter !== CAPITAL_T && letter !== CAPITAL_C) return 0;
  const digits = ++next;
  while (isDigit(load<u8>(next)) && next - digits < 10) next++;
  if (next === digits || next - digits > 9 || load<u8>(next) !== CLOSE || load<u8>(next + 1) !== BLANK) return 0;
  return next + 2;
}

/** What may be a loss mark, a colour, a further stamp, the head of a vendor, or `Dumping ftrace buffer:`. */
function isOddBeginning(message: usize): bool {
  const byte: u32 = load<u8>(message);
  if (byte <= DIGIT_9) return byte <= STAR || byte >= DIGIT_0 || byte === DASH || byte === DOT;
  if (byte === CAPITAL_D || byte === OPEN || byte === BRACE) return true;
  return byte >= CAPITAL_A && byte <= CAPITAL_Z && load<u8>(message + 1) === OPEN;
}

/**
 * What may say that messages are missing, `messages`, `suppressed` or `data]`: see `begin` of PrintkStream in
 * src/formats/printk.ts.
 */
function isOddEnd(end: usize): bool {
  const last = load<u32>(end - 4);
  return (last === AGES && load<u32>(end - 8) === MESS) || last === SSED || last === ATA;
}

/** Whether the line begins as the prefix does; each byte may be a digit up to the slack that it has there. */
function hasPrefix(start: usize, length: usize): bool {
  for (let i: usize = 0; i < length; i++) {
    const byte: u32 = load<u8>(start + i);
    const slack: u32 = load<u8>(PREFIX_SLACK + i);
    if (slack !== 0 ? byte - DIGIT_0 > slack : byte !== <u32>load<u8>(PREFIX + i)) return false;
  }
  return true;
}

/**
 * Goes over lines until one has to be looked at.
 *
 * @param from the beginning of a line, `limit` behind the last line feed.
 * @param prefix bytes that stand before each head.
 * @param previous the time that a line must not fall behind, microseconds.
 * @returns where the first line begins that was not taken.
 */
export function skimMessages(from: usize, limit: usize, prefix: usize, previous: f64): usize {
  let latest = <u64>previous;
  let start = from;
  taken = 0;
  longest = 0;
  while (start < limit) {
    const feed = lineFeed(start, limit);
    if (feed >= limit || feed - start > MAX_LINE) break;
    const end = trimmed(start, feed);
    if (prefix > 0 && (end - start <= prefix || !hasPrefix(start, prefix) || hasNoBreak(start, end))) break;
    // A head may seem to go on in the next line: then the message begins behind the end of this one.
    const message = behindHead(start + prefix);
    if (message === 0 || message >= end || time < latest) break;
    if (isOddBeginning(message) || isOddEnd(end) || isWanted(message, end)) break;
    latest = time;
    taken++;
    lastStart = <i32>start;
    lastEnd = <i32>end;
    longest = max(longest, <i32>(end - start));
    start = feed + 1;
  }
  stamp = <f64>latest;
  return start;
}
