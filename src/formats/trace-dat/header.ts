import type { PositionedBytes } from '../../input/positioned.ts';
import { type Unpack, unpacker } from './compression.ts';
import { Cursor } from './cursor.ts';
import { Damage, Unsupported } from './damage.ts';

/** What a trace.dat begins with: Documentation/trace-cmd/trace-cmd.dat.v6.5.txt and .v7.5.txt, "INITIAL FORMAT". */
export interface InitialFormat {
  readonly version: 6 | 7;
  readonly bigEndian: boolean;
  /** Of the pages that were recorded; other buffers of version 7 have their own. */
  readonly pageSize: number;
  /** Null where nothing is compressed. */
  readonly unpack: Unpack | null;
  /** Version 7: position of the first options section. Version 6: where the next part begins. */
  readonly next: number;
}

/** Bytes of magic: 17 08 44 "tracing". */
const MAGIC = 10;

/** @throws Unsupported another version; Damage. */
export function readInitialFormat(bytes: PositionedBytes): InitialFormat {
  const version = new Cursor(bytes, false, MAGIC).string();
  if (version !== '6' && version !== '7') {
    throw new Unsupported(
      'is a trace.dat of a version that is not read (6 and 7 are): convert it with: trace-cmd report -i FILE > trace.txt',
    );
  }
  const flags = MAGIC + version.length + 1;
  const endian = new Cursor(bytes, false, flags).u8();
  if (endian > 1) throw new Damage('the byte order is wrong', flags);
  const cursor = new Cursor(bytes, endian === 1, flags + 1);
  // The long of the recording user space: that of the kernel stands in header_page.
  cursor.u8();
  const pageSize = cursor.u32();
  checkPageSize(pageSize, flags + 2);
  if (version === '6') return { version: 6, bigEndian: endian === 1, pageSize, unpack: null, next: cursor.position };
  const algorithm = cursor.string();
  cursor.string();
  const next = cursor.size64();
  return { version: 7, bigEndian: endian === 1, pageSize, unpack: unpacker(algorithm), next };
}

/** Sub-buffers are 2^n pages: ring_buffer_subbuf_order_set() in kernel/trace/ring_buffer.c allows up to 2 MiB with 64K pages. */
const MAX_PAGE = 1 << 24;

/** @throws Damage */
export function checkPageSize(size: number, position: number): void {
  if (size < 512 || size > MAX_PAGE || (size & (size - 1)) !== 0)
    throw new Damage('the size of a page is wrong', position);
}
