import type { ByteReader } from './byte-reader.ts';
import { Damage } from './damage.ts';

// Form: POSIX.1-2017 pax, "ustar Interchange Format", and src/tar.h of GNU tar. Own code: tar-stream brings native modules of
// another runtime along, drops what it has buffered when the archive is damaged, and copies a global header for every member.

const BLOCK = 512;
/** Longest name or list of attributes that is read; GNU tar and bsdtar write some hundred bytes. */
const EXTENSION_MAX = 1024 * 1024;
/** Linux has no longer ones. */
const NAME_MAX = 4096;

/** A file in an archive. Its body is read before the next member is asked for, or not at all. */
export interface TarMember {
  /** As the archive says it: hostile. */
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  readonly body: AsyncIterable<Buffer>;
}

/** Whether these first bytes are the header of a member, also of a tar from before POSIX. */
export function isTar(head: Buffer): boolean {
  return head.length >= BLOCK && head[0] !== 0 && hasCheckSum(head);
}

/**
 * The regular files of an archive in its order; not those that were stored without their holes.
 *
 * @throws Damage after all that is sound.
 */
export async function* tarMembers(input: ByteReader): AsyncGenerator<TarMember> {
  let ended = false;
  let next: Extension = {};
  for (;;) {
    const header = await input.take(BLOCK);
    if (header.length < BLOCK) {
      if (ended && header.every((byte) => byte === 0)) return;
      throw new Damage(ended ? 'trailing' : 'early');
    }
    if (header.every((byte) => byte === 0)) {
      // Another archive may follow: cat a.tar b.tar.
      ended = true;
      continue;
    }
    if (!hasCheckSum(header)) throw new Damage(ended ? 'trailing' : 'damaged');
    ended = false;
    const type = String.fromCharCode(header[156] ?? 0);
    const size = next.size ?? numberAt(header, 124, 12);
    const padding = (BLOCK - (size % BLOCK)) % BLOCK;
    if (type === 'x' || type === 'L') {
      const own: Extension = {};
      const text = size > EXTENSION_MAX ? null : await need(input, size);
      if (text === null) await pass(input, size);
      else if (type === 'x') readAttributes(text, own);
      else own.name = textOf(text);
      await pass(input, padding);
      next = { ...next, ...own };
      continue;
    }
    // K: a long name of a link; g: attributes of all members, among which no name makes sense. Both precede a member.
    if (type === 'K' || type === 'g') {
      await pass(input, size + padding);
      continue;
    }
    const isSparse = next.isSparse === true || type === 'S';
    if (type === 'S') await passSparseMap(input, header);
    const name = (next.name ?? nameOf(header)).slice(0, NAME_MAX);
    next = {};
    let left = hasBody(type) ? size : 0;
    const total = left + (left > 0 ? padding : 0);
    const start = input.position;
    if (isRegular(type) && !name.endsWith('/') && !isSparse) {
      const body = async function* (): AsyncGenerator<Buffer> {
        while (left > 0) {
          const bytes = await input.next(left);
          if (bytes === null) throw new Damage('early');
          left -= bytes.length;
          yield bytes;
        }
      };
      yield { name, size, body: body() };
    }
    await pass(input, total - (input.position - start));
  }
}

/** What the headers before a member say about it. */
interface Extension {
  name?: string;
  size?: number;
  isSparse?: boolean;
}

function isRegular(type: string): boolean {
  return type === '0' || type === '\0' || type === '7';
}

/** Links, devices, directories and pipes have none, whatever their size field says. */
function hasBody(type: string): boolean {
  return !/[1-6]/.test(type);
}

/** `25 path=var/log/messages\n`: the length counts all of it. */
function readAttributes(text: Buffer, into: Extension): void {
  for (let at = 0; at < text.length; ) {
    const blank = text.indexOf(0x20, at);
    const length = Number(text.toString('latin1', at, Math.min(blank, at + 12)));
    if (blank < 0 || !Number.isInteger(length) || length < 5 || at + length > text.length) throw new Damage('damaged');
    const equals = text.indexOf(0x3d, blank);
    const end = at + length - 1;
    if (equals < 0 || equals >= end) throw new Damage('damaged');
    const key = text.toString('latin1', blank + 1, equals);
    if (key === 'path') into.name = textOf(text.subarray(equals + 1, end));
    else if (key === 'size') into.size = safe(Number(text.toString('latin1', equals + 1, end)));
    else if (key.startsWith('GNU.sparse.')) into.isSparse = true;
    at += length;
  }
}

/** Further blocks of the map of an old GNU sparse file: `isextended` of `struct sparse_header`. */
async function passSparseMap(input: ByteReader, header: Buffer): Promise<void> {
  let more = header[482] === 1;
  while (more) more = (await need(input, BLOCK))[504] === 1;
}

function nameOf(header: Buffer): string {
  const name = textOf(header.subarray(0, 100));
  // GNU's own form keeps times where ustar has the front of a long name.
  const prefix = header.toString('latin1', 257, 263) === 'ustar\0' ? textOf(header.subarray(345, 500)) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

function textOf(field: Buffer): string {
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? field.length : end);
}

/** Octal digits, or since GNU tar 1.13 binary where the highest bit is set. */
function numberAt(header: Buffer, start: number, length: number): number {
  if (((header[start] ?? 0) & 0x80) !== 0) {
    let value = (header[start] ?? 0) & 0x7f;
    for (let i = 1; i < length; i++) value = value * 256 + (header[start + i] ?? 0);
    return safe(value);
  }
  const digits = /^[ ]*([0-7]*)[ \0]*$/.exec(header.toString('latin1', start, start + length))?.[1];
  if (digits === undefined) throw new Damage('damaged');
  return digits === '' ? 0 : safe(Number.parseInt(digits, 8));
}

function safe(size: number): number {
  if (!Number.isSafeInteger(size) || size < 0) throw new Damage('damaged');
  return size;
}

/** The sum of all bytes, those of its own field as blanks. */
function hasCheckSum(header: Buffer): boolean {
  let sum = 8 * 0x20;
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 0 : (header[i] ?? 0);
  const stored = /^[ \0]*([0-7]+)[ \0]*$/.exec(header.toString('latin1', 148, 156))?.[1];
  return stored !== undefined && Number.parseInt(stored, 8) === sum;
}

async function need(input: ByteReader, length: number): Promise<Buffer> {
  const bytes = await input.take(length);
  if (bytes.length < length) throw new Damage('early');
  return bytes;
}

async function pass(input: ByteReader, length: number): Promise<void> {
  if ((await input.skip(length)) < length) throw new Damage('early');
}
