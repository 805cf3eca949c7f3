import type { ClockInfo, Format, LineKind, LineParser, ParserContext, TimeSpan } from './format.ts';
import { HeldLines } from './held-lines.ts';
import { emitEntry, JournalEntries } from './journal-entry.ts';
import { type LineMachine, machineOfCursor } from './machine-name.ts';
import { PrintkStream } from './printk.ts';
import { shareExplained } from './share.ts';

const FIELD = /^([A-Z_][A-Z0-9_]{0,63})=(.*)$/;
/** A field that holds a newline or no text stands alone; its value comes with its length before it. */
const BINARY_FIELD = /^[A-Z_][A-Z0-9_]{0,63}$/;
/** Bytes of the length: 64 bits, little end first. */
const LENGTH_BYTES = 8;
const MAX_VALUE = 1024 * 1024;
const MAX_FIELDS = 256;

interface OpenEntry {
  readonly held: HeldLines;
  readonly fields: Map<string, string>;
}

/** A binary value that is not yet whole: bytes that are missing, -1 where the length was not seen either. */
interface OpenValue {
  readonly name: string;
  missing: number;
  text: string;
}

/**
 * `journalctl -o export`, as in the Journal Export Format:
 *
 *     __REALTIME_TIMESTAMP=1795326794549803       record
 *     _TRANSPORT=kernel                           continuation
 *     MESSAGE                                     continuation; 8 bytes of length, the value and a newline follow
 *                                                 skipped: an empty line ends the entry
 */
class JournalExportParser implements LineParser {
  readonly #stream: PrintkStream;
  readonly #entries: JournalEntries;
  #entry: OpenEntry | null = null;
  #value: OpenValue | null = null;

  constructor(context: ParserContext) {
    this.#stream = new PrintkStream(context);
    this.#entries = new JournalEntries(this.#stream, context);
  }

  get clock(): ClockInfo {
    return this.#stream.clock;
  }

  parse(line: string, number: number, truncated: boolean): LineKind {
    if (this.#entry !== null && this.#value !== null) {
      if (this.#goOn(this.#entry, this.#value, line, number, truncated)) return 'continuation';
    }
    if (line === '') {
      this.#flush();
      return 'skipped';
    }
    const field = FIELD.exec(line);
    if (field === null && (this.#entry === null || !BINARY_FIELD.test(line))) return 'unparsed';
    const begins = this.#entry === null;
    const entry = this.#entry ?? { held: new HeldLines(number, (raw) => this.#stream.wanted(raw)), fields: new Map() };
    this.#entry = entry;
    entry.held.add(line, number, truncated);
    if (field === null) this.#value = { name: line, missing: -1, text: '' };
    else this.#set(entry, field[1] ?? '', field[2] ?? '');
    return begins ? 'record' : 'continuation';
  }

  machine(line: string): LineMachine | null {
    return this.#entry === null && line.startsWith('__CURSOR=') ? machineOfCursor(line) : null;
  }

  end(): void {
    this.#flush();
    this.#stream.end();
  }

  span(): TimeSpan {
    return { first: this.#entries.firstTime, last: this.#entries.lastTime };
  }

  /** A line of a binary value. @returns false where the length is none, or more came than it said. */
  #goOn(entry: OpenEntry, value: OpenValue, line: string, number: number, truncated: boolean): boolean {
    let text = line;
    if (value.missing < 0) {
      const length = lengthOf(line);
      if (length === null) {
        this.#value = null;
        return false;
      }
      value.missing = length;
      text = line.slice(LENGTH_BYTES);
    } else value.text += '\n';
    value.text += text;
    value.missing -= text.length;
    entry.held.add(line, number, truncated);
    if (value.missing <= 0) {
      this.#set(entry, value.name, value.text);
      this.#value = null;
    } else value.missing--;
    return true;
  }

  #set(entry: OpenEntry, name: string, value: string): void {
    if (entry.fields.size < MAX_FIELDS && !entry.fields.has(name)) entry.fields.set(name, value);
  }

  #flush(): void {
    const entry = this.#entry;
    this.#entry = null;
    this.#value = null;
    if (entry !== null) emitEntry({ entries: this.#entries, stream: this.#stream }, entry.held, entry.fields);
  }
}

/** The length at the start of the line, null where there is none or an impossible one. */
function lengthOf(line: string): number | null {
  if (line.length < LENGTH_BYTES) return null;
  const length = Number(Buffer.from(line.slice(0, LENGTH_BYTES), 'latin1').readBigUInt64LE());
  return length > MAX_VALUE ? null : length;
}

export const journalExport: Format = {
  id: 'journal-export',
  title: 'kernel log of journalctl -k -o export; names the device of a message',
  example: '_SOURCE_MONOTONIC_TIMESTAMP=13377318',
  detect: (lines) =>
    lines.some((line) => line.startsWith('__REALTIME_TIMESTAMP=') || line.startsWith('__CURSOR='))
      ? shareExplained(lines, (context) => new JournalExportParser(context))
      : 0,
  parser: (context) => new JournalExportParser(context),
};
