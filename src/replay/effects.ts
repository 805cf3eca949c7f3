import { parseInteger } from '../events/numbers.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import {
  COMMAND_BITS,
  COMMAND_UNKNOWN,
  type CommandBit,
  type CommandState,
  commandAfter,
  staysEnabled,
} from './command.ts';
import type { ConfigChange } from './config-change.ts';
import type { ProtocolEffect } from './protocol.ts';
import { resetsBelow, startsFlr } from './reset-writes.ts';
import type { StepEffect } from './step-orders.ts';
import type { Tie } from './topology.ts';

/**
 * What an event does to a device, as far as the order matters. `certain` is false where the record leaves open whether it
 * happened: the old value of a bit, the method of a reset, the power state's No_Soft_Reset.
 */
export type Effect =
  | { readonly type: 'command-clear'; readonly bit: CommandBit; readonly certain: boolean }
  /** The same of a port above: it forwards nothing any more, while the TDI stays as it is. */
  | { readonly type: 'port-clear'; readonly bit: CommandBit; readonly certain: boolean }
  /** A write that clears a bit which is clear already: nothing changes, whatever the state. */
  | { readonly type: 'command-kept'; readonly bit: CommandBit }
  /** `mayBeUndone`: the call that was to do it failed in a way that tells neither. */
  | { readonly type: 'function-reset'; readonly certain: boolean; readonly mayBeUndone?: true }
  /** The function that holds the device security manager of this one was reset; that one is no VF of it. */
  | { readonly type: 'manager-reset'; readonly certain: boolean }
  | { readonly type: 'conventional-reset'; readonly mayBeUndone?: true }
  | { readonly type: 'power-loss'; readonly certain: boolean; readonly state: string }
  | { readonly type: 'zap' }
  | { readonly type: 'disable' }
  | { readonly type: 'removal' }
  | { readonly type: 'sriov-change'; readonly certain: boolean }
  | { readonly type: 'disconnect' }
  /** `isPart`: perhaps of a bind that was recorded at another level. */
  | { readonly type: 'bind'; readonly isPart?: true }
  | { readonly type: 'guest-request' }
  /**
   * `usedBy`: what another process did with the device since. `outlasted`: the trace goes on, without a loss, for as long as
   * the kernel may take to close what the process had open.
   */
  | { readonly type: 'owner-exit'; readonly usedBy?: StoredEvent; readonly outlasted?: true }
  | ConfigChange
  | ProtocolEffect
  | StepEffect;

export type EffectType = Effect['type'];

const D3HOT = 3;
const D3COLD = 4;
const PCI_PM_CTRL = 4;
const PCI_PM_CTRL_STATE_MASK = 3;

/** ioctl numbers of include/uapi/linux/vfio.h on a device file. */
const VFIO_DEVICE_RESET = 0x3b6f;
const VFIO_DEVICE_PCI_HOT_RESET = 0x3b71;

/** Of most events. */
const NO_EFFECTS: readonly Effect[] = [];

/**
 * The effects of an event on its own device. A wrapper whose inner event is recorded has none; neither has an operation that
 * failed; an exit has none unless its entry is missing.
 */
export function effectsOf(event: StoredEvent, command: CommandState): readonly Effect[] {
  if (event.phase === 'exit' && event.pairId !== null) return NO_EFFECTS;
  // A refused bind or request is still a request: misuse of the interface is judged by the answer.
  if (event.supersededBy !== null) return requests(event);
  if (event.outcome === 'failed') return [...resetAllTheSame(event), ...requests(event)];
  const clears = commandClears(event, command);
  const asked = requests(event);
  // Most events have none of either.
  return clears.length + asked.length === 0 ? others(event) : [...clears, ...others(event), ...asked];
}

/** The effects of events whatever the registers hold. Of one event this is asked several times in a row. */
export class EffectsAnyhow {
  #event: StoredEvent | null = null;
  #effects: readonly Effect[] = [];

  of(event: StoredEvent): readonly Effect[] {
    if (this.#event !== event) {
      this.#event = event;
      this.#effects = effectsOf(event, COMMAND_UNKNOWN);
    }
    return this.#effects;
  }

