import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { InputError } from '../base/errors.ts';
import { escapeForTerminal } from '../base/untrusted.ts';
import { type Content, HEAD_SIZE, sniff } from './magic.ts';

/** A finished timeline: the caller opens it as SQLite. */
export interface TimelineInput {
  readonly kind: 'timeline';
  readonly path: string;
}

/** An open log. Whoever opened it reads it once with `readBytes`, or closes it. */
export interface OpenedSource {
  readonly kind: 'log';
  /** As the user typed it; `-` is stdin. */
  readonly path: string;
  readonly compression: 'none' | 'gzip';
  /**
   * A trace.dat in a regular file, to be read by position from {@link handle}. One that comes compressed or through a pipe
   * is told by `readBytes`.
   */
  readonly recording: boolean;
  /** Size as stored, in bytes; null for a pipe. */
  readonly size: number | null;
  /** What was read to tell the content; it comes before what {@link handle} or {@link stream} still hold. */
  readonly head: Buffer;
  /** A file, or null where {@link stream} is set. */
  readonly handle: FileHandle | null;
  readonly stream: Readable | null;
  /** Of the file when it was opened, to notice that it changed; null for a pipe. */
  readonly stamp: FileStamp | null;
  close(): Promise<void>;
}

export interface FileStamp {
  readonly size: bigint;
  readonly mtime: bigint;
}

/** A path in a message: as typed, controls escaped, stdin by its name. */
export function shownPath(path: string): string {
  return path === '-' ? 'stdin' : escapeForTerminal(path);
}

/**
 * Opens an input and tells by its first bytes what it is.
 *
 * @param path a file, or `-` for stdin.
 * @throws InputError missing, unreadable, a directory, empty, or no text; one line that names the path and what to do.
 */
export async function openSource(path: string, stdin: Readable = process.stdin): Promise<OpenedSource | TimelineInput> {
  if (path === '-') return openStream(path, stdin);
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    throw openError(path, error);
  }
  try {
    return await openHandle(path, handle);
  } catch (error) {
    await handle.close();
    throw error instanceof InputError ? error : openError(path, error);
  }
}

async function openHandle(path: string, handle: FileHandle): Promise<OpenedSource | TimelineInput> {
  const stat = await handle.stat({ bigint: true });
  if (stat.isDirectory()) {
    throw new InputError(`${shownPath(path)}: a directory is not supported yet: name the files in it`);
  }
  const head = await readHead(handle);
  const content = accept(path, head);
  if (content.kind === 'timeline') {
    await handle.close();
    return { kind: 'timeline', path };
  }
  return {
    kind: 'log',
    path,
    compression: content.kind === 'gzip' ? 'gzip' : 'none',
    recording: content.kind === 'recording' && stat.isFile(),
    size: stat.isFile() ? Number(stat.size) : null,
    head,
    handle,
    stream: null,
    stamp: stat.isFile() ? { size: stat.size, mtime: stat.mtimeNs } : null,
    close: () => handle.close(),
  };
}

async function openStream(path: string, stream: Readable): Promise<OpenedSource> {
  const head = await peek(path, stream);
  const content = accept(path, head);
  if (content.kind === 'timeline') {
    throw new InputError(`${shownPath(path)}: a timeline cannot be read from a pipe: name its file`);
  }
  const compression = content.kind === 'gzip' ? 'gzip' : 'none';
  const close = async () => void stream.destroy();
  const recording = false;
  return { kind: 'log', path, compression, recording, size: null, head, handle: null, stream, stamp: null, close };
}

function accept(path: string, head: Buffer): Exclude<Content, { kind: 'refused' }> {
  if (head.length === 0) {
    throw new InputError(`${shownPath(path)}: is empty: was the log saved before the buffer was read or cleared?`);
  }
  const content = sniff(head);
  if (content.kind === 'refused') throw refusal(path, content);
  return content;
}

/** The error for an input that is no text. `FILE` in the remedy becomes the path. */
export function refusal(path: string, content: Extract<Content, { kind: 'refused' }>): InputError {
  const remedy = content.remedy.replaceAll('FILE', () => shownPath(path));
  return new InputError(`${shownPath(path)}: is ${content.what}: ${remedy}`);
}

/** Reads until there is enough to tell the content, since a pipe may bring a byte at a time. */
async function readHead(handle: FileHandle): Promise<Buffer> {
  const buffer = Buffer.alloc(HEAD_SIZE);
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, null);
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
  EISDIR: 'a directory is not supported yet: name the files in it',
  ENOTDIR: 'no such file: a part of the path is not a directory',
  ELOOP: 'too many symbolic links: name the file itself',
  ENAMETOOLONG: 'the path is too long',
  EMFILE: 'too many open files: raise the limit with: ulimit -n',
};

/** The one-line error for what the system said when the input was opened or read. */
export function openError(path: string, error: unknown): InputError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const text = REMEDIES[code] ?? `cannot be read (${code || 'unknown error'}): copy it to a plain file first`;
  return new InputError(`${shownPath(path)}: ${text}`);
}
