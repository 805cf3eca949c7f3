/**
 * Public logs that hold more than one part, each read by eye: excerpts of one form whose clock falls behind a blank line or a
 * word of the author, traces with headers, another form.
 */
export const PARTS: Readonly<Record<string, readonly string[]>> = {
  'ordering/iommu-dma-ownership-warn-2022-03-04.log': ['1-58 dmesg', '59-63 dmesg'],
  'ordering/qemu-vfio-vectors-2021-06-28.log': ['1-7 dmesg', '8-12 qemu'],
  'ordering/smmu-iommufd-s2fwb-2024-09-04.log': ['1-18 dmesg', '19-28 dmesg'],
  'ordering/smmuv3-event-0x10-vfio.log': ['1-9 dmesg', '10-15 dmesg', '16-21 dmesg'],
  'samples/console/logcat-or-mixed.txt': ['1-9 dmesg', '10-27 dmesg'],
  'samples/ftrace/perf-tools-funcgraph.txt': ['1-246 ftrace', '247-2178 ftrace'],
  'samples/ftrace/perf-tools-functrace.txt': ['1-38 ftrace', '39-56 ftrace', '57-341 ftrace'],
  'samples/ftrace/perf-tools-kprobe.txt': [
    '1-38 ftrace',
    '39-62 ftrace',
    '63-209 ftrace',
    '210-272 ftrace',
    '273-379 ftrace',
  ],
  'samples/ftrace/perf-tools-tpoint.txt': ['1-39 ftrace', '40-63 ftrace', '64-210 ftrace'],
  'samples/ftrace/rt7-qcom.txt': ['1-7 ftrace', '8-10 ftrace'],
  'samples/iommu/smmuv3-s2fwb-iommufd-quoted.txt': ['1-16 dmesg', '17-33 dmesg'],
  'samples/kmsg/netconsole-asmedia-hang.txt': ['1-7 dmesg', '8-85 kmsg'],
  'samples/pstore/panic-part-headers-2026.txt': ['1-71 pstore', '72-160 pstore'],
  'samples/tracecmd/local-report-variants-3.1.6.txt': [
    '1-9 trace-cmd',
    '10-17 trace-cmd',
    '18-25 trace-cmd',
    '26-33 trace-cmd',
    '34-41 trace-cmd',
    '42-49 trace-cmd',
    '50-57 trace-cmd',
    '58-65 trace-cmd',
    '66-73 trace-cmd',
    '74-81 trace-cmd',
    '82-97 trace-cmd',
    '98-111 trace-cmd',
    '112-128 trace-cmd',
  ],
  'samples/tsm/ccp-init-ex-interrupted-2026.txt': ['1-7 dmesg', '8-66 dmesg'],
  'samples/tsm/ccp-sev-snp-init-quoted.txt': ['1-20 dmesg', '21-83 dmesg'],
  'samples/tsm/sev-snp-kvm-builtin-oops.txt': ['1-48 dmesg', '49-55 dmesg'],
  'samples/vfio/dmabuf-iommufd-2025.txt': ['1-19 qemu', '20-69 dmesg'],
};
