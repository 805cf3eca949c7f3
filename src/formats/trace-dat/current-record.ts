import type { Nanoseconds } from '../../base/time.ts';
import type { KernelRecord } from '../record.ts';
import { decodeText } from '../text.ts';
import type { EventFormat, Field } from './event-format.ts';
import type { RecordClock } from './record-clock.ts';
import { RecordFields } from './record-fields.ts';
import type { CpuRecords } from './ring-buffer.ts';
import { entryHead, type LatencyFields, latencyFlags, nameColumn } from './row-text.ts';
import type { Tasks } from './tasks.ts';

/** What every record of a trace begins with: struct trace_entry in include/linux/trace_events.h. */
export interface CommonFields extends LatencyFields {
  readonly type: Field;
  readonly pid: Field;
}

/** Null where the formats lack what no record is without. */
export function commonFields(format: EventFormat | undefined): CommonFields | null {
  const type = format?.fields.get('common_type');
  const pid = format?.fields.get('common_pid');
  if (type?.size !== 2 || pid?.size !== 4) return null;
  const field = (name: string) => format?.fields.get(name) ?? null;
  return {
    type,
    pid,
    flags: field('common_flags'),
    preemptCount: field('common_preempt_count'),
    migrateDisable: field('common_migrate_disable'),
    lockDepth: field('common_lock_depth'),
  };
}

/** What a record of any type has. */
export type RecordHead = Omit<KernelRecord & { type: 'printk' }, 'type' | 'level' | 'message' | 'text'>;

/** The record that is looked at: what all types of records have. One object serves all. */
export class CurrentRecord {
  /** 1-based; one more for each entry that trace-cmd report prints. */
  number = 0;
  cpu = 0;
  pid = 0;
  readonly fields: RecordFields;
  readonly #common: CommonFields;
  readonly #littleEndian: boolean;
  readonly #tasks: Tasks;
  readonly #clock: RecordClock;
  #stream: CpuRecords | null = null;
  /** What trace-cmd report puts before the rows where there are several buffers. */
  #prefix = '';

  constructor(common: CommonFields, littleEndian: boolean, tasks: Tasks, clock: RecordClock) {
    this.#common = common;
    this.#littleEndian = littleEndian;
    this.#tasks = tasks;
    this.#clock = clock;
    this.fields = new RecordFields(littleEndian);
  }

  /** Id of the event that the stream stands at; -1 where the record has no room for one. */
  typeOf(stream: CpuRecords): number {
    const at = stream.start + this.#common.type.offset;
    return at + 2 > stream.end ? -1 : stream.view.getUint16(at, this.#littleEndian);
  }

  /** Pid of the record that the stream stands at; -1 where there is no room for one. */
  pidOf(stream: CpuRecords): number {
    const at = stream.start + this.#common.pid.offset;
    return at + 4 > stream.end ? -1 : stream.view.getInt32(at, this.#littleEndian);
  }

  /** From now on this record is looked at; it is a new entry. */
  begin(stream: CpuRecords, prefix: string): void {
    this.number++;
    this.#prefix = prefix;
    this.#stream = stream;
    this.cpu = stream.cpu;
    this.pid = this.pidOf(stream);
    this.look(stream);
  }

  /** Reads the fields of this record from now on, which belongs to the entry before. */
  look(stream: CpuRecords): void {
    this.fields.set(stream.view, stream.bytes, stream.start, stream.end);
  }

  get time(): Nanoseconds {
    return this.#clock.time(this.#stream?.time ?? 0n);
  }

  /** What its record has in common with all others. To be asked before the stream goes on. */
  head(): RecordHead {
    const { number, cpu, pid } = this;
    return {
      line: number,
      endLine: number,
      time: this.time,
      cpu,
      task: decodeText(this.#tasks.name(pid)),
      pid,
      truncated: false,
    };
  }

  /** What stands before the text of the entry in a row of trace-cmd report. To be asked before the stream goes on. */
  rowHead(name: string): string {
    const flags = latencyFlags(this.fields, this.#common);
    const head = entryHead(this.#tasks.name(this.pid), this.pid, this.cpu, flags, this.time, this.#clock.unit);
    return `${this.#prefix}${head}${nameColumn(name)}`;
  }
}
