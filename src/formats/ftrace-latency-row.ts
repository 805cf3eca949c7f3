import type { Nanoseconds } from '../base/time.ts';
import type { EntryHead } from './ftrace-head.ts';
import { exactStamp, type RowTask } from './ftrace-row.ts';

/** What stands before the text of an entry; a message could imitate it further behind. */
const MAX_HEAD = 128;

// trace_print_lat_context() in kernel/trace/trace_output.c, its name cut to 8 bytes, CPU and flags glued together:
//
//     |     drv-210       0..... 30354us+: pcie_flr <-__pci_reset_function_locked|
//        comm - pid      cpu flags  time delay text
//
// and `trace-cmd report -l`, whose time is that of the clock: |     drv-528     1...1.   343.260563: pcie_flr: ...|
// Clocks that count something else than nanoseconds have no `us`; trace-cmd leaves no blank before a long stamp.
const SHORT =
  /^(.{0,16})-(\d{1,10}) +(?:\( *[\d-]{1,10}\) +)?(\d{1,6}?)(?:[^\s\d]\S{3,11} +|[^\s\d]\S{4}(?=\d{8}))(?:(\d{1,18})us[ +!#*@$]?|(\d{1,12}\.(?:\d{9}|\d{6})|\d{1,20})[ +!#*@$]?): /;

// The same with option verbose: name, pid, cpu, flags, preemption count, index, [microseconds of the clock], since the start
// of the buffer, (delay).
//
//     |             drv     214   0 0 00000000 00000000 [034da81b] 78.284ms (+0.045ms): pcie_flr <-...|
const VERBOSE =
  /^ {0,16}(.{1,16}?) +(\d{1,10}) +(\d{1,6}) \d{1,4} [0-9a-f]{8} [0-9a-f]{8,16} \[([0-9a-f]{8,16})\] \d{1,15}\.\d{3}ms \(\+\d{1,15}\.\d{3}ms\): /;

/**
 * Finds the parts of a row in latency format. One object serves all lines; its fields hold until the next {@link scan}.
 */
export class LatencyScanner implements EntryHead {
  cpu = 0;
  /** Microseconds, or ticks. */
  stamp = 0;
  ticks = false;
  text = 0;
  /** The time counts from the start of the buffer, not from that of the clock. */
  relative = false;
  #time: Nanoseconds = 0n;
  #task: RowTask = { task: '', pid: 0 };

  scan(line: string): boolean {
    const head = line.length > MAX_HEAD ? line.slice(0, MAX_HEAD) : line;
    return this.#scanShort(head) || this.#scanVerbose(head);
  }

  time(_line: string): Nanoseconds {
    return this.#time;
  }

  who(_line: string): RowTask {
    return this.#task;
  }

  #scanShort(head: string): boolean {
    const match = SHORT.exec(head);
    if (match === null) return false;
    const [whole, task = '', pid, cpu, relative, stamp = ''] = match;
    this.relative = relative !== undefined;
    this.ticks = relative === undefined && !stamp.includes('.');
    this.#time = relative === undefined ? exactStamp(stamp) : BigInt(relative) * 1000n;
    this.stamp = this.ticks ? Number(stamp) : Number(this.#time) / 1000;
    this.#task = { task: task.trim(), pid: Number(pid) };
    this.cpu = Number(cpu);
    this.text = whole.length;
    return true;
  }

  #scanVerbose(head: string): boolean {
    const match = VERBOSE.exec(head);
    if (match === null) return false;
    const [whole, task = '', pid, cpu, micro = '0'] = match;
    this.relative = false;
    this.ticks = false;
    this.#time = BigInt(`0x${micro}`) * 1000n;
    this.stamp = Number.parseInt(micro, 16);
    this.#task = { task: task.trim(), pid: Number(pid) };
    this.cpu = Number(cpu);
    this.text = whole.length;
    return true;
  }
}
