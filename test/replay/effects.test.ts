import { describe, expect, it, test } from 'vitest';
import { COMMAND_UNKNOWN, type CommandState, commandAfter } from '../../src/replay/command.ts';
import { type Effect, effectsOf, farEffectsOf } from '../../src/replay/effects.ts';
import type { Tie } from '../../src/replay/topology.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { storedEvent } from './stored-event.ts';

const SET: CommandState = { mse: 'set', bme: 'set' };
const CLEAR: CommandState = { mse: 'clear', bme: 'clear' };
const RECORDED: CommandState = { ...CLEAR, recorded: true };
const WAS_CLEAR: CommandState = { mse: 'unknown', bme: 'was-clear' };
const UNKNOWN = COMMAND_UNKNOWN;

/** `vfio_basic_config_write`: position and count in bytes, the value as written. */
const write = (position: string, count: string, value?: string, more: Partial<StoredEvent> = {}) =>
  storedEvent('vfio.config_write', {
    args: { region: 'basic', position, count, ...(value === undefined ? {} : { value }) },
    ...more,
  });

/** `pci_user_write_config_*`, `pci_write_config_*`. */
const hostWrite = (position: string, width: string, value?: string, more: Partial<StoredEvent> = {}) =>
  storedEvent('pci.config_write', { args: { position, width, ...(value === undefined ? {} : { value }) }, ...more });

