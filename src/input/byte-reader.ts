import { Damage } from './damage.ts';

const EMPTY = Buffer.alloc(0);

/**
 * Reads a sequence of pieces by count. An error of the pieces comes up once all bytes before it are taken, so that looking
 * ahead loses nothing.
 */
export class ByteReader {
  /** Bytes taken so far. */
  position = 0;
  /** Bytes that may come in all; more are a {@link Damage}. */
  limit = Number.POSITIVE_INFINITY;
  readonly #pieces: AsyncIterator<Buffer>;
  #buffer: Buffer = EMPTY;
  #ended = false;
  #pulled = 0;
  #failure: { readonly error: unknown } | null = null;

  constructor(pieces: AsyncIterable<Buffer>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /** What is at hand, not taken. */
  get buffered(): Buffer {
    return this.#buffer;
  }

  /** Waits until `length` bytes are at hand, or all that there are. Answers {@link buffered}. */
  async fill(length: number): Promise<Buffer> {
    if (this.#buffer.length < length && !this.#ended) {
      const pieces = [this.#buffer];
      let total = this.#buffer.length;
      while (total < length) {
        const piece = await this.#pull();
        if (piece === null) break;
        pieces.push(piece);
        total += piece.length;
      }
      const whole = pieces.filter((piece) => piece.length > 0);
      this.#buffer = whole.length === 1 ? (whole[0] ?? EMPTY) : Buffer.concat(whole);
    }
    if (this.#buffer.length === 0 && this.#failure !== null && length > 0) throw this.#failure.error;
    return this.#buffer;
  }

  /** Takes what is {@link buffered}: `length` bytes of it. */
  consume(length: number): void {
    this.#buffer = this.#buffer.subarray(length);
    this.position += length;
  }

  /** Takes `length` bytes, fewer where the input ends. */
  async take(length: number): Promise<Buffer> {
    const bytes = (await this.fill(length)).subarray(0, length);
    this.consume(bytes.length);
    return bytes;
  }

  /** Takes what comes next, at most `limit` bytes; null at the end. */
  async next(limit = Number.POSITIVE_INFINITY): Promise<Buffer | null> {
    const bytes = (await this.fill(1)).subarray(0, limit);
    this.consume(bytes.length);
    return bytes.length === 0 ? null : bytes;
  }

  /** Takes `length` bytes and drops them. Answers how many there were. */
  async skip(length: number): Promise<number> {
    let left = length;
    while (left > 0) {
      const bytes = await this.next(left);
      if (bytes === null) break;
      left -= bytes.length;
    }
    return length - left;
  }

  /** All that follows. */
  async *rest(): AsyncGenerator<Buffer> {
    try {
      for (let bytes = await this.next(); bytes !== null; bytes = await this.next()) yield bytes;
    } finally {
      await this.close();
    }
  }

  /** Lets go of what the pieces come from. */
  async close(): Promise<void> {
    this.#ended = true;
    await this.#pieces.return?.();
  }

  async #pull(): Promise<Buffer | null> {
    if (this.#ended) return null;
    try {
      const { value, done } = await this.#pieces.next();
      if (!done) {
        this.#pulled += value.length;
        if (this.#pulled <= this.limit) return value;
        this.#failure = { error: new Damage('capped') };
        this.#ended = true;
        const within = value.length - (this.#pulled - this.limit);
        return within > 0 ? value.subarray(0, within) : null;
      }
    } catch (error) {
      this.#failure = { error };
    }
    this.#ended = true;
    return null;
  }
}
