import type { PositionedBytes } from '../../input/positioned.ts';
import type { Unpack } from './compression.ts';
import { Cursor } from './cursor.ts';
import { Damage } from './damage.ts';
import type { CpuData } from './metadata.ts';
import type { Page, Pages } from './ring-buffer.ts';

/** Bytes of a CPU's data that are read at once: fewer where there are very many CPUs, whose pieces are all kept. */
const READ = 256 * 1024;
const ALL_PIECES = 64 * 1024 * 1024;

/** @param streams CPUs of all buffers. */
export function pieceSize(streams: number, pageSize: number): number {
  const share = Math.floor(Math.min(READ, ALL_PIECES / Math.max(1, streams)) / pageSize) * pageSize;
  return Math.max(pageSize, share);
}

/** Told how many bytes of the file were read, and how many they unpacked to. Throws where that is more than one wants. */
export type OnBytes = (stored: number, unpacked: number) => void;

/** The data of one CPU as it stands in the file. A page that is cut at the end of the file is handed over as it is. */
export class PlainPages implements Pages {
  readonly #bytes: PositionedBytes;
  readonly #pageSize: number;
  readonly #piece: number;
  readonly #onBytes: OnBytes;
  #position: number;
  readonly #end: number;
  #window: Buffer = Buffer.alloc(0);
  #at = 0;

  /** @param piece see {@link pieceSize}. */
  constructor(bytes: PositionedBytes, data: CpuData, pageSize: number, piece: number, onBytes: OnBytes) {
    this.#bytes = bytes;
    this.#pageSize = pageSize;
    this.#piece = piece;
    this.#onBytes = onBytes;
    this.#position = data.position;
    this.#end = Math.min(data.position + data.size, bytes.size);
  }

  next(): Page | null {
    const size = this.#pageSize;
    if (this.#at >= this.#window.length) {
      const length = Math.min(this.#piece, this.#end - this.#position);
      if (length <= 0) return null;
      this.#window = this.#bytes.read(this.#position, length);
      if (this.#window.length === 0) return null;
      this.#onBytes(this.#window.length, this.#window.length);
      this.#at = 0;
      this.#position += this.#window.length;
    }
    const position = this.#position - this.#window.length + this.#at;
    const bytes = this.#window.subarray(this.#at, this.#at + size);
    this.#at += size;
    return { bytes, position };
  }
}

/** Compressed data: a count, then chunks of some pages each. What cannot be unpacked ends it. */
export class PackedPages implements Pages {
  readonly #cursor: Cursor;
  readonly #unpack: Unpack;
  readonly #pageSize: number;
  readonly #onBytes: OnBytes;
  readonly #onDamage: (position: number) => void;
  readonly #end: number;
  #chunks = -1;
  #chunk: Buffer = Buffer.alloc(0);
  #chunkPosition = 0;
  #at = 0;

  constructor(
    bytes: PositionedBytes,
    data: CpuData,
    pageSize: number,
    bigEndian: boolean,
    unpack: Unpack,
    onBytes: OnBytes,
    onDamage: (position: number) => void,
  ) {
    this.#cursor = new Cursor(bytes, bigEndian, data.position);
    this.#unpack = unpack;
    this.#pageSize = pageSize;
    this.#onBytes = onBytes;
    this.#onDamage = onDamage;
    this.#end = data.size === 0 ? data.position : Math.min(data.position + data.size, bytes.size);
  }

  next(): Page | null {
    if (this.#at >= this.#chunk.length && !this.#nextChunk()) return null;
    const bytes = this.#chunk.subarray(this.#at, this.#at + this.#pageSize);
    this.#at += this.#pageSize;
    return { bytes, position: this.#chunkPosition };
  }

  #nextChunk(): boolean {
    const cursor = this.#cursor;
    try {
      if (this.#chunks < 0) this.#chunks = cursor.position < this.#end ? cursor.u32() : 0;
      while (this.#chunks > 0) {
        this.#chunks--;
        this.#chunkPosition = cursor.position;
        const packed = cursor.u32();
        const size = cursor.u32();
        if (cursor.position + packed > this.#end) throw new Damage('a chunk is cut', this.#chunkPosition);
        const bytes = cursor.take(packed);
        this.#onBytes(packed + 8, size);
        this.#at = 0;
        this.#chunk = this.#tryUnpack(bytes, size);
        if (this.#chunk.length > 0) return true;
      }
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      this.#chunks = 0;
      this.#onDamage(this.#chunkPosition);
    }
    return false;
  }

  /** The next chunk can be whole where this one is not. */
  #tryUnpack(bytes: Buffer, size: number): Buffer {
    try {
      return this.#unpack(bytes, size, this.#chunkPosition);
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      this.#onDamage(this.#chunkPosition);
      return Buffer.alloc(0);
    }
  }
}
