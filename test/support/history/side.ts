import { SideCollector, type SideData } from '../../../src/input/side/collector.ts';
import type { World } from './moves.ts';

/** What a machine says of its functions beside the log, as `lspci -D -vvx` and `ls -ld` would have printed it (pciutils 3.14). */
export interface Told {
  readonly world: Pick<World, 'bdf' | 'pf' | 'isVf'>;
  /** No_Soft_Reset of the function. */
  readonly keepsState: boolean;
}

/** Where BAR 1 of every function stands. */
export const BAR = 0xfd400000;

const flag = (value: boolean) => (value ? '+' : '-');

function lspciOf({ world: { bdf, pf, isVf }, keepsState }: Told): string {
  // The BARs and Memory Space Enable of a VF are fixed at 0, and it has no SR-IOV capability.
  const base = isVf ? '00 00 00 00' : '00 00 40 fd';
  const own = [
    `${bdf} Ethernet controller: Intel Corporation Device 10c9 (rev 01)`,
    `\tControl: I/O- Mem${flag(!isVf)} BusMaster+ SpecCycle- MemWINV- VGASnoop- ParErr- Stepping- SERR- FastB2B- DisINTx+`,
    ...(isVf ? [] : [`\tRegion 1: Memory at ${BAR.toString(16)} (32-bit, non-prefetchable) [size=128K]`]),
    '\tCapabilities: [40] Power Management version 3',
    `\t\tStatus: D0 NoSoftRst${flag(keepsState)} PME-Enable- DSel=0 DScale=0 PME-`,
    ...(isVf ? [] : ['\tCapabilities: [160 v1] Single Root I/O Virtualization (SR-IOV)']),
    `00: 86 80 c9 10 0${isVf ? 4 : 6} 04 10 00 01 00 00 02 00 00 00 00`,
    `10: 00 00 00 00 ${base} 00 00 00 00 00 00 00 00`,
    '20: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00',
    '30: 00 00 00 00 40 00 00 00 00 00 00 00 00 00 00 00',
    '',
  ];
  const link = `lrwxrwxrwx 1 root root 0 Nov 22 06:20 /sys/bus/pci/devices/${bdf}/physfn -> ../${pf}`;
  return [...own, ...(isVf ? [link] : []), ''].join('\n');
}

/** As the program reads it. */
export function sideDataOf(told: readonly Told[]): SideData {
  const collector = new SideCollector();
  collector.file('lspci.txt', Buffer.from(told.map(lspciOf).join('\n'), 'latin1'));
  return collector.finish('side');
}
