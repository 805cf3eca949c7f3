import type { ByteReader } from './byte-reader.ts';
import { Damage } from './damage.ts';

// Form: file(1)'s "bzip2 compressed data", and J. Seward's decompress.c of bzip2 1.0.8, whose limits are kept here: no run may be
// longer than a block, no code longer than 20 bits. The libraries on npm hang on a run length that overflows (unbzip2-stream,
// seek-bzip), make a list entry of each byte, and unpack 46 MB at a time.

const BLOCK_MAGIC = 0x314159265359;
const END_MAGIC = 0x177245385090;
const LEVEL_BYTES = 100_000;
const MAX_CODE_BITS = 20;
const MAX_SYMBOLS = 258;
const GROUP_SIZE = 50;
const MAX_SELECTORS = 18_002;
/** Runs are told in powers of two from the smallest up; bzip2 itself stops at this one. */
const MAX_RUN_STEP = 2 * 1024 * 1024;
/** More than any block takes when it is compressed: all of its symbols in the longest codes, and the tables. */
const MAX_STORED_BLOCK = 2_400_000;
/** Bytes handed over at once. */
const CHUNK = 96 * 1024;

/** Unpacks all streams of `input`. @throws Damage */
export async function* bunzip2(input: ByteReader): AsyncGenerator<Buffer> {
  for (let stream = 0; ; stream++) {
    const head = (await input.fill(4)).toString('latin1', 0, 4);
    if (stream > 0 && head.length === 0) return;
    if (!/^BZh[1-9]/.test(head)) throw new Damage(stream > 0 ? 'trailing' : head.length < 4 ? 'early' : 'damaged');
    input.consume(4);
    yield* streamOf(input, Number(head[3]) * LEVEL_BYTES);
  }
}

async function* streamOf(input: ByteReader, blockSize: number): AsyncGenerator<Buffer> {
  const block = new Block(blockSize);
  let streamCrc = 0;
  let bit = 0;
  for (;;) {
    if (input.buffered.length < MAX_STORED_BLOCK) await input.fill(2 * MAX_STORED_BLOCK);
    const bits = new Bits(input.buffered, bit);
    const magic = bits.read(24) * 2 ** 24 + bits.read(24);
    const crc = (bits.read(16) << 16) | bits.read(16);
    if (magic === END_MAGIC) {
      if (crc !== streamCrc) throw new Damage('damaged');
      input.consume(bits.wholeBytes());
      return;
    }
    if (magic !== BLOCK_MAGIC) throw new Damage('damaged');
    block.decode(bits);
    bit = bits.bitOfByte();
    input.consume(bits.fullBytes());
    // At most 46 MB: text of a damaged block is not to be taken for a log.
    const text = [...block.output()];
    if (block.crc !== crc) throw new Damage('damaged');
    yield* text;
    streamCrc = ((streamCrc << 1) | (streamCrc >>> 31)) ^ crc;
  }
}

/** Bits from the highest of a byte down. @throws Damage past the end. */
class Bits {
  readonly #bytes: Buffer;
  #at = 0;
  #held = 0;
  #count = 0;

  constructor(bytes: Buffer, firstBit: number) {
    this.#bytes = bytes;
    if (firstBit > 0) this.read(firstBit);
  }

