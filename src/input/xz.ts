import { crc32 } from 'node:zlib';
import type { ByteReader } from './byte-reader.ts';
import { checkSize, checkSumOf } from './check-sum.ts';
import { Damage } from './damage.ts';
import { Lzma2 } from './lzma2.ts';

// Form: xz-file-format.txt 1.2.1 of xz-utils. Own code, since of what npm has nothing holds: @napi-rs/lzma 1.5 unpacks all that
// it gets into memory and loses what stands before damage, xz-decompress 0.2 stops after the first stream, knows no SHA-256 and
// lets the second archive of a process wait for the first, lzma-native and node-liblzma run install scripts.

const STREAM_MAGIC = Buffer.from('\xfd7zXZ\0', 'latin1');
const STREAM_HEADER = 12;
const FOOTER_MAGIC = 'YZ';
const LZMA2_FILTER = 0x21;

/** `xz -9` takes 64 MiB. */
const DICTIONARY_MAX = 128 * 1024 * 1024;
const MIB = 1024 * 1024;
/** Bytes handed over at once. */
const CHUNK = 96 * 1024;

/** Unpacks all streams of `input`. @throws Damage */
export async function* unxz(input: ByteReader): AsyncGenerator<Buffer> {
  for (let stream = 0; ; stream++) {
    const zeros = stream === 0 ? 0 : await skipPadding(input);
    const header = Buffer.from(await input.fill(STREAM_HEADER)).subarray(0, STREAM_HEADER);
    if (stream > 0 && header.length === 0) {
      if (zeros % 4 !== 0) throw new Damage('trailing');
      return;
    }
    if (zeros % 4 !== 0 || !header.subarray(0, 6).equals(STREAM_MAGIC.subarray(0, header.length))) {
      throw new Damage(stream === 0 ? 'damaged' : 'trailing');
    }
    if (header.length < STREAM_HEADER) throw new Damage('early');
    input.consume(STREAM_HEADER);
    const check = header[7] ?? 0;
    if (header[6] !== 0 || check > 15) throw new Damage('damaged');
    if (crc32(header.subarray(6, 8)) !== header.readUInt32LE(8)) throw new Damage('damaged');
    yield* streamOf(input, check);
  }
}

/** Zeros between streams, a multiple of four of them. */
async function skipPadding(input: ByteReader): Promise<number> {
  let zeros = 0;
  for (;;) {
    const bytes = await input.fill(1);
    let count = 0;
    while (bytes[count] === 0) count++;
    if (count === 0) return zeros;
    input.consume(count);
    zeros += count;
  }
}

async function* streamOf(input: ByteReader, check: number): AsyncGenerator<Buffer> {
  let blocks = 0;
  for (;;) {
    const size = (await need(input, 1))[0] ?? 0;
    if (size === 0) break;
    const header = await need(input, (size + 1) * 4 - 1);
    yield* blockOf(input, dictionaryOf(size, header), check);
    blocks++;
  }
  await readIndex(input, blocks);
  const footer = await need(input, STREAM_HEADER);
  if (footer.toString('latin1', 10) !== FOOTER_MAGIC || (footer[9] ?? 0) !== check) throw new Damage('damaged');
  if (crc32(footer.subarray(4, 10)) !== footer.readUInt32LE(0)) throw new Damage('damaged');
}

/** Size of the dictionary by the header of a block, without its first byte. */
function dictionaryOf(size: number, header: Buffer): number {
  const end = header.length - 4;
  const crc = crc32(header.subarray(0, end), crc32(Buffer.of(size)));
  if (crc !== header.readUInt32LE(end)) throw new Damage('damaged');
  const flags = header[0] ?? 0;
  let at = 1;
  if ((flags & 0x40) !== 0) at = skipNumber(header, at, end);
  if ((flags & 0x80) !== 0) at = skipNumber(header, at, end);
  if ((flags & 0x3f) !== 0 || header[at] !== LZMA2_FILTER) {
    throw new Damage('refused', 'was compressed with a filter for programs', 'xz -dk FILE');
  }
  const bits = header[at + 2] ?? 0;
  if (header[at + 1] !== 1 || bits > 40) throw new Damage('damaged');
  const dictionary = bits === 40 ? 2 ** 32 - 1 : (2 | (bits & 1)) * 2 ** ((bits >> 1) + 11);
  if (dictionary > DICTIONARY_MAX) {
    const what = `needs ${Math.round(dictionary / MIB)} MiB of memory to be unpacked, more than ${DICTIONARY_MAX / MIB}`;
    throw new Damage('refused', what, 'xz -dk FILE');
  }
  return dictionary;
}

