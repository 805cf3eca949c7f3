import { HeadSkimmer } from './dmesg-head.ts';
import type { Format, ParserContext } from './format.ts';
import { decodeOctal } from './octal.ts';
import { type LineForm, PrintkLines } from './printk-lines.ts';
import { shareExplained } from './share.ts';
import { StampedHead } from './stamped-head.ts';

const STAR = 42;
const DIGIT_0 = 48;
const DIGIT_9 = 57;
const CAPITAL_A = 65;
const CAPITAL_D = 68;
const CAPITAL_Z = 90;
const OPEN = 91;
const CLOSE = 93;
const LETTER_D = 100;
const LETTER_S = 115;
const BRACE = 123;

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
    if (mayBegin(bytes[message] ?? 0, bytes[message + 1] ?? 0) || mayEnd(bytes[end - 1] ?? 0, text, end)) return false;
    return !this.stream.wantedIn(bytes, text, message, end) && this.pass(head.stamp, text, start, end, number);
  }
}

/** What may be a loss mark, a colour, a further stamp, the head of a vendor, or `Dumping ftrace buffer:`. */
function mayBegin(code: number, next: number): boolean {
  if (code <= DIGIT_9) return code <= STAR || code >= DIGIT_0 || code === 45 || code === 46;
  return (
    code === CAPITAL_D || code === OPEN || code === BRACE || (next === OPEN && code >= CAPITAL_A && code <= CAPITAL_Z)
  );
}

/** What may say that messages are missing, see {@link PrintkStream.begin}. */
function mayEnd(last: number, text: string, end: number): boolean {
  if (last === LETTER_S) return text.startsWith('messages', end - 8);
  if (last === LETTER_D) return text.startsWith('suppressed', end - 10);
  return last === CLOSE && text.startsWith('data]', end - 5);
}

export const dmesg: Format = {
  id: 'dmesg',
  title:
    'kernel log as dmesg prints it with any options for time, level or colour, a serial console with time stamps, vmcore-dmesg, log of crash',
  example: '[   13.377318] vfio-pci 0000:02:00.0: resetting',
  detect: (lines) => shareExplained(lines, (context) => new DmesgParser(context)),
  parser: (context) => new DmesgParser(context),
};
