import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { InputError } from '../base/errors.ts';
import { openError, shownPath } from './source.ts';

/** How often a file is looked at. A watch of the kernel would miss what other machines write, and pseudo files. */
const POLL_MS = 100;
const CHUNK = 96 * 1024;

/**
 * What a followed input has to tell. `restart`: the file was replaced or cut, what follows stands in a new one. `quiet`: nothing
 * came in the time given, or the wait was broken off. The bytes are overwritten by the next call.
 */
export type Tidings =
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'restart'; readonly what: string }
  | { readonly kind: 'end' }
  | { readonly kind: 'quiet' };

const END: Tidings = { kind: 'end' };
const QUIET: Tidings = { kind: 'quiet' };

/** An input that may grow: a file, by whatever name it goes, or what a stream brings. Reads no further than it is asked. */
export class Tail {
  readonly path: string;
  readonly #brings: AsyncIterator<Tidings>;
  readonly #shut: () => Promise<void>;
  #coming = false;
  #came: Tidings | null = null;
  #failure: { readonly error: unknown } | null = null;
  #wake = (): void => {};

  constructor(path: string, brings: AsyncIterator<Tidings>, shut: () => Promise<void>) {
    this.path = path;
    this.#brings = brings;
    this.#shut = shut;
  }

  /**
   * The next thing that happens, within `ms` milliseconds; `Infinity` waits.
   *
   * @throws InputError where the system refuses to read on.
   */
  async next(ms: number): Promise<Tidings> {
    if (this.#came === null && this.#failure === null) {
      this.#ask();
      await this.#wait(ms);
    }
    if (this.#failure !== null) throw openError(this.path, this.#failure.error);
    const came = this.#came;
    if (came === null) return QUIET;
    if (came.kind !== 'end') this.#came = null;
    return came;
  }

  /** Breaks a wait off. */
  readonly wake = (): void => this.#wake();

  async close(): Promise<void> {
    await this.#shut();
  }

  #ask(): void {
    if (this.#coming) return;
    this.#coming = true;
    this.#brings
      .next()
      .then(
        ({ done, value }) => {
          this.#came = done ? END : value;
        },
        (error: unknown) => {
          this.#failure = { error };
        },
      )
      .then(() => {
        this.#coming = false;
        this.#wake();
      });
  }

  async #wait(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (Number.isFinite(ms)) timer = setTimeout(resolve, Math.max(0, ms));
    });
    clearTimeout(timer);
    this.#wake = () => {};
  }
}

/**
 * Opens an input to be followed.
 *
 * @param path a file, a FIFO, a file of tracefs such as trace_pipe, or `-` for stdin, which ends where its writer does.
 * @throws InputError missing, unreadable or a directory; it may be empty.
 */
export async function openTail(path: string, stdin: Readable = process.stdin): Promise<Tail> {
  if (path === '-') return new Tail(path, streamTidings(stdin), async () => void stdin.destroy());
  const closing = new AbortController();
  try {
    const file = await openFile(path);
    const shut = async (): Promise<void> => {
      closing.abort();
      await file.close();
    };
    return new Tail(path, file.tidings(closing.signal), shut);
  } catch (error) {
    throw error instanceof InputError ? error : openError(path, error);
  }
}

async function* streamTidings(stream: Readable): AsyncGenerator<Tidings> {
  for await (const bytes of stream) yield { kind: 'bytes', bytes: bytes as Buffer };
}

async function openFile(path: string): Promise<GrowingFile> {
  const handle = await openToPoll(path);
  const found = await handle.stat();
  if (!found.isDirectory()) return new GrowingFile(path, handle, found.isFIFO());
  await handle.close();
  throw new InputError(`${shownPath(path)}: is a directory, which cannot be followed: name a file in it`);
}

/** Without O_NONBLOCK a read of trace_pipe or a FIFO holds a thread until something comes, and nothing can call it off. */
function openToPoll(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_NONBLOCK);
}

class GrowingFile {
  readonly #path: string;
  readonly #isFifo: boolean;
  #handle: FileHandle;
  /** Bytes read of the present file, and the largest size that it was seen to have: pseudo files have none. */
  #read = 0;
  #largest = 0;

  constructor(path: string, handle: FileHandle, isFifo: boolean) {
    this.#path = path;
    this.#handle = handle;
    this.#isFifo = isFifo;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  async *tidings(closing: AbortSignal): AsyncGenerator<Tidings> {
    const buffer = Buffer.allocUnsafeSlow(CHUNK);
    for (;;) {
      const length = await this.#fill(buffer);
      if (length !== null && length > 0) {
        this.#read += length;
        yield { kind: 'bytes', bytes: buffer.subarray(0, length) };
        continue;
      }
      // All writers have gone. Before the first one has come it looks the same.
      if (this.#isFifo && length === 0 && this.#read > 0) return;
      const what = this.#isFifo ? null : await this.#change();
      if (what !== null) {
        // What was written between the look before and the change.
        for (let rest = await this.#fill(buffer); rest !== null && rest > 0; rest = await this.#fill(buffer)) {
          yield { kind: 'bytes', bytes: buffer.subarray(0, rest) };
        }
        if (await this.#reopen()) {
          yield { kind: 'restart', what };
          continue;
        }
      }
      await sleep(POLL_MS, undefined, { signal: closing }).catch(() => undefined);
      if (closing.aborted) return;
    }
  }

  /** Bytes read; 0 at the end; null where there is nothing yet. */
  async #fill(buffer: Buffer): Promise<number | null> {
    try {
      return (await this.#handle.read(buffer, 0, buffer.length, null)).bytesRead;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : null;
      // /dev/kmsg says EPIPE once where messages were overwritten; their numbers show the gap.
      if (code === 'EAGAIN' || code === 'EPIPE') return null;
      throw error;
    }
  }

  /** What became of the file, as far as its name tells; null where it is the same, or gone for now. */
  async #change(): Promise<string | null> {
    const [there, here] = await Promise.all([stat(this.#path).catch(() => null), this.#handle.stat()]);
    if (there === null) return null;
    if (there.ino !== here.ino || there.dev !== here.dev) return 'replaced by another one';
    this.#largest = Math.max(this.#largest, there.size);
    return this.#largest > 0 && there.size < this.#read ? 'cut' : null;
  }

  async #reopen(): Promise<boolean> {
    const fresh = await openToPoll(this.#path).catch(() => null);
    if (fresh === null) return false;
    await this.#handle.close();
    this.#handle = fresh;
    this.#read = 0;
    this.#largest = 0;
    return true;
  }
}