/** Index behind a number of seven bits a byte, the lowest first. */
function skipNumber(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] ?? 0) >= 0x80) at++;
  if (at >= end || at - start > 8) throw new Damage('damaged');
  return at + 1;
}

async function* blockOf(input: ByteReader, dictionary: number, check: number): AsyncGenerator<Buffer> {
  const start = input.position;
  const lzma = new Lzma2(dictionary);
  const sum = checkSumOf(check);
  /** What the next chunk has to bring, since it is not there yet. */
  let missing: 'dictionary' | 'properties' | 'state' | null = 'dictionary';
  for (;;) {
    const control = (await need(input, 1))[0] ?? 0;
    if (control === 0) break;
    const isPacked = control >= 0x80;
    if (!isPacked && control > 2) throw new Damage('damaged');
    const resetsDictionary = control === 1 || control >= 0xe0;
    if (resetsDictionary) {
      lzma.resetDictionary();
      missing = 'properties';
    } else if (missing === 'dictionary') throw new Damage('damaged');
    const sizes = await need(input, isPacked ? 4 : 2);
    let text: Buffer;
    if (isPacked) {
      if (control >= 0xc0) {
        lzma.setProperties((await need(input, 1))[0] ?? 0);
        missing = 'state';
      } else if (missing === 'properties') throw new Damage('damaged');
      if (control >= 0xa0) {
        lzma.resetState();
        missing = null;
      } else if (missing !== null) throw new Damage('damaged');
      const length = ((control & 0x1f) << 16) + sizes.readUInt16BE(0) + 1;
      const size = sizes.readUInt16BE(2) + 1;
      const stored = await input.take(size);
      if (stored.length < size) {
        yield* chunksOf(lzma.unpackPart(stored, length));
        throw new Damage('early');
      }
      text = lzma.unpack(stored, length);
    } else {
      text = lzma.copy(await need(input, sizes.readUInt16BE(0) + 1));
    }
    sum?.update(text);
    yield* chunksOf(text);
  }
  await skipZeros(input, (4 - ((input.position - start) % 4)) % 4);
  const stored = await need(input, checkSize(check));
  if (sum !== null && !sum.digest().equals(stored)) throw new Damage('damaged');
}

/** Copies: the window goes on. */
function* chunksOf(text: Buffer): Generator<Buffer> {
  for (let at = 0; at < text.length; at += CHUNK) yield Buffer.from(text.subarray(at, at + CHUNK));
}

/** The index repeats the sizes of the blocks: its number of blocks and its own check sum are enough. */
async function readIndex(input: ByteReader, blocks: number): Promise<void> {
  const start = input.position - 1;
  let crc = crc32(Buffer.of(0));
  const number = async (): Promise<number> => {
    let value = 0;
    for (let shift = 0; shift < 63; shift += 7) {
      const byte = await need(input, 1);
      crc = crc32(byte, crc);
      value += ((byte[0] ?? 0) & 0x7f) * 2 ** shift;
      if ((byte[0] ?? 0) < 0x80) return value;
    }
    throw new Damage('damaged');
  };
  if ((await number()) !== blocks) throw new Damage('damaged');
  for (let block = 0; block < blocks; block++) {
    await number();
    await number();
  }
  const padding = (4 - ((input.position - start) % 4)) % 4;
  await skipZeros(input, padding);
  crc = crc32(Buffer.alloc(padding), crc);
  if ((await need(input, 4)).readUInt32LE() !== crc) throw new Damage('damaged');
}

async function skipZeros(input: ByteReader, count: number): Promise<void> {
  if ((await need(input, count)).some((byte) => byte !== 0)) throw new Damage('damaged');
}

/** Exactly `length` bytes. @throws Damage where the input ends before. */
async function need(input: ByteReader, length: number): Promise<Buffer> {
  const bytes = await input.take(length);
  if (bytes.length < length) throw new Damage('early');
  return bytes;
}
