import { hitBehind, isWanted } from './hints';
import { FOUND, FOUND_TIME, HEAD, PREFIX, PREFIX_SLACK } from './layout';
import { hasNoBreak, isDigit, MAX_LINE, trimmed } from './line';
import { feedAt, feedFrom } from './scan';

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

/** The time of the head at hand. */
let time: u64 = 0;
/** Of the head before, {@link HEAD}: where its dot stands, a bit for each byte to there, and its seconds in microseconds. */
let dotColumn: usize = 0;
let headBits: i32 = 0;
let seconds: u64 = 0;

// Halves of bytes, bytes, and words of eight digits.
const LOW_HALVES: u64 = (0x0f0f0f0f << 32) | 0x0f0f0f0f;
const BYTES: u64 = (0x00ff00ff << 32) | 0x00ff00ff;
const WORDS: u64 = (0x0000ffff << 32) | 0x0000ffff;
/** The same of the first six of eight bytes. */
const SIX_HIGH_HALVES: u64 = (0xf0f0 << 32) | 0xf0f0f0f0;
const SIX_ZEROS: u64 = (0x3030 << 32) | 0x30303030;
const SIX_SIXES: u64 = (0x0606 << 32) | 0x06060606;

/** Whether these are six digits and a bracket; the first byte is the lowest. */
function isFraction(bytes: u64): bool {
  if (((bytes >> 48) & 0xff) !== CLOSE || (bytes & SIX_HIGH_HALVES) !== SIX_ZEROS) return false;
  return ((bytes + SIX_SIXES) & SIX_HIGH_HALVES) === SIX_ZEROS;
}

/** The number that the first six bytes spell: of two digits, of four, then of eight at once. */
function unpack(bytes: u64): u64 {
  let value = (bytes << 16) & LOW_HALVES;
  value = ((value * (10 * 256 + 1)) >> 8) & BYTES;
  value = ((value * (100 * 0x10000 + 1)) >> 16) & WORDS;
  return (value * ((10000 << 32) + 1)) >> 32;
}

/** Where the message begins behind the head at `from`; 0: the head is not of the usual shape. */
function behindHead(from: usize): usize {
  const same = i8x16.bitmask(i8x16.eq(v128.load(from), v128.load(HEAD)));
  if (headBits !== 0 && (same & headBits) === headBits) {
    const fraction = load<u64>(from + dotColumn + 1);
    if (!isFraction(fraction)) return 0;
    time = seconds + unpack(fraction);
    // Nearly always a blank and the message.
    const message = from + dotColumn + 9;
    if (fraction >> 56 === BLANK && load<u8>(message) !== OPEN) return message;
    return behindCaller(message - 1);
  }
  return behindOtherHead(from);
}

/** As {@link behindHead}, of a head of another second or layout than the one before. */
function behindOtherHead(from: usize): usize {
  if (load<u8>(from) !== OPEN) return 0;
  let at = from + 1;
  while (load<u8>(at) === BLANK) at++;
  const digits = at;
  let value: u64 = 0;
  let byte: u32 = load<u8>(at);
  while (isDigit(byte) && at - digits < 10) {
    value = value * 10 + (byte - DIGIT_0);
    byte = load<u8>(++at);
  }
  if (byte !== DOT || at === digits || at - digits > 9) return 0;
  const dot = at;
  const whole = value * 1000000;
  byte = load<u8>(++at);
  while (isDigit(byte) && at - dot < 8) {
    value = value * 10 + (byte - DIGIT_0);
    byte = load<u8>(++at);
  }
  if (byte !== CLOSE || at - dot !== 7) return 0;
  time = value;
  seconds = whole;
  dotColumn = dot - from;
  headBits = dotColumn < 16 ? (2 << dotColumn) - 1 : 0;
  v128.store(HEAD, v128.load(from));
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
  // Both at once: whether a message begins with a capital cannot be foreseen.
  return <bool>(<i32>(byte - CAPITAL_A <= CAPITAL_Z - CAPITAL_A) & <i32>(load<u8>(message + 1) === OPEN));
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
 * @returns where the first line begins that was not taken. Found: how many lines were taken, where the last one begins and ends, the
 * length of the longest; the time of the last one in microseconds.
 */
export function skimMessages(from: usize, limit: usize, prefix: usize, previous: f64): usize {
  let latest = <u64>previous;
  let start = from;
  let before = from;
  let end = from;
  let width: usize = 0;
  let hit = hitBehind(from);
  const first = feedFrom(from);
  let line = first;
  for (; start < limit; line++) {
    const feed = feedAt(line);
    if (feed >= limit || feed - start > MAX_LINE) break;
    const stop = trimmed(start, feed);
    if (prefix > 0 && (stop - start <= prefix || !hasPrefix(start, prefix) || hasNoBreak(start, stop))) break;
    // A head may seem to go on in the next line: then the message begins behind the end of this one.
    const message = behindHead(start + prefix);
    if (message === 0 || message >= stop || time < latest) break;
    if (isOddBeginning(message) || isOddEnd(stop)) break;
    if (hit < stop) {
      if (isWanted(message, stop)) break;
      hit = hitBehind(stop);
    }
    latest = time;
    before = start;
    end = stop;
    width = max(width, stop - start);
    start = feed + 1;
  }
  store<i32>(FOUND, line - first);
  store<i32>(FOUND, <i32>before, 4);
  store<i32>(FOUND, <i32>end, 8);
  store<i32>(FOUND, <i32>width, 12);
  store<f64>(FOUND_TIME, <f64>latest);
  return start;
}
