import type { Transform } from 'node:stream';
import { createGunzip, createInflate, createInflateRaw } from 'node:zlib';
import { Damage } from './damage.ts';
import { Inflation } from './inflation.ts';
import type { StoredBytes } from './stored.ts';

const CHUNK = 96 * 1024;

/** Unpacks all members of a gzip. @throws Damage */
export function gunzip(stored: StoredBytes): AsyncGenerator<Buffer> {
  return inflateAll(stored, () => createGunzip({ chunkSize: CHUNK }));
}

/**
 * Unpacks what pstore compressed: fs/pstore/platform.c writes it with or without the two bytes of a zlib header.
 *
 * @param head the first bytes.
 * @throws Damage
 */
export function inflate(stored: StoredBytes, head: Buffer): AsyncGenerator<Buffer> {
  const create = hasZlibHeader(head) ? createInflate : createInflateRaw;
  return inflateAll(stored, () => create({ chunkSize: CHUNK }));
}

/** RFC 1950, section 2.2, without those that text may begin with: the second byte is none of ASCII but 1. */
export function hasZlibHeader(head: Buffer): boolean {
  const [first = 0, second = 0] = head;
  return (first & 0x8f) === 8 && (second === 1 || second >= 0x80) && ((first << 8) | second) % 31 === 0;
}

/**
 * zlib's error drops the output of the piece that it is at: what was before the damage in that piece is had by a second run
 * that goes byte by byte there.
 */
async function* inflateAll(stored: StoredBytes, create: () => Transform): AsyncGenerator<Buffer> {
  let known = 0;
  let at = 0;
  try {
    const first = async function* (): AsyncGenerator<Buffer> {
      for await (const piece of stored) {
        at = stored.bytes - piece.length;
        yield piece;
      }
    };
    for await (const chunk of run(create(), first())) {
      known += chunk.length;
      yield chunk;
    }
  } catch (error) {
    if (error instanceof Damage && error.kind !== 'early') {
      for await (const chunk of run(create(), stored.again(at), true)) {
        const skip = Math.min(known, chunk.length);
        known -= skip;
        if (skip < chunk.length) yield chunk.subarray(skip);
      }
    }
    throw error;
  }
}

/** @param quiet ends at damage as if it were the end. */
async function* run(stream: Transform, pieces: AsyncIterable<Buffer>, quiet = false): AsyncGenerator<Buffer> {
  const inflation = new Inflation(stream);
  try {
    for await (const piece of pieces) yield* inflation.feed(piece);
    yield* inflation.end();
  } catch (error) {
    if (!quiet || !(error instanceof Damage)) throw error;
  } finally {
    inflation.close();
  }
}
