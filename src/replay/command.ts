import { parseInteger } from '../events/numbers.ts';
import type { StoredEvent } from '../timeline/rows.ts';

/** PCI_COMMAND_MEMORY and PCI_COMMAND_MASTER (include/uapi/linux/pci_regs.h). */
const BITS = { mse: 0x2, bme: 0x4 } as const;
const COMMAND = 4;

export type CommandBit = keyof typeof BITS;
export const COMMAND_BITS = ['mse', 'bme'] as const satisfies readonly CommandBit[];

/**
 * What is known of one bit of the COMMAND register. `was-clear`: the kernel left it clear, and a guest has run since; that it set the bit
 * leaves a record only where configuration writes are recorded.
 */
export type BitValue = 'set' | 'clear' | 'was-clear' | 'unknown';
export type CommandState = Readonly<Record<CommandBit, BitValue>> & {
  /** At least so many have the function enabled: each pci_disable_device() takes one away. Absent: nobody is known to. */
  readonly enabled?: number;
  /** What users and guests write to it is recorded. Absent: nothing shows that. */
  readonly recorded?: true;
};

export const COMMAND_UNKNOWN: CommandState = { mse: 'unknown', bme: 'unknown' };

/**
 * What is known of the COMMAND register after an event.
 *
 * @param recorded all configuration writes are.
 */
export function commandAfter(event: StoredEvent, before: CommandState, recorded = false): CommandState {
  switch (event.kind) {
    case 'pci.set_master':
      return { ...before, bme: 'set' };
    case 'pci.clear_master':
      return { ...before, bme: 'clear' };
    case 'pci.enable':
      return event.outcome === 'ok' ? { ...before, enabled: (before.enabled ?? 0) + 1 } : before;
    case 'pci.disable':
      return afterDisable(before);
    case 'vfio.open':
      // vfio_pci_core_enable() begins with pci_clear_master(); pci_enable_device() then sets Memory Space as needed.
      return {
        mse: 'unknown',
        bme: 'clear',
        ...(event.outcome !== 'failed' && { enabled: 1 }),
        ...(recorded && { recorded }),
      };
    case 'tsm.bind':
    case 'tsm.bind_core':
    case 'tsm.guest_request':
      // There is a guest, whose driver sets Bus Master.
      return before.bme !== 'clear' || before.recorded || event.outcome === 'failed'
        ? before
        : { ...before, bme: 'was-clear' };
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

/** What is known where either of two may be true. */
export function eitherCommand(one: CommandState, other: CommandState): CommandState {
  const both = (bit: CommandBit): BitValue => (one[bit] === other[bit] ? one[bit] : 'unknown');
  const enabled = Math.min(one.enabled ?? 0, other.enabled ?? 0);
  const recorded = one.recorded && other.recorded;
  return { mse: both('mse'), bme: both('bme'), ...(enabled > 0 && { enabled }), ...(recorded && { recorded }) };
}

/** Whether somebody is known to have the function enabled after a pci_disable_device(): it then writes nothing. */
export function staysEnabled({ enabled = 0 }: CommandState): boolean {
  return enabled > 1;
}

/**
 * pci_disable_device() counts down; at zero do_pci_disable_device() clears Bus Master without a word (drivers/pci/pci.c, 7.1). Who
 * enabled the function before the capture, nothing tells.
 */
function afterDisable({ enabled = 0, ...before }: CommandState): CommandState {
  if (staysEnabled({ ...before, enabled })) return { ...before, enabled: enabled - 1 };
  return { ...before, bme: before.bme === 'set' ? 'unknown' : before.bme };
}

function afterWrite(event: StoredEvent, before: CommandState): CommandState {
  if (event.args['region'] !== 'basic') return before;
  const at = parseInteger(event.args['position'] ?? event.args['offset']);
  // Without arguments (function tracer) any register may have been written.
  if (at === null) return COMMAND_UNKNOWN;
  const count = parseInteger(event.args['count']) ?? 4;
  if (at > COMMAND || at + count <= COMMAND) return before;
  // What was refused, or could not be copied from the user, has written nothing.
  if (event.outcome === 'failed') return { ...before, recorded: true };
  const value = parseInteger(event.args['value']);
  // Bits 1 and 2 stand in the low byte; a 32-bit write that begins below shifts them up.
  const written = value === null ? null : Math.floor(value / 2 ** (8 * (COMMAND - at)));
  return { ...decode(written, before), recorded: true };
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
