import type { Nanoseconds } from '../base/time.ts';
import { withoutControls } from './clean.ts';
import { elided, isElision } from './elision.ts';
import type { ClockInfo, Format, LineKind, LineParser, ParserContext, TimeSpan } from './format.ts';
import { type QemuLine, scanQemu } from './qemu-line.ts';
import { NO_ARGUMENTS } from './record.ts';
import { RecordTime } from './record-time.ts';
import { type Damage, Repairs } from './repairs.ts';
import { shareExplained } from './share.ts';
import { decodeText, ownCopy } from './text.ts';
import { unquoted } from './unwrap.ts';
import { Wanted } from './wanted.ts';
import type { Place, Places } from './wrap-finder.ts';
import { type RowParser, WrappedRows } from './wrapped-rows.ts';

/** Blanks that a paste puts before a line. */
const MAX_INDENT = 16;
/** A message of QEMU may have a hint below; more would let it swallow another log. */
const MAX_HINTS = 2;
// libvirt writes the command line it starts: `LC_ALL=C \`, `/usr/bin/qemu-system-x86_64 \`, `-msg timestamp=on`.
const COMMAND_LINE = /^(?:-[a-z][\w-]{0,63}(?: |$)|[A-Z_]{1,64}=.* \\$|\/\S{1,255} \\$)/;

/** What QEMU writes with `-trace`, to its standard error or into libvirt's log. */
class QemuParser implements RowParser {
  readonly #context: ParserContext;
  readonly #events: Wanted;
  readonly #time: RecordTime;
  readonly #repairs: Repairs;
  #hints = 0;
  #stamped = false;
  #firstTime: Nanoseconds | null = null;
  #lastTime: Nanoseconds | null = null;

  constructor(context: ParserContext) {
    this.#context = context;
    this.#events = Wanted.events(context.interest);
    this.#time = new RecordTime(context.health);
    this.#repairs = new Repairs(context.health);
  }

  /** The clock of the host, since the epoch. */
  get clock(): ClockInfo {
    return { name: this.#stamped ? 'wall' : 'none', unit: 'ns' };
  }

  parse(line: string, number: number, truncated: boolean): LineKind {
    let plain = unquoted(line);
    let scanned = scanQemu(plain);
    if (scanned === null && /^[ \t]/.test(plain)) {
      // An answer indents what it quotes. A hint is indented, too, but is no event.
      const bare = plain.trimStart();
      const event = plain.length - bare.length <= MAX_INDENT ? scanQemu(bare) : null;
      if (event?.type === 'event') [scanned, plain] = [event, bare];
    }
    if (scanned !== null) {
      if (plain !== line) this.#repairs.note('quoted', number);
      this.#take(line, plain, number, truncated, scanned);
      return 'record';
    }
    if (plain === '' || COMMAND_LINE.test(plain.slice(0, 4096))) return 'skipped';
    if (elided(line, number, this.#context.health)) {
      this.#hints = 0;
      return 'skipped';
    }
    if (this.#hints <= 0 || plain.startsWith('[')) return 'unparsed';
    this.#hints--;
    return 'continuation';
  }

  repaired(damage: Damage, number: number): void {
    this.#repairs.note(damage, number);
  }

  end(): void {
    this.#time.end();
    this.#repairs.end();
  }

  span(): TimeSpan {
    return { first: this.#firstTime, last: this.#lastTime };
  }

  /** @param plain the line without the marks of a quotation, which `scanned` tells about. */
  #take(line: string, plain: string, number: number, truncated: boolean, scanned: QemuLine): void {
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
    this.#context.emit({
      type: 'event',
      line: number,
      endLine: number,
      time: scanned.time,
      cpu: null,
      task: null,
      pid: scanned.tid,
      text: decodeText(ownCopy(line)),
      truncated,
      name,
      body: decodeText(ownCopy(plain.slice(scanned.text))),
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

// `vfio_pci_reset_flr 0000:02:00.0 FLR/VFIO_DEVICE_RESET`, `vfio_pci_reset_pm .. PCI PM Reset`,
// `vfio_pci_hot_reset_result .. hot reset: Success` (hw/vfio/trace-events).
const RESET = /vfio_pci_(?:reset_\w{1,8}|hot_reset_result)(?: +\S{1,64}(?: \w{1,8}){0,2})?$/;
const RESET_TAIL = /^(?:\S{1,64} )?(?:FLR\/VFIO_DEVICE_RESET$|(?:PCI )?(?:PM )?Reset$|(?:hot )?reset: |Success$)/;

/** Where the lines stand. */
const PLACES: Places = {
  place: (line): Place => (scanQemu(withoutControls(unquoted(line)).trimStart()) === null ? 'other' : 'row'),
  goesOn: (row, tail) => RESET.test(row) && RESET_TAIL.test(tail),
  stands: (tail) => isElision(tail) || COMMAND_LINE.test(tail.slice(0, 4096)),
};

function createParser(context: ParserContext): LineParser {
  return new WrappedRows(context, PLACES, (rows) => new QemuParser(rows));
}

export const qemu: Format = {
  id: 'qemu',
  title: 'QEMU -trace output with or without -msg timestamp=on, also inside the logs of libvirt',
  example: 'vfio_pci_write_config  (0000:81:00.1, @0x4, 0x140, len=0x2)',
  detect: (lines) => shareExplained(lines, createParser, true),
  parser: createParser,
};
