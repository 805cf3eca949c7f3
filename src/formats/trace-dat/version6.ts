import type { PositionedBytes } from '../../input/positioned.ts';
import { Cursor } from './cursor.ts';
import { Damage, Unsupported } from './damage.ts';
import type { InitialFormat } from './header.ts';
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
import { LATENCY_TEXT } from './version7.ts';

const MAX_CPUS = 8192;
const MAX_BUFFERS = 256;
/** `options  `, `latency  `, `flyrecord`, each with a NUL. */
const MARK = 10;
/** tracefs' trace_clock lists a dozen names. */
const MAX_CLOCK = 4096;

/** Version 6: all parts follow one another. @throws Damage, Unsupported */
export function readVersion6(bytes: PositionedBytes, initial: InitialFormat): Metadata {
  const { bigEndian, pageSize } = initial;
  const cursor = new Cursor(bytes, bigEndian, initial.next);
  const header = readHeaderInfo(cursor);
  const formats = [...readFtraceFormats(cursor), ...readEventFormats(cursor)];
  const kallsyms = readKallsyms(cursor);
  const printkFormats = readPrintkFormats(cursor);
  const savedCmdlines = readSavedCmdlines(cursor);
  const { options, cpus, count } = readData(cursor, cursor.u32());
  // Behind the table of the data, where the option is set; before trace-cmd 2.3 there was none and the clock the default.
  const hasClock = options.some(({ id }) => id === OPTION.TRACECLOCK);
  const clock = (hasClock ? readClock(cursor) : null) ?? 'local';
  const top: TraceBuffer = { name: '', clock, pageSize, compressed: false, cpus };
  return {
    bigEndian,
    ...header,
    formats,
    kallsyms,
    printkFormats,
    savedCmdlines,
    options: timeOptions(options, bigEndian),
    buffers: [top, ...instances(bytes, initial, options, count, hasClock)],
  };
}

/** The options, if any, and where the data of each CPU lies. */
function readData(
  cursor: Cursor,
  cpuCount: number,
): { readonly options: Option[]; readonly cpus: CpuData[]; readonly count: number } {
  let count = cpuCount;
  let mark = readMark(cursor);
  let options: Option[] = [];
  if (mark.startsWith('options')) {
    options = readOptions(cursor, 6);
    const told = options.findLast(({ id }) => id === OPTION.CPUCOUNT);
    if (told !== undefined) count = optionCursor(told, cursor.bigEndian).u32();
    mark = readMark(cursor);
  }
  if (mark.startsWith('latency')) throw new Unsupported(LATENCY_TEXT);
  if (!mark.startsWith('flyrecord')) throw new Damage('no trace data is announced', cursor.place - MARK);
  if (count > MAX_CPUS) throw new Damage('the number of CPUs is wrong', cursor.place);
  const cpus: CpuData[] = [];
  for (let cpu = 0; cpu < count; cpu++) cpus.push({ cpu, position: cursor.size64(), size: cursor.size64() });
  return { options, cpus, count };
}

function readMark(cursor: Cursor): string {
  return cursor.take(MARK).toString('latin1');
}

function readClock(cursor: Cursor): string | null {
  const size = cursor.left < 8 ? 0 : cursor.size64();
  // Old releases of trace-cmd wrote it wrongly; trace-cmd then takes the clock to be local, as we do.
  return size > MAX_CLOCK || size > cursor.left ? null : chosenClock(cursor.take(size).toString('latin1'));
}

function instances(
  bytes: PositionedBytes,
  initial: InitialFormat,
  options: readonly Option[],
  cpuCount: number,
  hasClock: boolean,
): TraceBuffer[] {
  const buffers: TraceBuffer[] = [];
  for (const option of options) {
    if (option.id !== OPTION.BUFFER || buffers.length >= MAX_BUFFERS) continue;
    const cursor = optionCursor(option, initial.bigEndian);
    const position = cursor.size64();
    const name = cursor.string();
    const data = new Cursor(bytes, initial.bigEndian, position);
    const { cpus } = readData(data, cpuCount);
    const clock = (hasClock ? readClock(data) : null) ?? 'local';
    buffers.push({ name, clock, pageSize: initial.pageSize, compressed: false, cpus });
  }
  return buffers;
}
