import { parseInteger } from '../events/numbers.ts';
import type { StoredEvent } from '../timeline/rows.ts';

/** Registers whose write is a reset, by the byte that has the bit (include/uapi/linux/pci_regs.h). */
const FLR = {
  // PCI_EXP_DEVCTL_BCR_FLR, bit 15 of Device Control.
  exp: { at: 9, bit: 0x80 },
  // PCI_AF_CTRL_FLR of Advanced Features.
  af: { at: 4, bit: 0x01 },
} as const;

/** PCI_BRIDGE_CTL_BUS_RESET of PCI_BRIDGE_CONTROL. */
const SECONDARY_BUS_RESET = { at: 0x3e, bit: 0x40 } as const;

/**
 * Whether a write of the guest starts an FLR: vfio_exp_config_write() and vfio_af_config_write() look at the register after the
 * write, whatever part of it was written (drivers/vfio/pci/vfio_pci_config.c, 6.12).
 */
export function startsFlr({ kind, args }: StoredEvent): boolean {
  const region = args['region'];
  if (kind !== 'vfio.config_write' || (region !== 'exp' && region !== 'af')) return false;
  return sets(FLR[region], parseInteger(args['offset']), args['count'], args['value']);
}

/**
 * Whether a write of the host's user sets Secondary Bus Reset: a hot reset of all that is below, if the function is a bridge. Other
 * functions have read-only registers there. The kernel's own write is part of pci_bridge_secondary_bus_reset().
 */
export function resetsBelow({ kind, symbol, args }: StoredEvent): boolean {
  if (kind !== 'pci.config_write' || symbol?.startsWith('pci_write_config')) return false;
  const [position, width] = [parseInteger(args['position']), parseInteger(args['width'])];
  // A place that the width does not divide is refused (PCI_OP_WRITE, drivers/pci/access.c, 6.12).
  if (position === null || width === null || position % width !== 0) return false;
  return sets(SECONDARY_BUS_RESET, position, args['width'], args['value']);
}

interface Bit {
  readonly at: number;
  readonly bit: number;
}

/** Whether a write of `count` bytes from `from` on covers the byte, and sets the bit in it. */
function sets({ at, bit }: Bit, from: number | null, count: string | undefined, written: string | undefined): boolean {
  const value = parseInteger(written);
  if (from === null || value === null || value < 0) return false;
  const index = at - from;
  if (index < 0 || index >= (parseInteger(count) ?? 4)) return false;
  return (Math.floor(value / 2 ** (8 * index)) & bit) !== 0;
}
