import { Unsupported } from './damage.ts';
import { parseFields } from './event-format.ts';

/** How the kernel laid out a sub-buffer: events/header_page, events/header_event of tracefs. */
export interface PageLayout {
  /** Where the word begins that holds the length of the data and the flags, and its size: 4 or 8. */
  readonly commit: number;
  readonly longSize: 4 | 8;
  /** Where the records begin. */
  readonly data: number;
}

// ring_buffer_print_page_header(), ring_buffer_print_entry_header() in kernel/trace/ring_buffer.c: since 2.6.31.
const ENTRY_HEADER = [
  /type_len\s*:\s*5 bits/,
  /time_delta\s*:\s*27 bits/,
  /padding\s*: type == 29/,
  /time_extend\s*: type == 30/,
];

/** @throws Unsupported where the sub-buffers are laid out in a way that is not known. */
export function pageLayout(headerPage: string, headerEvent: string): PageLayout {
  const fields = parseFields(headerPage);
  const stamp = fields.get('timestamp');
  const commit = fields.get('commit');
  const data = fields.get('data');
  const known =
    stamp?.offset === 0 &&
    stamp.size === 8 &&
    (commit?.size === 4 || commit?.size === 8) &&
    data !== undefined &&
    data.offset >= commit.offset + commit.size &&
    data.offset <= 64 &&
    ENTRY_HEADER.every((line) => line.test(headerEvent.slice(0, 1024)));
  if (!known) {
    throw new Unsupported(
      'is a trace.dat whose ring buffer is laid out in an unknown way: convert it with: trace-cmd report -i FILE > trace.txt',
    );
  }
  return { commit: commit.offset, longSize: commit.size, data: data.offset };
}

// RB_MISSED_EVENTS, RB_MISSED_STORED in kernel/trace/ring_buffer.c. The length takes the bits below.
const MISSED_EVENTS = 0x80000000;
const MISSED_STORED = 0x40000000;
const LENGTH_MASK = 0x07ffffff;

// enum ring_buffer_type in include/linux/ring_buffer.h.
const TYPE_PADDING = 29;
const TYPE_TIME_EXTEND = 30;
const TYPE_TIME_STAMP = 31;
/** What a time stamp holds; the five bits above come from the stamp before: ABS_TS_MASK, TS_MSB. */
const STAMP_BITS = 59n;
const DELTA_RANGE = 2 ** 27;
/** From here on an extended delta is too long to add up as a number: a month. */
const LONG_EXTEND = 2 ** 24;

/** A sub-buffer and where it lies in the file. */
export interface Page {
  readonly bytes: Buffer;
  readonly position: number;
}

/** The sub-buffers of one CPU, one after the other; null at the end. */
export interface Pages {
  next(): Page | null;
}

/**
 * What all times of a file are counted from, so that they fit a number: the first one, without its lower 52 bits. Times
 * within a month of it are exact; those that a damaged page claims need not be.
 */
export class Origin {
  #start: bigint | null = null;

  keyOf(time: bigint): number {
    this.#start ??= (time >> 52n) << 52n;
    return Number(time - this.#start);
  }
}

/** Called where sub-buffers, or records of one, cannot be read: their records are lost. */
export type OnDamage = (cpu: number, position: number) => void;

/**
 * The records of one CPU. A trace holds millions of them, so one object serves all: {@link next} goes to the next record,
 * whose place the fields tell until the next call. rb_event_data(), rb_update_event() in kernel/trace/ring_buffer.c.
 */
export class CpuRecords {
  readonly cpu: number;
  /** The sub-buffer, and where the record lies in it. */
  view: DataView = new DataView(new ArrayBuffer(0));
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
  /** Time as a number to compare with: see {@link Origin}. */
  key = 0;
  /** As recorded: the last stamp that was whole, and what came on top since. */
  base = 0n;
  since = 0;
  /** Records lost before this one: 0 none, -1 an unknown number. */
  lost = 0;
  readonly #pages: Pages;
  readonly #layout: PageLayout;
  readonly #littleEndian: boolean;
  readonly #onDamage: OnDamage;
  #position = 0;
  #next = 0;
  #limit = 0;
  #baseKey = 0;
  readonly #origin: Origin;

  constructor(
    cpu: number,
    pages: Pages,
    layout: PageLayout,
    littleEndian: boolean,
    origin: Origin,
    onDamage: OnDamage,
  ) {
    this.cpu = cpu;
    this.#pages = pages;
    this.#layout = layout;
    this.#littleEndian = littleEndian;
    this.#origin = origin;
    this.#onDamage = onDamage;
  }

