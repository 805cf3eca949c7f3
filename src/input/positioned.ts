import { readSync } from 'node:fs';

/** Bytes that are read by position: a regular file, or what lies in memory. */
export interface PositionedBytes {
  readonly size: number;
  /** Up to `length` bytes from `position` on; fewer where the input ends. They stay valid. @throws what the system says. */
  read(position: number, length: number): Buffer;
}

/** A regular file. Reading blocks: whoever reads much lets the event loop turn in between. */
export function fileBytes(descriptor: number, size: number): PositionedBytes {
  return {
    size,
    read(position, length) {
      const buffer = Buffer.allocUnsafeSlow(Math.max(0, Math.min(length, size - position)));
      let filled = 0;
      while (filled < buffer.length) {
        const count = readSync(descriptor, buffer, filled, buffer.length - filled, position + filled);
        if (count === 0) break;
        filled += count;
      }
      return buffer.subarray(0, filled);
    },
  };
}

export function memoryBytes(bytes: Buffer): PositionedBytes {
  return {
    size: bytes.length,
    read: (position, length) => bytes.subarray(position, Math.max(position, position + length)),
  };
}
