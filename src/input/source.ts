import { constants, open as openDescriptor } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import type { Compression } from '../base/compression.ts';
import { InputError, UnreadableError } from '../base/errors.ts';
import { escapeForTerminal } from '../base/untrusted.ts';
import { ByteReader } from './byte-reader.ts';
import { Damage } from './damage.ts';
import { type Content, HEAD_SIZE, sniff } from './magic.ts';
import { readSome } from './read-some.ts';
import { readFrom, StoredBytes } from './stored.ts';
import type { TarMember } from './tar.ts';
import { type Packing, unpack } from './unpack.ts';

/** A finished timeline: the caller opens it as SQLite. */
export interface TimelineInput {
  readonly kind: 'timeline';
  readonly path: string;
}

/** An open log. Whoever opened it reads it once with `readBytes`, or closes it. */
export interface OpenedSource {
  readonly kind: 'log';
  /** As the user typed it; `-` is stdin. Of a member of an archive, a colon and its name follow. */
  readonly path: string;
  readonly compression: Compression;
  /**
   * A trace.dat in a regular file, to be read by position from {@link handle}. One that comes compressed or through a pipe
   * is told by `readBytes`.
   */
  readonly recording: boolean;
  /** Size as stored, in bytes; null for a pipe. */
  readonly size: number | null;
  /** The text, where it has to be unpacked or comes out of an archive; {@link handle} and {@link stream} are not read then. */
  readonly packed: PackedText | null;
  /** What was read to tell the content; it comes before what {@link handle} or {@link stream} still hold. */
  readonly head: Buffer;
  /** A file, or null where {@link stream} is set. */
  readonly handle: FileHandle | null;
  readonly stream: Readable | null;
  /** Of the file when it was opened, to notice that it changed; null for a pipe. */
  readonly stamp: FileStamp | null;
  close(): Promise<void>;
}

export interface PackedText {
  /** @throws Damage after all that could be unpacked. */
  readonly chunks: AsyncIterable<Buffer>;
  /** Bytes read of what is stored. */
  stored(): number;
}

/** An open archive. Whoever opened it reads it with `readInput`, or closes it. */
export interface OpenedArchive {
  readonly kind: 'archive';
  readonly path: string;
  /** Of the archive. */
  readonly compression: Compression;
  /** The archive, unpacked. */
  readonly bytes: ByteReader;
  readonly handle: FileHandle | null;
  readonly stamp: FileStamp | null;
  close(): Promise<void>;
}

/** A directory, not opened yet. */
export interface FolderInput {
  readonly kind: 'folder';
  readonly path: string;
}

export type Opened = OpenedSource | TimelineInput | OpenedArchive | FolderInput;

export interface FileStamp {
  readonly size: bigint;
  readonly mtime: bigint;
}

/** A path in a message: as typed, controls escaped, stdin by its name. */
export function shownPath(path: string): string {
  return path === '-' ? 'stdin' : escapeForTerminal(path);
}

/** What a shell takes as it stands. */
const PLAIN_NAME = /^[\p{L}\p{N}_./@%+=:,~-]+$/u;

/**
 * The same in a command that is proposed, which somebody may paste into a shell; the name of a member is the archive's to choose.
 * What came through a pipe has a name that only the user knows.
 */
export function nameInCommand(path: string): string {
  if (path === '-') return 'FILE';
  const shown = shownPath(path);
  return PLAIN_NAME.test(shown) && !shown.startsWith('~') ? shown : `'${shown.replaceAll("'", "'\\''")}'`;
}

/** A thread that waits in the kernel cannot be called off, and keeps the process from ending. */
const NONBLOCKING = constants.O_RDONLY | constants.O_NONBLOCK;

/** Also `<(dmesg)` of a shell. It waits for the first writer, and ends with the last one. */
async function openFifo(path: string): Promise<Readable> {
  const fd = await promisify(openDescriptor)(path, NONBLOCKING);
  return new Socket({ fd, readable: true, writable: false });
}

/**
 * Opens an input and tells by its first bytes what it is.
 *
 * @param path a file, a directory, or `-` for stdin.
 * @throws InputError missing, unreadable, empty, or no text; one line that names the path and what to do.
 */
export async function openSource(path: string, stdin?: Readable): Promise<Opened> {
  // The process's own takes Node 3 ms to make: only where it is read.
  if (path === '-') return openStream(path, stdin ?? process.stdin);
  let handle: FileHandle;
  try {
    if ((await stat(path)).isFIFO()) return await openStream(path, await openFifo(path));
    handle = await open(path, NONBLOCKING);
  } catch (error) {
    throw error instanceof InputError ? error : openError(path, error);
  }
  try {
    return await openHandle(path, handle);
  } catch (error) {
    await handle.close();
    throw error instanceof InputError ? error : openError(path, error);
  }
}

