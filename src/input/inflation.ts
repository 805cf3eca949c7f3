import type { Transform } from 'node:stream';
import { Damage } from './damage.ts';

/** One of node's decompressors, fed piece by piece; what it gives comes back in the order of the pieces. */
export class Inflation {
  readonly #stream: Transform;
  #output: Buffer[] = [];
  #objection: Error | null = null;
  /** The data has an end of its own, such as that of zlib: what is fed after it never gets an answer. */
  #isOver = false;
  #wake = (): void => {};

  constructor(stream: Transform) {
    this.#stream = stream;
    stream.on('data', (chunk: Buffer) => this.#output.push(chunk));
    stream.once('end', () => {
      this.#isOver = true;
      this.#wake();
    });
    stream.on('error', (error: Error) => {
      this.#objection ??= error;
      this.#wake();
    });
  }

  /** Hands over what is known of the text, up to this piece. @throws Damage */
  feed(piece: Buffer): AsyncGenerator<Buffer> {
    return this.#turn((done) => this.#stream.write(piece, done));
  }

  /** There is no more. Hands the rest over. @throws Damage */
  end(): AsyncGenerator<Buffer> {
    // Not the callback of end(): the output may still be on its way then.
    return this.#turn(() => this.#stream.end());
  }

  close(): void {
    this.#stream.destroy();
  }

  async *#turn(start: (done: () => void) => void): AsyncGenerator<Buffer> {
    if (this.#objection === null && !this.#isOver) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        start(resolve);
      });
    }
    const output = this.#output;
    this.#output = [];
    yield* output;
    if (this.#objection !== null) throw toDamage(this.#objection);
  }
}

function toDamage(objection: Error): Damage {
  if ('code' in objection && objection.code === 'Z_BUF_ERROR') return new Damage('early');
  // The first two bytes of a member are wrong; those of the first one were looked at when the source was opened.
  return new Damage(objection.message === 'incorrect header check' ? 'trailing' : 'damaged');
}
