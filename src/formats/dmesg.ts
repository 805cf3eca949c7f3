import type { Chunk } from '../input/chunk.ts';
import type { Skimmed } from '../input/skim-engine.ts';
import type { Format, ParserContext } from './format.ts';
import type { LineForm } from './line-form.ts';
import { decodeOctal } from './octal.ts';
import { PrintkLines } from './printk-lines.ts';
import { shareExplained } from './share.ts';
import { StampedHead } from './stamped-head.ts';

/** Lines of dmesg or a console: `[   13.377318] vfio-pci 0000:02:00.0: resetting`, see {@link StampedHead}. */
export class DmesgParser extends PrintkLines {
  constructor(context: ParserContext, form: Omit<LineForm, 'createHead'> = {}) {
    super(context, { dictionary: decodeOctal, ...form, createHead: () => new StampedHead() });
  }

  skim(chunk: Chunk, start: number, number: number): Skimmed | null {
    return this.skimMessages(chunk, start, number, null);
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
