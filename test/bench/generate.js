// Deterministic inputs for the benchmark: same lines in, same bytes out. Symbols and rows are those of real captures of
// Linux 7.3 (session.txt: t01_good, see fixtures/formats/PROVENANCE.md), the mix is that of a trace of `set_ftrace_filter` left wide open.
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

const NOISE = `_raw_spin_lock _raw_spin_unlock _raw_spin_lock_irqsave _raw_spin_unlock_irqrestore __rcu_read_lock
__rcu_read_unlock mutex_lock mutex_unlock kfree __kmalloc_noprof kmem_cache_free kmem_cache_alloc_noprof rpm_resume
__pm_runtime_resume pci_read_config_word pci_bus_read_config_word pci_read pci_conf1_read pci_mmcfg_read
pci_mmconfig_lookup pci_find_saved_ext_cap pci_bus_read_config_dword pci_find_next_ext_capability.part.0
hrtimer_start_range_ns enqueue_hrtimer ktime_get schedule __schedule pick_next_task_fair update_curr try_to_wake_up
ttwu_do_activate select_task_rq_fair vfs_read vfs_write rw_verify_area __fdget_pos security_file_permission
copy_page_range vm_normal_page folio_add_lru handle_mm_fault do_user_addr_fault lock_vma_under_rcu mt_find
iommu_iova_to_phys intel_iommu_iova_to_phys __domain_mapping dma_pte_clear_level qi_submit_sync iotlb_inv_sync
tcp_sendmsg_locked tcp_write_xmit ip_queue_xmit dev_hard_start_xmit napi_gro_receive nvme_queue_rq blk_mq_submit_bio
blk_mq_dispatch_rq_list ext4_da_write_begin jbd2__journal_start __x64_sys_futex do_futex futex_wait futex_wake
kvm_vcpu_ioctl kvm_arch_vcpu_ioctl_run vmx_vcpu_run kvm_apic_has_interrupt apic_timer_fn native_smp_send_reschedule`.split(
  /\s+/,
);

// One whole session, as a function trace of a clean bind, run and unbind has it: what each entry says behind its time.
const SESSION = readFileSync(new URL('session.txt', import.meta.url), 'latin1')
  .trim()
  .split('\n');

const TASKS = [
  ['qemu-system-x86', 4711],
  ['CPU 0/KVM', 4720],
  ['CPU 1/KVM', 4721],
  ['<idle>', 0],
  ['kworker/u8:1', 14],
  ['kworker/3:2-events', 233],
  ['irq/26-aerdrv', 42],
  ['ksoftirqd/1', 21],
  ['bash', 1203],
];

/** A small linear congruential generator: no dependency, the same on every machine. */
function random(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % below;
  };
}

/** Writes `count` lines of `line(index)` in large pieces. */
function writeLines(path, count, header, line) {
  const file = openSync(path, 'w');
  let piece = header;
  for (let i = 0; i < count; i++) {
    piece += line(i);
    if (piece.length > 1 << 20) {
      writeSync(file, piece, null, 'latin1');
      piece = '';
    }
  }
  writeSync(file, piece, null, 'latin1');
  closeSync(file);
}

function stamp(micros) {
  return `${Math.floor(micros / 1e6)}.${String(micros % 1e6).padStart(6, '0')}`;
}

/** An ftrace function trace, one line in a hundred of which belongs to a session of a TDI, again and again. */
export function writeFtrace(path, count) {
  const next = random(7);
  let micros = 85_758_079;
  const header = '# tracer: function\n#\n#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION\n';
  writeLines(path, count, header, (i) => {
    micros += next(4);
    const relevant = i % 100 === 99;
    const [task, pid] = relevant ? ['drv', 278] : TASKS[next(TASKS.length)];
    const noise = `${NOISE[next(NOISE.length)]} <-${NOISE[next(NOISE.length)]}`;
    const text = relevant ? SESSION[Math.floor(i / 100) % SESSION.length] : noise;
    const who = `${String(task).slice(0, 15).padStart(16)}-${String(pid).padEnd(7)}`;
    return `${who} [00${next(4)}] ...${next(3)}. ${stamp(micros).padStart(12)}: ${text}\n`;
  });
}

const MESSAGES = [
  'usb 1-1: new high-speed USB device number 4 using xhci_hcd',
  'nvme nvme0: 4/0/0 default/read/poll queues',
  'EXT4-fs (dm-0): re-mounted 2f0b6c5e-7d5a-4d3e-9d4f-6f3a8f0d1c2b r/w.',
  'audit: type=1400 audit(1795328731.010:42): apparmor="ALLOWED" operation="open" class="file"',
  'IPv6: ADDRCONF(NETDEV_CHANGE): enp3s0: link becomes ready',
  'br0: port 2(tap0) entered forwarding state',
  'systemd-journald[312]: Received client request to flush runtime journal.',
  'kvm: SMP vm created on host with unstable TSC; guest TSC will not be reliable',
];