  /** The effects as what is known of the COMMAND register makes them: only of what may clear its bits does it matter. */
  given(command: CommandState, event: StoredEvent): readonly Effect[] {
    return CLEARS.has(event.kind) ? effectsOf(event, command) : this.of(event);
  }
}

const ENOTTY = -25;

/**
 * What a reset that failed did. With -ENOTTY fail the waits for what was reset to come back (pci_dev_wait,
 * pci_bridge_wait_for_secondary_bus), and those who find no way to reset the function or the bus. Any other code comes before the
 * reset: from 7.0 on, pcie_flr() gives that of pci_dev_reset_iommu_prepare() back.
 */
function resetAllTheSame(event: StoredEvent): readonly Effect[] {
  if (event.code !== ENOTTY) return NO_EFFECTS;
  const resets = others(event).filter(({ type }) => type === 'function-reset' || type === 'conventional-reset');
  return RESETS_ALONE.has(event.symbol ?? '') ? resets : resets.map((effect) => ({ ...effect, mayBeUndone: true }));
}

/** They are called once a way to reset was found; what calls them looks for one. */
const RESETS_ALONE: ReadonlySet<string> = new Set(['pcie_flr', 'pci_af_flr', 'pci_bridge_secondary_bus_reset']);

/** What reaches functions other than the one that the event is about, by what ties them to it. */
const FAR_EFFECTS: Readonly<Record<Tie, ReadonlySet<EffectType>>> = {
  vf: new Set(['function-reset', 'conventional-reset', 'sriov-change']),
  below: new Set(['conventional-reset', 'removal', 'port-clear']),
  device: new Set(['conventional-reset']),
  bus: new Set(['conventional-reset']),
  dsm: new Set(['disconnect', 'manager-reset']),
};

/**
 * The effects of an event on another device than its own.
 *
 * @param command what is known of the COMMAND register of the event's own function.
 */
export function farEffectsOf(event: StoredEvent, tie: Tie, command: CommandState = COMMAND_UNKNOWN): readonly Effect[] {
  // Disabling SR-IOV takes the VFs away: that it was enabled, they prove by themselves. Enabling it finds none.
  if (event.kind === 'pci.sriov_enable') return [];
  return effectsOf(event, command)
    .map((effect): Effect => (effect.type === 'command-clear' ? { ...effect, type: 'port-clear' } : effect))
    .map((effect): Effect => (effect.type === 'function-reset' && tie === 'dsm' ? ofManager(effect) : effect))
    .filter(({ type }) => FAR_EFFECTS[tie].has(type))
    .map((effect) => (effect.type === 'sriov-change' ? { ...effect, certain: true } : effect));
}

function ofManager({ certain }: Extract<Effect, { type: 'function-reset' }>): Effect {
  return { type: 'manager-reset', certain };
}

const CLEARS: ReadonlySet<StoredEvent['kind']> = new Set([
  'vfio.config_write',
  'pci.config_write',
  'pci.clear_master',
  'pci.disable',
]);

function commandClears(event: StoredEvent, before: CommandState): readonly Effect[] {
  // What comes after a reset or on a new device is no clear; `restore config` only puts bits back.
  if (!CLEARS.has(event.kind)) return NO_EFFECTS;
  if (event.kind === 'pci.disable') {
    if (before.bme === 'clear' || staysEnabled(before)) return [];
    return [{ type: 'command-clear', bit: 'bme', certain: false }];
  }
  const after = commandAfter(event, before);
  return COMMAND_BITS.flatMap((bit): Effect[] => {
    if (after[bit] !== 'clear') return [];
    // pci_dbg "disabling bus mastering" is printed only when the bit was set.
    if (bit === 'bme' && event.args['changed'] === '1') return [{ type: 'command-clear', bit, certain: true }];
    if (before[bit] === 'clear' || (before[bit] === 'was-clear' && tellsOfWrites(event)))
      return writesClear(event, bit) ? [{ type: 'command-kept', bit }] : [];
    return [{ type: 'command-clear', bit, certain: before[bit] === 'set' }];
  });
}

