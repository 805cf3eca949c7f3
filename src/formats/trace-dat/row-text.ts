import type { Nanoseconds, TimeUnit } from '../../base/time.ts';
import type { Field } from './event-format.ts';
import type { RecordFields } from './record-fields.ts';

// The rows that trace-cmd report prints (3.3, with -t): trace_show_data() in tracecmd/trace-read.c.

export interface LatencyFields {
  readonly flags: Field | null;
  readonly preemptCount: Field | null;
  readonly migrateDisable: Field | null;
  readonly lockDepth: Field | null;
}

/** `            drv-512   [001] ...1.   312.877550306:` and a blank. Latin1. */
export function entryHead(
  task: string,
  pid: number,
  cpu: number,
  flags: string,
  time: Nanoseconds,
  unit: TimeUnit,
): string {
  const who = `${task.padStart(16)}-${String(pid).padEnd(5)}`;
  return `${who} [${String(cpu).padStart(3, '0')}] ${flags} ${stamp(time, unit)}: `;
}

function stamp(time: Nanoseconds, unit: TimeUnit): string {
  if (unit === 'ticks') return time.toString().padStart(12);
  const positive = time < 0n ? -time : time;
  const seconds = `${time < 0n ? '-' : ''}${positive / 1_000_000_000n}`;
  return `${seconds.padStart(5)}.${(positive % 1_000_000_000n).toString().padStart(9, '0')}`;
}

/** `pcie_flr:             `: the text of all entries begins in the same column. */
export function nameColumn(name: string): string {
  return `${name}: `.padEnd(22);
}

// enum trace_flag_type in include/linux/trace_events.h.
const IRQS_OFF = 1;
const IRQS_NOSUPPORT = 2;
const NEED_RESCHED = 4;
const HARDIRQ = 8;
const SOFTIRQ = 16;

/** `d.h1.`, data_latency_format() in libtraceevent. */
export function latencyFlags(fields: RecordFields, common: LatencyFields): string {
  const flags = numberOf(fields, common.flags) ?? 0;
  const count = numberOf(fields, common.preemptCount) ?? 0;
  const irqs = flags & IRQS_OFF ? 'd' : flags & IRQS_NOSUPPORT ? 'X' : '.';
  const resched = flags & NEED_RESCHED ? 'N' : '.';
  const context = flags & HARDIRQ && flags & SOFTIRQ ? 'H' : flags & HARDIRQ ? 'h' : flags & SOFTIRQ ? 's' : '.';
  const depth = count & 0xf ? (count & 0xf).toString(16) : '.';
  const migrate = count & 0xf0 ? (count >> 4).toString(16) : '.';
  const more = [common.migrateDisable, common.lockDepth].map((field) => {
    if (field === null) return '';
    const value = numberOf(fields, field) ?? -1;
    return value < 0 ? '.' : String(value);
  });
  return `${irqs}${resched}${context}${depth}${migrate}${more.join('')}`;
}

function numberOf(fields: RecordFields, field: Field | null): number | null {
  const value = field === null ? null : fields.number(field.offset, field.size, field.signed);
  return value === null ? null : Number(value);
}