const DEVICE_MESSAGES = [
  'vfio-pci 0000:02:00.0: resetting',
  'vfio-pci 0000:02:00.0: reset done',
  'vfio-pci 0000:02:00.0: enabling device (0000 -> 0002)',
  'pcieport 0000:00:05.0: AER: Multiple Correctable error message received from 0000:02:00.0',
];

/** A kernel log, one line in a hundred of which names a device that can be assigned. */
export function writeDmesg(path, count) {
  writeMessages(path, count, (text) => text);
}

function writeMessages(path, count, frame) {
  const next = random(11);
  let micros = 0;
  writeLines(path, count, '', (i) => {
    micros += next(900);
    const device = i % 100 === 99;
    const text = device ? DEVICE_MESSAGES[Math.floor(i / 100) % 4] : MESSAGES[next(MESSAGES.length)];
    return frame(`[${stamp(micros).padStart(12)}] ${text}\n`, micros);
  });
}

/** The same trace with nothing but lines that `isKnown` (of a name) says are stored. */
export function writeStored(path, count, isKnown) {
  const known = SESSION.filter((text) => isKnown(/^\w+/.exec(text)?.[0] ?? ''));
  const next = random(7);
  let micros = 85_758_079;
  writeLines(path, count, '# tracer: function\n', (i) => {
    micros += next(4);
    const text = known[i % known.length];
    return `             drv-278     [00${next(4)}] ...${next(3)}. ${stamp(micros).padStart(12)}: ${text}\n`;
  });
}

const PROBES = [
  'e: (vfio_pci_core_enable+0x0/0x600) bdf="BDF"',
  'flr: (pcie_flr+0x0/0x160) bdf="BDF"',
  'er: (vfio_pci_open_device+0x1b/0x90 <- vfio_pci_core_enable) bdf="BDF" ret=0',
  'w: (vfio_basic_config_write+0x0/0x100) bdf="BDF" pos=0x4 count=2 off=0x4 val=0x107',
  'b: (pci_tsm_bind+0x0/0x100) bdf="BDF" kvm=0x1000 tdi_id=0x200',
  'br: (iommufd_vdevice_tsm_op_ioctl+0x50/0x100 <- pci_tsm_bind) bdf="BDF" ret=0',
  'g: (pci_tsm_guest_req+0x0/0x220) bdf="BDF" scope=1 in_len=1',
  'gr: (iommufd_vdevice_tsm_req_ioctl+0x50/0x100 <- pci_tsm_guest_req) bdf="BDF" ret=0',
  'w: (vfio_basic_config_write+0x0/0x100) bdf="BDF" pos=0x4 count=2 off=0x4 val=0x103',
  'g: (pci_tsm_guest_req+0x0/0x220) bdf="BDF" scope=0 in_len=1',
  'gr: (iommufd_vdevice_tsm_req_ioctl+0x50/0x100 <- pci_tsm_guest_req) bdf="BDF" ret=0',
  'u: (pci_tsm_unbind+0x0/0x30) bdf="BDF"',
  'ur: (iommufd_vdevice_tsm_op_ioctl+0x5b/0x100 <- pci_tsm_unbind) bdf="BDF"',
  'd: (vfio_pci_core_disable+0x0/0x400) bdf="BDF"',
  'cm: (pci_clear_master+0x0/0x90) bdf="BDF"',
  'flr: (pcie_flr+0x0/0x160) bdf="BDF"',
  'dr: (vfio_pci_core_close_device+0x6b/0xe0 <- vfio_pci_core_disable) bdf="BDF"',
];

/** A trace of nothing but probes, with arguments: each of a hundred functions is used again and again, and now and then in a wrong order. */
export function writeProbes(path, count) {
  let micros = 85_758_079;
  writeLines(path, count, '# tracer: nop\n#\n', (i) => {
    micros += 7;
    const device = i % 100;
    const bdf = `0000:${(2 + (device >> 3)).toString(16).padStart(2, '0')}:00.${device & 7}`;
    const step = Math.floor(i / 100);
    const isWrong = Math.floor(step / PROBES.length) % 50 === 0;
    const text = PROBES[step % PROBES.length].replace('BDF', bdf).replace('0x103', isWrong ? '0x103' : '0x107');
    return `            qemu-${String(300 + device).padEnd(7)} [000] ...1. ${stamp(micros).padStart(12)}: ${text}\n`;
  });
}

/** The kernel log once more, as a logging daemon keeps it. */
export function writeSyslog(path, count) {
  const two = (number) => String(number).padStart(2, '0');
  writeMessages(path, count, (text, micros) => {
    const seconds = Math.floor(micros / 1e6) + 5 * 3600;
    const day = 1 + (Math.floor(seconds / 86_400) % 28);
    const clock = [seconds / 3600, seconds / 60, seconds].map((value, i) =>
      two(Math.floor(value) % (i === 0 ? 24 : 60)),
    );
    return `Nov ${String(day).padStart(2)} ${clock.join(':')} host kernel: ${text}`;
  });
}
