import type { FileHandle } from 'node:fs/promises';
import { readSome } from './read-some.ts';

/** Compressed bytes that a decompressor gets at once: what a second run has to take byte by byte. */
const PIECE = 16 * 1024;
/** Of what cannot be read again so much is kept for a second run. */
const KEPT_MAX = 4 * 1024 * 1024;
const CHUNK = 96 * 1024;

/** The bytes of a compressed source as stored, in small pieces, once and perhaps once more. */
export class StoredBytes implements AsyncIterable<Buffer> {
  /** Handed out so far. */
  bytes = 0;
  readonly #chunks: AsyncIterable<Buffer>;
  readonly #file: FileHandle | null;
  #kept: Buffer[] | null;
  #keptBytes = 0;

  /** @param file the regular file that `chunks` come from; null: they can be had only once. */
  constructor(chunks: AsyncIterable<Buffer>, file: FileHandle | null) {
    this.#chunks = chunks;
    this.#file = file;
    this.#kept = file === null ? [] : null;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for await (const chunk of this.#chunks) {
      for (let at = 0; at < chunk.length; at += PIECE) {
        const piece = chunk.subarray(at, at + PIECE);
        this.bytes += piece.length;
        this.#keep(piece);
        yield piece;
      }
    }
  }

  /** From the start; from `fine` on a piece is one byte. Nothing where too much was read to be kept. */
  async *again(fine: number): AsyncGenerator<Buffer> {
    let offset = 0;
    for await (const stored of this.#file === null ? (this.#kept ?? []) : readFrom(this.#file, 0)) {
      const coarse = stored.subarray(0, Math.max(0, fine - offset));
      if (coarse.length > 0) yield coarse;
      for (let at = coarse.length; at < stored.length; at++) yield stored.subarray(at, at + 1);
      offset += stored.length;
    }
  }

  #keep(piece: Buffer): void {
    if (this.#kept === null) return;
    this.#keptBytes += piece.length;
    if (this.#keptBytes > KEPT_MAX) this.#kept = null;
    else this.#kept.push(piece);
  }
}

/** A file from `position` on; null: from where it was left. */
export async function* readFrom(handle: FileHandle, position: number | null): AsyncGenerator<Buffer> {
  for (let at = position; ; ) {
    const buffer = Buffer.allocUnsafe(CHUNK);
    const bytesRead = await readSome(handle, buffer, 0, CHUNK, at);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    if (at !== null) at += bytesRead;
  }
}
