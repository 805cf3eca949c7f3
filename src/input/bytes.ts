import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { InputError } from '../base/errors.ts';
import type { HealthSink } from '../base/health.ts';
import { Damage } from './damage.ts';
import { sniff } from './magic.ts';
import { CHUNK, pumpFile } from './pump-file.ts';
import {
  type FileStamp,
  nameInCommand,
  type OpenedSource,
  openError,
  type PackedText,
  refusal,
  shownPath,
} from './source.ts';
import { UNPACK_COMMAND } from './unpack.ts';

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
    if (source.packed !== null) await pumpPacked(source, source.packed, intake, options);
    else if (source.handle === null) await pumpStream(source, intake, options);
    else await pumpFile(source.handle, source, (chunk) => intake.take(chunk), options.onStored);
  } catch (error) {
    if (error instanceof Stop) return { bytes: intake.bytes, cut: true };
    if (error instanceof InputError || options.signal?.aborted) throw error;
    throw error instanceof Error && 'syscall' in error ? openError(source.path, error) : error;
  } finally {
    try {
      await noteChange(source, options.health);
    } finally {
      await source.close();
    }
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
      const message = `larger than the limit of ${this.#options.maxBytes} bytes; the rest was not read (--max-bytes)`;
      this.#options.health({ code: 'source-capped', line: null, message, count: 1 });
      throw new Stop();
    }
  }

  #skip(first: Buffer): number {
    const content = sniff(first);
    if (content.kind === 'text') return content.skip;
    if (content.kind === 'refused') throw this.#refusal(content);
    if (content.kind === 'recording') {
      if (this.#options.onRecording === undefined) throw this.#refusal(RECORDING_REFUSED);
      this.#options.onRecording();
      return 0;
    }
    const { path, compression } = this.#source;
    const what = content.kind === 'timeline' ? 'a compressed timeline' : 'compressed twice';
    const name = nameInCommand(path);
    // -k wants a suffix, which a file may lack; a deflated one has no such option.
    const command = compression === 'none' ? 'tar -xf' : UNPACK_COMMAND[compression];
    const remedy =
      content.kind === 'timeline' || compression === 'none'
        ? `${command} ${name}`
        : `${command.replace(/ -dk?$/, ' -dc')} ${name} | tdi-trace analyze -`;
    throw new InputError(`${shownPath(path)}: is ${what}: unpack it with: ${remedy}`);
  }

  #refusal(content: Parameters<typeof refusal>[1]): InputError {
    const { path, packed, compression, handle, stream } = this.#source;
    // What lies in an archive is to be taken out of it, see readInput.
    const isMember = handle === null && stream === null;
    if (packed === null || compression === 'none' || isMember) return refusal(path, content);
    const command = `${UNPACK_COMMAND[compression]} ${nameInCommand(path)}`;
    return new InputError(`${shownPath(path)}: is ${content.what}: unpack it with: ${command}, and ${content.remedy}`);
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

async function pumpPacked(
  source: OpenedSource,
  packed: PackedText,
  intake: Intake,
  options: ReadBytesOptions,
): Promise<void> {
  try {
    for await (const chunk of packed.chunks) {
      for (let at = 0; at < chunk.length; at += CHUNK) intake.take(chunk.subarray(at, at + CHUNK));
      options.onStored?.(packed.stored());
    }
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    noteDamage(source, error, intake, options);
  }
}

/** Tells what could not be unpacked. @throws InputError where that is all of it. */
function noteDamage(
  source: OpenedSource,
  damage: Damage,
  intake: Intake,
  { health, maxBytes }: ReadBytesOptions,
): void {
  const path = shownPath(source.path);
  const form = source.compression === 'none' ? 'tar' : source.compression;
  if (damage.kind === 'trailing') {
    const message = `what follows the compressed data is no ${form} and was ignored; all that was compressed was analysed`;
    health({ code: 'source-trailing', line: null, message, count: 1 });
    return;
  }
  if (intake.bytes === 0) {
    if (damage.kind === 'refused') {
      throw new InputError(`${path}: ${damage.message}: unpack it with: ${commandOf(damage, source)}`);
    }
    if (damage.kind === 'capped')
      throw new InputError(`${path}: lies behind the limit of ${maxBytes} bytes: raise --max-bytes`);
    const what = damage.kind === 'early' ? 'it ends before any of its text' : 'none of it can be unpacked';
    throw new InputError(`${path}: is a damaged ${form} file, ${what}: copy it again`);
  }
  intake.damaged = true;
  if (damage.kind === 'capped') {
    const message = `the archive is larger than the limit of ${maxBytes} bytes; the rest was not read (--max-bytes)`;
    health({ code: 'source-capped', line: null, message, count: 1 });
    return;
  }
  const what = { early: 'ends early', damaged: 'is damaged', refused: damage.message }[damage.kind];
  const data = source.compression === 'none' ? 'archive' : 'compressed data';
  const rest = damage.kind === 'refused' ? `; to have all of it, unpack it with: ${commandOf(damage, source)}` : '';
  const message = `the ${data} ${what} after ${intake.bytes} bytes of text; what came before was analysed${rest}`;
  health({ code: 'source-cut', line: null, message, count: 1 });
}

function commandOf({ remedy }: Damage, { path }: OpenedSource): string {
  return remedy.replace('FILE', () => nameInCommand(path));
}

/**
 * Tells where the file is another one than when it was opened, or where the system no longer says: that takes nothing from
 * what was read.
 */
export async function noteChange(source: Pick<OpenedSource, 'handle' | 'stamp'>, health: HealthSink): Promise<void> {
  if (source.handle === null || source.stamp === null) return;
  const change = await changeOf(source.handle, source.stamp);
  if (change !== null) health({ code: 'source-changed', line: null, message: change, count: 1 });
}

/** In words; null: none. */
async function changeOf(handle: FileHandle, stamp: FileStamp): Promise<string | null> {
  try {
    const now = await handle.stat({ bigint: true });
    return now.size === stamp.size && now.mtimeNs === stamp.mtime ? null : 'the file changed while it was read';
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    // A file of a network whose server went away: ESTALE, EIO.
    const code = 'code' in error ? String(error.code) : 'unknown error';
    return `whether the file changed while it was read cannot be told (${code}): read a local copy of it`;
  }
}
