/** Longest piece of the input that is looked at as one: what the skimmer has room for (assembly/layout.ts). */
export const CHUNK_MAX = 256 * 1024;

/** Lines that are cut out one by one; for more it is cheaper to have all as text. */
const FEW = 64;

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** A piece of the input while its lines are cut out: the bytes are overwritten afterwards. At most {@link CHUNK_MAX} bytes. */
export class Chunk {
  readonly bytes: Buffer;
  /** Index behind the last line feed. */
  readonly end: number;
  #text: string | null = null;
  #cut = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.end = bytes.lastIndexOf(LINE_FEED) + 1;
  }

  /** The line whose line feed stands before `end`, latin1, without what ends it. */
  lineBefore(end: number): string {
    const { bytes } = this;
    const feed = end - 1;
    const start = feed > 0 ? bytes.lastIndexOf(LINE_FEED, feed - 1) + 1 : 0;
    return bytes.toString('latin1', start, bytes[feed - 1] === CARRIAGE_RETURN ? feed - 1 : feed);
  }

  /** The last byte of the line whose line feed stands before `end`, without what ends it; -1 where the line is empty. */
  lastByteBefore(end: number): number {
    const { bytes } = this;
    const feed = end - 1;
    const at = bytes[feed - 1] === CARRIAGE_RETURN ? feed - 2 : feed - 1;
    const byte = bytes[at];
    return byte === undefined || byte === LINE_FEED ? -1 : byte;
  }

  /**
   * The first line of more than `width` bytes, among the whole lines from `start` to `end`: the index behind its line feed, -1
   * where there is none. Jumps over several lines at once.
   */
  endOfLineBeyond(width: number, start: number, end: number): number {
    const { bytes } = this;
    for (let at = start; at < end; ) {
      const feed = bytes.lastIndexOf(LINE_FEED, Math.min(at + width, end - 1));
      if (feed < at) return bytes.indexOf(LINE_FEED, at) + 1;
      at = feed + 1;
    }
    return -1;
  }

  /**
   * The bytes from `start` to `end` as latin1. The text may share memory with all of the chunk: whoever keeps a part of it
   * makes a copy.
   */
  text(start: number, end: number): string {
    if (this.#text === null && ++this.#cut <= FEW) return this.bytes.toString('latin1', start, end);
    this.#text ??= this.bytes.toString('latin1');
    return this.#text.slice(start, end);
  }
}
