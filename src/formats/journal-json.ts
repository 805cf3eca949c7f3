import type { ClockInfo, Format, LineKind, LineParser, ParserContext, ReleasedLine, TimeSpan } from './format.ts';
import { HeldLines } from './held-lines.ts';
import { JournalEntries, type JournalFields } from './journal-entry.ts';
import { type LineMachine, machineOfEntry, machineOfJson } from './machine-name.ts';
import { PrintkStream } from './printk.ts';
import { shareExplained } from './share.ts';
import { decodeText, ownCopy } from './text.ts';

// json-seq (RFC 7464) puts a record separator before each object, json-sse (server-sent events) a name.
const RECORD_SEPARATOR = '\x1e';
const EVENT = 'data: ';
// A member of json-pretty: `\t"MESSAGE" : "vfio-pci 0000:02:00.0: resetting",`.
const MEMBER = /^"(\w{1,64})" : (.*?),?$/;
/** A field of the journal: a brace alone is any JSON. */
const OF_JOURNAL = /"(?:__CURSOR|__REALTIME_TIMESTAMP|_TRANSPORT|MESSAGE)" ?:/;
const MAX_MEMBERS = 256;
/** Longest object, in characters: its lines are kept until it is seen whose it is. */
const MAX_OBJECT = 1024 * 1024;
/** How an object ends. */
const END = /^\},?$/;

interface OpenObject {
  readonly held: HeldLines;
  readonly members: Map<string, unknown>;
  /** As they stand in the source; none of an entry in one line. */
  readonly lines: ReleasedLine[];
  length: number;
}

/**
 * `journalctl -k -o json`: an object a line, all values strings. Entries of other programs are skipped. With json-pretty an
 * object has a member a line, and entries of all programs count as records, since the first line does not tell them apart.
 */
class JournalJsonParser implements LineParser {
  readonly #stream: PrintkStream;
  readonly #entries: JournalEntries;
  #open: OpenObject | null = null;

  constructor(context: ParserContext) {
    this.#stream = new PrintkStream(context);
    this.#entries = new JournalEntries(this.#stream, context);
  }

  get clock(): ClockInfo {
    return this.#stream.clock;
  }

  parse(line: string, number: number, truncated: boolean): LineKind {
    const text = withoutFraming(line).trim();
    if (this.#open !== null) return this.#member(this.#open, text, line, number, truncated);
    if (text === '') return 'skipped';
    if (text === '{') return this.#begin(line, number, truncated);
    const members = text.startsWith('{') && !truncated ? parseJson(text) : null;
    if (members === null || typeof members !== 'object' || !isEntry(new Map(Object.entries(members))))
      return 'unparsed';
    const held = new HeldLines(number, (raw) => this.#stream.wanted(raw));
    held.add(line, number, truncated);
    return this.#take({ held, members: new Map(Object.entries(members)), lines: [], length: 0 }) ? 'record' : 'skipped';
  }

  machine(line: string): LineMachine | null {
    const open = this.#open;
    if (open === null) return machineOfJson(line);
    // Its members stand in any order.
    return END.test(withoutFraming(line).trim()) ? machineOfEntry(fieldsOf(open.members), open.held.line) : null;
  }

  release(): readonly ReleasedLine[] {
    const lines = this.#open?.lines ?? [];
    this.#open = null;
    return lines;
  }

  end(): void {
    this.#flush();
    this.#stream.end();
  }

  span(): TimeSpan {
    return { first: this.#entries.firstTime, last: this.#entries.lastTime };
  }

  #begin(line: string, number: number, truncated: boolean): LineKind {
    const held = new HeldLines(number, (raw) => this.#stream.wanted(raw));
    held.add(line, number, truncated);
    this.#open = { held, members: new Map(), lines: [], length: 0 };
    return keep(this.#open, line, number, truncated, 'record');
  }

  #member(open: OpenObject, text: string, line: string, number: number, truncated: boolean): LineKind {
    if (END.test(text)) {
      open.held.endLine = number;
      this.#flush();
      return 'continuation';
    }
    const match = MEMBER.exec(text);
    if (text === '{' || match === null || open.members.size >= MAX_MEMBERS || open.length > MAX_OBJECT) {
      this.#flush();
      return text === '{' ? this.#begin(line, number, truncated) : 'unparsed';
    }
    open.held.add(line, number, truncated);
    open.members.set(match[1] ?? '', parseJson(match[2] ?? ''));
    return keep(open, line, number, truncated, 'continuation');
  }

  #flush(): void {
    const open = this.#open;
    this.#open = null;
    if (open !== null) this.#take(open);
  }

  /** @returns whether the entry is the kernel's. */
  #take({ held, members }: OpenObject): boolean {
    const entry = this.#entries.take(fieldsOf(members), held.line);
    if (entry === null) return false;
    if (!held.wanted) return true;
    const { device, ...head } = entry;
    const { line, endLine, truncated } = held;
    this.#stream.emit({
      type: 'printk',
      task: null,
      ...head,
      line,
      endLine,
      text: held.text(),
      truncated,
      ...(device === null ? {} : { device }),
    });
    return true;
  }
}

function keep(open: OpenObject, line: string, number: number, truncated: boolean, kind: LineKind): LineKind {
  open.length += line.length;
  open.lines.push({ line: ownCopy(line), number, truncated, kind });
  return kind;
}

function fieldsOf(members: ReadonlyMap<string, unknown>): JournalFields {
  return { get: (name) => fieldText(members.get(name)) };
}

function withoutFraming(line: string): string {
  if (line.startsWith(RECORD_SEPARATOR)) return line.slice(RECORD_SEPARATOR.length);
  return line.startsWith(EVENT) ? line.slice(EVENT.length) : line;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(decodeText(text));
  } catch {
    return null;
  }
}

/** Fields that every entry of a journal has, and no other JSON. */
function isEntry(members: ReadonlyMap<string, unknown>): boolean {
  return (
    members.has('__REALTIME_TIMESTAMP') ||
    members.has('__CURSOR') ||
    (members.has('MESSAGE') && members.has('_TRANSPORT'))
  );
}

/** Text that is no UTF-8 comes as a list of bytes, a field that stands twice as a list of texts, a long one as null. */
function fieldText(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return null;
  const list: readonly unknown[] = value;
  if (list.every((byte) => typeof byte === 'number')) return Buffer.from(list as number[]).toString('utf8');
  return typeof list[0] === 'string' ? list[0] : null;
}

export const journalJson: Format = {
  id: 'journal-json',
  title: 'kernel log of journalctl -k -o json, json-seq, json-sse or json-pretty; names the device of a message',
  example:
    '{"_TRANSPORT":"kernel","_SOURCE_MONOTONIC_TIMESTAMP":"13377318","MESSAGE":"vfio-pci 0000:02:00.0: resetting"}',
  detect: (lines) =>
    lines.some((line) => OF_JOURNAL.test(line))
      ? shareExplained(lines, (context) => new JournalJsonParser(context))
      : 0,
  parser: (context) => new JournalJsonParser(context),
};
