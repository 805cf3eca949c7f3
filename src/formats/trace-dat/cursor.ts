import type { PositionedBytes } from '../../input/positioned.ts';
import { Damage } from './damage.ts';

const WINDOW = 64 * 1024;
const LONGEST_STRING = 64 * 1024;
/** Kallsyms of a large kernel with many modules take 20 MiB; nothing of the metadata is longer. */
const LONGEST_PIECE = 128 * 1024 * 1024;

/** Reads numbers, strings and pieces one after the other, in the byte order of the recorded machine. */
export class Cursor {
  position: number;
  readonly bigEndian: boolean;
  readonly #bytes: PositionedBytes;
  /** Where the bytes lie in the file, for messages: those of a compressed section lie where it lies. */
  readonly #origin: number;
  readonly #fixed: boolean;
  #window: Buffer = Buffer.alloc(0);
  #windowStart = 0;

  /** @param origin position in the file of what `bytes` were unpacked from; null where they are the file. */
  constructor(bytes: PositionedBytes, bigEndian: boolean, position = 0, origin: number | null = null) {
    this.#bytes = bytes;
    this.bigEndian = bigEndian;
    this.position = position;
    this.#origin = origin ?? 0;
    this.#fixed = origin !== null;
  }

  /** Position in the file, for messages. */
  get place(): number {
    return this.#fixed ? this.#origin : this.position;
  }

  get left(): number {
    return Math.max(0, this.#bytes.size - this.position);
  }

  u8(): number {
    return this.#small(1).readUInt8(0);
  }

  u16(): number {
    const bytes = this.#small(2);
    return this.bigEndian ? bytes.readUInt16BE(0) : bytes.readUInt16LE(0);
  }

  u32(): number {
    const bytes = this.#small(4);
    return this.bigEndian ? bytes.readUInt32BE(0) : bytes.readUInt32LE(0);
  }

  u64(): bigint {
    const bytes = this.#small(8);
    return this.bigEndian ? bytes.readBigUInt64BE(0) : bytes.readBigUInt64LE(0);
  }

  /** A size or an offset: nothing of a file is past 2^53. @throws Damage */
  size64(): number {
    const value = this.u64();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Damage('an offset or a size is wrong', this.place);
    return Number(value);
  }

  /** Up to the NUL, which is skipped. Latin1. @throws Damage */
  string(): string {
    let text = '';
    while (text.length < LONGEST_STRING) {
      const bytes = this.#peek(Math.min(256, this.left));
      if (bytes.length === 0) break;
      const end = bytes.indexOf(0);
      text += bytes.toString('latin1', 0, end < 0 ? bytes.length : end);
      this.position += end < 0 ? bytes.length : end + 1;
      if (end >= 0) return text;
    }
    throw new Damage('a name has no end', this.place);
  }

  /** The next `length` bytes. @throws Damage where there are fewer. */
  take(length: number): Buffer {
    if (length > this.left) throw new Damage('the file ends before what it says to hold', this.place);
    if (length > LONGEST_PIECE) throw new Damage('a size is wrong', this.place);
    if (length <= WINDOW) {
      const bytes = Buffer.from(this.#peek(length));
      this.position += length;
      return bytes;
    }
    const bytes = this.#bytes.read(this.position, length);
    if (bytes.length < length) throw new Damage('the file ends before what it says to hold', this.place);
    this.position += length;
    return bytes;
  }

  #small(length: number): Buffer {
    const bytes = this.#peek(length);
    this.position += length;
    return bytes;
  }

  #peek(length: number): Buffer {
    let start = this.position - this.#windowStart;
    if (start < 0 || start + length > this.#window.length) {
      this.#window = this.#bytes.read(this.position, WINDOW);
      this.#windowStart = this.position;
      start = 0;
    }
    if (this.#window.length - start < length) throw new Damage('the file ends before what it says to hold', this.place);
    return this.#window.subarray(start, start + length);
  }
}
