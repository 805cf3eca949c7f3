// Four bytes at a time, the first one the highest, as DataView.getInt32 reads them.

/** Whether each of four bytes is `0` to `9`: 0x30 to 0x39. */
export function areDigits(word: number): boolean {
  return (word & 0xf0f0f0f0) === 0x30303030 && ((word + 0x06060606) & 0xf0f0f0f0) === 0x30303030;
}

/** The number that four digits spell. */
export function unpack(word: number): number {
  return (word >>> 24) * 1000 + ((word >>> 16) & 255) * 100 + ((word >>> 8) & 255) * 10 + (word & 255) - 53_328;
}
