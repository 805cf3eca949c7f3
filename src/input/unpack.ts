import type { Compression } from '../base/compression.ts';
import { ByteReader } from './byte-reader.ts';
import { bunzip2 } from './bzip2.ts';
import { gunzip, inflate } from './gzip.ts';
import type { StoredBytes } from './stored.ts';
import { unxz } from './xz.ts';
import { unzstd } from './zstd.ts';

export type Packing = Exclude<Compression, 'none'>;

/**
 * The text of a compressed source.
 *
 * @param head the first bytes of `stored`.
 * @throws Damage after all that could be unpacked.
 */
export function unpack(packing: Packing, stored: StoredBytes, head: Buffer): AsyncIterable<Buffer> {
  switch (packing) {
    case 'gzip':
      return gunzip(stored);
    case 'deflate':
      return inflate(stored, head);
    case 'xz':
      return unxz(new ByteReader(stored));
    case 'zstd':
      return unzstd(new ByteReader(stored));
    case 'bzip2':
      return bunzip2(new ByteReader(stored));
  }
}

/** The command that does the same. */
export const UNPACK_COMMAND: Readonly<Record<Packing, string>> = {
  gzip: 'gzip -dk',
  xz: 'xz -dk',
  zstd: 'zstd -d',
  bzip2: 'bzip2 -dk',
  deflate: 'zlib-flate -uncompress <',
};
