import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/base/errors.ts';
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
  ['ftrace-local/clock-boot-6.18.txt', 'ftrace', 1, 'the file trace_clock stands before the trace'],
  ['ftrace-local/clock-counter-6.18.txt', 'ftrace', 1, 'the file trace_clock stands before the trace'],
  ['ftrace-local/clock-global-6.18.txt', 'ftrace', 1, 'the file trace_clock stands before the trace'],
  ['ftrace-local/clock-local-6.18.txt', 'ftrace', 1, 'the file trace_clock stands before the trace'],
  ['ftrace-local/clock-mono-6.18.txt', 'ftrace', 1, 'the file trace_clock stands before the trace'],
  ['ftrace-local/clock-mono_raw-6.18.txt', 'ftrace', 1, 'the file trace_clock stands before the trace'],
  ['ftrace-local/clock-perf-6.18.txt', 'ftrace', 1, 'the file trace_clock stands before the trace'],
  ['ftrace-local/clock-tai-6.18.txt', 'ftrace', 1, 'the file trace_clock stands before the trace'],
  ['ftrace-local/clock-x86-tsc-6.18.txt', 'ftrace', 1, 'the file trace_clock stands before the trace'],
  ['ftrace-local/nop-events-default-6.18.txt', 'ftrace', 0],
  ['ftrace-local/nop-odd-comms-6.18.txt', 'ftrace', 2, 'a name with a newline, twice'],
  ['ftrace-local/nop-odd-comms-fields-6.18.txt', 'ftrace', 3, 'a name with a newline, twice'],
  ['ftrace-local/nop-odd-comms-tgid-notrecorded-6.18.txt', 'ftrace', 2, 'a name with a newline, twice'],
  ['ftrace-local/nop-opt-fields-6.18.txt', 'ftrace', 0],
  ['ftrace-local/nop-record-tgid-6.18.txt', 'ftrace', 0],
  ['ftrace-local/nop-stacktrace-6.18.txt', 'ftrace', 0],
  ['ftrace-local/trace-overrun-6.18.txt', 'ftrace', 0],
  ['ftrace/funcgraph-mystery-excerpt.txt', 'ftrace', 0],
  ['ftrace/io_page_fault-amd.txt', 'ftrace', 0],
  ['ftrace/pci-hp-event.txt', 'ftrace', 0],
  ['ftrace/pci-ltssm-2026.txt', 'ftrace', 0],
  ['ftrace/pcie-link-event.txt', 'ftrace', 0],
  ['ftrace/perf-tools-funcgraph.txt', 'ftrace', 75, 'a tutorial: prose and shell between the traces'],
  ['ftrace/perf-tools-functrace.txt', 'ftrace', 237, 'a tutorial: prose and shell between the traces'],
  ['ftrace/perf-tools-kprobe.txt', 'ftrace', 116, 'a tutorial: prose and shell between the traces'],
  ['ftrace/perf-tools-tpoint.txt', 'ftrace', 67, 'a tutorial: prose and shell between the traces'],
  // Its rows were broken by a mail program and are put together again.
  ['ftrace/rt-flags-random.txt', 'ftrace', 0],
  ['ftrace/tc-ftrace_syscalls.txt', 'ftrace', 0],
  ['ftrace/tc-trace-android-sched', 'ftrace', 0],
  ['ftrace/tc-trace-android-sched-irq', 'ftrace', 0],
  ['ftrace/tc-trace-android-sched-irq-syscall', 'ftrace', 0],
  ['ftrace/tc-trace-critical-path', 'ftrace', 0],
  ['ftrace/timerlat-rt.txt', 'ftrace', 0],
  ['perf/speedscope-one-sample.linux-perf.txt', 'perf-script', 0],
  ['perf/speedscope-simple.linux-perf.txt', 'perf-script', 0],
  ['systrace/catapult-atrace_fixed_tgids.txt', 'ftrace', 0],
  ['systrace/catapult-atrace_missing_tgids.txt', 'ftrace', 0],
  ['systrace/perfetto-cpu_frequency_limits.systrace', 'ftrace', 0],
  ['systrace/perfetto-sched_blocked_systrace.systrace', 'ftrace', 0],
  ['systrace/perfetto-unknown_thread_name.systrace', 'ftrace', 0],
  ['tracecmd/kvm-exit-qemu.txt', 'trace-cmd', 0],
  ['tracecmd/kvm-unresolved-comm-wrapped.txt', 'trace-cmd', 2, 'wrapped by a mail program'],
  [
    'tracecmd/local-report-variants-3.1.6.txt',
    'trace-cmd',
    37,
    'titles and the help of trace-cmd between eighteen reports',
  ],
  ['tracecmd/trappy-raw_trace.txt', 'trace-cmd', 0],
];

/** What holds no record that could be read, and what is said of it. */
const REFUSED: readonly (readonly [string, RegExp])[] = [
  ['ftrace-local/nop-opt-hex-6.18.txt', /entries printed as numbers/],
  ['ftrace-local/nop-opt-raw-6.18.txt', /entries printed as numbers/],
  ['ftrace-local/option-names-6.18.txt', /holds no kernel log line/],
  ['ftrace-local/per_cpu-stats-6.18.txt', /only the statistics of a trace buffer/],
  ['ftrace-local/trace_options-default-6.18.txt', /holds no kernel log line/],
  ['qemu/spdk-vfio-user.log', /holds no kernel log line/],
  ['qemu/xen-stubdom-console.txt', /holds no kernel log line/],
  ['systrace/catapult-compressed_atrace.bin', /is the packed output of atrace -z/],
];

const FOLDERS = ['ftrace', 'ftrace-local', 'tracecmd', 'perf', 'systrace', 'qemu'];

describe.skipIf(!present)('public logs', () => {
  test('none is left out', () => {
    const known = new Set([...SAMPLES, ...REFUSED].map(([path]) => path));
    const there = FOLDERS.flatMap((name) => readdirSync(join(folder, name)).map((file) => `${name}/${file}`));
    expect(there.filter((path) => !known.has(path))).toEqual([]);
  });

  for (const [path, message] of REFUSED) {
    test(`${path} is refused`, async () => {
      const reading = async () => {
        const source = await openSource(join(folder, path));
        if (source.kind !== 'log') throw new Error('a timeline');
        await readSource(source, {
          inputFormat: null,
          interest: EVERYTHING,
          emit: () => undefined,
          health: () => undefined,
          maxBytes: 1e9,
        });
      };
      await expect(reading()).rejects.toThrow(InputError);
      await expect(reading()).rejects.toThrow(message);
    });
  }

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
