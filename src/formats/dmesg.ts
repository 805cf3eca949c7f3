import type { Nanoseconds } from '../base/time.ts';
import { HeadScanner, HeadSkimmer } from './dmesg-head.ts';
import type { ClockInfo, Format, LineKind, LineParser, ParserContext, TimeSpan } from './format.ts';
import { PrintkStream } from './printk.ts';
import { shareExplained } from './share.ts';
import { decodeText, ownCopy } from './text.ts';

/** Longest message in characters, with its further lines; what is longer is cut. */
const MAX_MESSAGE = 64 * 1024;

const STAR = 42;
const LETTER_D = 100;
const LETTER_E = 101;

/** `dmesg` and the kernel console: `[   13.377318] vfio-pci 0000:02:00.0: resetting`, see {@link HeadScanner}. */
class DmesgParser implements LineParser {
  readonly #stream: PrintkStream;
  readonly #head = new HeadScanner();
  readonly #skimmer = new HeadSkimmer();
  /** For the record that is held back, while {@link #head} is at the next one. */
  readonly #heldHead = new HeadScanner();
  /** The record that may go on: its lines up to the cap, the numbers of the first and the last one. */
  #first = '';
  #more: string[] = [];
  #length = 0;
  #line = 0;
  /** Whether it may go on: not behind a loss mark. */
  #open = false;
  #endLine = 0;
  #wanted = false;
  #truncated = false;
  #firstTime: Nanoseconds | null = null;

  constructor(context: ParserContext) {
    this.#stream = new PrintkStream(context);
  }

  get clock(): ClockInfo {
    return this.#stream.clock;
  }

  parse(line: string, number: number, truncated: boolean): LineKind {
    if (this.#head.scan(line)) return this.#begin(line, number, truncated);
    if (line.trim() === '') return 'skipped';
    const code = line.charCodeAt(0);
    if ((code === 32 || code === 9) && this.#open) return this.#goOn(line, number, truncated);
    const rest = this.#stream.dropped(line, number);
    if (rest === null) return 'unparsed';
    return this.#head.scan(rest) ? this.#begin(rest, number, truncated) : 'skipped';
  }

  skim(bytes: Uint8Array, text: string, start: number, end: number, number: number): boolean {
    const head = this.#skimmer;
    const message = head.scan(bytes, start, end);
    // A loss mark, or what may be `12 callbacks suppressed`.
    if (message < 0 || bytes[message] === STAR || (bytes[end - 1] === LETTER_D && bytes[end - 2] === LETTER_E))
      return false;
    if (this.#stream.wanted(text.slice(message, end)) || !this.#stream.advance(head.stamp)) return false;
    this.#flush();
    this.#hold(text.slice(start, end), number, false);
    return true;
  }

  end(): void {
    this.#flush();
    this.#stream.end();
  }

  span(): TimeSpan {
    if (this.#line === 0) return { first: null, last: null };
    return { first: this.#firstTime, last: this.#head.scan(this.#first) ? this.#head.time(this.#first) : null };
  }

  #begin(line: string, number: number, truncated: boolean): LineKind {
    this.#flush();
    this.#open = false;
    const head = this.#head;
    const message = line.slice(head.message);
    if (message.startsWith('** ') && this.#stream.dropped(message, number) !== null) return 'skipped';
    if (this.#line === 0) this.#firstTime = head.time(line);
    this.#stream.begin(head.stamp, message, number);
    this.#hold(line, number, truncated);
    this.#wanted = this.#stream.wanted(message);
    return 'record';
  }

  #hold(line: string, number: number, truncated: boolean): void {
    this.#open = true;
    this.#first = line;
    this.#length = line.length;
    this.#line = number;
    this.#endLine = number;
    this.#truncated = truncated;
  }

  /** dmesg indents the further lines of a record by the width of its head. */
  #goOn(line: string, number: number, truncated: boolean): LineKind {
    this.#endLine = number;
    this.#length += line.length;
    if (this.#length > MAX_MESSAGE) this.#truncated = true;
    else {
      this.#more.push(line);
      this.#truncated ||= truncated;
      this.#wanted ||= this.#stream.wanted(line);
    }
    return 'continuation';
  }

  #flush(): void {
    if (this.#wanted) {
      const first = ownCopy(this.#first);
      this.#heldHead.scan(first);
      const start = this.#heldHead.message;
      const more = this.#more.map(ownCopy);
      this.#stream.emit({
        ...this.#heldHead.values(first),
        line: this.#line,
        endLine: this.#endLine,
        message: decodeText([first.slice(start), ...more.map((line) => dedent(line, start))].join('\n')),
        text: decodeText([first, ...more].join('\n')),
        truncated: this.#truncated,
      });
      this.#wanted = false;
    }
    if (this.#more.length > 0) this.#more = [];
  }
}

/** Without the first `width` blanks: what is indented deeper was so in the message. */
function dedent(line: string, width: number): string {
  let at = 0;
  while (at < width && line.charCodeAt(at) === 32) at++;
  return line.slice(at);
}

export const dmesg: Format = {
  id: 'dmesg',
  title: 'kernel log as dmesg prints it, also with -x or -r, or a serial console with time stamps',
  example: '[   13.377318] vfio-pci 0000:02:00.0: resetting',
  detect: (lines) => shareExplained(lines, (context) => new DmesgParser(context)),
  parser: (context) => new DmesgParser(context),
};
