import type { ClockInfo, Format, LineKind, LineParser, ParserContext, TimeSpan } from './format.ts';
import { HeldLines } from './held-lines.ts';
import { emitEntry, JournalEntries } from './journal-entry.ts';
import { type LineMachine, machineOfCursor } from './machine-name.ts';
import { PrintkStream } from './printk.ts';
import { shareExplained } from './share.ts';
import { wallStamp } from './wall-time.ts';

// output_verbose() in src/shared/logs-show.c of systemd: the time, the cursor in brackets.
const HEADER =
  /^(?:[A-Z][a-z]{2} )?(\d{4})-(\d\d)-(\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{6}))? (\S{1,8}) \[s=[0-9a-f]{32};[0-9a-z=;]{0,200}\]$/;
const FIELD = /^ {4}([A-Z_][A-Z0-9_]{0,63})=(.*)$/;
/** A value of several lines is indented to where it began. */
const FURTHER = /^ {6,80}\S/;
const REMARK = /^-- (?:Journal |Logs |Boot |Reboot|No entries|cursor:)/;
const MAX_FIELDS = 256;

interface OpenEntry {
  readonly held: HeldLines;
  readonly fields: Map<string, string>;
  last: string | null;
}

/**
 * `journalctl -k -o verbose`:
 *
 *     Sun 2026-11-22 05:53:14.549803 UTC [s=6c7c60..;i=1f4;b=1fe01d..;m=cc1f46;t=6610a3..;x=8d0b0a..]     record
 *         _SOURCE_MONOTONIC_TIMESTAMP=13377318                                                            continuation
 *         MESSAGE=vfio-pci 0000:02:00.0: resetting
 */
class JournalVerboseParser implements LineParser {
  readonly #stream: PrintkStream;
  readonly #entries: JournalEntries;
  #entry: OpenEntry | null = null;

  constructor(context: ParserContext) {
    this.#stream = new PrintkStream(context);
    this.#entries = new JournalEntries(this.#stream, context);
  }

  get clock(): ClockInfo {
    return this.#stream.clock;
  }

  parse(line: string, number: number, truncated: boolean): LineKind {
    const header = HEADER.exec(line);
    if (header !== null) return this.#begin(line, header, number, truncated);
    if (line.trim() === '' || REMARK.test(line)) {
      this.#flush();
      return 'skipped';
    }
    const entry = this.#entry;
    if (entry === null) return 'unparsed';
    const field = FIELD.exec(line);
    if (field === null && (entry.last === null || !FURTHER.test(line))) return 'unparsed';
    if (!entry.held.add(line, number, truncated)) return 'continuation';
    if (field !== null) setField(entry, field[1] ?? '', field[2] ?? '');
    else if (entry.last !== null) entry.fields.set(entry.last, `${entry.fields.get(entry.last)}\n${line.trimStart()}`);
    return 'continuation';
  }

  machine(line: string): LineMachine | null {
    return HEADER.test(line) ? machineOfCursor(line) : null;
  }

  end(): void {
    this.#flush();
    this.#stream.end();
  }

  span(): TimeSpan {
    return { first: this.#entries.firstTime, last: this.#entries.lastTime };
  }

  #begin(line: string, header: RegExpExecArray, number: number, truncated: boolean): LineKind {
    this.#flush();
    const [, year, month, day, clock = '', fraction = '', zone = ''] = header;
    const held = new HeldLines(number, (raw) => this.#stream.wanted(raw));
    held.add(line, number, truncated);
    const fields = new Map<string, string>();
    const time = wallStamp(Number(year), Number(month) - 1, Number(day), clock, fraction, zone);
    // Letters of a zone can mean several.
    if (time?.clock === 'wall') fields.set('__REALTIME_TIMESTAMP', String(time.us));
    this.#entry = { held, fields, last: null };
    return 'record';
  }

  #flush(): void {
    const entry = this.#entry;
    this.#entry = null;
    if (entry !== null) emitEntry({ entries: this.#entries, stream: this.#stream }, entry.held, entry.fields);
  }
}

function setField(entry: OpenEntry, name: string, value: string): void {
  if (entry.fields.size >= MAX_FIELDS || entry.fields.has(name)) {
    entry.last = null;
    return;
  }
  entry.fields.set(name, value);
  entry.last = name;
}

export const journalVerbose: Format = {
  id: 'journal-verbose',
  title: 'kernel log of journalctl -k -o verbose; names the device of a message',
  example: 'Sun 2026-11-22 05:53:14.549803 UTC [s=6c7c6013a26343b29e964691ff25d04c;i=1f4;b=1fe01dd4c9b14d3f9e4c8b0a0d]',
  detect: (lines) =>
    lines.some((line) => HEADER.test(line)) ? shareExplained(lines, (context) => new JournalVerboseParser(context)) : 0,
  parser: (context) => new JournalVerboseParser(context),
};
