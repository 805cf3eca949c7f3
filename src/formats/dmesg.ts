import { HeadSkimmer } from './dmesg-head.ts';
import type { Format, ParserContext } from './format.ts';
import { decodeOctal } from './octal.ts';
import { type LineForm, PrintkLines } from './printk-lines.ts';
import { shareExplained } from './share.ts';
import { StampedHead } from './stamped-head.ts';

/** Lines of dmesg or a console: `[   13.377318] vfio-pci 0000:02:00.0: resetting`, see {@link StampedHead}. */
export class DmesgParser extends PrintkLines {
  readonly #skimmer = new HeadSkimmer();

  constructor(context: ParserContext, form: Omit<LineForm, 'createHead'> = {}) {
    super(context, { dictionary: decodeOctal, ...form, createHead: () => new StampedHead() });
  }

  skim(bytes: Uint8Array, text: string, start: number, end: number, number: number): boolean {
    const head = this.#skimmer;
    const message = head.scan(bytes, start, end);
    return message >= 0 && this.pass(bytes, text, start, message, end, number, head.stamp);
  }
}

export const dmesg: Format = {
  id: 'dmesg',
  title:
    'kernel log as dmesg prints it with any options for time, level or colour, a serial console with time stamps, vmcore-dmesg, log of crash',
  example: '[   13.377318] vfio-pci 0000:02:00.0: resetting',
  detect: (lines) => shareExplained(lines, (context) => new DmesgParser(context)),
  parser: (context) => new DmesgParser(context),
};
