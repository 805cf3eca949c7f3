import { parseInteger } from '../events/numbers.ts';
import type { StoredEvent } from '../timeline/rows.ts';

/** PCI_COMMAND_MEMORY and PCI_COMMAND_MASTER (include/uapi/linux/pci_regs.h). */
const BITS = { mse: 0x2, bme: 0x4 } as const;
const COMMAND = 4;

export type CommandBit = keyof typeof BITS;
export const COMMAND_BITS = ['mse', 'bme'] as const satisfies readonly CommandBit[];

/** What is known of one bit of the COMMAND register. */
export type BitValue = 'set' | 'clear' | 'unknown';
export type CommandState = Readonly<Record<CommandBit, BitValue>>;

export const COMMAND_UNKNOWN: CommandState = { mse: 'unknown', bme: 'unknown' };

/** What an event does to the COMMAND register, bit by bit; a bit that it leaves alone is absent. */
export function commandAfter(event: StoredEvent, before: CommandState): CommandState {
  switch (event.kind) {
    case 'pci.set_master':
      return { ...before, bme: 'set' };
    case 'pci.clear_master':
    case 'pci.disable':
      // do_pci_disable_device() clears Bus Master without a word (drivers/pci/pci.c, 7.1).
      return { ...before, bme: 'clear' };
    case 'vfio.open':
      // vfio_pci_core_enable() begins with pci_clear_master(); pci_enable_device() then sets Memory Space as needed.
      return { mse: 'unknown', bme: 'clear' };
    case 'vfio.disable':
      return { mse: 'unknown', bme: before.bme };
    case 'pci.command':
      return decode(parseInteger(hex(event.args['value'])), before);
    case 'vfio.config_write':
      return afterWrite(event, before);
    case 'pci.config_write':
      return afterHostWrite(event, before);
    case 'pci.add':
    case 'pci.remove':
    case 'pci.bus_reset':
      return COMMAND_UNKNOWN;
    default:
      return before;
  }
}

function afterWrite(event: StoredEvent, before: CommandState): CommandState {
  if (event.args['region'] !== 'basic') return before;
  const at = parseInteger(event.args['position'] ?? event.args['offset']);
  // Without arguments (function tracer) any register may have been written.
  if (at === null) return COMMAND_UNKNOWN;
  const count = parseInteger(event.args['count']) ?? 4;
  if (at > COMMAND || at + count <= COMMAND) return before;
  const value = parseInteger(event.args['value']);
  // Bits 1 and 2 stand in the low byte; a 32-bit write that begins below shifts them up.
  return decode(value === null ? null : Math.floor(value / 2 ** (8 * (COMMAND - at))), before);
}

/**
 * pci_write_config_*() and pci_user_write_config_*() refuse a place that their width does not divide (PCI_OP_WRITE,
 * drivers/pci/access.c, 6.12): of the register at 0x4 each writes the low byte, or none of it.
 */
function afterHostWrite({ args, outcome }: StoredEvent, before: CommandState): CommandState {
  if (outcome === 'failed' || parseInteger(args['position']) !== COMMAND) return before;
  return decode(parseInteger(args['value']), before);
}

function decode(value: number | null, before: CommandState): CommandState {
  if (value === null) return COMMAND_UNKNOWN;
  // Device Control and Status share the dword in `restore config`: the low half is COMMAND.
  const low = value % 0x10000;
  return {
    ...before,
    mse: (low & BITS.mse) === 0 ? 'clear' : 'set',
    bme: (low & BITS.bme) === 0 ? 'clear' : 'set',
  };
}

/** `enabling device (0000 -> 0002)` prints hexadecimal without a prefix. */
function hex(text: string | undefined): string | undefined {
  return text !== undefined && /^[0-9a-f]{4}$/.test(text) ? `0x${text}` : text;
}
