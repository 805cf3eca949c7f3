import { type FurtherLine, joinedMessage } from './joined-message.ts';
import type { LineForm } from './line-form.ts';
import type { LineHead } from './line-head.ts';
import type { PrintkStream } from './printk.ts';
import type { PrintkEntry } from './printk-entry.ts';
import type { TerminalFold } from './terminal-fold.ts';
import { decodeText, ownCopy } from './text.ts';

/** Longest message in characters, with its further lines; what is longer is cut. */
const MAX_MESSAGE = 64 * 1024;

// RFC 2045 section 6.7: `IO_PAGE_FAULT device=3D02:00.0`. Lower case is tolerated there; here it could be part of a number.
const QUOTED_PRINTABLE = /=([0-9A-F]{2})/g;
/** How editors and mail programs show a carriage return. */
const CARET_M = '^M';

/** No further lines. */
const NONE: readonly FurtherLine[] = [];

/** The record that may go on: its lines up to the cap, the numbers of the first and the last one. */
export class HeldMessage {
  /** Of the first line, while the parser's own head is at the next one. */
  #head: LineHead;
  /** Whether it has scanned that line. */
  #isScanned = false;
  first = '';
  line = 0;
  endLine = 0;
  /** Somebody looks for what it says. */
  wanted = false;
  #more: FurtherLine[] = [];
  #length = 0;
  /** Further lines that were not kept. */
  #beyond = 0;
  #truncated = false;
  /** A soft break was seen in the source, so an equals sign anywhere is an escape. */
  #quotedPrintable = false;

  constructor(head: LineHead) {
    this.#head = head;
  }

  /** The head that has scanned the first line. @returns another one for the next lines. */
  exchange(head: LineHead): LineHead {
    const free = this.#head;
    this.#head = head;
    this.#isScanned = true;
    return free;
  }

  /** The head of the first line; null where that is none. */
  scanned(): LineHead | null {
    const head = this.#head;
    this.#isScanned ||= head.scan(this.first);
    return this.#isScanned ? head : null;
  }

  /** Another record begins. */
  hold(line: string, number: number, truncated: boolean): void {
    this.first = line;
    this.#isScanned = false;
    this.#length = line.length;
    this.line = number;
    this.endLine = number;
    this.#truncated = truncated;
    this.#beyond = 0;
  }

  /** The further lines were handed over, or nobody wants them. */
  drop(): void {
    if (this.#more.length > 0) this.#more = [];
  }

  get previous(): string {
    return this.#more.at(-1)?.line ?? this.first;
  }

  /** @returns false where the message is too long to take more of it. */
  add(further: FurtherLine, number: number, truncated: boolean): boolean {
    this.endLine = number;
    this.#length += further.line.length;
    if (further.joint === '=') this.#quotedPrintable = true;
    if (this.#length > MAX_MESSAGE) {
      this.#truncated = true;
      this.#beyond++;
      return false;
    }
    this.#more.push(further);
    this.#truncated ||= truncated;
    return true;
  }

  /** The last `count` lines are none of it. */
  retract(count: number): void {
    this.endLine -= count;
    // Lines beyond the cap were not kept.
    const kept = Math.max(0, count - this.#beyond);
    this.#beyond -= count - kept;
    if (kept > 0) for (const { line } of this.#more.splice(-kept)) this.#length -= line.length;
  }

  /** Whether it is a piece of the message, which comes again. */
  isPieceOf(message: string, stamp: number | null): boolean {
    const head = this.scanned();
    return head?.stamp === stamp && message.startsWith(head.plain.slice(head.message));
  }

  /** Whether a line with this indent stands exactly under it: dmesg indents the further lines of a record so. */
  isAligned(line: string, indent: number): boolean {
    if (line.charCodeAt(0) === 9) return false;
    return indent > 8 && this.scanned()?.message === indent;
  }

  /** What was seen of it so far. */
  message(fold: TerminalFold | null): string {
    const { first } = this;
    const head = this.scanned() ?? this.#head;
    return joinedMessage(head.plain.slice(head.message), this.#more, { column: head.message, fold, first });
  }

  emit(stream: PrintkStream, dictionary: LineForm['dictionary'], fold: TerminalFold | null): void {
    const first = ownCopy(this.first);
    const head = this.scanned() ?? this.#head;
    const plain = head.plain === this.first ? first : ownCopy(head.plain);
    // Nearly always none: this is done for every record that somebody wants.
    const more = this.#more.length === 0 ? NONE : this.#more.map(({ line, joint }) => ({ line: ownCopy(line), joint }));
    const around = { column: head.message, fold, first: this.first };
    let message = joinedMessage(plain.slice(head.message), more, around);
    if (message.endsWith(CARET_M)) message = message.slice(0, -CARET_M.length);
    if (this.#quotedPrintable) message = message.replace(QUOTED_PRINTABLE, decodeQuoted);
    const { device, message: rest } = dictionary?.(message) ?? { message, device: null };
    const { time, cpu, pid, level } = head.values();
    const entry: PrintkEntry = {
      type: 'printk',
      task: null,
      time: stream.counts(head.clock) ? time : null,
      cpu,
      pid,
      level,
      line: this.line,
      endLine: this.endLine,
      message: decodeText(rest),
      text: decodeText(more.length === 0 ? first : [first, ...more.map(({ line }) => line)].join('\n')),
      truncated: this.#truncated,
    };
    // Hardly any: to spread what is not there takes longer than all of the above.
    if (device === null && !head.claimed) stream.emit(entry);
    else
      stream.emit({
        ...entry,
        ...(device !== null && { device: decodeText(device) }),
        ...(head.claimed && { claimed: true }),
      });
  }
}

function decodeQuoted(_: string, hex: string): string {
  return String.fromCharCode(Number.parseInt(hex, 16));
}
