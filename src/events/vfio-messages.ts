import { BDF_SOURCE } from '../base/bdf.ts';
import { by, knownRow as known, type MessageRow, messageRow as message } from './catalogue.ts';

const CORE = 'drivers/vfio/pci/vfio_pci_core.c (6.12, 7.1)';
const CONFIG = 'drivers/vfio/pci/vfio_pci_config.c (6.12, 7.1)';
const MAIN = 'drivers/vfio/vfio_main.c (6.12, 7.1)';

export const VFIO_MESSAGES: readonly MessageRow[] = [
  message(
    'vfio.request',
    'Relaying device request',
    // 5.2 to 5.x: "vfio_pci: " in front, since dev_fmt was pr_fmt there.
    /^(?:vfio_pci: )?Relaying device request to user \(#(?<count>\d+)\)$/,
    'vfio-pci 0000:02:00.0: Relaying device request to user (#0)',
    by('vfio_pci_core_request', CORE, '4.0-'),
  ),
  message(
    'vfio.request',
    'No device request channel',
    /^(?:vfio_pci: )?No device request channel registered, blocked until released by user$/,
    'vfio-pci 0000:02:00.0: No device request channel registered, blocked until released by user',
    by('vfio_pci_core_request', CORE, '4.0-'),
  ),
  message(
    'vfio.restore',
    'restoring BARs',
    /^vfio_bar_restore: reset recovery - restoring BARs$/,
    'vfio-pci 0000:02:00.0: vfio_bar_restore: reset recovery - restoring BARs',
    by('vfio_bar_restore', CONFIG, '5.1-'),
  ),
  message(
    'vfio.restore',
    'restoring bars',
    new RegExp(`^vfio_bar_restore: (?<bdf>${BDF_SOURCE}) reset recovery - restoring bars$`),
    'vfio_bar_restore: 0000:02:00.0 reset recovery - restoring bars',
    by('vfio_bar_restore', 'drivers/vfio/pci/vfio_pci_config.c', '3.6-5.0'),
  ),
  known(
    'unknown length for PCI',
    /^\w{1,64}: unknown length for PCI e?cap (?:0x[0-9a-f]{1,4}|0)@0x[0-9a-f]{1,4}$/,
    'vfio-pci 0000:02:00.0: vfio_ext_cap_len: unknown length for PCI ecap 0x2e@0x160',
    by('vfio_cap_len, vfio_ext_cap_len', CONFIG, '5.1-'),
  ),
  known(
    'hiding ',
    /^\w{1,64}: (?:[0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7] )?hiding e?cap (?:0x[0-9a-f]{1,4}|0)@0x[0-9a-f]{1,4}$/,
    'vfio-pci 0000:02:00.0: vfio_ecap_init: hiding ecap 0x19@0x200',
    by('vfio_cap_init, vfio_ecap_init, pci_dbg', CONFIG, '3.6-'),
  ),
  known(
    'PCI config conflict',
    /^\w{1,64}: PCI config conflict @0x[0-9a-f]{1,4}, was e?cap /,
    'vfio-pci 0000:02:00.0: vfio_cap_init: PCI config conflict @0x50, was cap 0x1 now cap 0x5',
    by('vfio_cap_init, vfio_ecap_init', CONFIG, '5.1-'),
  ),
  known(
    'vfio_pci_mmap_',
    /^vfio_pci_mmap_(?:huge|page)_fault\(,order = \d+\) BAR \d+ page offset 0x[0-9a-f]+: 0x[0-9a-f]+$/,
    'vfio-pci 0000:02:00.0: vfio_pci_mmap_huge_fault(,order = 0) BAR 0 page offset 0x0: 0x100',
    by('vfio_pci_mmap_huge_fault, vfio_pci_mmap_page_fault, dev_dbg_ratelimited', CORE, '6.12-'),
  ),
  known(
    'VF token',
    /^(?:VF token (?:required to access device|incorrectly provided, (?:PF not bound to vfio-pci|not a PF or VF))|Incorrect VF token provided for device)$/,
    'vfio-pci 0000:02:10.0: VF token required to access device',
    by('vfio_pci_validate_vf_token', CORE, '5.7-'),
  ),
  known(
    'saved state',
    /^\w{1,64}: Couldn't (?:store|reload) saved state$/,
    "vfio-pci 0000:02:00.0: vfio_pci_core_disable: Couldn't reload saved state",
    by('vfio_pci_core_enable, vfio_pci_core_disable', CORE, '3.6-'),
  ),
  known(
    'INTx',
    /^Masking broken INTx support$/,
    'vfio-pci 0000:02:00.0: Masking broken INTx support',
    by('vfio_pci_core_enable', CORE, '3.6-'),
  ),
  known(
    'runtime resume failed',
    /^(?:vfio: )?runtime resume failed -?\d+$/,
    'vfio-pci 0000:02:00.0: runtime resume failed -13',
    by('vfio_pci_rw, vfio_device_pm_runtime_get', CORE, '6.1-'),
  ),
  known(
    'vgaarb:',
    /^vgaarb: /,
    'vfio-pci 0000:02:00.0: vgaarb: changed VGA decodes: olddecodes=io+mem,decodes=none:owns=none',
    by('__vga_set_legacy_decoding', 'drivers/pci/vgaarb.c (6.12, 7.1)', '2.6.32-'),
  ),
  known(
    'Device is currently in use',
    /^Device is currently in use, task "[^"]{0,64}" \(\d+\) blocked until device is released$/,
    'vfio-pci 0000:02:00.0: Device is currently in use, task "sh" (63) blocked until device is released',
    by('vfio_unregister_group_dev', MAIN, '4.0-'),
  ),
  known(
    'while PF bound',
    /^VF \S+ bound to driver \S+ while PF bound to driver \S+$/,
    'vfio-pci 0000:02:00.0: VF 0000:02:10.0 bound to driver igbvf while PF bound to driver vfio-pci',
    by('vfio_pci_bus_notifier', CORE, '5.7-'),
  ),
  known(
    'bogus INTx',
    /^Hardware bug: VF reports bogus INTx pin \d+$/,
    'vfio-pci 0000:02:10.0: Hardware bug: VF reports bogus INTx pin 1',
    by('vfio_config_init', CONFIG, '4.20-'),
  ),
  known(
    'info capabilit',
    /^Failed to setup (?:zPCI info capabilities|AtomicOps info capability)$/,
    'vfio-pci 0000:02:00.0: Failed to setup AtomicOps info capability',
    by('vfio_pci_ioctl_get_info', CORE, '5.7-'),
  ),
  known(
    'SR-IOV enabled',
    /^Cannot bind to PF with SR-IOV enabled$/,
    'vfio-pci 0000:02:00.0: Cannot bind to PF with SR-IOV enabled',
    by('vfio_pci_core_register_device', CORE, '5.8-'),
  ),
  known(
    'denylist',
    /^[0-9a-f]{4}:[0-9a-f]{4} exists in vfio-pci device denylist, driver probing disallowed\.$/,
    'vfio-pci 0000:01:00.0: 8086:0435 exists in vfio-pci device denylist, driver probing disallowed.',
    by('vfio_pci_is_denylisted', 'drivers/vfio/pci/vfio_pci.c (6.12, 7.1)', '5.9-'),
  ),
  known(
    'irq bypass producer',
    /^irq bypass producer \(\S{1,64}(?: \S{1,64})?\) registration fails: -?\d+$/,
    'vfio-pci 0000:02:00.0: irq bypass producer (eventfd 00000000c0d1e2f3) registration fails: -16',
    by('vfio_msi_set_vector_signal', 'drivers/vfio/pci/vfio_pci_intrs.c (6.12 says "token", 7.1 "eventfd")', '4.4-'),
  ),
  known(
    'vfio-noiommu',
    /^(?:vfio-noiommu device opened by user|Adding kernel taint for vfio-noiommu group on device)/,
    'vfio-pci 0000:02:00.0: Adding kernel taint for vfio-noiommu group on device',
    by('vfio_device_open_file, vfio_register_group_dev', 'drivers/vfio/group.c (6.12, 7.1)', '4.5-'),
  ),
  known(
    'add [',
    /^vfio_pci: add \[[0-9a-f]{4}:[0-9a-f]{4}\[[0-9a-f]{4,8}:[0-9a-f]{4,8}\]\] class /,
    'vfio_pci: add [8086:10c9[ffffffff:ffffffff]] class 0x000000/00000000',
    by('vfio_pci_fill_ids', 'drivers/vfio/pci/vfio_pci.c (6.12, 7.1)', '3.18-'),
  ),
  known(
    'callbacks suppressed',
    /^vfio\w{0,60}: \d+ callbacks suppressed$/,
    'vfio_pci_mmap_huge_fault: 250 callbacks suppressed',
    by('___ratelimit', 'lib/ratelimit.c (6.12, 7.1)', '2.6.27-'),
  ),
  known(
    'RLIMIT_MEMLOCK',
    /^vfio_pin_\w{1,48}: RLIMIT_MEMLOCK \(\d+\) exceeded$/,
    'vfio_pin_pages_remote: RLIMIT_MEMLOCK (65536) exceeded',
    by('vfio_pin_pages_remote, vfio_pin_page_external', 'drivers/vfio/vfio_iommu_type1.c (6.12, 7.1)', '3.6-'),
  ),
  known(
    'VFIO - User Level',
    /^VFIO - User Level meta-driver version: [\d.]{1,16}$/,
    'VFIO - User Level meta-driver version: 0.3',
    by('vfio_init', MAIN, '3.6-'),
  ),
];