describe('the COMMAND register', () => {
  // Bit 1 is Memory Space, bit 2 Bus Master (PCI_COMMAND_MEMORY, PCI_COMMAND_MASTER).
  test.each<[string, StoredEvent, CommandState, CommandState]>([
    ['pci_set_master', storedEvent('pci.set_master'), CLEAR, { mse: 'clear', bme: 'set' }],
    ['pci_clear_master', storedEvent('pci.clear_master'), SET, { mse: 'set', bme: 'clear' }],
    ['pci_disable_device, perhaps of the last', storedEvent('pci.disable'), SET, { mse: 'set', bme: 'unknown' }],
    ['the bit stays clear', storedEvent('pci.disable'), CLEAR, CLEAR],
    ['one of two that have it enabled', storedEvent('pci.disable'), { ...SET, enabled: 2 }, { ...SET, enabled: 1 }],
    ['the last of two', storedEvent('pci.disable'), { ...SET, enabled: 1 }, { mse: 'set', bme: 'unknown' }],
    ['pci_enable_device', storedEvent('pci.enable', { outcome: 'ok' }), { ...SET, enabled: 1 }, { ...SET, enabled: 2 }],
    ['pci_enable_device without a result', storedEvent('pci.enable', { outcome: 'unknown' }), SET, SET],
    ['vfio open clears Bus Master', storedEvent('vfio.open'), SET, { mse: 'unknown', bme: 'clear', enabled: 1 }],
    ['an open that failed', storedEvent('vfio.open', { outcome: 'failed' }), SET, { mse: 'unknown', bme: 'clear' }],
    ['a write that was refused', write('0x4', '2', '0x0', { outcome: 'failed' }), SET, SET],
    ['vfio_pci_core_disable', storedEvent('vfio.disable'), SET, { mse: 'unknown', bme: 'set' }],
    [
      'enabling device (0000 -> 0002)',
      storedEvent('pci.command', { args: { value: '0002' } }),
      UNKNOWN,
      { mse: 'set', bme: 'clear' },
    ],
    ['hexadecimal without a prefix', storedEvent('pci.command', { args: { value: '0010' } }), SET, CLEAR],
    [
      'restore config: the low half of the dword',
      storedEvent('pci.command', { args: { value: '0x100406' } }),
      UNKNOWN,
      SET,
    ],
    ['no value', storedEvent('pci.command'), SET, UNKNOWN],
    ['more digits than a register has', storedEvent('pci.command', { args: { value: 'ffff0000' } }), SET, UNKNOWN],
    ['a new function', storedEvent('pci.add'), SET, UNKNOWN],
    ['a removed one', storedEvent('pci.remove'), SET, UNKNOWN],
    ['a bus reset', storedEvent('pci.bus_reset'), SET, UNKNOWN],
    ['something else', storedEvent('tsm.bind'), SET, SET],
    ['a 16-bit write', write('0x4', '2', '0x4'), UNKNOWN, { mse: 'clear', bme: 'set' }],
    ['decimal', write('4', '2', '6'), UNKNOWN, SET],
    ['a 32-bit write', write('0x4', '4', '0x100002'), UNKNOWN, { mse: 'set', bme: 'clear' }],
    ['a 32-bit write that begins below', write('0x2', '4', '0x60000'), UNKNOWN, SET],
    ['a write of the low byte', write('0x4', '1', '0x0'), SET, CLEAR],
    ['a write of the high byte', write('0x5', '1', '0x4'), SET, SET],
    ['a write that ends just below', write('0x2', '2', '0x0'), SET, SET],
    ['a write just above', write('0x6', '2', '0x0'), SET, SET],
    [
      'without a count it is four bytes',
      storedEvent('vfio.config_write', { args: { region: 'basic', position: '0x1', value: '0x2000000' } }),
      CLEAR,
      { mse: 'set', bme: 'clear' },
    ],
    ['without a value', write('0x4', '2'), SET, UNKNOWN],
    ['the host, 16 bits', hostWrite('0x4', '2', '0x404'), UNKNOWN, { mse: 'clear', bme: 'set' }],
    ['the host, 32 bits', hostWrite('4', '4', '0x100002'), SET, { mse: 'set', bme: 'clear' }],
    ['the host, the low byte', hostWrite('0x4', '1', '0x0'), SET, CLEAR],
    ['the host, the low byte in a register wider than it', hostWrite('0x4', '1', '0xffffff06'), CLEAR, SET],
    ['the host, the high byte', hostWrite('0x5', '1', '0x0'), SET, SET],
    ['the host, the status above', hostWrite('0x6', '2', '0x0'), SET, SET],
    ['the host, a place that the width does not fit', hostWrite('0x3', '2', '0x0'), SET, SET],
    ['the host, another register', hostWrite('0x104', '4', '0x0'), SET, SET],
    ['the host, without a value', hostWrite('0x4', '2'), SET, UNKNOWN],
    ['the host, refused', hostWrite('0x4', '2', '0x0', { outcome: 'failed' }), SET, SET],
    ['function tracer: no arguments', storedEvent('vfio.config_write', { args: { region: 'basic' } }), SET, UNKNOWN],
    [
      'offset for position',
      storedEvent('vfio.config_write', { args: { region: 'basic', offset: '0x4', count: '2', value: '0x2' } }),
      UNKNOWN,
      { mse: 'set', bme: 'clear' },
    ],
    [
      'another capability',
      storedEvent('vfio.config_write', { args: { region: 'msi', position: '0x4', value: '0x0' } }),
      SET,
      SET,
    ],
  ])('%s', (_name, event, before, after) => {
    expect(commandAfter(event, before)).toMatchObject(after);
  });

  test.each<[string, StoredEvent, CommandState, CommandState]>([
    ['a guest has it', storedEvent('tsm.bind'), CLEAR, { mse: 'clear', bme: 'was-clear' }],
    ['a guest asks', storedEvent('tsm.guest_request'), CLEAR, { mse: 'clear', bme: 'was-clear' }],
    ['a guest does not get it', storedEvent('tsm.bind', { outcome: 'failed' }), CLEAR, CLEAR],
    ['what it writes is recorded', storedEvent('tsm.bind'), RECORDED, RECORDED],
    ['a write shows that writes are', write('0x4', '2', '0x0'), SET, RECORDED],
    ['a write that failed, too', write('0x4', '2', '0x6', { outcome: 'failed' }), CLEAR, RECORDED],
    ['one of another register does not', write('0x10', '4', '0x0'), CLEAR, CLEAR],
  ])('is clear until a guest may have set it unseen: %s', (_name, event, before, after) => {
    expect(commandAfter(event, before)).toEqual(after);
  });

  it('is known to be clear after an open where all writes are recorded', () => {
    expect(commandAfter(storedEvent('vfio.open'), SET, true)).toMatchObject({ bme: 'clear', recorded: true });
    expect(commandAfter(storedEvent('vfio.open'), SET)).not.toHaveProperty('recorded');
  });
});