async function openHandle(path: string, handle: FileHandle): Promise<Opened> {
  const stat = await handle.stat({ bigint: true });
  if (stat.isDirectory()) {
    await handle.close();
    return { kind: 'folder', path };
  }
  const isFile = stat.isFile();
  const head = await readHead(handle);
  const content = accept(path, head);
  if (content.kind === 'timeline') {
    await handle.close();
    return { kind: 'timeline', path };
  }
  return openContent(content, {
    path,
    recording: content.kind === 'recording' && isFile,
    size: isFile ? Number(stat.size) : null,
    head,
    handle,
    stream: null,
    stamp: isFile ? { size: stat.size, mtime: stat.mtimeNs } : null,
    close: () => handle.close(),
  });
}

async function openStream(path: string, stream: Readable): Promise<OpenedSource | OpenedArchive> {
  try {
    return await openPeeked(path, stream);
  } catch (error) {
    stream.destroy();
    throw error;
  }
}

async function openPeeked(path: string, stream: Readable): Promise<OpenedSource | OpenedArchive> {
  const head = await peek(path, stream);
  const content = accept(path, head);
  if (content.kind === 'timeline') {
    throw new InputError(`${shownPath(path)}: a timeline cannot be read from a pipe: name its file`);
  }
  const close = async () => void stream.destroy();
  return openContent(content, {
    path,
    recording: false,
    size: null,
    head,
    handle: null,
    stream,
    stamp: null,
    close,
  });
}

type Stored = Omit<OpenedSource, 'kind' | 'compression' | 'packed'>;

/** Looks behind the compression: what is in it may be an archive. */
async function openContent(content: Content, stored: Stored): Promise<OpenedSource | OpenedArchive> {
  const { path, head, handle, stamp, close } = stored;
  if (content.kind === 'tar') {
    const bytes = new ByteReader(storedChunks(stored));
    return { kind: 'archive', path, compression: 'none', bytes, handle, stamp, close };
  }
  if (content.kind !== 'packed') return { kind: 'log', compression: 'none', packed: null, ...stored };
  const compression = content.packing;
  const file = stamp === null ? null : handle;
  const { text, bytes } = await openPacked(compression, new StoredBytes(storedChunks(stored), file), head);
  if (bytes === null) return { kind: 'log', compression, packed: text, ...stored };
  return { kind: 'archive', path, compression, bytes, handle, stamp, close };
}

/** `bytes`: the archive that was compressed; null where it is something else. */
async function openPacked(
  packing: Packing,
  stored: StoredBytes,
  head: Buffer,
): Promise<{ text: PackedText; bytes: ByteReader | null }> {
  const bytes = new ByteReader(unpack(packing, stored, head));
  let inner: Buffer = head.subarray(0, 0);
  try {
    inner = await bytes.fill(HEAD_SIZE);
  } catch (error) {
    // It comes up again when the text is read.
    if (!(error instanceof Damage)) throw error;
  }
  const text = { chunks: bytes.rest(), stored: () => stored.bytes };
  return { text, bytes: inner.length > 0 && sniff(inner).kind === 'tar' ? bytes : null };
}

async function* storedChunks({ head, handle, stream }: Stored): AsyncGenerator<Buffer> {
  yield head;
  if (handle !== null) yield* readFrom(handle, null);
  else if (stream !== null && !stream.readableEnded) for await (const chunk of stream) yield chunk as Buffer;
}

/**
 * Opens a member of an archive like a file, also a compressed one.
 *
 * @param archive the compression of the archive is that of a member without one of its own.
 * @param budget bytes of text that the member may be unpacked to.
 * @throws InputError as {@link openSource} does, and where it is an archive or a timeline itself.
 */
export async function openMember(
  archive: Pick<OpenedArchive, 'path' | 'compression'>,
  { name, size, body }: TarMember,
  budget: { left: number },
): Promise<OpenedSource> {
  const path = `${archive.path}:${name}`;
  const bytes = new ByteReader(body);
  const head = Buffer.from(await bytes.fill(HEAD_SIZE));
  const content = accept(path, head);
  const close = async () => undefined;
  const plain = { path, recording: false, size, head, handle: null, stream: null, stamp: null, close };
  if (content.kind === 'tar' || content.kind === 'timeline') throw notInside(path, content.kind);
  if (content.kind !== 'packed') {
    const packed = { chunks: bytes.rest(), stored: () => bytes.position };
    return { kind: 'log', compression: archive.compression, packed, ...plain };
  }
  const opened = await openPacked(content.packing, new StoredBytes(bytes.rest(), null), head);
  if (opened.bytes !== null) throw notInside(path, 'tar');
  const packed = { chunks: within(opened.text.chunks, budget), stored: opened.text.stored };
  return { kind: 'log', compression: content.packing, packed, ...plain };
}

