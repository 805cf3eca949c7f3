import { readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { HEAD_SIZE } from './magic.ts';
import { readSome } from './read-some.ts';
import type { OpenedSource } from './source.ts';

/** Bytes a read of what may have to be waited for: each such read costs two switches between threads. */
const READ = 1024 * 1024;
const LINE_FEED = 10;
/** Reads of a plain file between looks at signals and timers. */
const READS = 64;
/** Bytes a hand-over: what is larger becomes a large object of V8 when it is made a string, which costs more than it saves. */
export const CHUNK = 96 * 1024;

type Take = (chunk: Buffer) => void;
type OnStored = ((bytes: number) => void) | undefined;

/**
 * Reads an opened file from behind its head to its end.
 *
 * @param take gets the head, then what follows; the buffer is reused after the call.
 * @param onStored called after each read with the bytes read so far.
 */
export function pumpFile(
  handle: FileHandle,
  opened: Pick<OpenedSource, 'head' | 'size'>,
  take: Take,
  onStored: OnStored,
): Promise<void> {
  // What says that it is empty and is not, is written by the kernel while it is read.
  const isPlain = (opened.size ?? 0) > 0;
  return isPlain ? pumpPlain(handle, opened, take, onStored) : pumpAwaited(handle, opened, take, onStored);
}

/**
 * A file on a disk: the system reads ahead by itself, and to wait for another thread takes longer than to copy what it has. Pieces end
 * with a line: one that is cut in two is looked at by itself.
 */
async function pumpPlain(
  handle: FileHandle,
  { head, size }: Pick<OpenedSource, 'head' | 'size'>,
  take: Take,
  onStored: OnStored,
): Promise<void> {
  // Its end was met when it was opened.
  if (head.length < HEAD_SIZE) return take(head);
  let stored = head.length;
  // A directory may hold thousands of small files: what they need not is not made.
  const buffer = Buffer.allocUnsafeSlow(Math.min(CHUNK, Math.max(2 * HEAD_SIZE, size ?? 0)));
  head.copy(buffer);
  /** Bytes of a line that is not whole yet. */
  let open = head.length;
  for (let reads = 1; ; reads++) {
    const bytesRead = readSync(handle.fd, buffer, open, buffer.length - open, null);
    if (bytesRead === 0) {
      if (open > 0) take(buffer.subarray(0, open));
      return;
    }
    const filled = open + bytesRead;
    // A line that is longer than all of it is handed over in pieces.
    const end = buffer.subarray(0, filled).lastIndexOf(LINE_FEED) + 1 || filled;
    take(buffer.subarray(0, end));
    buffer.copy(buffer, 0, end, filled);
    open = filled - end;
    stored += bytesRead;
    onStored?.(stored);
    if (reads % READS === 0) await setImmediate();
  }
}

/** What the kernel writes while it is read, or a device. */
async function pumpAwaited(
  handle: FileHandle,
  { head }: Pick<OpenedSource, 'head'>,
  take: Take,
  onStored: OnStored,
): Promise<void> {
  // Its end was met when it was opened.
  if (head.length < HEAD_SIZE) return take(head);
  let stored = head.length;
  let ready = Buffer.allocUnsafeSlow(READ);
  let next = Buffer.allocUnsafeSlow(READ);
  // The disk works on the next piece while this one is parsed.
  let reading = readSome(handle, ready, 0, READ, null);
  try {
    take(head);
    for (;;) {
      const bytesRead = await reading;
      if (bytesRead === 0) return;
      [ready, next] = [next, ready];
      reading = readSome(handle, ready, 0, READ, null);
      for (let at = 0; at < bytesRead; at += CHUNK) take(next.subarray(at, Math.min(at + CHUNK, bytesRead)));
      stored += bytesRead;
      onStored?.(stored);
    }
  } finally {
    await reading.catch(() => undefined);
  }
}
