import type { Nanoseconds } from '../base/time.ts';
import type { ClockInfo, Format, LineKind, LineParser, ParserContext, TimeSpan } from './format.ts';
import { PrintkStream } from './printk.ts';
import { shareExplained } from './share.ts';
import { decodeText, ownCopy } from './text.ts';

// The kmsg input of Fluent Bit (plugins/in_kmsg/in_kmsg.c), by its stdout output, or as json_lines:
//   [0] kmsg.0: [1795326794.549803000, {"priority"=>4, "sequence"=>509, "sec"=>13, "usec"=>377318, "msg"=>"..."}]
//   {"date":1795326794.549803,"priority":4,"sequence":509,"sec":13,"usec":377318,"msg":"..."}
const NUMBER = /"(priority|sequence|sec|usec)"(?:=>|: ?)(\d{1,15})/g;
const MESSAGE = /"msg"(?:=>|: ?)"((?:[^"\\]|\\.){0,65536})"/;

interface Entry {
  readonly level: number;
  readonly sequence: number;
  readonly us: number;
  readonly message: string;
  /** See {@link KernelRecord}: in_kmsg keeps the level alone, other programs of its form may keep the facility. */
  readonly claimed: boolean;
}

class FluentBitParser implements LineParser {
  readonly #stream: PrintkStream;
  #sequence: number | null = null;
  #firstTime: Nanoseconds | null = null;
  #lastTime: Nanoseconds | null = null;

  constructor(context: ParserContext) {
    this.#stream = new PrintkStream(context);
  }

  get clock(): ClockInfo {
    return this.#stream.clock;
  }

  parse(line: string, number: number, truncated: boolean): LineKind {
    if (line.trim() === '') return 'skipped';
    const entry = parseEntry(line);
    if (entry === null) return 'unparsed';
    const missing = this.#sequence === null ? 0 : entry.sequence - this.#sequence - 1;
    if (missing > 0) {
      this.#stream.lost(missing, `the sequence numbers jump: ${missing} messages are missing here`, number);
    }
    this.#sequence = entry.sequence;
    const { claimed } = entry;
    this.#stream.begin(entry.us, claimed ? '' : entry.message, number);
    const time = BigInt(entry.us) * 1000n;
    this.#firstTime ??= time;
    this.#lastTime = time;
    if (this.#stream.wanted(line)) {
      this.#stream.emit({
        type: 'printk',
        task: null,
        time,
        cpu: null,
        pid: null,
        level: entry.level,
        line: number,
        endLine: number,
        message: entry.message,
        text: decodeText(ownCopy(line)),
        truncated,
        ...(claimed && { claimed }),
      });
    }
    return 'record';
  }

  end(): void {
    this.#stream.end();
  }

  span(): TimeSpan {
    return { first: this.#firstTime, last: this.#lastTime };
  }
}

function parseEntry(line: string): Entry | null {
  if (!line.includes('"sequence"')) return null;
  const message = MESSAGE.exec(line);
  if (message === null) return null;
  const values = new Map(
    [...line.slice(0, message.index).matchAll(NUMBER)].map((match) => [match[1], Number(match[2])]),
  );
  const [priority, sequence, sec, usec] = ['priority', 'sequence', 'sec', 'usec'].map((name) => values.get(name));
  if (priority === undefined || sequence === undefined || sec === undefined || usec === undefined) return null;
  const us = sec * 1e6 + usec;
  if (!Number.isSafeInteger(us) || usec >= 1e6) return null;
  return { level: priority & 7, sequence, us, message: unescaped(message[1] ?? ''), claimed: priority > 7 };
}

function unescaped(text: string): string {
  const decoded = decodeText(ownCopy(text));
  try {
    const value: unknown = JSON.parse(`"${decoded}"`);
    return typeof value === 'string' ? value : decoded;
  } catch {
    return decoded;
  }
}

export const fluentBit: Format = {
  id: 'fluent-bit',
  title: 'what the kmsg input of Fluent Bit read, from its stdout output or as JSON lines',
  example:
    '[0] kmsg.0: [1795326794.549803000, {"priority"=>4, "sequence"=>509, "sec"=>13, "usec"=>377318, "msg"=>"..."}]',
  detect: (lines) => shareExplained(lines, (context) => new FluentBitParser(context)),
  parser: (context) => new FluentBitParser(context),
};
