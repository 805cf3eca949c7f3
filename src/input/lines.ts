/** Longest line that is kept, in bytes; the rest of a longer one is dropped. */
export const MAX_LINE = 64 * 1024;

const LINE_FEED = '\n';
const CARRIAGE_RETURN = 13;

/**
 * Takes one line: latin1 (one character per byte), without its ending; `number` is 1-based. The text may share memory with
 * the chunk it came from: whoever keeps a part of it makes a copy.
 */
export interface LineSink {
  line(line: string, number: number, truncated: boolean): void;
  /**
   * A first look at a line that lies whole in a chunk, before it is cut out: true where there is nothing more to do with it.
   * This is what makes a large trace fast, since hardly any of its lines matters.
   *
   * @param bytes the chunk, and `text` the same as latin1.
   * @param start index of the first byte of the line, `end` behind the last one, without the ending.
   */
  skim(bytes: Uint8Array, text: string, start: number, end: number, number: number): boolean;
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
  push(chunk: Buffer): void {
    const text = chunk.toString('latin1');
    if (chunk.includes(0)) this.#countNuls(chunk);
    const sink = this.#sink;
    let start = 0;
    let end = text.indexOf(LINE_FEED);
    if (end >= 0 && (this.#open !== '' || this.#overflow)) {
      this.#keep(text, 0, end);
      this.#closeOpen(false);
      start = end + 1;
      end = text.indexOf(LINE_FEED, start);
    }
    while (end >= 0) {
      if (end - start > MAX_LINE) {
        this.#keep(text, start, end);
        this.#closeOpen(false);
      } else {
        const last = end > start && chunk[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
        const number = ++this.lines;
        if (!sink.skim(chunk, text, start, last, number)) sink.line(text.slice(start, last), number, false);
      }
      start = end + 1;
      end = text.indexOf(LINE_FEED, start);
    }
    if (start < text.length) this.#keep(text, start, text.length);
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

  #keep(text: string, start: number, end: number): void {
    const room = MAX_LINE + 1 - this.#open.length;
    if (end - start > room) this.#overflow = true;
    if (room > 0) this.#open += text.slice(start, Math.min(end, start + room));
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
