import type { FileHandle } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 50;

/**
 * Reads from a file that was opened with O_NONBLOCK, so that no thread is held where nothing comes: the process could not
 * end then. What a file of the running kernel (trace_pipe, /proc/kmsg) does not have yet is its end; a device is waited for.
 *
 * @returns bytes read; 0 at the end.
 */
export async function readSome(
  handle: FileHandle,
  buffer: Buffer,
  offset: number,
  length: number,
  position: number | null,
): Promise<number> {
  for (;;) {
    try {
      return (await handle.read(buffer, offset, length, position)).bytesRead;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
    }
    if ((await handle.stat()).isFile()) return 0;
    await sleep(POLL_MS);
  }
}
