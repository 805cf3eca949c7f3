/** How an input, or the archive around it, was compressed; `deflate` is what pstore leaves of a compressed crash log. */
export const COMPRESSIONS = ['none', 'gzip', 'xz', 'zstd', 'bzip2', 'deflate'] as const;

export type Compression = (typeof COMPRESSIONS)[number];
