import { pasteEnd, withoutControls } from './clean.ts';
import { behindBlank, HeadScanner } from './dmesg-head.ts';
import { isElision } from './elision.ts';
import type { Format, LineParser, ParserContext } from './format.ts';
import type { LineHead } from './line-head.ts';
import { decodeOctal } from './octal.ts';
import type { PrintkHead } from './printk-entry.ts';
import { PrintkLines } from './printk-lines.ts';
import type { Damage } from './repairs.ts';

// `vfio-pci 0000:02:00.0: resetting`, with what dynamic debug or `dmesg -t` leave before it: a caller, a function.
const DEVICE =
  /^(?:\[ *[TC]?\d{1,10}\] ){0,2}(?:[\w./:-]{1,128}: )?[\w.-]{2,48} [0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]: /;
// Beginnings that only the kernel has; the last ones are of a report about a crash.
const KERNEL = new RegExp(
  `^(?:\\[ *[TC]\\d{1,10}\\] )?(?:${[
    'DMAR: ',
    'AMD-Vi: ',
    'PCI/TSM: ',
    'PCI/IDE: ',
    'iommufd: ',
    'pci_bus [0-9a-f]{4,8}:[0-9a-f]{2}: ',
    'Linux version ',
    'Command line: ',
    'BIOS-e820: ',
    'BUG: ',
    'WARNING: (?:CPU: \\d|at |possible )',
    'kernel BUG at ',
    'Kernel panic - not syncing',
    'general protection fault',
    'Modules linked in: ',
    'Hardware name: ',
    'Call Trace:',
    'RIP: [0-9a-f]{4}:',
    'CPU: \\d{1,5} (?:UID: \\d{1,10} )?PID: ',
    '---\\[ end trace',
    '-{8,16}\\[ cut here',
  ].join('|')})`,
);
// `? vfio_pci_core_disable+0x1b/0x30 [vfio_pci_core]`, older ` [<ffffffff81083260>] ? wake_up_bit+0x40/0x40`, on Arm
// `[<c0014e6c>] (show_stack) from [<c0014e6c>] (panic+0x10/0x20)`
const FRAME =
  /^(?:\[<[0-9a-f]{8,16}>\] )?(?:\? )?[\w.]{1,128}\+0x[0-9a-f]{1,6}\/0x[0-9a-f]{1,6}|^\[<[0-9a-f]{8,16}>\] \(/;
const STAMPED = /\[ *\d{1,10}\.\d{6}[\] ]/;
/** Commands, remarks in a script's output, and programs of user space that name devices as the kernel does. */
const FOREIGN = /^(?:[#$] |qemu-|kvm: |---8<|```|crash> |\(gdb\) |(?:SUBSYSTEM|DEVICE)=)/;

/** Share of the lines that must look like the kernel's: the others may be any message. */
const MIN_SHARE = 0.2;
/** Share of stamped lines above which the log has times, and another form reads them. */
const MAX_STAMPED = 0.05;
/** Below what any form with a head reaches that fits: this one explains everything. */
const WEIGHT = 0.3;

/** What a terminal or a chat program puts before a line: no time of the kernel's, and no date. */
const TIME_OF_DAY = /^\[\d\d:\d\d:\d\d\] /;
const TIME_OF_DAY_LENGTH = 11;

/** Index behind what stands before the message and is not the kernel's. */
function messageStart(plain: string): number {
  const start = pasteEnd(plain);
  return TIME_OF_DAY.test(plain.slice(start, start + TIME_OF_DAY_LENGTH)) ? start + TIME_OF_DAY_LENGTH : start;
}

/** A message without anything before it but a caller. */
class BareHead implements LineHead {
  plain = '';
  message = 0;
  readonly stamp = null;
  readonly clock = null;
  readonly bareContinuation = false;
  readonly claimed = false;
  damage: Damage | null = null;
  readonly #scanner = new HeadScanner();

  scan(line: string): boolean {
    const plain = withoutControls(line);
    const start = messageStart(plain);
    if (start >= plain.length || FOREIGN.test(plain.slice(start, start + 16)) || isElision(line)) return false;
    this.damage = start > 0 && /[>|*`]/.test(plain.slice(0, start)) ? 'quoted' : null;
    this.plain = plain;
    this.message = behindBlank(plain, this.#scanner.scanCaller(plain, start));
    return true;
  }

  values(): PrintkHead {
    const { cpu, pid } = this.#scanner;
    return { time: null, cpu, pid, level: null };
  }
}

function createParser(context: ParserContext): LineParser {
  return new PrintkLines(context, { createHead: () => new BareHead(), dictionary: decodeOctal });
}

/** A message that begins with a driver and the address of a function. */
export function namesDevice(line: string): boolean {
  return DEVICE.test(line);
}

function detect(lines: readonly string[]): number {
  let filled = 0;
  let kernel = 0;
  let stamped = 0;
  for (const line of lines) {
    const plain = withoutControls(line);
    const bare = plain.slice(messageStart(plain));
    if (bare === '') continue;
    filled++;
    if (STAMPED.test(bare.slice(0, 64))) stamped++;
    if (FOREIGN.test(bare)) continue;
    const start = bare.slice(0, 512);
    if (DEVICE.test(start) || KERNEL.test(start)) kernel++;
    else if (kernel > 0 && FRAME.test(start)) kernel++;
  }
  if (kernel === 0 || stamped > filled * MAX_STAMPED || kernel < filled * MIN_SHARE) return 0;
  return (WEIGHT * kernel) / filled;
}

export const dmesgBare: Format = {
  id: 'dmesg-bare',
  title: 'kernel log without times: dmesg -t, printk.time=0, or pasted without them',
  example: 'vfio-pci 0000:02:00.0: resetting',
  detect,
  best: WEIGHT,
  parser: createParser,
};
