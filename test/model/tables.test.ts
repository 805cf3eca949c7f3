import { describe, expect, it } from 'vitest';
import { decodeState, type EncodingId, STATE_ENCODINGS } from '../../src/model/encodings.ts';
import { STREAM_EVENTS, STREAM_STATES, type StreamEvent, streamEvent } from '../../src/model/ide.ts';
import { GUEST_REQUEST_SCOPES, LINK_OPERATIONS } from '../../src/model/link.ts';
import { PLATFORM_PROFILES } from '../../src/model/platforms.ts';
import {
  FUNCTION_REGISTERS,
  headerClasses,
  type RegisterPlace,
  ROOT_PORT_REGISTERS,
} from '../../src/model/registers.ts';
import { PLATFORMS } from '../../src/model/states.ts';
import { afterBind, afterConnect, afterGuestRequest, CONNECTED, TDI_STATES } from '../../src/model/tdi.ts';

describe('state numbers', () => {
  it.each([
    ['tdisp', 2, 'run'],
    ['sev-tio', 1, 'locked'],
    ['sev-tio-rfc-2025-02', 1, 'unlocked'],
    ['sev-tio-rfc-2025-02', 4, 'error'],
    ['rmi', 1, 'unlocked'],
    ['rmi', 3, 'run'],
    ['rsi', 1, 'locked'],
    ['rhi', 2, 'run'],
    ['openvmm', 3, 'run'],
  ] as const)('%s %i is %s', (encoding, value, state) => {
    expect(decodeState(encoding, value)).toBe(state);
  });

  it.each([
    ['tdisp', 4],
    ['sev-tio-rfc-2025-02', 0],
    ['rmi', 0],
    ['rmi', 5],
    ['rhi', 3],
    ['openvmm', 0],
    ['tdisp', -1],
    ['tdisp', 1.5],
  ] as const)('%s %d is none', (encoding, value) => {
    expect(decodeState(encoding, value)).toBeNull();
  });

  it('each have a name', () => {
    for (const id of Object.keys(STATE_ENCODINGS) as EncodingId[]) {
      const { states, names } = STATE_ENCODINGS[id];
      expect(names).toHaveLength(states.length);
    }
  });
});

describe('register classes', () => {
  const effects = (offset: number, count: number) =>
    headerClasses(offset, count).map(({ name, effect }) => [name, effect]);

  it.each([
    [0x04, 2, ['Command']],
    [0x06, 2, ['Status']],
    [0x04, 4, ['Command', 'Status']],
    [0x0c, 4, ['Cache Line Size', 'Latency Timer', 'BIST']],
    [0x0f, 1, ['BIST']],
    [0x10, 4, ['Base Address Registers']],
    [0x24, 4, ['Base Address Registers']],
    [0x28, 4, []],
    [0x30, 4, ['Expansion ROM Base Address']],
    [0x3c, 1, ['Interrupt Line']],
    [0x00, 4, []],
  ] as const)('a write to 0x%x of %i bytes touches %j', (offset, count, names) => {
    expect([...new Set(effects(offset, count).map(([name]) => name))]).toEqual(names);
  });

  it('throw into ERROR by a Base Address Register and not by Interrupt Line', () => {
    expect(effects(0x10, 4)).toEqual([['Base Address Registers', 'error']]);
    expect(effects(0x3c, 1)).toEqual([['Interrupt Line', 'allowed']]);
  });

  // Linux include/uapi/linux/pci_regs.h; the bridge of a Flattening Portal Bridge is named in the PCIe specification only.
  const NAMES: Readonly<Record<string, string>> = {
    'extended-capability 1': 'Advanced Error Reporting',
    'extended-capability 14': 'Alternative Routing-ID',
    'extended-capability 15': 'Address Translation Services',
    'extended-capability 16': 'Single Root I/O Virtualization',
    'extended-capability 19': 'Page Request Interface',
    'extended-capability 27': 'Process Address Space ID',
    'extended-capability 46': 'Data Object Exchange',
    'extended-capability 47': 'Device 3',
    'extended-capability 48': 'Integrity and Data Encryption',
    'capability 1': 'Power Management',
    'capability 5': 'MSI',
    'capability 17': 'MSI-X',
  };
  const keyOf = (place: RegisterPlace) => (place.in === 'header' ? 'header' : `${place.in} ${place.id}`);

  it.each(Object.entries(NAMES))('%s is %s', (key, name) => {
    const rows = FUNCTION_REGISTERS.filter(({ place }) => keyOf(place) === key);
    expect(new Set(rows.map((row) => row.name))).toEqual(new Set([name]));
  });

  it('are told apart by what is changed', () => {
    for (const rows of [FUNCTION_REGISTERS, ROOT_PORT_REGISTERS]) {
      const keys = rows.map(({ name, change }) => `${name}: ${change}`);
      expect(new Set(keys).size).toBe(keys.length);
    }
  });
});

describe('a stream', () => {
  it('is secure by its keys alone', () => {
    const leads = (Object.keys(STREAM_EVENTS) as StreamEvent[]).filter((event) =>
      STREAM_STATES.some((state) => state !== 'secure' && streamEvent(state, event) === 'secure'),
    );
    expect(leads).toEqual(['keys-started-and-enabled']);
  });

  it.each([
    ['key-refresh', 'secure'],
    ['key-set-stop', 'insecure'],
    ['session-end', 'insecure'],
    ['enable-cleared', 'insecure'],
    ['link-down', 'insecure'],
    ['integrity-failure', 'insecure'],
    ['root-port-change', 'insecure'],
    ['block', 'blocked'],
  ] as const)('that is secure is %s: %s', (event, state) => {
    expect(streamEvent('secure', event)).toBe(state);
  });
});

describe('the host', () => {
  it('agrees with what the replay does on success', () => {
    for (const state of TDI_STATES) {
      const can = (from: readonly string[]) => from.includes(state.bind);
      expect(afterConnect(state).length > 0).toBe(can(LINK_OPERATIONS.connect.from));
      expect(afterBind(state, 'always').length > 0).toBe(can(LINK_OPERATIONS.bind.from));
      expect(afterGuestRequest(state, false, 'always', false).length > 0).toBe(
        can(LINK_OPERATIONS['guest-request'].from),
      );
    }
  });

  it('has the scopes of include/linux/pci-tsm.h', () => {
    expect(GUEST_REQUEST_SCOPES).toEqual(['INFO', 'STATE_CHANGE', 'DEBUG_READ', 'DEBUG_WRITE']);
  });
});

describe('platforms', () => {
  const LOCKS = { generic: 'likely', tdx: 'always', 'sev-tio': 'always', cca: 'maybe' } as const;

  it.each(PLATFORMS)('%s: the replay of a bind leads where the profile says', (platform) => {
    const reached = afterBind(CONNECTED, LOCKS[platform]).map(({ to }) => to.contract);
    expect(new Set(reached)).toEqual(new Set(PLATFORM_PROFILES[platform].afterBind));
  });

  it('differ in when private MMIO is unmapped', () => {
    expect(PLATFORM_PROFILES.tdx.privateUnmap).toBe('after-stop');
    expect(PLATFORM_PROFILES.cca.privateUnmap).toBe('before-unlock');
    expect(PLATFORM_PROFILES['sev-tio'].privateUnmap).toBe('guest-before-stop');
  });
});