const bits = (effects: readonly Effect[]) =>
  effects.flatMap((effect) => (effect.type === 'command-clear' ? `${effect.bit} ${effect.certain}` : []));

describe('clearing a bit of COMMAND', () => {
  test.each<[string, StoredEvent, CommandState, string[]]>([
    ['by a write, set before', write('0x4', '2', '0x0'), SET, ['mse true', 'bme true']],
    ['by a write, unknown before', write('0x4', '2', '0x0'), UNKNOWN, ['mse false', 'bme false']],
    ['by a write, clear already', write('0x4', '2', '0x0'), CLEAR, []],
    ['one bit of the two', write('0x4', '2', '0x2'), SET, ['bme true']],
    ['none: the write keeps both', write('0x4', '2', '0x6'), SET, []],
    ['none: the write is elsewhere', write('0x6', '2', '0x0'), UNKNOWN, []],
    ['none: the value is not known', write('0x4', '2'), SET, []],
    ['none: the write failed', write('0x4', '2', '0x0', { outcome: 'failed' }), SET, []],
    ['none: recorded inside as well', write('0x4', '2', '0x0', { supersededBy: 2 }), SET, []],
    ['by pci_clear_master', storedEvent('pci.clear_master'), SET, ['bme true']],
    ['perhaps by pci_disable_device: the last one', storedEvent('pci.disable'), SET, ['bme false']],
    ['none: another one has it enabled', storedEvent('pci.disable'), { ...SET, enabled: 2 }, []],
    ['none: pci_disable_device finds it clear', storedEvent('pci.disable'), CLEAR, []],
    ['perhaps, a while after the open', storedEvent('pci.clear_master'), WAS_CLEAR, ['bme false']],
    ['none: where writes are recorded, none has set it', write('0x4', '2', '0x2'), WAS_CLEAR, []],
    [
      'none: those of vfio pass there',
      hostWrite('0x4', '2', '0x2', { symbol: 'pci_user_write_config_word' }),
      WAS_CLEAR,
      [],
    ],
    [
      'the kernel writes by itself',
      hostWrite('0x4', '2', '0x2', { symbol: 'pci_write_config_word' }),
      WAS_CLEAR,
      ['bme false'],
    ],
    [
      'pci_dbg speaks only where the bit was set',
      storedEvent('pci.clear_master', { args: { changed: '1' } }),
      UNKNOWN,
      ['bme true'],
    ],
    ['whatever was believed', storedEvent('pci.clear_master', { args: { changed: '1' } }), CLEAR, ['bme true']],
    [
      'it says nothing of Memory Space',
      write('0x4', '2', '0x0', { args: { region: 'basic', position: '4', count: '2', value: '0', changed: '1' } }),
      UNKNOWN,
      ['mse false', 'bme true'],
    ],
    ['none: a new function has its bits clear', storedEvent('pci.add'), SET, []],
    ['none: vfio open resets anyway', storedEvent('vfio.open'), SET, []],
    ['none: restore config only puts bits back', storedEvent('pci.command', { args: { value: '0000' } }), SET, []],
  ])('%s', (_name, event, before, expected) => {
    const effects = effectsOf(event, before);
    expect(bits(effects)).toEqual(expected);
    for (const effect of effects) expect(effect).toHaveProperty('type');
  });
});

