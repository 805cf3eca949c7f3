import type { Nanoseconds } from '../base/time.ts';
import type { ClockInfo, Format, LineKind, LineParser, ParserContext, TimeSpan } from './format.ts';
import { type QemuLine, scanQemu } from './qemu-line.ts';
import { NO_ARGUMENTS } from './record.ts';
import { RecordTime } from './record-time.ts';
import { shareExplained } from './share.ts';
import { decodeText, ownCopy } from './text.ts';
import { Wanted } from './wanted.ts';

/** A message of QEMU may have a hint below; more would let it swallow another log. */
const MAX_HINTS = 2;
// libvirt writes the command line it starts: `LC_ALL=C \`, `/usr/bin/qemu-system-x86_64 \`, `-msg timestamp=on`.
const COMMAND_LINE = /^(?:-[a-z][\w-]{0,63}(?: |$)|[A-Z_]{1,64}=.* \\$|\/\S{1,255} \\$)/;

/** What QEMU writes with `-trace`, to its standard error or into libvirt's log. */
class QemuParser implements LineParser {
  readonly #context: ParserContext;
  readonly #events: Wanted;
  readonly #time: RecordTime;
  #hints = 0;
  #stamped = false;
  #firstTime: Nanoseconds | null = null;
  #lastTime: Nanoseconds | null = null;

  constructor(context: ParserContext) {
    this.#context = context;
    this.#events = Wanted.events(context.interest);
    this.#time = new RecordTime(context.health);
  }

  /** The clock of the host, since the epoch. */
  get clock(): ClockInfo {
    return { name: this.#stamped ? 'wall' : 'none', unit: 'ns' };
  }

  parse(line: string, number: number, truncated: boolean): LineKind {
    const scanned = scanQemu(line);
    if (scanned !== null) {
      this.#take(line, number, truncated, scanned);
      return 'record';
    }
    if (line === '' || COMMAND_LINE.test(line.slice(0, 4096))) return 'skipped';
    if (this.#hints <= 0 || line.startsWith('[')) return 'unparsed';
    this.#hints--;
    return 'continuation';
  }

  end(): void {
    this.#time.end();
  }

  span(): TimeSpan {
    return { first: this.#firstTime, last: this.#lastTime };
  }

  #take(line: string, number: number, truncated: boolean, scanned: QemuLine): void {
    this.#hints = scanned.type === 'message' ? MAX_HINTS : 0;
    if (scanned.time === null) this.#time.noteNone();
    else {
      this.#time.note(scanned.us, false, number);
      this.#stamped = true;
      this.#firstTime ??= scanned.time;
      this.#lastTime = scanned.time;
    }
    const name = scanned.type === 'event' ? this.#events.name(scanned.name) : null;
    if (name === null) return;
    const own = ownCopy(line);
    this.#context.emit({
      type: 'event',
      line: number,
      endLine: number,
      time: scanned.time,
      cpu: null,
      task: null,
      pid: scanned.tid,
      text: decodeText(own),
      truncated,
      name,
      body: decodeText(own.slice(scanned.text)),
      symbol: null,
      offset: null,
      isReturn: false,
      caller: null,
      fields: NO_ARGUMENTS,
      enclosingLine: null,
      stack: null,
    });
  }
}

export const qemu: Format = {
  id: 'qemu',
  title: 'QEMU -trace output with or without -msg timestamp=on, also inside the logs of libvirt',
  example: 'vfio_pci_write_config  (0000:81:00.1, @0x4, 0x140, len=0x2)',
  detect: (lines) => shareExplained(lines, (context) => new QemuParser(context)),
  parser: (context) => new QemuParser(context),
};
