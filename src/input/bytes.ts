import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { InputError } from '../base/errors.ts';
import type { HealthSink } from '../base/health.ts';
import { sniff } from './magic.ts';
import { type OpenedSource, openError, refusal, shownPath } from './source.ts';

/** Bytes a read of a file: each read costs two switches between threads. */
const READ = 1024 * 1024;
/** Bytes a hand-over: what is larger becomes a large object of V8 when it is made a string, which costs more than it saves. */
const CHUNK = 96 * 1024;

export interface ReadBytesOptions {
  /** Takes the decompressed bytes in order. The buffer is reused after the call. */
  readonly consume: (chunk: Buffer) => void;
  readonly health: HealthSink;
  /** Limit of decompressed bytes. */
  readonly maxBytes: number;
  /** Called before the first bytes where they are those of a trace.dat, which is refused without it. */
  readonly onRecording?: () => void;
  /** Called after each chunk with the bytes read so far, as stored. */
  readonly onStored?: (bytes: number) => void;
  /** Looked at between chunks. */
  readonly signal?: AbortSignal;
}

/** `cut`: the input went on, or should have; what was handed over is not the whole. */
export interface ReadBytesResult {
  readonly bytes: number;
  readonly cut: boolean;
}

const RECORDING_REFUSED = {
  kind: 'refused',
  what: 'a trace-cmd recording',
  remedy: 'convert it with: trace-cmd report -i FILE > trace.txt',
} as const;

/** Thrown through the pumps to stop them; never leaves this file. */
class Stop extends Error {}

/**
 * Reads an opened source to its end, decompressed, in constant memory, and closes it.
 *
 * Health: `source-capped`, `source-cut`, `source-trailing`, `source-changed`.
 *
 * @throws InputError the system refused to read, or what was compressed is no text.
 * @throws the reason of `signal` when it was aborted.
 */
export async function readBytes(source: OpenedSource, options: ReadBytesOptions): Promise<ReadBytesResult> {
  const intake = new Intake(source, options);
  try {
    if (source.compression === 'gzip') await pumpGzip(source, intake, options);
    else if (source.handle === null) await pumpStream(source, intake, options);
    else await pumpFile(source.handle, source.head, intake, options);
  } catch (error) {
    if (error instanceof Stop) return { bytes: intake.bytes, cut: true };
    if (error instanceof InputError || options.signal?.aborted) throw error;
    throw error instanceof Error && 'syscall' in error ? openError(source.path, error) : error;
  } finally {
    await noteChange(source, options.health);
    await source.close();
  }
  return { bytes: intake.bytes, cut: intake.damaged };
}

/** Where the decompressed bytes arrive: counts them, stops at the cap, looks at the first ones. */
class Intake {
  bytes = 0;
  damaged = false;
  readonly #source: OpenedSource;
  readonly #options: ReadBytesOptions;

  constructor(source: OpenedSource, options: ReadBytesOptions) {
    this.#source = source;
    this.#options = options;
  }

  take(chunk: Buffer): void {
    this.#options.signal?.throwIfAborted();
    const room = this.#options.maxBytes - this.bytes;
    const taken = chunk.length > room ? chunk.subarray(0, room) : chunk;
    const skip = this.bytes === 0 ? this.#skip(taken) : 0;
    this.bytes += taken.length;
    this.#options.consume(skip === 0 ? taken : taken.subarray(skip));
    if (chunk.length > room) {
      const message = `larger than the limit of ${this.#options.maxBytes} bytes; the rest was not read`;
      this.#options.health({ code: 'source-capped', line: null, message, count: 1 });
      throw new Stop();
    }
  }

