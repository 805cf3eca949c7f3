import { UsageError } from '../base/errors.ts';
import type { ReadBytesOptions } from '../input/bytes.ts';
import { HEAD_SIZE, sniff } from '../input/magic.ts';
import { refusal, shownPath } from '../input/source.ts';

const LINE_FEED = 10;
const NOT_TEXT = { packed: 'compressed', tar: 'an archive', timeline: 'a timeline', recording: 'a recording' } as const;

/**
 * Where the bytes of a followed input arrive: counts them, caps them, and finds out what they are, with the same result as the
 * reading of a whole file, but not before there is a line.
 */
export class Intake {
  bytes = 0;
  /** The limit of bytes is reached. */
  isFull = false;
  readonly #path: string;
  readonly #options: ReadBytesOptions;
  /** The first bytes, as many as tell the content of a whole file. */
  #head = Buffer.alloc(0);
  /** What has come before it was known to be text. */
  #held: Buffer[] | null = [];
  #lines = 0;
  #last = LINE_FEED;

  constructor(path: string, options: ReadBytesOptions) {
    this.#path = path;
    this.#options = options;
  }

  /**
   * @throws InputError where it is no text.
   * @throws UsageError where it is compressed, or a form that does not grow line by line.
   */
  take(bytes: Buffer): void {
    const isHeld = this.#held !== null;
    this.#held?.push(Buffer.from(bytes));
    const missing = HEAD_SIZE - this.#head.length;
    if (missing > 0) {
      this.#head = Buffer.concat([this.#head, bytes.subarray(0, missing)]);
      // What is no text need not have a line ever, and no more need come.
      if (bytes.length >= missing || (isHeld && (bytes.includes(LINE_FEED) || !this.#maybeText()))) this.#look();
    }
    if (!isHeld) this.#pass(bytes);
  }

  /** What follows is another file: a line that was open ends here. */
  restart(what: string): void {
    if (this.#held !== null) this.#look();
    if (this.#last !== LINE_FEED) this.#pass(Buffer.of(LINE_FEED));
    const message = `the file was ${what} while it was followed: what was written meanwhile may be missing`;
    this.#options.health({ code: 'source-rotated', line: this.#lines + 1, message, count: 1 });
  }

  /** There will be no more. */
  end(): void {
    if (this.#head.length > 0 && this.#head.length < HEAD_SIZE) this.#look(this.#head);
  }

  #maybeText(): boolean {
    return sniff(this.#filled()).kind === 'text';
  }

  /** Few bytes are too few to call them binary: blanks stand for those that have not come. */
  #filled(): Buffer {
    return Buffer.concat([this.#head, Buffer.alloc(HEAD_SIZE - this.#head.length, ' ')]);
  }

  #look(head = this.#filled()): void {
    const content = sniff(head);
    if (content.kind === 'refused') throw refusal(this.#path, content);
    if (content.kind !== 'text') {
      const what = NOT_TEXT[content.kind];
      throw new UsageError(`--follow: ${shownPath(this.#path)} is ${what}, not text that grows: leave --follow away`);
    }
    if (this.#held === null) return;
    const held = Buffer.concat(this.#held);
    this.#held = null;
    this.bytes += content.skip;
    this.#pass(held.subarray(content.skip));
  }

  #pass(bytes: Buffer): void {
    if (this.isFull) return;
    const { maxBytes, consume, onStored, health } = this.#options;
    const room = maxBytes - this.bytes;
    const taken = bytes.length > room ? bytes.subarray(0, room) : bytes;
    this.bytes += taken.length;
    for (let at = taken.indexOf(LINE_FEED); at >= 0; at = taken.indexOf(LINE_FEED, at + 1)) this.#lines++;
    this.#last = taken.at(-1) ?? this.#last;
    if (taken.length > 0) consume(taken);
    onStored?.(this.bytes);
    if (bytes.length <= room) return;
    this.isFull = true;
    const message = `larger than the limit of ${maxBytes} bytes; the rest was not read (--max-bytes)`;
    health({ code: 'source-capped', line: null, message, count: 1 });
  }
}