function notInside(path: string, kind: 'tar' | 'timeline'): InputError {
  const what = kind === 'tar' ? 'an archive' : 'a timeline';
  return new InputError(`${shownPath(path)}: ${what} inside an archive is not read: unpack it, and name it`);
}

async function* within(chunks: AsyncIterable<Buffer>, budget: { left: number }): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    const room = Math.max(0, budget.left);
    budget.left -= chunk.length;
    if (room > 0) yield chunk.subarray(0, room);
    if (budget.left < 0) throw new Damage('capped');
  }
}

function accept(path: string, head: Buffer): Exclude<Content, { kind: 'refused' }> {
  if (head.length === 0) {
    throw new InputError(`${shownPath(path)}: is empty: was the log saved before the buffer was read or cleared?`);
  }
  const content = sniff(head);
  // What pstore left compressed has no magic: fs/pstore/inode.c names it so, also where it holds text after all.
  const isUnknown = content.kind === 'refused' || content.kind === 'text';
  if (isUnknown && path.endsWith('.enc.z') && !isAscii(head)) return { kind: 'packed', packing: 'deflate' };
  if (content.kind === 'refused') throw refusal(path, content);
  return content;
}

/** Nearly all of it, as a kernel log is. */
function isAscii(head: Buffer): boolean {
  return head.reduce((sum, byte) => sum + (byte < 0x80 ? 1 : 0), 0) > head.length * 0.9;
}

/** The error for an input that is no text. `FILE` in the remedy becomes the path. */
export function refusal(path: string, content: Extract<Content, { kind: 'refused' }>): InputError {
  const remedy = content.remedy.replaceAll('FILE', () => nameInCommand(path));
  return new InputError(`${shownPath(path)}: is ${content.what}: ${remedy}`);
}

/** Reads until there is enough to tell the content, since a pipe may bring a byte at a time. */
async function readHead(handle: FileHandle): Promise<Buffer> {
  const buffer = Buffer.alloc(HEAD_SIZE);
  let filled = 0;
  while (filled < buffer.length) {
    const bytesRead = await readSome(handle, buffer, filled, buffer.length - filled, null);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

function peek(path: string, stream: Readable): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const settle = () => {
      stream.off('readable', onReadable);
      stream.off('end', settle);
      stream.off('error', onError);
      resolve(Buffer.concat(chunks));
    };
    const onError = (error: Error) => reject(openError(path, error));
    const onReadable = () => {
      for (let chunk = stream.read() as Buffer | null; chunk !== null; chunk = stream.read() as Buffer | null) {
        chunks.push(chunk);
        length += chunk.length;
        if (length >= HEAD_SIZE) return settle();
      }
    };
    stream.on('readable', onReadable);
    stream.once('end', settle);
    stream.once('error', onError);
  });
}

const REMEDIES: Readonly<Record<string, string>> = {
  ENOENT: 'no such file: check the path',
  EACCES: 'permission denied: make it readable, or copy the log with sudo',
  EPERM: 'not permitted: copy the log to a plain file with sudo',
  ENOTDIR: 'no such file: a part of the path is not a directory',
  ELOOP: 'too many symbolic links: name the file itself',
  ENAMETOOLONG: 'the path is too long',
  EINVAL: 'cannot be read in pieces: save it first, such as dmesg > dmesg.txt, or read it with analyze --follow',
  EMFILE: 'too many open files: raise the limit with: ulimit -n',
};

/** The one-line error for what the system said when the input was opened or read. */
export function openError(path: string, error: unknown): InputError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  // What an argument holds is UTF-8 to node.
  const isLossy = code === 'ENOENT' && path.includes('\ufffd');
  if (isLossy)
    return new InputError(`${shownPath(path)}: its name is not UTF-8: rename it, or give it as stdin: < FILE`);
  const text = REMEDIES[code] ?? `cannot be read (${code || 'unknown error'}): copy it to a plain file first`;
  return new UnreadableError(`${shownPath(path)}: ${text}`);
}