  /** As recorded: nanoseconds or ticks. */
  get time(): bigint {
    return BigInt.asUintN(64, this.base + BigInt(this.since));
  }

  /** Goes to the next record; false at the end. */
  next(): boolean {
    this.lost = 0;
    for (;;) {
      if (this.#next >= this.#limit) {
        if (!this.#nextPage()) return false;
      } else if (this.#step()) return true;
    }
  }

  /** Takes what stands at `#next`; true where it is a record. */
  #step(): boolean {
    const at = this.#next;
    const limit = this.#limit;
    const { view } = this;
    if (at + 4 > limit) return this.#spoil();
    const word = view.getUint32(at, this.#littleEndian);
    const type = this.#littleEndian ? word & 31 : word >>> 27;
    const delta = this.#littleEndian ? word >>> 5 : word & 0x07ffffff;
    if (type > 0 && type < TYPE_PADDING) {
      this.start = at + 4;
      this.end = at + 4 + type * 4;
    } else {
      if (at + 8 > limit) return this.#spoil();
      const more = view.getUint32(at + 4, this.#littleEndian);
      if (type === TYPE_TIME_EXTEND) {
        if (more < LONG_EXTEND) this.#advance(more * DELTA_RANGE + delta);
        else this.#setBase(this.time + (BigInt(more) << 27n) + BigInt(delta));
        this.#next = at + 8;
        return false;
      }
      if (type === TYPE_TIME_STAMP) {
        const stamp = (BigInt(more) << 27n) | BigInt(delta);
        this.#setBase(((this.time >> STAMP_BITS) << STAMP_BITS) | stamp);
        this.#next = at + 8;
        return false;
      }
      if (type === TYPE_PADDING) {
        // Without a delta the rest of the page is empty.
        if (delta === 0) this.#next = limit;
        else {
          this.#advance(delta);
          this.#next = at + 4 + more;
          if (more < 4 || this.#next > limit) return this.#spoil();
        }
        return false;
      }
      if (more < 4 || more > limit) return this.#spoil();
      this.start = at + 8;
      this.end = at + 4 + ((more + 3) & ~3);
    }
    if (this.end > limit) return this.#spoil();
    this.#advance(delta);
    this.#next = this.end;
    return true;
  }

  #advance(delta: number): void {
    this.since += delta;
    this.key = this.#baseKey + this.since;
  }

  #setBase(time: bigint): void {
    this.base = time;
    this.#baseKey = this.#origin.keyOf(time);
    this.since = 0;
    this.key = this.#baseKey;
  }

  /** What follows in the page makes no sense. */
  #spoil(): false {
    this.#onDamage(this.cpu, this.#position + this.#next);
    this.lost = -1;
    this.#next = this.#limit;
    return false;
  }

  #nextPage(): boolean {
    const page = this.#pages.next();
    if (page === null) return false;
    const { commit, longSize, data } = this.#layout;
    const { bytes } = page;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.bytes = bytes;
    this.view = view;
    this.#position = page.position;
    this.#next = 0;
    this.#limit = 0;
    if (bytes.length < data) return this.#skip();
    const little = this.#littleEndian;
    const word = view.getUint32(commit + (!little && longSize === 8 ? 4 : 0), little);
    const length = word & LENGTH_MASK;
    if (data + length > bytes.length) return this.#skip();
    this.#setBase(view.getBigUint64(0, little));
    this.#next = data;
    this.#limit = data + length;
    // A page without a record may follow: what it says is kept.
    if ((word & MISSED_EVENTS) !== 0) this.#addLost(this.#missed(word, view));
    return true;
  }

  /** The number stands behind the data, where there was room for it. */
  #missed(word: number, view: DataView): number {
    const { longSize } = this.#layout;
    if ((word & MISSED_STORED) === 0 || this.#limit + longSize > view.byteLength) return -1;
    const little = this.#littleEndian;
    const count = longSize === 4 ? view.getUint32(this.#limit, little) : Number(view.getBigUint64(this.#limit, little));
    return count > 0 && Number.isSafeInteger(count) ? count : -1;
  }

  #addLost(count: number): void {
    this.lost = this.lost < 0 || count < 0 ? -1 : this.lost + count;
  }

  #skip(): true {
    this.#onDamage(this.cpu, this.#position);
    this.lost = -1;
    return true;
  }
}
