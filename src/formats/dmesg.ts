import { HeadSkimmer } from './dmesg-head.ts';
import type { Format, ParserContext } from './format.ts';
import { decodeOctal } from './octal.ts';
import { type LineForm, PrintkLines } from './printk-lines.ts';
import { shareExplained } from './share.ts';
import { StampedHead } from './stamped-head.ts';

const ESCAPE = 27;
const STAR = 42;
const DIGIT_0 = 48;
const DIGIT_9 = 57;
const OPEN = 91;
const CAPITAL_D = 68;
const LETTER_D = 100;
const LETTER_E = 101;

/** Lines of dmesg or a console: `[   13.377318] vfio-pci 0000:02:00.0: resetting`, see {@link StampedHead}. */
export class DmesgParser extends PrintkLines {
  readonly #skimmer = new HeadSkimmer();

  constructor(context: ParserContext, form: Omit<LineForm, 'createHead'> = {}) {
    super(context, { dictionary: decodeOctal, ...form, createHead: () => new StampedHead() });
  }

  skim(bytes: Uint8Array, text: string, start: number, end: number, number: number): boolean {
    const head = this.#skimmer;
    const message = head.scan(bytes, start, end);
    if (message < 0) return false;
    const code = bytes[message] ?? 0;
    // A loss mark, a colour, what may be a further stamp, or what may be `12 callbacks suppressed`.
    if (code === STAR || code === ESCAPE || code === OPEN || (code >= DIGIT_0 && code <= DIGIT_9)) return false;
    // What may be `Dumping ftrace buffer:`.
    if (code === CAPITAL_D) return false;
    if (bytes[end - 1] === LETTER_D && bytes[end - 2] === LETTER_E) return false;
    if (this.stream.wanted(text.slice(message, end)) || !this.stream.advance(head.stamp)) return false;
    this.flush();
    this.hold(text.slice(start, end), number, false);
    return true;
  }
}

export const dmesg: Format = {
  id: 'dmesg',
  title:
    'kernel log as dmesg prints it with any options for time, level or colour, or a serial console with time stamps',
  example: '[   13.377318] vfio-pci 0000:02:00.0: resetting',
  detect: (lines) => shareExplained(lines, (context) => new DmesgParser(context)),
  parser: (context) => new DmesgParser(context),
};
