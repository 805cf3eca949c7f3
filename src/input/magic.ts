import { hasZlibHeader } from './gzip.ts';
import { isTar } from './tar.ts';
import type { Packing } from './unpack.ts';

/** What the first bytes of an input are. `refused`: no text; `what` and `remedy` complete the message to the user. */
export type Content =
  | { readonly kind: 'text'; readonly skip: number }
  | { readonly kind: 'packed'; readonly packing: Packing }
  | { readonly kind: 'tar' }
  | { readonly kind: 'timeline' }
  /** A trace.dat of trace-cmd: binary, and read by position. */
  | { readonly kind: 'recording' }
  | { readonly kind: 'refused'; readonly what: string; readonly remedy: string };

interface Magic {
  readonly bytes: string;
  readonly offset?: number;
  readonly what: string;
  readonly remedy: string;
}

// Bytes as latin1. journal: sd-journal `journal-def.h` HEADER_SIGNATURE; perf.data: tools/perf/util/header.c; the others:
// file(1)'s magic database.
const MAGICS: readonly Magic[] = [
  {
    bytes: 'PK\x03\x04',
    what: 'a zip archive',
    remedy: 'name the file in it that is the log: unzip -p FILE LOG | tdi-trace analyze -',
  },
  { bytes: '7z\xbc\xaf\x27\x1c', what: 'a 7z archive', remedy: 'unpack it with: 7z x FILE' },
  { bytes: '\x04\x22\x4d\x18', what: 'lz4-compressed', remedy: 'unpack it with: lz4 -dk FILE' },
  { bytes: '\x02\x21\x4c\x18', what: 'lz4-compressed', remedy: 'unpack it with: lz4 -dk FILE' },
  { bytes: 'LZIP', what: 'lzip-compressed', remedy: 'unpack it with: lzip -dk FILE' },
  { bytes: '\x89LZO\0\r\n\x1a\n', what: 'lzop-compressed', remedy: 'unpack it with: lzop -d FILE' },
  { bytes: '\x1f\x9d', what: 'packed by compress', remedy: 'unpack it with: gzip -dk FILE' },
  { bytes: 'Rar!\x1a\x07', what: 'a rar archive', remedy: 'unpack it with: unrar x FILE' },
  {
    bytes: '\x7fELF',
    what: 'an ELF file',
    remedy: 'if it is a vmcore, extract the log with: makedumpfile --dump-dmesg FILE dmesg.txt',
  },
  { bytes: 'KDUMP', what: 'a kdump image', remedy: 'extract the log with: makedumpfile --dump-dmesg FILE dmesg.txt' },
  { bytes: 'PERFILE2', what: 'a perf recording', remedy: 'perf samples are no kernel log; record with ftrace instead' },
  {
    bytes: 'LPKSHHRH',
    what: 'a systemd journal',
    remedy: 'convert it with: journalctl --file FILE -k -o json, or use dmesg',
  },
  // Before UTF-16, whose mark that of UTF-32 begins with.
  { bytes: '\xff\xfe\0\0', what: 'UTF-32 text', remedy: 'convert it with: iconv -f UTF-32 -t UTF-8 FILE' },
  { bytes: '\0\0\xfe\xff', what: 'UTF-32 text', remedy: 'convert it with: iconv -f UTF-32 -t UTF-8 FILE' },
  { bytes: '\xff\xfe', what: 'UTF-16 text', remedy: 'convert it with: iconv -f UTF-16 -t UTF-8 FILE' },
  { bytes: '\xfe\xff', what: 'UTF-16 text', remedy: 'convert it with: iconv -f UTF-16 -t UTF-8 FILE' },
];

// RFC 1952, 2.3.1; xz-file-format.txt 2.1.1; RFC 8878, 3.1; decompress.c of bzip2 1.0.8: after the level either a block or the end.
const PACKED: readonly (readonly [RegExp, Packing])[] = [
  [/^\x1f\x8b/, 'gzip'],
  [/^\xfd7zXZ\0/, 'xz'],
  [/^(?:\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18)/, 'zstd'],
  [/^BZh[1-9](?:1AY&SY|\x17rE8P\x90)/, 'bzip2'],
];

/** A line of text before what is packed. */
const PACKED_INSIDE: readonly (readonly [RegExp, string, string])[] = [
  // atrace -z of Android, after what it says of itself.
  [
    /^(?:[ -~]{0,80}\n){0,2}TRACE:\r?\n\x78/,
    'the packed output of atrace -z',
    'record it without -z, or unpack what follows the line TRACE: with: zlib-flate -uncompress',
  ],
  // ramoops_write_kmsg_hdr() in fs/pstore/ram.c; D instead of C is plain.
  [
    /^====\d{1,20}\.\d{1,9}-C\n/,
    'a packed record of ramoops',
    'read it through the kernel, which unpacks it: mount -t pstore pstore /sys/fs/pstore',
  ],
];

