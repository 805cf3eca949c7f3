import type { HealthCode } from '../base/health.ts';
import type { PartCounts } from './part.ts';
import { traceDat } from './trace-dat/id.ts';

/** What a part is, as far as it decides what should have been captured. */
export type Captured = Pick<PartCounts, 'format' | 'clock' | 'timeUnit' | 'firstTime' | 'records'>;

/** Rows of one table: the first that fits. */
const BY_FORMAT: Readonly<Record<string, string>> = {
  'dmesg-bare':
    'no times: nothing tells how long before or after another log a line stands; record with journalctl -k -o json, or dmesg without -t (printk.time=1)',
  'ftrace-bare': 'no tasks, CPUs and times: record with the trace option context-info',
  'journal-monotonic':
    'the times may be those when journald received a line, not when the kernel said it (systemd 256.1 and later): record with journalctl -k -o json',
  'ftrace-latency': 'the times count from the start of the buffer: record with the trace option nolatency-format',
  logcat: 'the log of another program with the kernel in it: record with dmesg or /dev/kmsg',
};

/**
 * What to capture instead, one sentence; null where the form is as good as any.
 *
 * @param codes of the health rows of the part.
 */
export function adviceFor(part: Captured, codes: ReadonlySet<HealthCode>): string | null {
  const known = BY_FORMAT[part.format];
  if (known !== undefined) return known;
  if (codes.has('symbols-missing') && part.format === traceDat.id) {
    return 'the file lists no function at some addresses: record as root, with /proc/sys/kernel/kptr_restrict at 0 or 1 and the modules loaded until the end';
  }
  if (codes.has('symbols-missing')) {
    return 'dynamic events name addresses: give the trace.dat itself, or a copy of /sys/kernel/tracing/trace, or the /proc/kallsyms of that boot (--side)';
  }
  if (part.timeUnit === 'ticks') return 'the clock does not say what it counts: set trace_clock to mono or boot';
  const ofCalendar = part.clock.startsWith('wall');
  if (ofCalendar && part.format === 'dmesg') {
    return 'the times are computed from the uptime and are wrong after a suspend: record with dmesg -x, or journalctl -k -o json';
  }
  if (ofCalendar && part.format === 'syslog') {
    return "the times are the daemon's, not the kernel's: record with journalctl -k -o json, or dmesg -x";
  }
  if (part.clock === 'none' && part.format === 'dmesg') {
    return 'the lines carry no time, or only the difference to the line before, which is wrong once a line is missing: record with dmesg -x, or journalctl -k -o json';
  }
  if (part.firstTime !== null || part.records === 0) return null;
  if (part.format === 'qemu') return 'no times: start QEMU with -msg timestamp=on';
  if (part.format === 'ftrace') {
    return 'no times: record function_graph with the trace options funcgraph-abstime and funcgraph-proc';
  }
  return 'no times: record with them, where the program that wrote this can';
}