  #skip(first: Buffer): number {
    const content = sniff(first);
    if (content.kind === 'text') return content.skip;
    if (content.kind === 'refused') throw refusal(this.#source.path, content);
    if (content.kind === 'recording') {
      if (this.#options.onRecording === undefined) throw refusal(this.#source.path, RECORDING_REFUSED);
      this.#options.onRecording();
      return 0;
    }
    const what = content.kind === 'gzip' ? 'compressed twice' : 'a compressed timeline';
    throw new InputError(
      `${shownPath(this.#source.path)}: is ${what}: unpack it with: gzip -dk ${shownPath(this.#source.path)}`,
    );
  }
}

async function pumpFile(handle: FileHandle, head: Buffer, intake: Intake, options: ReadBytesOptions): Promise<void> {
  let stored = head.length;
  let ready = Buffer.allocUnsafeSlow(READ);
  let next = Buffer.allocUnsafeSlow(READ);
  // The disk works on the next piece while this one is parsed.
  let reading = handle.read(ready, 0, READ, null);
  try {
    intake.take(head);
    for (;;) {
      const { bytesRead } = await reading;
      if (bytesRead === 0) return;
      [ready, next] = [next, ready];
      reading = handle.read(ready, 0, READ, null);
      for (let at = 0; at < bytesRead; at += CHUNK) intake.take(next.subarray(at, Math.min(at + CHUNK, bytesRead)));
      stored += bytesRead;
      options.onStored?.(stored);
    }
  } finally {
    await reading.catch(() => undefined);
  }
}

function pumpStream(source: OpenedSource, intake: Intake, options: ReadBytesOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = source.stream ?? Readable.from([]);
    let stored = source.head.length;
    const fail = (error: unknown) => {
      stream.off('data', onData);
      stream.pause();
      reject(error);
    };
    const onData = (chunk: Buffer) => {
      try {
        intake.take(chunk);
        stored += chunk.length;
        options.onStored?.(stored);
      } catch (error) {
        fail(error);
      }
    };
    try {
      intake.take(source.head);
    } catch (error) {
      fail(error);
      return;
    }
    if (stream.readableEnded) return resolve();
    stream.on('data', onData);
    stream.once('end', resolve);
    stream.once('error', fail);
    // Looking at the first bytes has put the stream into its paused mode.
    stream.resume();
  });
}

/**
 * Inflates to the end. zlib's error drops the output of the piece that it is at: what was before the damage in that piece
 * is had by a second run that goes byte by byte there.
 */
async function pumpGzip(source: OpenedSource, intake: Intake, options: ReadBytesOptions): Promise<void> {
  const pieces = new StoredPieces(source);
  let fed = 0;
  let at = 0;
  const first = async function* (): AsyncGenerator<Buffer> {
    for await (const piece of pieces.first()) {
      at = fed;
      fed += piece.length;
      yield piece;
      options.onStored?.(fed);
    }
  };
  const objection = await inflate(first(), (chunk) => intake.take(chunk));
  if (objection === null) return;
  if (!endsEarly(objection)) {
    let known = intake.bytes;
    await inflate(pieces.again(at), (chunk) => {
      const skip = Math.min(known, chunk.length);
      known -= skip;
      if (skip < chunk.length) intake.take(chunk.subarray(skip));
    });
  }
  if (intake.bytes === 0 && !isTrailing(objection)) {
    const what = endsEarly(objection) ? 'it ends before any of its text' : 'none of it can be unpacked';
    throw new InputError(`${shownPath(source.path)}: is a damaged gzip file, ${what}: copy it again`);
  }
  if (isTrailing(objection)) {
    const message = 'what follows the compressed data is no gzip and was ignored; all that was compressed was analysed';
    options.health({ code: 'source-trailing', line: null, message, count: 1 });
    return;
  }
  intake.damaged = true;
  const what = endsEarly(objection) ? 'ends early' : 'is damaged';
  const message = `the compressed data ${what} after ${intake.bytes} bytes of text; what came before was analysed`;
  options.health({ code: 'source-cut', line: null, message, count: 1 });
}

function endsEarly(objection: Error): boolean {
  return 'code' in objection && objection.code === 'Z_BUF_ERROR';
}

/** The first two bytes of a member are wrong; those of the first one were looked at when the source was opened. */
function isTrailing(objection: Error): boolean {
  return objection.message === 'incorrect header check';
}

