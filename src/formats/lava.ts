import type { Format, LineKind, LineParser, ParserContext } from './format.ts';
import type { LineHead } from './line-head.ts';
import { decodeOctal } from './octal.ts';
import type { PrintkHead } from './printk-entry.ts';
import { PrintkLines } from './printk-lines.ts';
import type { Damage } from './repairs.ts';
import { shareExplained } from './share.ts';
import { StampedHead } from './stamped-head.ts';
import { decodeText } from './text.ts';

// output.yaml of a LAVA job: `- {"dt": "2024-03-26T13:35:12.607377", "lvl": "target", "msg": "[    1.400000] ..."}`
const ENTRY = /^- (\{"dt": ?"[\dT:.+-]{10,40}", ?"lvl": ?"([a-z]{1,16})", ?"msg": ?.*\})$/;

interface Entry {
  /** `target`: what the machine under test printed; `info`, `debug`, `results`: what LAVA says. */
  readonly level: string;
  /** Latin1; empty where it is no text. */
  readonly message: string;
}

function parseEntry(line: string): Entry | null {
  const match = line.startsWith('- {') ? ENTRY.exec(line) : null;
  if (match === null) return null;
  const [, object = '', level = ''] = match;
  try {
    const { msg } = JSON.parse(decodeText(object)) as { readonly msg?: unknown };
    return { level, message: typeof msg === 'string' ? Buffer.from(msg.trimEnd(), 'utf8').toString('latin1') : '' };
  } catch {
    return null;
  }
}

/** The head of a line of dmesg inside an entry of LAVA. */
class LavaHead implements LineHead {
  plain = '';
  message = 0;
  stamp: number | null = null;
  clock: string | null = null;
  readonly bareContinuation = false;
  claimed = false;
  damage: Damage | null = null;
  /** The entry of the line that was scanned last, whoever spoke. */
  entry: Entry | null = null;
  readonly #inner = new StampedHead();

  scan(line: string): boolean {
    this.entry = parseEntry(line);
    if (this.entry?.level !== 'target' || !this.#inner.scan(this.entry.message)) return false;
    const { plain, message, stamp, clock, claimed, damage } = this.#inner;
    this.plain = plain;
    this.message = message;
    this.stamp = stamp;
    this.clock = clock;
    this.claimed = claimed;
    this.damage = damage;
    return true;
  }

  values(): PrintkHead {
    return this.#inner.values();
  }
}

function createParser(context: ParserContext): LineParser {
  const head = new LavaHead();
  return new PrintkLines(context, {
    createHead: () => new LavaHead(),
    other(line): LineKind | null {
      head.scan(line);
      // What the machine printed without a stamp is its firmware's, or a program's.
      return head.entry === null ? null : head.entry.level === 'target' ? 'unparsed' : 'skipped';
    },
    dictionary: decodeOctal,
  });
}

export const lava: Format = {
  id: 'lava',
  title: 'output.yaml of a LAVA or KernelCI job: what the machine printed',
  example:
    '- {"dt": "2026-11-22T05:53:14.549803", "lvl": "target", "msg": "[   13.377318] vfio-pci 0000:02:00.0: resetting"}',
  detect: (lines) => shareExplained(lines, createParser),
  parser: createParser,
};
