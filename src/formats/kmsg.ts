import type { Nanoseconds } from '../base/time.ts';
import { pasteEnd, wrapJoint } from './clean.ts';
import type { ClockInfo, Format, LineKind, LineParser, ParserContext, TimeSpan } from './format.ts';
import { HeldLines } from './held-lines.ts';
import { PrintkStream } from './printk.ts';
import { shareExplained } from './share.ts';
import { decodeText, ownCopy } from './text.ts';

// info_print_ext_header() in kernel/printk/printk.c; netconsole puts the release before it and `ncfrag=` into it
// (drivers/net/netconsole.c). Unknown fields are to be ignored (Documentation/ABI/testing/dev-kmsg).
//   release        prio  seq  us       flag  more           message
//   | 6.1.0-rc7,   |6   ,361 ,518496  ,-    |,caller=T1   ;|ahci 0000:00:05.0: AHCI 0001.0300
const HEADER = /^(?:\d{1,4}\.\d[^,;]{0,64},)?(\d{1,4}),(\d{1,20}),(\d{1,16}),[^,;]{0,8}((?:,[^,;]{0,80}){0,16});/;
const CALLER = /,caller=([TC])(\d{1,10})(?:,|$)/;
// CONFIG_PRINTK_EXECUTION_CTX of 7.x may add where the message was printed.
const CPU = /,cpu=(\d{1,6})(?:,|$)/;
const FRAGMENT = /,ncfrag=(\d{1,7})\/(\d{1,7})(?:,|$)/;
// msg_add_dict_text(): `SUBSYSTEM=pci`, `DEVICE=+pci:0000:00:05.0`; users of netconsole add their own.
const DICTIONARY = /^\s{1,64}([\w.-]{1,64})=(.*)$/;
const ESCAPED = /\\x([0-9a-f]{2})/g;

/** Time falls by more than this at a reboot, by less where datagrams overtook each other. */
const REBOOT_US = 5e6;

interface OpenRecord {
  readonly held: HeldLines;
  readonly sequence: number;
  readonly level: number;
  /** See {@link KernelRecord}. */
  readonly claimed: boolean;
  readonly us: number;
  readonly pid: number | null;
  cpu: number | null;
  message: string;
  device: string | null;
  /** Bytes of a message sent in several datagrams, and how many came; null where it is whole. */
  readonly total: number | null;
  received: number;
}

/**
 * A dump of `/dev/kmsg`, or what netconsole sends in its extended form:
 *
 *     4,509,13377318,-;vfio-pci 0000:02:00.0: resetting     record
 *      SUBSYSTEM=pci                                         continuation
 *      DEVICE=+pci:0000:02:00.0
 */
class KmsgParser implements LineParser {
  readonly #stream: PrintkStream;
  #open: OpenRecord | null = null;
  #last: OpenRecord | null = null;
  #previousLine = '';
  /** It belongs to the record that is open. */
  #adjacent = false;
  #longest = 0;
  /** Records end with NUL, and a newline is part of one (what dmesg -K reads). */
  #separated = false;
  #firstTime: Nanoseconds | null = null;
  #highest = 0;

  constructor(context: ParserContext) {
    this.#stream = new PrintkStream(context);
  }

  get clock(): ClockInfo {
    return this.#stream.clock;
  }

