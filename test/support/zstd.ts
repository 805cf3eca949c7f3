import * as zlib from 'node:zlib';

/** Node.js 22.14, the oldest that the program runs on, has no zstd: it is refused there, with a command. */
export const HAS_ZSTD = typeof zlib.createZstdDecompress === 'function';
