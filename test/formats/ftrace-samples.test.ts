import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readSource } from '../../src/formats/read.ts';
import { openSource } from '../../src/input/source.ts';
import { EVERYTHING } from './collect.ts';

// Other people's logs: read where they are at hand, never copied.
const captures = process.env['TDI_TRACE_CAPTURES'] ?? join(import.meta.dirname, '../../../shared/captures');
const folder = join(captures, '../public-logs/samples');
const present = existsSync(folder);
if (!present) process.stderr.write(`SKIPPED: no public logs at ${folder}: set TDI_TRACE_CAPTURES\n`);

/** File, form, lines that fit nothing and why. */
const SAMPLES: readonly (readonly [string, string, number, string?])[] = [
  ['ftrace/fgraph-iommu-map-unmap.txt', 'ftrace', 0],
  ['ftrace/funcgraph-everything-7.1.8.txt', 'ftrace', 0],
  ['ftrace/iommu-map-unmap-vf-assign.txt', 'ftrace', 0],
  ['ftrace/perf-ftrace-graph-retaddr.txt', 'ftrace', 0],
  ['ftrace/rt-7flags-kprobe-ats.txt', 'ftrace', 0],
  ['ftrace/rt7-qcom.txt', 'ftrace', 0],
  ['ftrace/wakeup-rt-latency.txt', 'ftrace-latency', 0],
  ['ftrace/iommu-fault-with-unmap-ath12k.txt', 'ftrace', 4, 'wrapped by a mail program; a line of dmesg'],
  ['ftrace-local/clock-uptime-6.18.txt', 'ftrace', 1, 'the file trace_clock stands before the trace'],
  ['ftrace-local/nop-opt-latency-format-6.18.txt', 'ftrace-latency', 0],
  ['ftrace-local/nop-opt-latency-verbose-6.18.txt', 'ftrace-latency', 0],
  ['ftrace-local/nop-opt-nocontext-info-6.18.txt', 'ftrace-bare', 0],
  ['ftrace-local/nop-opt-noirq-info-6.18.txt', 'ftrace', 0],
  ['ftrace-local/nop-opt-verbose-6.18.txt', 'ftrace', 0],
  ['ftrace-local/nop-record-tgid-latency-6.18.txt', 'ftrace-latency', 0],
  ['ftrace-local/nop-odd-comms-latency-6.18.txt', 'ftrace-latency', 2, 'a name with a newline, twice'],
  ['ftrace-local/nop-syscalls-named-6.18.txt', 'ftrace', 0],
  ['ftrace-local/trace_pipe-lost-6.18.txt', 'ftrace', 1, 'the last line is cut'],
  ['tracecmd/kvm-exit-npf.txt', 'trace-cmd', 0],
  ['tracecmd/lisa-trace.txt', 'trace-cmd', 0],
  ['tracecmd/tc-trace-func-graph.txt', 'trace-cmd', 0],
  ['tracecmd/trappy-trace.txt', 'trace-cmd', 0],
  ['perf/ghes-perf-script.txt', 'perf-script', 0],
  ['perf/speedscope-simple-with-header.txt', 'perf-script', 0],
  ['perf/speedscope-system-wide.txt', 'perf-script', 0],
  ['systrace/catapult-atrace_data.txt', 'ftrace', 0],
  ['systrace/perfetto-bad_print.systrace', 'ftrace', 2, 'the rest of a marker of unknown name'],
  ['systrace/trappy-legacy_systrace.html', 'systrace', 0],
  ['systrace/trappy-systrace.html', 'systrace', 0],
  ['qemu/libvirt-qemu-log-vfio.txt', 'qemu', 0],
  ['qemu/proxmox-kvm-stderr.txt', 'qemu', 0],
  ['qemu/vfio-flr-nostamp.txt', 'qemu', 0],
  ['qemu/vfio-hot-reset-nostamp.txt', 'qemu', 0],
  ['qemu/vfio-region-iso-timestamp.txt', 'qemu', 0],
  ['qemu/vfio-region-write-493.txt', 'qemu', 0],
  ['qemu/vfio-user-trace-log.txt', 'qemu', 0],
];

describe.skipIf(!present)('public logs', () => {
  for (const [path, form, unparsed, why] of SAMPLES) {
    test(`${path}${why === undefined ? '' : `: ${why}`}`, async () => {
      const source = await openSource(join(folder, path));
      if (source.kind !== 'log') throw new Error('a timeline');
      const totals = await readSource(source, {
        inputFormat: null,
        interest: EVERYTHING,
        emit: () => undefined,
        health: () => undefined,
        maxBytes: 1e9,
      });
      expect(totals).toMatchObject({ format: form, unparsed });
      expect(totals.records + totals.continuation + totals.skipped + totals.unparsed).toBe(totals.lines);
    });
  }
});