/** Where it is recorded, what a guest or the host's user writes is recorded, too: all of it passes there. */
function tellsOfWrites({ kind, symbol }: StoredEvent): boolean {
  return kind === 'vfio.config_write' || symbol?.startsWith('pci_user_write_config') === true;
}

/** Whether it is a write, not the driver's own business, that clears the bit by itself. */
function writesClear(event: StoredEvent, bit: CommandBit): boolean {
  const isWrite = event.kind === 'vfio.config_write' || event.kind === 'pci.config_write';
  return isWrite && commandAfter(event, COMMAND_UNKNOWN)[bit] === 'clear';
}

function others(event: StoredEvent): readonly Effect[] {
  switch (event.kind) {
    case 'pci.flr':
      return [{ type: 'function-reset', certain: true }];
    case 'pci.reset':
      // A PM reset is a cycle through D3hot; it is chosen only where No_Soft_Reset is 0 (pci_pm_reset).
      if (event.args['method'] === 'pm') return [{ type: 'power-loss', certain: true, state: 'D3hot (reset via pm)' }];
      return [{ type: 'function-reset', certain: false }];
    case 'pci.bus_reset':
      return [{ type: 'conventional-reset' }];
    case 'vfio.ioctl': {
      const cmd = parseInteger(event.args['cmd']);
      if (cmd === VFIO_DEVICE_RESET) return [{ type: 'function-reset', certain: false }];
      if (cmd === VFIO_DEVICE_PCI_HOT_RESET) return [{ type: 'conventional-reset' }];
      return [];
    }
    case 'vfio.config_write':
      return startsFlr(event) ? [{ type: 'function-reset', certain: true }] : power(powerStateOf(event));
    case 'pci.config_write':
      return resetsBelow(event) ? [{ type: 'conventional-reset' }] : [];
    case 'vfio.power':
    case 'pci.power':
      return power(powerStateOf(event));
    case 'vfio.zap':
      return [{ type: 'zap' }];
    case 'vfio.revoke':
      return parseInteger(event.args['revoked']) === 1 ? [{ type: 'zap' }] : [];
    case 'vfio.disable':
      return [{ type: 'disable' }];
    case 'vfio.open':
      // vfio_pci_core_enable() clears Bus Master and resets the function; recorded inside it, the reset speaks for itself.
      return [{ type: 'function-reset', certain: false }];
    case 'pci.remove':
    case 'pci.link_down':
      return [{ type: 'removal' }];
    // Driver functions that disable SR-IOV do so also where it was not enabled: then no register is written (sriov_disable).
    case 'pci.sriov_disable':
      return [{ type: 'sriov-change', certain: false }];
    case 'pci.sriov_enable':
      return [{ type: 'sriov-change', certain: true }];
    case 'tsm.disconnect':
    case 'tsm.disconnect_core':
      return [{ type: 'disconnect' }];
    default:
      return NO_EFFECTS;
  }
}

/** The power state that is asked for, as PCI_Dx number; null where the event asks for none. */
export function powerStateOf({ kind, args }: StoredEvent): number | null {
  if (kind === 'vfio.power' || kind === 'pci.power') return parseInteger(args['state']);
  if (kind !== 'vfio.config_write' || args['region'] !== 'pm' || parseInteger(args['offset']) !== PCI_PM_CTRL)
    return null;
  const value = parseInteger(args['value']);
  return value === null ? null : value & PCI_PM_CTRL_STATE_MASK;
}

function power(state: number | null): Effect[] {
  if (state === D3HOT) return [{ type: 'power-loss', certain: false, state: 'D3hot' }];
  if (state === D3COLD) return [{ type: 'power-loss', certain: true, state: 'D3cold' }];
  return [];
}

function requests(event: StoredEvent): readonly Effect[] {
  if (event.kind === 'tsm.bind') return [{ type: 'bind' }];
  if (event.kind === 'tsm.guest_request') return [{ type: 'guest-request' }];
  return NO_EFFECTS;
}