  /** At most 24 bits. */
  read(count: number): number {
    while (this.#count < count) {
      if (this.#at >= this.#bytes.length) throw new Damage('early');
      this.#held = (this.#held << 8) | (this.#bytes[this.#at++] ?? 0);
      this.#count += 8;
    }
    this.#count -= count;
    return (this.#held >>> this.#count) & ((1 << count) - 1);
  }

  /** Bytes of which every bit was read. */
  fullBytes(): number {
    return this.#at - Math.ceil(this.#count / 8);
  }

  /** Bits that were read of the byte after {@link fullBytes}. */
  bitOfByte(): number {
    return (8 - (this.#count % 8)) % 8;
  }

  /** Bytes of which any bit was read. */
  wholeBytes(): number {
    return this.#at - (this.#count >> 3);
  }
}

/** One of the up to six Huffman tables of a block. */
interface Table {
  readonly minLength: number;
  readonly maxLength: number;
  /** By the length of the code: the largest code, and what to take off it to have the index in `symbols`. */
  readonly limit: Int32Array;
  readonly base: Int32Array;
  readonly symbols: Uint16Array;
}

class Block {
  /** Of what {@link output} has handed over. */
  crc = 0;
  /** Low 8 bits: the byte; above: the index of the one that follows it in the text. */
  readonly #links: Uint32Array;
  #length = 0;
  #start = 0;

  constructor(size: number) {
    this.#links = new Uint32Array(size);
  }

  decode(bits: Bits): void {
    // "Randomised" blocks were last written by bzip2 0.9.0 (1998).
    if (bits.read(1) === 1) throw new Damage('refused', 'was written by a bzip2 of before 1999', 'bzip2 -dk FILE');
    const start = bits.read(24);
    const used = readUsedBytes(bits);
    const { tables, selectors } = readTables(bits, used.length + 2);
    const counts = new Uint32Array(256);
    this.#length = this.#readSymbols(bits, used, tables, selectors, counts);
    if (start >= this.#length) throw new Damage('damaged');
    this.#link(counts);
    this.#start = start;
  }

  /** Huffman codes, runs of the front byte, and move-to-front: what the Burrows-Wheeler transform made. */
  #readSymbols(
    bits: Bits,
    used: readonly number[],
    tables: readonly Table[],
    selectors: Uint8Array,
    counts: Uint32Array,
  ): number {
    const links = this.#links;
    const front = Uint8Array.from(used);
    const end = used.length + 1;
    let length = 0;
    let run = 0;
    let step = 1;
    for (let group = 0; group < selectors.length; group++) {
      const table = tables[selectors[group] ?? 0];
      if (table === undefined) throw new Damage('damaged');
      for (let left = GROUP_SIZE; left > 0; left--) {
        const symbol = readSymbol(bits, table);
        if (symbol <= 1) {
          if (step > MAX_RUN_STEP) throw new Damage('damaged');
          run += step << symbol;
          step <<= 1;
          continue;
        }
        if (run > 0) {
          const byte = front[0] ?? 0;
          if (length + run > links.length) throw new Damage('damaged');
          counts[byte] = (counts[byte] ?? 0) + run;
          links.fill(byte, length, length + run);
          length += run;
          run = 0;
          step = 1;
        }
        if (symbol === end) return length;
        if (length >= links.length) throw new Damage('damaged');
        const byte = front[symbol - 1] ?? 0;
        front.copyWithin(1, 0, symbol - 1);
        front[0] = byte;
        counts[byte] = (counts[byte] ?? 0) + 1;
        links[length++] = byte;
      }
    }
    throw new Damage('damaged');
  }

  /** Undoes the Burrows-Wheeler transform: the i-th byte in sorted order follows the byte that stands there. */
  #link(counts: Uint32Array): void {
    const links = this.#links;
    let sum = 0;
    for (let byte = 0; byte < 256; byte++) {
      const count = counts[byte] ?? 0;
      counts[byte] = sum;
      sum += count;
    }
    for (let i = 0; i < this.#length; i++) {
      const byte = (links[i] ?? 0) & 0xff;
      const at = counts[byte] ?? 0;
      counts[byte] = at + 1;
      links[at] = ((links[at] ?? 0) | (i << 8)) >>> 0;
    }
  }

  /** The text: after four equal bytes, a byte tells how many more of them there are. */
  *output(): Generator<Buffer> {
    const links = this.#links;
    let crc = -1;
    let chunk = Buffer.allocUnsafe(CHUNK);
    let filled = 0;
    let at = (links[this.#start] ?? 0) >>> 8;
    let previous = -1;
    let equal = 0;
    for (let left = this.#length; left > 0; left--) {
      const link = links[at] ?? 0;
      at = link >>> 8;
      let byte = link & 0xff;
      let copies = 1;
      if (equal === 4) {
        copies = byte;
        byte = previous;
        equal = 0;
        previous = -1;
      } else {
        equal = byte === previous ? equal + 1 : 1;
        previous = byte;
      }
      if (filled + copies > CHUNK) {
        this.crc = ~crc;
        yield chunk.subarray(0, filled);
        chunk = Buffer.allocUnsafe(CHUNK);
        filled = 0;
      }
      for (; copies > 0; copies--) {
        crc = (crc << 8) ^ (CRC_TABLE[(crc >>> 24) ^ byte] ?? 0);
        chunk[filled++] = byte;
      }
    }
    this.crc = ~crc;
    if (filled > 0) yield chunk.subarray(0, filled);
  }
}

/** CRC-32 with the polynomial 0x04c11db7, the highest bit first: not that of zlib. */
const CRC_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  return crc;
});

function readUsedBytes(bits: Bits): number[] {
  const used: number[] = [];
  const rows = bits.read(16);
  for (let row = 0; row < 16; row++) {
    if (((rows >> (15 - row)) & 1) === 0) continue;
    const columns = bits.read(16);
    for (let column = 0; column < 16; column++) {
      if (((columns >> (15 - column)) & 1) === 1) used.push(row * 16 + column);
    }
  }
  if (used.length === 0) throw new Damage('damaged');
  return used;
}

function readTables(bits: Bits, symbols: number): { tables: Table[]; selectors: Uint8Array } {
  const count = bits.read(3);
  const selectorCount = bits.read(15);
  if (count < 2 || count > 6 || selectorCount === 0) throw new Damage('damaged');
  const front = Array.from({ length: count }, (_, i) => i);
  // bzip2 1.0.8 reads more selectors than a block can use, as some writers make them, and drops them.
  const selectors = new Uint8Array(Math.min(selectorCount, MAX_SELECTORS));
  for (let i = 0; i < selectorCount; i++) {
    let index = 0;
    while (bits.read(1) === 1) if (++index >= count) throw new Damage('damaged');
    const [table = 0] = front.splice(index, 1);
    front.unshift(table);
    if (i < selectors.length) selectors[i] = table;
  }
  return { tables: Array.from({ length: count }, () => readTable(bits, symbols)), selectors };
}

function readTable(bits: Bits, symbols: number): Table {
  const lengths = new Uint8Array(MAX_SYMBOLS);
  let length = bits.read(5);
  for (let symbol = 0; symbol < symbols; symbol++) {
    for (;;) {
      if (length < 1 || length > MAX_CODE_BITS) throw new Damage('damaged');
      if (bits.read(1) === 0) break;
      length += bits.read(1) === 0 ? 1 : -1;
    }
    lengths[symbol] = length;
  }
  const own = lengths.subarray(0, symbols);
  const minLength = Math.min(...own);
  const maxLength = Math.max(...own);
  const limit = new Int32Array(MAX_CODE_BITS + 1);
  const base = new Int32Array(MAX_CODE_BITS + 1);
  const sorted = new Uint16Array(symbols);
  let index = 0;
  let code = 0;
  for (let size = minLength; size <= maxLength; size++) {
    base[size] = code - index;
    for (let symbol = 0; symbol < symbols; symbol++) {
      if (own[symbol] !== size) continue;
      sorted[index++] = symbol;
      code++;
    }
    limit[size] = code - 1;
    code <<= 1;
  }
  return { minLength, maxLength, limit, base, symbols: sorted };
}

function readSymbol(bits: Bits, table: Table): number {
  let length = table.minLength;
  let code = bits.read(length);
  while (code > (table.limit[length] ?? 0)) {
    if (++length > table.maxLength) throw new Damage('damaged');
    code = (code << 1) | bits.read(1);
  }
  const symbol = table.symbols[code - (table.base[length] ?? 0)];
  if (symbol === undefined) throw new Damage('damaged');
  return symbol;
}
