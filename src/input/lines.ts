import { CHUNK_MAX, Chunk } from './chunk.ts';
import type { Skimmed } from './skim-engine.ts';

/** Longest line that is kept, in bytes; the rest of a longer one is dropped. */
export const MAX_LINE = 64 * 1024;

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/**
 * Takes one line: latin1 (one character per byte), without its ending; `number` is 1-based. The text may share memory with
 * the chunk it came from: whoever keeps a part of it makes a copy.
 */
export interface LineSink {
  line(line: string, number: number, truncated: boolean): void;
  /**
   * A first look at the whole lines of a chunk, from the one at `start` on, before they are cut out: those that there is
   * nothing more to do with, or null where the next line is none. This is what makes a large trace fast, since hardly any of
   * its lines matters.
   *
   * @param number of the line at `start`.
   */
  skim(chunk: Chunk, start: number, number: number): Skimmed | null;
}

/**
 * Cuts text into lines in constant memory. Same lines as split2 with its default matcher `/\r?\n/`, except that a line is
 * cut at {@link MAX_LINE} bytes and a `\r` at the very end of the input is dropped too.
 *
 * Own code since split2 decodes UTF-8, builds a list a chunk and goes through a stream a line, which is most of the time of
 * a large trace.
 */
export class LineSplitter {
  /** Lines handed over so far. */
  lines = 0;
  /** Lines that were cut, and the number of the first one (0: none). */
  truncatedLines = 0;
  firstTruncated = 0;
  /** Lines that hold NUL bytes behind text, and the number of the first one (0: none). */
  nulLines = 0;
  firstNul = 0;

  readonly #sink: LineSink;
  /** The line that the last chunk left open, at most one character longer than the cap (it may be a `\r`). */
  #open = '';
  #overflow = false;
  #lastNul = 0;

  constructor(sink: LineSink) {
    this.#sink = sink;
  }

  /** Takes the next piece of the input. It may be reused after the call. */
  push(bytes: Buffer): void {
    if (bytes.includes(0)) this.#countNuls(bytes);
    for (let at = 0; at < bytes.length; at += CHUNK_MAX) this.#take(new Chunk(bytes.subarray(at, at + CHUNK_MAX)));
  }

  #take(chunk: Chunk): void {
    const { bytes } = chunk;
    let start = 0;
    if ((this.#open !== '' || this.#overflow) && chunk.end > 0) {
      const end = bytes.indexOf(LINE_FEED);
      this.#keep(chunk, 0, end);
      this.#closeOpen(false);
      start = end + 1;
    }
    while (start < chunk.end) {
      const skimmed = this.#sink.skim(chunk, start, this.lines + 1);
      if (skimmed !== null) {
        this.lines += skimmed.lines;
        start = skimmed.end;
        if (start >= chunk.end) break;
      }
      const end = bytes.indexOf(LINE_FEED, start);
      if (end - start > MAX_LINE) {
        this.#keep(chunk, start, end);
        this.#closeOpen(false);
      } else {
        const last = end > start && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
        this.#sink.line(chunk.text(start, last), ++this.lines, false);
      }
      start = end + 1;
    }
    if (start < bytes.length) this.#keep(chunk, start, bytes.length);
  }

  /**
   * The input is over: hands over a last line that has no newline.
   *
   * @param cut the input was longer than what came: the last line counts as truncated.
   * @returns whether there was such a line.
   */
  end(cut: boolean): boolean {
    if (this.#open === '' && !this.#overflow) return false;
    this.#closeOpen(cut);
    return true;
  }

  /** Before the lines of the chunk are counted. NULs before the text of a line are how some serial lines wait. */
  #countNuls(chunk: Buffer): void {
    let number = this.lines + 1;
    let isEmpty = !/[^\0]/.test(this.#open);
    for (let start = 0, end = 0; end >= 0; start = end + 1) {
      end = chunk.indexOf(LINE_FEED, start);
      const line = chunk.subarray(start, end < 0 ? chunk.length : end);
      const text = isEmpty ? line.findIndex((byte) => byte !== 0) : 0;
      if (text >= 0 && number !== this.#lastNul && line.includes(0, text)) {
        this.nulLines++;
        this.#lastNul = number;
        if (this.firstNul === 0) this.firstNul = number;
      }
      isEmpty = true;
      number++;
    }
  }

  #keep(chunk: Chunk, start: number, end: number): void {
    const room = MAX_LINE + 1 - this.#open.length;
    if (end - start > room) this.#overflow = true;
    if (room > 0) this.#open += chunk.text(start, Math.min(end, start + room));
  }

  #closeOpen(cut: boolean): void {
    let line = this.#open;
    if (!this.#overflow && line.charCodeAt(line.length - 1) === CARRIAGE_RETURN) line = line.slice(0, -1);
    const tooLong = this.#overflow || line.length > MAX_LINE;
    if (line.length > MAX_LINE) line = line.slice(0, MAX_LINE);
    this.#open = '';
    this.#overflow = false;
    this.lines++;
    if (tooLong) {
      this.truncatedLines++;
      if (this.firstTruncated === 0) this.firstTruncated = this.lines;
    }
    this.#sink.line(line, this.lines, tooLong || cut);
  }
}