  parse(line: string, number: number, truncated: boolean): LineKind {
    if (line.charCodeAt(0) === 0) this.#separated = true;
    const plain = this.#separated && line.includes('\0') ? line.replaceAll('\0', '') : line;
    const bare = HEADER.test(plain) ? plain : plain.slice(pasteEnd(plain));
    const header = HEADER.exec(bare);
    if (header !== null && bare !== plain) this.#stream.repaired('quoted', number);
    const kind =
      header === null ? this.#other(plain, number, truncated) : this.#begin(bare, header, plain, number, truncated);
    if (plain.length > this.#longest) this.#longest = plain.length;
    this.#previousLine = plain;
    this.#adjacent = kind === 'record' || kind === 'continuation';
    return kind;
  }

  end(): void {
    this.#flush();
    this.#stream.end();
  }

  span(): TimeSpan {
    return { first: this.#firstTime, last: this.#last === null ? null : BigInt(this.#last.us) * 1000n };
  }

  #begin(line: string, header: RegExpExecArray, raw: string, number: number, truncated: boolean): LineKind {
    const [whole, priority, sequenceText, us, fields = ''] = header;
    const sequence = Number(sequenceText);
    const text = line.slice(whole.length);
    const fragment = FRAGMENT.exec(fields);
    if (fragment !== null && this.#goesOn(sequence, Number(fragment[1])))
      return this.#add(text, line, number, truncated);
    if (fragment === null && this.#isDoubled(sequence, Number(us), text)) {
      this.#stream.repaired('doubled', number);
      return 'skipped';
    }
    this.#flush();
    this.#noteSequence(sequence, Number(us), number);
    const claimed = Number(priority) > 7;
    if (!claimed && this.#stream.nested(text, raw, number, truncated)) return 'nested';
    const caller = CALLER.exec(fields);
    const held = new HeldLines(number, (text) => this.#stream.wanted(text));
    held.add(raw, number, truncated);
    const record: OpenRecord = {
      held,
      sequence,
      level: Number(priority) & 7,
      claimed,
      us: Number(us),
      pid: caller?.[1] === 'T' ? Number(caller[2]) : null,
      cpu: caller?.[1] === 'C' ? Number(caller[2]) : cpuOf(fields),
      message: text,
      device: null,
      total: fragment === null ? null : Number(fragment[2]),
      received: text.length,
    };
    if (fragment !== null && fragment[1] !== '0') held.truncated = true;
    if (this.#last === null) this.#firstTime = BigInt(record.us) * 1000n;
    this.#stream.begin(record.us, claimed ? '' : text, number);
    this.#open = record;
    this.#last = record;
    return 'record';
  }

  /** A line without a header. */
  #other(line: string, number: number, truncated: boolean): LineKind {
    const open = this.#open;
    if (line.trim() === '' || this.#stream.elided(line, number)) return 'skipped';
    if (open === null) return 'unparsed';
    const entry = DICTIONARY.exec(line) ?? DICTIONARY.exec(` ${line.slice(pasteEnd(line))}`);
    if (entry !== null && (line.charCodeAt(0) === 32 || pasteEnd(line) > 0)) {
      if (open.held.add(line, number, truncated)) noteEntry(open, entry[1] ?? '', entry[2] ?? '');
      open.received += line.length + 1;
      return 'continuation';
    }
    // Behind a line that is none of the record nothing is its rest.
    const joint = this.#separated ? '\n' : this.#adjacent ? wrapJoint(this.#previousLine, line, this.#longest) : null;
    const bare = line.slice(pasteEnd(line));
    if (joint === null || (joint === ' ' && !this.#stream.goesOn(open.message, bare, number))) return 'unparsed';
    if (joint !== '\n') this.#stream.repaired(joint === '=' ? 'soft-break' : 'wrapped', number);
    if (open.held.add(line, number, truncated)) {
      open.message = (joint === '=' ? open.message.slice(0, -1) : open.message + joint) + bare;
    }
    return 'continuation';
  }

  /** The network may deliver a datagram twice. Its dictionary, if it has one, then adds nothing new. */
  #isDoubled(sequence: number, us: number, text: string): boolean {
    const open = this.#open;
    return (
      open !== null && open.total === null && open.sequence === sequence && open.us === us && open.message === text
    );
  }

  #goesOn(sequence: number, offset: number): boolean {
    const open = this.#open;
    return open !== null && offset > 0 && open.total !== null && open.sequence === sequence && offset === open.received;
  }

  #add(text: string, line: string, number: number, truncated: boolean): LineKind {
    const open = this.#open;
    if (open?.held.add(line, number, truncated)) {
      open.message += text;
      open.received += text.length;
    }
    return 'continuation';
  }

  /**
   * Numbers are given without a gap: what is missing was overwritten before it was read, or lost on the way. Datagrams come
   * in any order, so a lower number tells nothing unless time has fallen with it, as after a reboot.
   */
  #noteSequence(sequence: number, us: number, line: number): void {
    const last = this.#last;
    if (last === null || (sequence < this.#highest && us + REBOOT_US < last.us)) {
      this.#highest = sequence;
      return;
    }
    const missing = sequence - this.#highest - 1;
    this.#highest = Math.max(this.#highest, sequence);
    if (missing <= 0 || !Number.isSafeInteger(missing)) return;
    this.#stream.lost(missing, `the sequence numbers jump: ${missing} messages are missing here`, line);
  }

  #flush(): void {
    const open = this.#open;
    this.#open = null;
    if (!open?.held.wanted) return;
    const { held, level, claimed, cpu, pid, device } = open;
    this.#stream.emit({
      type: 'printk',
      task: null,
      time: BigInt(open.us) * 1000n,
      cpu,
      pid,
      level,
      line: held.line,
      endLine: held.endLine,
      message: decodeText(ownCopy(unescaped(open.message))),
      text: held.text(),
      truncated: held.truncated || (open.total !== null && open.received < open.total),
      ...(device === null ? {} : { device: decodeText(ownCopy(device)) }),
      ...(claimed && { claimed }),
    });
  }
}

function cpuOf(fields: string): number | null {
  const match = CPU.exec(fields);
  return match === null ? null : Number(match[1]);
}

function noteEntry(record: OpenRecord, key: string, value: string): void {
  if (key === 'DEVICE') record.device ??= unescaped(value);
  else if (key === 'cpu' && /^\d{1,5}$/.test(value)) record.cpu ??= Number(value);
}

function unescaped(text: string): string {
  return text.includes('\\x')
    ? text.replace(ESCAPED, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    : text;
}

export const kmsg: Format = {
  id: 'kmsg',
  title: 'dump of /dev/kmsg, or what netconsole sends in its extended form; names the device of a message',
  example: '4,509,13377318,-;vfio-pci 0000:02:00.0: resetting',
  detect: (lines) => shareExplained(lines, (context) => new KmsgParser(context)),
  parser: (context) => new KmsgParser(context),
};