const brief = (effects: readonly Effect[]) =>
  effects
    .filter(({ type }) => type !== 'command-clear')
    .map((effect) =>
      [
        effect.type,
        'certain' in effect ? effect.certain : '',
        'state' in effect ? effect.state : '',
        'mayBeUndone' in effect ? 'undone?' : '',
      ]
        .filter((part) => part !== '')
        .join(' '),
    );

describe('what an event does', () => {
  const at = (kind: StoredEvent['kind'], args: Record<string, string> = {}, more: Partial<StoredEvent> = {}) =>
    storedEvent(kind, { args, ...more });
  // ioctl numbers: include/uapi/linux/vfio.h, VFIO_DEVICE_RESET is _IO(';', 100 + 11), PCI_HOT_RESET + 13.
  const RESET = String(0x3b64 + 11);
  const HOT_RESET = String(0x3b64 + 13);
  // -ENOTTY, as the waits for a device end.
  const SILENT = { outcome: 'failed', code: -25 } as const;

  test.each<[string, StoredEvent, string]>([
    ['pcie_flr', at('pci.flr'), 'function-reset true'],
    // It has asked for the reset before it waits.
    ['pcie_flr that timed out', at('pci.flr', {}, { ...SILENT, symbol: 'pcie_flr' }), 'function-reset true'],
    ['pcie_flr that came not so far', at('pci.flr', {}, { outcome: 'failed', code: -22, symbol: 'pcie_flr' }), ''],
    [
      'a bus reset after which nobody came back',
      at('pci.bus_reset', {}, { ...SILENT, symbol: 'pci_bridge_secondary_bus_reset' }),
      'conventional-reset',
    ],
    [
      'a bus reset that was done, or not',
      at('pci.bus_reset', {}, { ...SILENT, symbol: 'pci_reset_bus' }),
      'conventional-reset undone?',
    ],
    ['a reset that was done, or not', at('pci.reset', {}, SILENT), 'function-reset false undone?'],
    ['an ioctl that did, or not', at('vfio.ioctl', { cmd: RESET }, SILENT), 'function-reset false undone?'],
    ['a bus reset that did not begin', at('pci.bus_reset', {}, { outcome: 'failed', code: -11 }), ''],
    ['a disconnect that fails so', at('tsm.disconnect', {}, SILENT), ''],
    ['a reset by a method that is not told', at('pci.reset'), 'function-reset false'],
    ['a reset by way of D3hot', at('pci.reset', { method: 'pm' }), 'power-loss true D3hot (reset via pm)'],
    ['a reset that failed', at('pci.reset', {}, { outcome: 'failed' }), ''],
    ['a bus reset', at('pci.bus_reset'), 'conventional-reset'],
    ['VFIO_DEVICE_RESET', at('vfio.ioctl', { cmd: RESET }), 'function-reset false'],
    ['VFIO_DEVICE_PCI_HOT_RESET', at('vfio.ioctl', { cmd: HOT_RESET }), 'conventional-reset'],
    ['another ioctl', at('vfio.ioctl', { cmd: '0x3b67' }), ''],
    ['an ioctl without its number', at('vfio.ioctl'), ''],
    ['D3hot', at('vfio.power', { state: '3' }), 'power-loss false D3hot'],
    ['D3cold', at('pci.power', { state: '4' }), 'power-loss true D3cold'],
    ['D2', at('pci.power', { state: '2' }), ''],
    ['D0', at('vfio.power', { state: '0' }), ''],
    ['no state', at('vfio.power'), ''],
    ['a zap', at('vfio.zap'), 'zap'],
    ['a revoke', at('vfio.revoke', { revoked: '1' }), 'zap'],
    ['a revoke taken back', at('vfio.revoke', { revoked: '0' }), ''],
    ['a revoke that does not say which', at('vfio.revoke'), ''],
    ['vfio_pci_core_disable', at('vfio.disable'), 'disable'],
    ['vfio open', at('vfio.open'), 'function-reset false'],
    ['a removal', at('pci.remove'), 'removal'],
    ['a link that goes down', at('pci.link_down'), 'removal'],
    ['SR-IOV disabled, or never enabled', at('pci.sriov_disable'), 'sriov-change false'],
    ['SR-IOV enabled', at('pci.sriov_enable'), 'sriov-change true'],
    ['disconnect', at('tsm.disconnect'), 'disconnect'],
    ['disconnect inside the core', at('tsm.disconnect_core'), 'disconnect'],
    ['bind', at('tsm.bind'), 'bind'],
    ['a bind that was refused', at('tsm.bind', {}, { outcome: 'failed' }), 'bind'],
    ['guest request', at('tsm.guest_request'), 'guest-request'],
    ['a guest request that was refused', at('tsm.guest_request', {}, { outcome: 'failed' }), 'guest-request'],
    ['a disconnect that was refused', at('tsm.disconnect', {}, { outcome: 'failed' }), ''],
    [
      'Device Control with Initiate FLR',
      at('vfio.config_write', { region: 'exp', offset: '8', value: '0x8010' }),
      'function-reset true',
    ],
    [
      'the byte of it that has the bit',
      at('vfio.config_write', { region: 'exp', offset: '9', count: '1', value: '0x80' }),
      'function-reset true',
    ],
    ['the other byte', at('vfio.config_write', { region: 'exp', offset: '8', count: '1', value: '0x80' }), ''],
    [
      'four bytes of which it has two',
      at('vfio.config_write', { region: 'exp', offset: '6', count: '4', value: '0x80000000' }),
      'function-reset true',
    ],
    [
      'FLR by Advanced Features',
      at('vfio.config_write', { region: 'af', offset: '4', count: '1', value: '0x1' }),
      'function-reset true',
    ],
    [
      'Advanced Features without it',
      at('vfio.config_write', { region: 'af', offset: '4', count: '1', value: '0' }),
      '',
    ],
    [
      'Secondary Bus Reset',
      at('pci.config_write', { position: '0x3e', width: '2', value: '0x42' }),
      'conventional-reset',
    ],
    ['its byte', at('pci.config_write', { position: '0x3e', width: '1', value: '0x40' }), 'conventional-reset'],
    [
      'the dword that ends with it',
      at('pci.config_write', { position: '0x3c', width: '4', value: '0x4200ff' }),
      'conventional-reset',
    ],
    [
      'that of the kernel, inside the function that resets',
      at('pci.config_write', { position: '0x3e', width: '2', value: '0x42' }, { symbol: 'pci_write_config_word' }),
      '',
    ],
    ['Bridge Control without it', at('pci.config_write', { position: '0x3e', width: '2', value: '0x2' }), ''],
    ['a refused place', at('pci.config_write', { position: '0x3d', width: '2', value: '0x4000' }), ''],
    ['Device Control without it', at('vfio.config_write', { region: 'exp', offset: '8', value: '0x2010' }), ''],
    ['the bit in another register', at('vfio.config_write', { region: 'exp', offset: '10', value: '0x8000' }), ''],
    ['the bit in another capability', at('vfio.config_write', { region: 'pm', offset: '8', value: '0x8000' }), ''],
    ['PMCSR to D3hot', at('vfio.config_write', { region: 'pm', offset: '4', value: '0xb' }), 'power-loss false D3hot'],
    ['PMCSR to D0', at('vfio.config_write', { region: 'pm', offset: '4', value: '0x8' }), ''],
    ['the power capability elsewhere', at('vfio.config_write', { region: 'pm', offset: '2', value: '0x3' }), ''],
    ['a write of the same shape elsewhere', at('vfio.config_write', { region: 'msi', offset: '4', value: '0x3' }), ''],
    ['a write without its value', at('vfio.config_write', { region: 'pm', offset: '4' }), ''],
    ['a write without its place', at('vfio.config_write', { region: 'exp', value: '0x8000' }), ''],
    ['a message that does nothing', at('pci.enable'), ''],
  ])('%s', (_name, event, expected) => {
    expect(brief(effectsOf(event, UNKNOWN)).join()).toBe(expected);
  });

  it('happens at the entry; a return has it only where the entry is missing', () => {
    for (const kind of ['pci.flr', 'tsm.bind', 'tsm.guest_request', 'pci.clear_master'] as const) {
      const point = effectsOf(storedEvent(kind), SET);
      expect(effectsOf(storedEvent(kind, { phase: 'enter', pairId: 2 }), SET)).toEqual(point);
      expect(effectsOf(storedEvent(kind, { phase: 'exit', pairId: 1 }), SET)).toEqual([]);
      expect(effectsOf(storedEvent(kind, { phase: 'exit', pairId: null }), SET)).toEqual(point);
      expect(point).not.toEqual([]);
    }
    const refused = { outcome: 'failed', phase: 'exit' } as const;
    expect(effectsOf(storedEvent('tsm.bind', { ...refused, pairId: 1 }), SET)).toEqual([]);
    expect(effectsOf(storedEvent('tsm.bind', refused), SET)).toEqual([{ type: 'bind' }]);
    const entry = { outcome: 'failed', phase: 'enter', pairId: 2 } as const;
    expect(effectsOf(storedEvent('tsm.bind', entry), SET)).toEqual([{ type: 'bind' }]);
  });

  it('is nothing where the call inside is recorded; what was asked of the TSM is asked all the same', () => {
    expect(effectsOf(storedEvent('vfio.ioctl', { args: { cmd: RESET }, supersededBy: 2 }), UNKNOWN)).toEqual([]);
    expect(effectsOf(storedEvent('pci.flr', { supersededBy: 2 }), UNKNOWN)).toEqual([]);
    expect(effectsOf(storedEvent('tsm.bind', { supersededBy: 2 }), UNKNOWN)).toEqual([{ type: 'bind' }]);
  });
});

