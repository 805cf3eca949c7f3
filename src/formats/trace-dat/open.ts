import type { HealthSink } from '../../base/health.ts';
import type { PositionedBytes } from '../../input/positioned.ts';
import { type CommonFields, commonFields } from './current-record.ts';
import { Damage } from './damage.ts';
import { EventFormat } from './event-format.ts';
import { type InitialFormat, readInitialFormat } from './header.ts';
import type { Metadata, TraceBuffer } from './metadata.ts';
import { RecordClock } from './record-clock.ts';
import { type PageLayout, pageLayout } from './ring-buffer.ts';
import { Symbols } from './symbols.ts';
import { Tasks } from './tasks.ts';
import { readVersion6 } from './version6.ts';
import { readVersion7 } from './version7.ts';

/** A trace.dat whose metadata was read. */
export interface OpenedRecording {
  readonly initial: InitialFormat;
  readonly layout: PageLayout;
  readonly formats: ReadonlyMap<number, EventFormat>;
  readonly common: CommonFields;
  readonly symbols: Symbols;
  readonly tasks: Tasks;
  readonly clock: RecordClock;
  /** Those that share the clock; the top one first. */
  readonly buffers: readonly TraceBuffer[];
}

/**
 * Reads everything but the records.
 *
 * Health: `clocks-unrelated`.
 *
 * @throws Damage, Unsupported
 */
export function openRecording(bytes: PositionedBytes, health: HealthSink): OpenedRecording {
  const initial = readInitialFormat(bytes);
  const metadata = initial.version === 7 ? readVersion7(bytes, initial) : readVersion6(bytes, initial);
  const layout = pageLayout(metadata.headerPage, metadata.headerEvent);
  const formats = new Map<number, EventFormat>();
  for (const { system, text } of metadata.formats) {
    const format = EventFormat.parse(system, text);
    if (format !== null && !formats.has(format.id)) formats.set(format.id, format);
  }
  const common = commonFields(formats.values().next().value);
  if (common === null) throw new Damage('no format of an event can be read', initial.next);
  checkPlaces(metadata, bytes.size, initial.next);
  const { clock, buffers } = oneClock(metadata, health);
  return {
    initial,
    layout,
    formats,
    common,
    symbols: new Symbols(metadata.kallsyms),
    tasks: new Tasks(metadata.savedCmdlines),
    clock: new RecordClock(clock, metadata.options),
    buffers,
  };
}

/** The data of each CPU has a place of its own: a file that tells otherwise would be read over and over. @throws Damage */
function checkPlaces({ buffers }: Metadata, fileSize: number, position: number): void {
  let sum = 0;
  for (const { cpus } of buffers) {
    for (const { position: start, size } of cpus) sum += Math.max(0, Math.min(size, fileSize - start));
  }
  if (sum > fileSize) throw new Damage('the data of several CPUs is said to lie in one place', position);
}

/** Each instance has a clock of its own: records of another clock than the first one's have no order with the others. */
function oneClock(
  { buffers, options }: Metadata,
  health: HealthSink,
): { readonly clock: string; readonly buffers: readonly TraceBuffer[] } {
  const filled = buffers.filter(({ cpus }) => cpus.some(({ size }) => size > 0));
  const clock = filled[0]?.clock ?? buffers[0]?.clock ?? '';
  const related = buffers.filter((buffer) => buffer.clock === clock);
  const others = filled.length - filled.filter((buffer) => buffer.clock === clock).length;
  if (others > 0) {
    const message = `${others} of ${filled.length} buffers of the file have another clock than the first one: they were not read`;
    health({ code: 'clocks-unrelated', line: null, message, count: others });
  }
  if (options.shifted) {
    const message = "a guest's recording: the times are the guest's own, not shifted to the clock of the host";
    health({ code: 'clocks-unrelated', line: null, message, count: 1 });
  }
  return { clock, buffers: related };
}
