import { createHash, type Hash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** A check sum of what it was fed, as `.xz` stores it. */
export interface CheckSum {
  update(bytes: Buffer): void;
  digest(): Buffer;
}

/** The check of a block by its id in the stream flags; null: none, or one that nobody has defined yet. */
export function checkSumOf(id: number): CheckSum | null {
  if (id === 1) return new Crc32();
  if (id === 4) return new Crc64();
  return id === 10 ? new Sha256() : null;
}

/** Bytes of the check by its id: xz-file-format.txt 2.1.1.2. */
export function checkSize(id: number): number {
  return id === 0 ? 0 : 4 << Math.floor((id - 1) / 3);
}

class Crc32 implements CheckSum {
  #crc = 0;

  update(bytes: Buffer): void {
    this.#crc = crc32(bytes, this.#crc);
  }

  digest(): Buffer {
    const digest = Buffer.alloc(4);
    digest.writeUInt32LE(this.#crc);
    return digest;
  }
}

class Sha256 implements CheckSum {
  readonly #hash: Hash = createHash('sha256');

  update(bytes: Buffer): void {
    this.#hash.update(bytes);
  }

  digest(): Buffer {
    return this.#hash.digest();
  }
}

// ECMA-182, the lowest bit first, in two halves of 32 bits each.
const POLYNOMIAL_LOW = 0xd7870f42;
const POLYNOMIAL_HIGH = 0xc96c5795;
const LOW = new Int32Array(256);
const HIGH = new Int32Array(256);
for (let byte = 0; byte < 256; byte++) {
  let low = byte;
  let high = 0;
  for (let bit = 0; bit < 8; bit++) {
    const odd = low & 1;
    low = (low >>> 1) | (high << 31);
    high >>>= 1;
    if (odd === 1) {
      low ^= POLYNOMIAL_LOW;
      high ^= POLYNOMIAL_HIGH;
    }
  }
  LOW[byte] = low;
  HIGH[byte] = high;
}

class Crc64 implements CheckSum {
  #low = -1;
  #high = -1;

  update(bytes: Buffer): void {
    let low = this.#low;
    let high = this.#high;
    for (let i = 0; i < bytes.length; i++) {
      const index = (low ^ (bytes[i] ?? 0)) & 0xff;
      low = ((low >>> 8) | (high << 24)) ^ (LOW[index] ?? 0);
      high = (high >>> 8) ^ (HIGH[index] ?? 0);
    }
    this.#low = low;
    this.#high = high;
  }

  digest(): Buffer {
    const digest = Buffer.alloc(8);
    digest.writeInt32LE(~this.#low);
    digest.writeInt32LE(~this.#high, 4);
    return digest;
  }
}