describe('what reaches other functions', () => {
  // By the tie between the two: a VF of the PF, below the port, of the same device, on the same bus, managed by the DSM.
  test.each<[string, StoredEvent, Partial<Record<Tie, string>>]>([
    ['FLR of a PF', storedEvent('pci.flr'), { vf: 'function-reset true', dsm: 'manager-reset true' }],
    [
      'bus reset',
      storedEvent('pci.bus_reset'),
      {
        vf: 'conventional-reset',
        below: 'conventional-reset',
        device: 'conventional-reset',
        bus: 'conventional-reset',
      },
    ],
    ['removal of a bridge', storedEvent('pci.remove'), { below: 'removal' }],
    ['link down', storedEvent('pci.link_down'), { below: 'removal' }],
    // The VFs that go prove that it was enabled.
    ['SR-IOV disabled', storedEvent('pci.sriov_disable'), { vf: 'sriov-change true' }],
    ['SR-IOV enabled: there is no VF yet', storedEvent('pci.sriov_enable'), {}],
    ['disconnect of the DSM', storedEvent('tsm.disconnect'), { dsm: 'disconnect' }],
    ['zap', storedEvent('vfio.zap'), {}],
    ['COMMAND of the PF, or of a port above', storedEvent('pci.clear_master'), { below: 'port-clear false' }],
    ['bind of another function', storedEvent('tsm.bind'), {}],
  ])('%s', (_name, event, expected) => {
    for (const tie of ['vf', 'below', 'device', 'bus', 'dsm'] as const) {
      const effects = farEffectsOf(event, tie);
      expect(effects.filter(({ type }) => type === 'command-clear')).toEqual([]);
      expect(brief(effects).join(), tie).toBe(expected[tie] ?? '');
    }
  });
});