/** Hands the text of all members over. Answers what zlib objected to, or null. @throws what `take` throws. */
async function inflate(pieces: AsyncIterable<Buffer>, take: (chunk: Buffer) => void): Promise<Error | null> {
  const gunzip = createGunzip({ chunkSize: CHUNK });
  let settled = false;
  let objection: Error | null = null;
  let thrown: { readonly error: unknown } | null = null;
  let wake = (): void => {};
  const settle = (): void => {
    settled = true;
    wake();
  };
  const object = (error: Error): void => {
    objection ??= error;
    settle();
  };
  gunzip.on('data', (chunk: Buffer) => {
    if (settled) return;
    try {
      take(chunk);
    } catch (error) {
      thrown = { error };
      settle();
    }
  });
  gunzip.once('end', settle);
  gunzip.on('error', object);
  /** Until zlib is through with it, or has come to its end. */
  const through = (start: (done: (error?: Error | null) => void) => void): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
      start((error) => (error ? object(error) : resolve()));
    });
  try {
    for await (const piece of pieces) {
      await through((done) => gunzip.write(piece, done));
      if (settled) break;
    }
    if (!settled) await through(() => gunzip.end());
  } finally {
    gunzip.destroy();
  }
  const failure = thrown as { readonly error: unknown } | null;
  if (failure !== null) throw failure.error;
  return objection;
}

/** Compressed bytes that zlib gets at once: what a second run has to take byte by byte. */
const PIECE = 16 * 1024;
/** Of a pipe so much is kept for a second run. */
const KEPT_MAX = 4 * 1024 * 1024;

/** The stored bytes of a compressed source, in small pieces, once and perhaps once more. */
class StoredPieces {
  readonly #source: OpenedSource;
  #kept: Buffer[] | null = [];
  #keptBytes = 0;

  constructor(source: OpenedSource) {
    this.#source = source;
  }

  async *first(): AsyncGenerator<Buffer> {
    for await (const stored of storedChunks(this.#source)) {
      for (let at = 0; at < stored.length; at += PIECE) {
        const piece = stored.subarray(at, at + PIECE);
        if (this.#source.stamp === null) this.#keep(piece);
        yield piece;
      }
    }
  }

  /** From the start; from `fine` on a piece is one byte. Nothing of a long pipe, which cannot be read again. */
  async *again(fine: number): AsyncGenerator<Buffer> {
    let offset = 0;
    for await (const stored of this.#source.stamp === null ? (this.#kept ?? []) : this.#reread()) {
      const coarse = stored.subarray(0, Math.max(0, fine - offset));
      if (coarse.length > 0) yield coarse;
      for (let at = coarse.length; at < stored.length; at++) yield stored.subarray(at, at + 1);
      offset += stored.length;
    }
  }

  #keep(piece: Buffer): void {
    this.#keptBytes += piece.length;
    if (this.#keptBytes > KEPT_MAX) this.#kept = null;
    else this.#kept?.push(piece);
  }

  async *#reread(): AsyncGenerator<Buffer> {
    const { handle } = this.#source;
    for (let position = 0; handle !== null; ) {
      const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(CHUNK), 0, CHUNK, position);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
      position += bytesRead;
    }
  }
}

async function* storedChunks(source: OpenedSource): AsyncGenerator<Buffer> {
  yield source.head;
  if (source.handle === null) {
    if (source.stream === null || source.stream.readableEnded) return;
    for await (const chunk of source.stream) yield chunk as Buffer;
    return;
  }
  for (;;) {
    const { buffer, bytesRead } = await source.handle.read(Buffer.allocUnsafe(CHUNK), 0, CHUNK, null);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

async function noteChange(source: OpenedSource, health: HealthSink): Promise<void> {
  if (source.handle === null || source.stamp === null) return;
  const now = await source.handle.stat({ bigint: true });
  if (now.size === source.stamp.size && now.mtimeNs === source.stamp.mtime) return;
  health({ code: 'source-changed', line: null, message: 'the file changed while it was read', count: 1 });
}
