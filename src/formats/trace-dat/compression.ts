import * as zlib from 'node:zlib';
import { Damage, Unsupported } from './damage.ts';

/** Unpacks one piece; `size` is what the file says it unpacks to. @throws Damage */
export type Unpack = (packed: Buffer, size: number, position: number) => Buffer;

/** A chunk of trace data is some pages, a section at most what kallsyms are: trace-cmd's `PAGES_IN_CHUNK` is 10. */
const MAX_UNPACKED = 128 * 1024 * 1024;

type Inflate = (packed: Buffer, options: { readonly maxOutputLength: number }) => Buffer;

/**
 * The algorithms that trace-cmd can be built with: lib/trace-cmd/trace-compress-zlib.c (the zlib format, not gzip's) and
 * trace-compress-zstd.c.
 *
 * @throws Unsupported for another name, or zstd where this Node.js has none (before 22.15).
 */
export function unpacker(name: string): Unpack | null {
  if (name === 'none' || name === '') return null;
  if (name === 'zlib') return (packed, size, position) => unpack(zlib.inflateSync, packed, size, position);
  if (name === 'zstd') {
    const zstd = zlib.zstdDecompressSync as Inflate | undefined;
    if (zstd === undefined) {
      throw new Unsupported(
        'is a trace.dat compressed with zstd, which needs Node.js 22.15: unpack it with: trace-cmd convert -i FILE --compression none -o plain.dat',
      );
    }
    return (packed, size, position) => unpack(zstd, packed, size, position);
  }
  throw new Unsupported(
    `is a trace.dat compressed in an unknown way: unpack it with: trace-cmd convert -i FILE --compression none -o plain.dat`,
  );
}

function unpack(inflate: Inflate, packed: Buffer, size: number, position: number): Buffer {
  if (size > MAX_UNPACKED) throw new Damage('a compressed piece is too large', position);
  let bytes: Buffer;
  try {
    bytes = inflate(packed, { maxOutputLength: Math.max(size, 1) });
  } catch {
    throw new Damage('a compressed piece is damaged', position);
  }
  if (bytes.length !== size) throw new Damage('a compressed piece is damaged', position);
  return bytes;
}
