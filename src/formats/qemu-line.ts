import type { Nanoseconds } from '../base/time.ts';
import { wallStamp } from './wall-time.ts';

/** A line of QEMU's log: a trace event, or what QEMU or libvirt says. */
export interface QemuLine {
  readonly type: 'event' | 'message';
  /** Nanoseconds since the epoch; null without `-msg timestamp=on`. */
  readonly time: Nanoseconds | null;
  /** Microseconds, for their order. */
  readonly us: number;
  /** The thread, which only the old style names. */
  readonly tid: number | null;
  readonly name: string;
  /** Index of what the event or the message says. */
  readonly text: number;
}

// scripts/tracetool/backend/log.py of QEMU, up to 9.x with and without `-msg timestamp=on`, then the style of its messages:
//
//     |  493@1581830832.154442:vfio_region_write  (0000:03:00.0:region2+0x26c960, 0xa5a5a5a5, 4)|
//     |vfio_pci_write_config  (0000:81:00.1, @0x4, 0x140, len=0x2)|
//     |2026-10-08T20:10:01.265690Z vfio_region_read  (0000:01:00.0:region0+0x324d78, 4) = 0x2ec08b2e|
const THREAD = /^ *(\d{1,10})@(\d{1,12})\.(\d{6}):/;
const CALENDAR = /^(\d{4})-(\d\d)-(\d\d)T(\d\d:\d\d:\d\d)\.(\d{6})(Z) /;
// |2024-03-26 14:38:41.534+0000: starting up libvirt version: 10.1.0, qemu version: 8.2.2, ...|
const LIBVIRT = /^(\d{4})-(\d\d)-(\d\d) (\d\d:\d\d:\d\d)\.(\d{3})([+-]\d{4}): /;
const EVENT = /^([a-z][a-z0-9]{1,31}(?:_[a-z0-9]{1,32}){1,12})(?: +|$)/;
/** Without a stamp any text could begin like an event: only these are. */
const BARE_EVENT =
  /^(?:vfio|iommufd|pci|pcie|kvm|memory_region|ram_block|vtd|amdvi|smmuv3|virtio|qdev|resettable|msi|msix)_/;
// |2024-03-26T13:35:12.607377Z qemu-system-x86_64: vfio: Unable to power on device, stuck in D3|, |kvm: vfio: ...|
const PROGRAM = /^(?:[\w./-]{0,128}\/)?(?:qemu(?:-[\w.-]{1,32})?|kvm(?=: (?:vfio|warning|-device|terminating))): /;

/** Longest stamp and name. */
const MAX_HEAD = 512;

/** Takes a line of QEMU's log apart; null for anything else. */
export function scanQemu(line: string): QemuLine | null {
  const head = line.length > MAX_HEAD ? line.slice(0, MAX_HEAD) : line;
  const thread = THREAD.exec(head);
  if (thread !== null) {
    const [whole, tid, seconds = '0', micro = '0'] = thread;
    const time = BigInt(seconds) * 1_000_000_000n + BigInt(micro) * 1000n;
    return scanEvent(head, whole.length, time, Number(tid));
  }
  const calendar = CALENDAR.exec(head);
  if (calendar !== null) {
    const time = timeOf(calendar);
    return time === null
      ? null
      : (scanEvent(head, calendar[0].length, time, null) ?? scanProgram(head, calendar[0].length, time));
  }
  const libvirt = LIBVIRT.exec(head);
  if (libvirt !== null) return message(libvirt[0].length, timeOf(libvirt));
  return (BARE_EVENT.test(head) ? scanEvent(head, 0, null, null) : null) ?? scanProgram(head, 0, null);
}

function timeOf([, year, month, day, clock = '', fraction = '', zone = '']: RegExpExecArray): Nanoseconds | null {
  return wallStamp(Number(year), Number(month) - 1, Number(day), clock, fraction, zone)?.time ?? null;
}

function scanEvent(head: string, start: number, time: Nanoseconds | null, tid: number | null): QemuLine | null {
  const match = EVENT.exec(head.slice(start));
  if (match?.[1] === undefined) return null;
  return { type: 'event', time, us: micros(time), tid, name: match[1], text: start + match[0].length };
}

function scanProgram(head: string, start: number, time: Nanoseconds | null): QemuLine | null {
  const match = PROGRAM.exec(head.slice(start));
  return match === null ? null : message(start + match[0].length, time);
}

function message(text: number, time: Nanoseconds | null): QemuLine {
  return { type: 'message', time, us: micros(time), tid: null, name: '', text };
}

function micros(time: Nanoseconds | null): number {
  return time === null ? 0 : Number(time / 1000n);
}
