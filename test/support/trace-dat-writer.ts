import { deflateSync, zstdCompressSync } from 'node:zlib';

// Writes a trace.dat as the documents of trace-cmd describe it (Documentation/trace-cmd/trace-cmd.dat.v6.5.txt, .v7.5.txt) and
// sub-buffers as kernel/trace/ring_buffer.c lays them out, of machines that no capture is at hand of.

/** How a machine writes numbers. */
export interface Machine {
  readonly bigEndian: boolean;
  readonly longSize: 4 | 8;
  readonly pageSize: number;
}

export const PC: Machine = { bigEndian: false, longSize: 8, pageSize: 4096 };

/** Bytes put together one after the other. */
export class ByteWriter {
  readonly #big: boolean;
  readonly #parts: Buffer[] = [];
  length = 0;

  constructor({ bigEndian }: Pick<Machine, 'bigEndian'>) {
    this.#big = bigEndian;
  }

  bytes(bytes: Buffer): this {
    this.#parts.push(bytes);
    this.length += bytes.length;
    return this;
  }

  text(text: string): this {
    return this.bytes(Buffer.from(text, 'latin1'));
  }

  number(value: number | bigint, size: 1 | 2 | 4 | 8): this {
    const bytes = Buffer.alloc(size);
    let rest = BigInt.asUintN(size * 8, BigInt(value));
    for (let i = 0; i < size; i++) {
      bytes[this.#big ? size - 1 - i : i] = Number(rest & 255n);
      rest >>= 8n;
    }
    return this.bytes(bytes);
  }

  pad(alignment: number): this {
    const over = this.length % alignment;
    return over === 0 ? this : this.bytes(Buffer.alloc(alignment - over));
  }

  done(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

/** The sub-buffers of one CPU. */
export class PageWriter {
  readonly #machine: Machine;
  readonly #pages: Buffer[] = [];
  #body: ByteWriter;
  #start = 0n;
  #time = 0n;
  #open = false;
  /** null: nothing lost; -1: an unknown number. */
  #lost: number | null = null;

  constructor(machine: Machine = PC) {
    this.#machine = machine;
    this.#body = new ByteWriter(machine);
  }

  get #header(): number {
    return 8 + this.#machine.longSize;
  }

  /** What is written next begins a sub-buffer that says so. @param count null where the kernel had no room for it. */
  lose(count: number | null): this {
    this.#close();
    this.#lost = count ?? -1;
    return this;
  }

  /** A record of `data` at `time`. */
  record(time: bigint, data: Buffer): this {
    const words = Math.ceil(data.length / 4);
    const room = 16 + words * 4 + 8;
    if (this.#open && this.#header + this.#body.length + room + this.#machine.longSize > this.#machine.pageSize)
      this.#close();
    if (!this.#open) this.#begin(time);
    let delta = time - this.#time;
    if (delta < 0n || delta >= 1n << 59n) {
      this.absolute(time);
      delta = 0n;
    } else if (delta >= 1n << 27n) {
      this.#word(30, delta & 0x7ffffffn).number(delta >> 27n, 4);
      delta = 0n;
    }
    this.#time = time;
    if (words > 0 && words <= 28) this.#word(words, delta);
    else this.#word(0, delta).number(words * 4 + 4, 4);
    this.#body.bytes(data).bytes(Buffer.alloc(words * 4 - data.length));
    return this;
  }

  /** An absolute time stamp, 59 bits of it. */
  absolute(time: bigint): this {
    if (!this.#open) this.#begin(time);
    const low = time & ((1n << 59n) - 1n);
    this.#word(31, low & 0x7ffffffn).number(low >> 27n, 4);
    this.#time = time;
    return this;
  }

  /** What discarding a record leaves. */
  padding(delta: bigint, bytes: number): this {
    this.#word(29, delta)
      .number(bytes, 4)
      .bytes(Buffer.alloc(bytes - 4));
    this.#time += delta;
    return this;
  }

  done(): Buffer {
    this.#close();
    return Buffer.concat(this.#pages);
  }

  #begin(time: bigint): void {
    this.#open = true;
    this.#start = time;
    this.#time = time;
    this.#body = new ByteWriter(this.#machine);
  }

  #word(type: number, delta: bigint): ByteWriter {
    const word = this.#machine.bigEndian ? (BigInt(type) << 27n) | delta : (delta << 5n) | BigInt(type);
    return this.#body.number(word, 4);
  }

  #close(): void {
    if (!this.#open) return;
    const { longSize, pageSize } = this.#machine;
    const lost = this.#lost;
    const flags = lost === null ? 0 : lost < 0 ? 0x80000000 : 0xc0000000;
    const page = new ByteWriter(this.#machine).number(this.#start, 8).number(flags + this.#body.length, longSize);
    page.bytes(this.#body.done());
    if (lost !== null && lost >= 0) page.number(lost, longSize);
    this.#pages.push(page.pad(pageSize).done());
    this.#open = false;
    this.#lost = null;
  }
}

export interface EventDefinition {
  readonly system: string;
  readonly name: string;
  readonly id: number;
  /** `declaration;offset;size;signed`. */
  readonly fields: readonly (readonly [declaration: string, offset: number, size: number, signed: number])[];
  readonly print: string;
}

/** A format as a machine wrote it. */
export interface EventText {
  readonly system: string;
  readonly text: string;
}

const COMMON: EventDefinition['fields'] = [
  ['unsigned short common_type', 0, 2, 0],
  ['unsigned char common_flags', 2, 1, 0],
  ['unsigned char common_preempt_count', 3, 1, 0],
  ['int common_pid', 4, 4, 1],
];

function formatText(event: EventDefinition | EventText): string {
  if ('text' in event) return event.text;
  const { name, id, fields, print } = event;
  const line = ([declaration, offset, size, signed]: EventDefinition['fields'][number]) =>
    `\tfield:${declaration};\toffset:${offset};\tsize:${size};\tsigned:${signed};\n`;
  return `name: ${name}\nID: ${id}\nformat:\n${COMMON.map(line).join('')}\n${fields.map(line).join('')}\nprint fmt: ${print}\n`;
}

/** What every record begins with. */
export function entry(machine: Machine, id: number, pid: number, flags = 0, count = 0): ByteWriter {
  return new ByteWriter(machine).number(id, 2).number(flags, 1).number(count, 1).number(pid, 4);
}

export interface TraceDat {
  readonly version: 6 | 7;
  readonly machine?: Machine;
  /** Version 7 only. */
  readonly compression?: 'none' | 'zlib' | 'zstd';
  readonly events: readonly (EventDefinition | EventText)[];
  readonly kallsyms?: string;
  readonly cmdlines?: string;
  /** Options besides those that are always written. */
  readonly options?: readonly (readonly [id: number, data: Buffer])[];
  /** The top one, whose name is empty, first. One piece of data a CPU. */
  readonly buffers: readonly { readonly name: string; readonly clock: string; readonly cpus: readonly Buffer[] }[];
}

export function writeTraceDat(file: TraceDat): Buffer {
  return file.version === 6 ? writeVersion6(file) : writeVersion7(file);
}

function headerInfo({ longSize, pageSize, bigEndian }: Machine): Buffer {
  const page =
    '\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n' +
    `\tfield: local_t commit;\toffset:8;\tsize:${longSize};\tsigned:1;\n` +
    '\tfield: char overwrite;\toffset:8;\tsize:1;\tsigned:0;\n' +
    `\tfield: char data;\toffset:${8 + longSize};\tsize:${pageSize - 8 - longSize};\tsigned:0;\n`;
  const event =
    '# compressed entry header\n\ttype_len    :    5 bits\n\ttime_delta  :   27 bits\n\tarray       :   32 bits\n\n' +
    '\tpadding     : type == 29\n\ttime_extend : type == 30\n\ttime_stamp : type == 31\n\tdata max type_len  == 28\n';
  const writer = new ByteWriter({ bigEndian });
  writer.text('header_page\0').number(page.length, 8).text(page);
  return writer.text('header_event\0').number(event.length, 8).text(event).done();
}

function ftraceFormats(machine: Machine, events: TraceDat['events']): Buffer {
  const texts = events.filter(({ system }) => system === 'ftrace').map(formatText);
  const writer = new ByteWriter(machine).number(texts.length, 4);
  for (const text of texts) writer.number(text.length, 8).text(text);
  return writer.done();
}

function eventFormats(machine: Machine, events: TraceDat['events']): Buffer {
  const systems = [...new Set(events.map(({ system }) => system))].filter((system) => system !== 'ftrace');
  const writer = new ByteWriter(machine).number(systems.length, 4);
  for (const system of systems) {
    const texts = events.filter((event) => event.system === system).map(formatText);
    writer.text(`${system}\0`).number(texts.length, 4);
    for (const text of texts) writer.number(text.length, 8).text(text);
  }
  return writer.done();
}

function sized(machine: Machine, text: string, size: 4 | 8): Buffer {
  return new ByteWriter(machine).number(text.length, size).text(text).done();
}

function initial(machine: Machine, version: 6 | 7): ByteWriter {
  const writer = new ByteWriter(machine).text(`\x17\x08\x44tracing${version}\0`);
  return writer
    .number(machine.bigEndian ? 1 : 0, 1)
    .number(machine.longSize, 1)
    .number(machine.pageSize, 4);
}

function writeVersion6(file: TraceDat): Buffer {
  const machine = file.machine ?? PC;
  const [top, ...instances] = file.buffers;
  if (top === undefined) throw new Error('no buffer');
  const metadata = initial(machine, 6)
    .bytes(headerInfo(machine))
    .bytes(ftraceFormats(machine, file.events))
    .bytes(eventFormats(machine, file.events))
    .bytes(sized(machine, file.kallsyms ?? '', 4))
    .bytes(sized(machine, '', 4))
    .bytes(sized(machine, file.cmdlines ?? '', 8))
    .number(top.cpus.length, 4)
    .done();
  // The tables come twice: once to learn where the data lies, then with what was learnt.
  const build = (places: ReadonlyMap<string, number>): { file: Buffer; places: Map<string, number> } => {
    const learnt = new Map<string, number>();
    const writer = new ByteWriter(machine).bytes(metadata).text('options  \0');
    const options = [
      ...(file.options ?? []),
      [4, Buffer.alloc(0)] as const,
      ...instances.map(({ name }) => {
        const data = new ByteWriter(machine).number(places.get(`${name}:table`) ?? 0, 8).text(`${name}\0`);
        return [3, data.done()] as const;
      }),
    ];
    for (const [id, data] of options) writer.number(id, 2).number(data.length, 4).bytes(data);
    writer.number(0, 2);
    for (const { name, clock, cpus } of file.buffers) {
      learnt.set(`${name}:table`, writer.length);
      writer.text('flyrecord\0');
      for (const [cpu, data] of cpus.entries()) {
        writer.number(data.length === 0 ? 0 : (places.get(`${name}:${cpu}`) ?? 0), 8).number(data.length, 8);
      }
      writer.bytes(sized(machine, `[${clock}]`, 8));
      for (const [cpu, data] of cpus.entries()) {
        writer.pad(machine.pageSize);
        learnt.set(`${name}:${cpu}`, writer.length);
        writer.bytes(data);
      }
    }
    return { file: writer.done(), places: learnt };
  };
  return build(build(new Map()).places).file;
}

const COMPRESS = { none: (data: Buffer) => data, zlib: deflateSync, zstd: zstdCompressSync } as const;
/** trace-cmd packs ten pages into a chunk. */
const CHUNK_PAGES = 10;

function writeVersion7(file: TraceDat): Buffer {
  const machine = file.machine ?? PC;
  const algorithm = file.compression ?? 'none';
  const compress = COMPRESS[algorithm];
  const compressed = algorithm !== 'none';
  const writer = initial(machine, 7).text(`${algorithm}\0${compressed ? '1' : ''}\0`);
  const first = writer.length + 8;
  const body = new ByteWriter(machine);
  const section = (id: number, data: Buffer, pack = compressed): number => {
    const position = first + body.length;
    let stored = data;
    if (pack) {
      const packed = compress(data);
      stored = new ByteWriter(machine).number(packed.length, 4).number(data.length, 4).bytes(packed).done();
    }
    body
      .number(id, 2)
      .number(pack ? 1 : 0, 2)
      .number(0, 4)
      .number(stored.length, 8)
      .bytes(stored);
    return position;
  };
  const offset = (position: number) => new ByteWriter(machine).number(position, 8).done();
  const options: (readonly [number, Buffer])[] = [
    [16, offset(section(16, headerInfo(machine), false))],
    [17, offset(section(17, ftraceFormats(machine, file.events)))],
    [18, offset(section(18, eventFormats(machine, file.events)))],
    [19, offset(section(19, sized(machine, file.kallsyms ?? '', 4)))],
    [20, offset(section(20, sized(machine, '', 4)))],
    [21, offset(section(21, sized(machine, file.cmdlines ?? '', 8)))],
    [8, new ByteWriter(machine).number(file.buffers[0]?.cpus.length ?? 0, 4).done()],
    ...(file.options ?? []),
  ];
  for (const { name, clock, cpus } of file.buffers) {
    const position = first + body.length;
    body
      .number(3, 2)
      .number(compressed ? 1 : 0, 2)
      .number(0, 4)
      .number(0, 8);
    const option = new ByteWriter(machine).number(position, 8).text(`${name}\0${clock}\0`).number(machine.pageSize, 4);
    option.number(cpus.length, 4);
    for (const [cpu, data] of cpus.entries()) {
      const over = (first + body.length) % machine.pageSize;
      if (over > 0) body.bytes(Buffer.alloc(machine.pageSize - over));
      const place = first + body.length;
      if (!compressed || data.length === 0) body.bytes(data);
      else {
        const size = CHUNK_PAGES * machine.pageSize;
        const chunks = Array.from({ length: Math.ceil(data.length / size) }, (_, i) =>
          data.subarray(i * size, (i + 1) * size),
        );
        body.number(chunks.length, 4);
        for (const chunk of chunks) {
          const packed = compress(chunk);
          body.number(packed.length, 4).number(chunk.length, 4).bytes(packed);
        }
      }
      option
        .number(cpu, 4)
        .number(place, 8)
        .number(first + body.length - place, 8);
    }
    options.push([3, option.done()]);
  }
  const list = new ByteWriter(machine);
  for (const [id, data] of options) list.number(id, 2).number(data.length, 4).bytes(data);
  list.number(0, 2).number(8, 4).number(0, 8);
  const start = section(0, list.done());
  return writer.number(start, 8).bytes(body.done()).done();
}
