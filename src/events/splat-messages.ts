import { by, knownRow as known, type MessageRow, messageRow as message } from './catalogue.ts';

const PANIC = 'kernel/panic.c';
const AT = '(?<at>[A-Za-z_][\\w.]{0,127})\\+0x[0-9a-f]{1,8}/0x[0-9a-f]{1,8}';
const FILE = '(?<file>[\\w./-]{1,160}):(?<file_line>\\d{1,6})';

/**
 * What a machine says when it is in trouble. The first line of a report; which functions stand in its stack, and where it ends,
 * is found out by {@link SplatCollector}. Reports of others than the subsystems of this catalogue are left out there.
 */
export const SPLAT_MESSAGES: readonly MessageRow[] = [
  message(
    'host.splat',
    'WARNING: ',
    new RegExp(`^WARNING: ${FILE} at ${AT}(?: \\[[\\w-]{1,64}\\])?, CPU#\\d{1,5}: (?<comm>.{1,64})/(?<task>\\d{1,10})`),
    'WARNING: drivers/vfio/pci/vfio_pci_core.c:721 at vfio_pci_core_close_device+0x10c/0x110 [vfio_pci_core], CPU#3: qemu-system-x86/742',
    by('__warn', `${PANIC} (7.1; commit 28ea295f941e)`, '6.19-'),
    { fixed: { type: 'WARNING' } },
  ),
  message(
    'host.splat',
    'WARNING: CPU: ',
    new RegExp(`^WARNING: CPU: \\d{1,5} PID: (?<task>\\d{1,10}) at ${FILE} ${AT}`),
    'WARNING: CPU: 3 PID: 742 at drivers/iommu/iommufd/device.c:310 iommufd_device_unbind+0x9c/0xa0 [iommufd]',
    by('__warn', `${PANIC} (6.12)`, '3.13-6.18'),
    { fixed: { type: 'WARNING' } },
  ),
  message(
    'host.splat',
    'WARNING: ',
    /^WARNING: (?<what>possible (?:circular locking dependency|recursive locking) detected|possible irq lock inversion dependency detected|inconsistent lock state|suspicious RCU usage|lock held when returning to user space!)/,
    'WARNING: possible circular locking dependency detected',
    by('print_circular_bug and others', 'kernel/locking/lockdep.c (6.12, 7.1)', '2.6.18-'),
    { fixed: { type: 'lockdep' } },
  ),
  message(
    'host.splat',
    'BUG: K',
    /^BUG: (?<type>KASAN|KFENCE|KMSAN|KCSAN): (?<what>[\w -]{1,64}) in (?<at>[A-Za-z_][\w.]{0,127})/,
    'BUG: KASAN: slab-use-after-free in get_file_active+0x79/0x250',
    by('print_error_description', 'mm/kasan/report.c (6.12, 7.1)', '4.0-'),
  ),
  message(
    'host.splat',
    'BUG: ',
    /^(?:watchdog: )?BUG: (?<what>kernel NULL pointer dereference|unable to handle (?:page fault|kernel paging request|kernel NULL pointer dereference)|soft lockup|scheduling while atomic|sleeping function called from invalid context|Bad page state|workqueue lockup)/,
    'BUG: kernel NULL pointer dereference, address: 0000000000000028',
    by(
      'show_fault_oops, watchdog_timer_fn, __schedule_bug, __might_resched',
      'arch/x86/mm/fault.c and others (6.12, 7.1)',
      '2.6.12-',
    ),
    { fixed: { type: 'BUG' } },
  ),
  message(
    'host.splat',
    'kernel BUG at ',
    new RegExp(`^kernel BUG at ${FILE}!`),
    'kernel BUG at drivers/iommu/iommufd/pages.c:178!',
    by('report_bug', 'lib/bug.c (6.12, 7.1)', '2.6.12-'),
    { fixed: { type: 'BUG' } },
  ),
  message(
    'host.splat',
    'Oops',
    /^(?:Internal error: )?Oops(?: - [\w ]{1,32})?: (?<what>.{1,160}?) \[#\d{1,4}\]/,
    'Oops: general protection fault, probably for non-canonical address 0xdead000000000108: 0000 [#1] SMP NOPTI',
    by('__die_header, die', 'arch/x86/kernel/dumpstack.c, arch/arm64/kernel/traps.c (6.12, 7.1)', '2.6.12-'),
    { fixed: { type: 'Oops' } },
  ),
  message(
    'host.splat',
    'general protection fault',
    /^general protection fault, probably for non-canonical address (?<what>0x[0-9a-f]{1,16}): [0-9a-f]{4} \[#\d{1,4}\]/,
    'general protection fault, probably for non-canonical address 0xdead000000000108: 0000 [#1] SMP NOPTI',
    by('die_addr', 'arch/x86/kernel/traps.c (6.1; "Oops: " in front since 6.10)', '5.6-6.9'),
    { fixed: { type: 'Oops' } },
  ),
  message(
    'host.splat',
    'Unable to handle kernel ',
    /^Unable to handle kernel (?<what>NULL pointer dereference|paging request|access to user memory|write to read-only memory) at virtual address /,
    'Unable to handle kernel NULL pointer dereference at virtual address 0000000000000028',
    by('die_kernel_fault', 'arch/arm64/mm/fault.c (6.12, 7.1)', '3.7-'),
    { fixed: { type: 'Oops' } },
  ),
  message(
    'host.hang',
    ' blocked for more than ',
    /^INFO: task (?<comm>.{1,64}):(?<task>\d{1,10}) blocked for more than (?<seconds>\d{1,6}) seconds\./,
    'INFO: task qemu-system-x86:742 blocked for more than 120 seconds.',
    by('check_hung_task', 'kernel/hung_task.c (6.12, 7.1)', '2.6.30-'),
    { fixed: { type: 'hung task' } },
  ),
  message(
    'host.machine_check',
    'Machine Check',
    /^(?:mce: )?\[Hardware Error\]: CPU \d{1,5}: Machine Check(?<exception> Exception)?: (?<mcg>[0-9a-f]{1,16}) Bank (?<bank>\d{1,3}): (?<status>[0-9a-f]{16})$/,
    'mce: [Hardware Error]: CPU 3: Machine Check Exception: 5 Bank 6: ba00000000000e0b',
    by('__print_mce', 'arch/x86/kernel/cpu/mce/core.c (6.12, 7.1)', '3.13-'),
  ),
  known(
    'Machine check events logged',
    /^(?:mce: )?\[Hardware Error\]: Machine check events logged$/,
    'mce: [Hardware Error]: Machine check events logged',
    by('mce_notify_irq', 'arch/x86/kernel/cpu/mce/core.c (6.12, 7.1)', '2.6.31-'),
  ),
];
