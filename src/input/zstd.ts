// Not by its name: Node 22.14 has no zstd, and would not load this file.
import zlib from 'node:zlib';
import type { ByteReader } from './byte-reader.ts';
import { Damage } from './damage.ts';
import { Inflation } from './inflation.ts';

// Form: RFC 8878. Node's decompressor stops silently behind the first frame, and gives nothing of a file that begins with a
// skippable one: it gets one frame at a time here, some blocks at once, so that little is lost before damage.

const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;
const WINDOW_MAX = 128 * 1024 * 1024;
const BLOCK_MAX = 128 * 1024;
const MIB = 1024 * 1024;
/** Stored bytes, and text, that blocks are gathered up to. */
const BATCH_STORED = 4096;
const BATCH_TEXT = 4 * MIB;

/** Unpacks all frames of `input`. @throws Damage */
export async function* unzstd(input: ByteReader): AsyncGenerator<Buffer> {
  // 22.15 is the first that has it.
  if (typeof zlib.createZstdDecompress !== 'function') {
    throw new Damage('refused', 'is compressed with zstd, which needs Node.js 22.15', 'zstd -d FILE');
  }
  for (let frame = 0; ; frame++) {
    const head = (await input.fill(4)).subarray(0, 4);
    if (frame > 0 && head.length === 0) return;
    const magic = head.length < 4 ? 0 : head.readUInt32LE();
    if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE) {
      input.consume(4);
      const size = (await need(input, 4)).readUInt32LE();
      if ((await input.skip(size)) < size) throw new Damage('early');
    } else if (magic === MAGIC) yield* frameOf(input);
    else throw new Damage(frame > 0 ? 'trailing' : head.length < 4 ? 'early' : 'damaged');
  }
}

async function* frameOf(input: ByteReader): AsyncGenerator<Buffer> {
  const header = await readHeader(input);
  const inflation = new Inflation(zlib.createZstdDecompress());
  try {
    yield* inflation.feed(header.bytes);
    for (let last = false; !last; ) {
      const batch: Buffer[] = [];
      let stored = 0;
      let text = 0;
      let early = false;
      while (!last && stored < BATCH_STORED && text < BATCH_TEXT) {
        const block = await readBlock(input);
        early = block === null;
        if (block === null) break;
        batch.push(block.bytes);
        stored += block.bytes.length;
        text += block.text;
        last = block.isLast;
      }
      yield* inflation.feed(Buffer.concat(batch));
      if (early) throw new Damage('early');
    }
    if (header.hasCheckSum) yield* inflation.feed(await need(input, 4));
    yield* inflation.end();
  } finally {
    inflation.close();
  }
}

/** Section 3.1.1.1. */
async function readHeader(input: ByteReader): Promise<{ bytes: Buffer; hasCheckSum: boolean }> {
  const descriptor = (await input.fill(5))[4];
  if (descriptor === undefined) throw new Damage('early');
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  const windowBytes = isSingleSegment ? 0 : 1;
  const bytes = await need(input, 5 + windowBytes + dictionaryBytes + sizeBytes);
  if (dictionaryBytes > 0 && bytes.readUIntLE(5 + windowBytes, dictionaryBytes) !== 0) {
    throw new Damage('refused', 'was compressed with a dictionary of its own', 'zstd -d -D DICTIONARY FILE');
  }
  const window = isSingleSegment ? contentSize(bytes.subarray(5 + dictionaryBytes)) : windowSize(bytes[5] ?? 0);
  if (window > WINDOW_MAX) {
    const what = `needs ${Math.round(window / MIB)} MiB of memory to be unpacked, more than ${WINDOW_MAX / MIB}`;
    throw new Damage('refused', what, 'zstd -d --long=31 FILE');
  }
  return { bytes, hasCheckSum: (descriptor & 4) !== 0 };
}

function contentSize(field: Buffer): number {
  if (field.length === 8) return Number(field.readBigUInt64LE());
  return field.readUIntLE(0, field.length) + (field.length === 2 ? 256 : 0);
}

function windowSize(byte: number): number {
  return 2 ** (10 + (byte >> 3)) * (1 + (byte & 7) / 8);
}

/** Section 3.1.1.2. `text`: bytes that it can become. Null where the input ends within it. */
async function readBlock(input: ByteReader): Promise<{ bytes: Buffer; text: number; isLast: boolean } | null> {
  const head = (await input.fill(3)).subarray(0, 3);
  if (head.length < 3) return null;
  const field = head.readUIntLE(0, 3);
  const type = (field >> 1) & 3;
  const size = field >> 3;
  if (type === 3 || size > BLOCK_MAX) throw new Damage('damaged');
  const stored = type === 1 ? 1 : size;
  const bytes = await input.take(3 + stored);
  if (bytes.length < 3 + stored) return null;
  return { bytes, text: type === 2 ? BLOCK_MAX : size, isLast: (field & 1) === 1 };
}

async function need(input: ByteReader, length: number): Promise<Buffer> {
  const bytes = await input.take(length);
  if (bytes.length < length) throw new Damage('early');
  return bytes;
}
