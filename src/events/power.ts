import { BDF_SOURCE } from '../base/bdf.ts';
import { by, type MessageRow, messageRow as message, type TraceEventRow } from './catalogue.ts';

const HEADER = { versions: '3.2-', source: 'include/trace/events/rpm.h (6.12, 7.1)' };
const STATE = `(?<bdf>${BDF_SOURCE}) flags-(?<flags>[0-9a-f]{1,8}) cnt-(?<users>-?\\d{1,5}) {1,4}dep-`;

/** Runtime power management: the trace names the device, as the bus calls it. Only PCI functions are of interest. */
export const POWER_EVENTS: readonly TraceEventRow[] = [
  {
    name: 'rpm_suspend',
    kind: 'pci.runtime_pm',
    pattern: new RegExp(`^${STATE}`),
    fixed: { op: 'suspend' },
    example: 'rpm_suspend: 0000:02:00.0 flags-a cnt-0  dep-0  auto-1 p-0 irq-0 child-0',
    ...HEADER,
  },
  {
    name: 'rpm_resume',
    kind: 'pci.runtime_pm',
    pattern: new RegExp(`^${STATE}`),
    fixed: { op: 'resume' },
    example: 'rpm_resume: 0000:02:00.0 flags-4 cnt-1  dep-0  auto-1 p-0 irq-0 child-0',
    ...HEADER,
  },
  {
    name: 'rpm_return_int',
    kind: 'pci.runtime_pm',
    pattern: new RegExp(`^(?<at>rpm_\\w{1,32})\\+0x[0-9a-f/x]{1,32}:(?<bdf>${BDF_SOURCE}) ret=(?<error>-?\\d{1,10})$`),
    fixed: { op: 'return' },
    example: 'rpm_return_int: rpm_suspend+0x149/0x6c0:0000:02:00.0 ret=-11',
    ...HEADER,
  },
];

/** The whole machine goes to sleep: what the devices lose then depends on the state, and on the machine. */
export const POWER_MESSAGES: readonly MessageRow[] = [
  message(
    'host.sleep',
    'PM: suspend entry',
    /^PM: suspend entry \((?<state>s2idle|shallow|deep)\)$/,
    'PM: suspend entry (deep)',
    by('pm_suspend', 'kernel/power/suspend.c (6.12)', '4.18-'),
  ),
  message(
    'host.sleep',
    'hibernation entry',
    /^PM: hibernation: (?<state>hibernation) entry$/,
    'PM: hibernation: hibernation entry',
    by('hibernate', 'kernel/power/hibernate.c (6.12)', '5.8-'),
  ),
  // Both tell of dpm_suspend_start(): the PCI core puts functions into D3 only after it (pci_pm_suspend_noirq).
  message(
    'host.sleep',
    'Some devices failed to suspend',
    /^PM: Some devices failed to suspend, or early wake event detected$/,
    'PM: Some devices failed to suspend, or early wake event detected',
    by('suspend_devices_and_enter', 'kernel/power/suspend.c (6.12)', '4.18-'),
    { outcome: 'failed' },
  ),
  message(
    'host.sleep',
    'PM: suspend of devices aborted',
    /^PM: suspend of devices aborted after \d{1,9}\.\d{3} msecs$/,
    'PM: suspend of devices aborted after 1.796 msecs',
    by('dpm_show_time, pm_pr_dbg', 'drivers/base/power/main.c (6.12)', '4.18-'),
    { outcome: 'failed' },
  ),
];