const SQLITE = 'SQLite format 3\0';
/** Documentation/trace-cmd/trace-cmd.dat.v7.5.txt of trace-cmd. */
const RECORDING = '\x17\x08\x44tracing';
const USTAR = 'ustar';
const USTAR_OFFSET = 257;
/** What a crash leaves in a log where blocks were never written, and logrotate's copytruncate at its start. */
const FILLING = /\0{16,}/g;
/** Letters of a few bytes each, without a mark. */
const WIDE: readonly (readonly [RegExp, string])[] = [
  [/^(?:[\t\n\r -~]\0){8}/, 'UTF-16LE'],
  [/^(?:\0[\t\n\r -~]){8}/, 'UTF-16BE'],
  [/^(?:[\t\n\r -~]\0{3}){8}/, 'UTF-32LE'],
  [/^(?:\0{3}[\t\n\r -~]){8}/, 'UTF-32BE'],
];
/** So a line of a log or a trace begins: a stamp, a header, a row, a call. */
const BEGINS = String.raw`(?:[<[]|#[ \r]| {0,16}\S{1,16}-\d{1,10} [^\r]{0,24}\[\d{3}| {1,2}\d{1,3}\) )`;
/** Two of them behind carriage returns, where no line has an end: all of it would be one record. */
const LONE_RETURNS = new RegExp(`\\r(?=${BEGINS})[^\\r]{0,1024}\\r(?=${BEGINS})`);
const UTF8_MARK = '\xef\xbb\xbf';

/** Bytes that {@link sniff} wants to see, where the input has as many. */
export const HEAD_SIZE = 4096;

/** Share of bytes that no text holds, above which an input is binary. Random bytes have 10 %. */
const BINARY_SHARE = 0.05;

/**
 * Tells what an input is by its first bytes, whatever its name.
 *
 * @param head the first {@link HEAD_SIZE} bytes (all of a shorter input).
 */
export function sniff(head: Buffer): Content {
  const text = head.toString('latin1', 0, HEAD_SIZE);
  for (const [magic, packing] of PACKED) if (magic.test(text)) return { kind: 'packed', packing };
  if (text.startsWith(SQLITE)) return { kind: 'timeline' };
  if (text.startsWith(RECORDING)) return { kind: 'recording' };
  for (const magic of MAGICS) {
    if (text.startsWith(magic.bytes, magic.offset ?? 0))
      return { kind: 'refused', what: magic.what, remedy: magic.remedy };
  }
  if (hasZlibHeader(head)) return { kind: 'packed', packing: 'deflate' };
  // Before the look for binary bytes, which a tar of text passes where the name is long; a damaged first header is told later.
  if (isTar(head) || text.startsWith(USTAR, USTAR_OFFSET)) return { kind: 'tar' };
  const filled = text.replace(FILLING, '');
  if (filled === '' && text !== '') {
    return {
      kind: 'refused',
      what: 'nothing but NUL bytes at its start',
      remedy: "leave them out, if a log follows: tr -d '\\000' < FILE | tdi-trace analyze -",
    };
  }
  for (const [letters, name] of WIDE) {
    if (!letters.test(text)) continue;
    return {
      kind: 'refused',
      what: `${name.slice(0, 6)} text`,
      remedy: `convert it with: iconv -f ${name} -t UTF-8 FILE`,
    };
  }
  if (!text.includes('\n') && LONE_RETURNS.test(text)) {
    return {
      kind: 'refused',
      what: 'text whose lines end in a carriage return alone',
      remedy: "convert it with: tr '\\r' '\\n' < FILE | tdi-trace analyze -",
    };
  }
  if (isBinary(filled)) {
    for (const [pattern, what, remedy] of PACKED_INSIDE)
      if (pattern.test(text)) return { kind: 'refused', what, remedy };
    // What follows good lines is noise among them, which no line of it fits.
    if (beginsWithText(text)) return { kind: 'text', skip: text.startsWith(UTF8_MARK) ? UTF8_MARK.length : 0 };
    return {
      kind: 'refused',
      what: 'binary',
      remedy: 'a text log is needed, such as the output of dmesg or a copy of /sys/kernel/tracing/trace',
    };
  }
  return { kind: 'text', skip: text.startsWith(UTF8_MARK) ? UTF8_MARK.length : 0 };
}

/** Lines before the first strange byte that make a text. Random bytes hardly have one. */
const TEXT_LINES = 3;

function beginsWithText(text: string): boolean {
  let lines = 0;
  for (let i = 0; i < text.length && lines < TEXT_LINES; i++) {
    const code = text.charCodeAt(i);
    if (isStrange(code)) return false;
    if (code === 10) lines++;
  }
  return lines >= TEXT_LINES;
}

function isBinary(text: string): boolean {
  let strange = 0;
  for (let i = 0; i < text.length; i++) if (isStrange(text.charCodeAt(i))) strange++;
  return strange > text.length * BINARY_SHARE;
}

/** Controls other than those that consoles print: BEL, BS, TAB, LF, VT, FF, CR, ESC. */
function isStrange(code: number): boolean {
  return code < 32 && (code < 7 || code > 13) && code !== 27;
}
