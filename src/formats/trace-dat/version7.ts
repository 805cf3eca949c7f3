import { memoryBytes, type PositionedBytes } from '../../input/positioned.ts';
import { Cursor } from './cursor.ts';
import { Damage, Unsupported } from './damage.ts';
import { checkPageSize, type InitialFormat } from './header.ts';
import type { CpuData, Metadata, TraceBuffer } from './metadata.ts';
import { chosenClock, OPTION, type Option, optionCursor, readOptions, timeOptions } from './options.ts';
import {
  readEventFormats,
  readFtraceFormats,
  readHeaderInfo,
  readKallsyms,
  readPrintkFormats,
  readSavedCmdlines,
} from './sections.ts';

const COMPRESSED = 1;
/** Options sections are linked; trace-cmd writes two or three, of some KiB. */
const MAX_SECTIONS = 16;
const MAX_OPTIONS_SIZE = 16 * 1024 * 1024;
const MAX_BUFFERS = 256;
const MAX_CPUS = 8192;

/** @throws Damage, Unsupported */
export function readVersion7(bytes: PositionedBytes, initial: InitialFormat): Metadata {
  const { bigEndian } = initial;
  const options = allOptions(bytes, initial);
  const section = <T>(id: number, read: (cursor: Cursor) => T, missing: T): T => {
    const option = options.find((candidate) => candidate.id === id);
    if (option === undefined) return missing;
    return read(openSection(bytes, initial, optionCursor(option, bigEndian).size64(), id));
  };
  const header = section(OPTION.HEADER_INFO, readHeaderInfo, { headerPage: '', headerEvent: '' });
  const clock = options.find(({ id }) => id === OPTION.TRACECLOCK);
  const named = clock === undefined ? null : chosenClock(clock.data.toString('latin1'));
  return {
    bigEndian,
    ...header,
    formats: [
      ...section(OPTION.FTRACE_EVENTS, readFtraceFormats, []),
      ...section(OPTION.EVENT_FORMATS, readEventFormats, []),
    ],
    kallsyms: section(OPTION.KALLSYMS, readKallsyms, Buffer.alloc(0)),
    printkFormats: section(OPTION.PRINTK, readPrintkFormats, ''),
    savedCmdlines: section(OPTION.CMDLINES, readSavedCmdlines, ''),
    options: timeOptions(options, bigEndian),
    buffers: buffersOf(bytes, initial, options, named),
  };
}

function allOptions(bytes: PositionedBytes, initial: InitialFormat): Option[] {
  const options: Option[] = [];
  const seen = new Set<number>();
  let position = initial.next;
  while (position !== 0) {
    if (seen.has(position) || seen.size >= MAX_SECTIONS) throw new Damage('the options have no end', position);
    seen.add(position);
    const read = readOptions(openSection(bytes, initial, position, OPTION.DONE), 7);
    const done = read.pop();
    options.push(...read);
    if (done?.id !== OPTION.DONE) throw new Damage('the options have no end', position);
    position = optionCursor(done, initial.bigEndian).size64();
  }
  return options;
}

/** A cursor over the unpacked data of the section at `position`. */
function openSection(bytes: PositionedBytes, initial: InitialFormat, position: number, id: number): Cursor {
  const head = sectionHead(bytes, initial, position);
  if (head.id !== id) throw new Damage('a section is not the one that was announced', position);
  const cursor = new Cursor(bytes, initial.bigEndian, position + SECTION_HEAD);
  if (!head.compressed)
    return new Cursor(memoryBytes(cursor.take(Math.min(head.size, cursor.left))), initial.bigEndian, 0, position);
  if (initial.unpack === null) throw new Damage('a section is compressed in an unknown way', position);
  const packed = cursor.u32();
  const size = cursor.u32();
  if (id === OPTION.DONE && size > MAX_OPTIONS_SIZE) throw new Damage('the options are too large', position);
  const data = initial.unpack(cursor.take(packed), size, position);
  return new Cursor(memoryBytes(data), initial.bigEndian, 0, position);
}

const SECTION_HEAD = 16;

function sectionHead(bytes: PositionedBytes, initial: InitialFormat, position: number) {
  const cursor = new Cursor(bytes, initial.bigEndian, position);
  const id = cursor.u16();
  const flags = cursor.u16();
  cursor.u32();
  return { id, compressed: (flags & COMPRESSED) !== 0, size: cursor.size64() };
}

function buffersOf(
  bytes: PositionedBytes,
  initial: InitialFormat,
  options: readonly Option[],
  traceClock: string | null,
): TraceBuffer[] {
  const buffers: TraceBuffer[] = [];
  for (const option of options) {
    if (option.id !== OPTION.BUFFER || buffers.length >= MAX_BUFFERS) continue;
    const cursor = optionCursor(option, initial.bigEndian);
    const section = cursor.size64();
    const name = cursor.string();
    const clock = cursor.string();
    const pageSize = cursor.u32();
    checkPageSize(pageSize, option.place);
    const { compressed } = sectionHead(bytes, initial, section);
    const cpus = readCpus(cursor);
    // The top buffer first, as trace-cmd report orders records of the same time.
    const buffer = { name, clock: clock === '' ? (traceClock ?? '') : clock, pageSize, compressed, cpus };
    if (name === '') buffers.unshift(buffer);
    else buffers.push(buffer);
  }
  if (buffers.length === 0) {
    if (options.some(({ id }) => id === OPTION.BUFFER_TEXT)) throw new Unsupported(LATENCY_TEXT);
    throw new Damage('no trace data is announced', initial.next);
  }
  return buffers;
}

function readCpus(cursor: Cursor): CpuData[] {
  const count = cursor.u32();
  if (count > MAX_CPUS) throw new Damage('the number of CPUs is wrong', cursor.place);
  const cpus: CpuData[] = [];
  for (let i = 0; i < count; i++) cpus.push({ cpu: cursor.u32(), position: cursor.size64(), size: cursor.size64() });
  return cpus.sort((a, b) => a.cpu - b.cpu);
}

export const LATENCY_TEXT =
  'holds the text of a latency tracer, no records: take the text out with: trace-cmd report -i FILE > trace.txt';
