import { describe, expect, it } from 'vitest';
import { decodeState, type EncodingId, STATE_ENCODINGS } from '../../src/model/encodings.ts';
import { STREAM_EVENTS, STREAM_STATES, type StreamEvent, streamEvent } from '../../src/model/ide.ts';
import { GUEST_REQUEST_SCOPES, LINK_OPERATIONS } from '../../src/model/link.ts';
import { PLATFORM_PROFILES } from '../../src/model/platforms.ts';
import { FUNCTION_REGISTERS, freezing, type RegisterPlace, ROOT_PORT_REGISTERS } from '../../src/model/registers.ts';
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
  // Offsets and masks: Linux include/uapi/linux/pci_regs.h.
  it.each([
    ['header', null, 0x0f, 1, 0x40, 'BIST'],
    ['header', null, 0x10, 4, 0xffffffff, 'Base Address Registers'],
    ['header', null, 0x24, 4, 0xffffffff, 'Base Address Registers'],
    ['header', null, 0x30, 4, 0xffffffff, 'Expansion ROM Base Address'],
    ['capability', 0x10, 0x08, 2, 0x0b00, 'PCI Express Device Control'],
    ['capability', 0x10, 0x28, 2, 0x1000, 'PCI Express Device Control 2'],
    ['extended-capability', 0x0e, 0x06, 2, 0xffff, 'Alternative Routing-ID'],
    ['extended-capability', 0x10, 0x08, 2, 0x0009, 'Single Root I/O Virtualization'],
    ['extended-capability', 0x13, 0x04, 2, 0xffff, 'Page Request Interface'],
    ['extended-capability', 0x15, 0x08, 4, 0x3f00, 'Resizable BAR'],
    ['extended-capability', 0x1b, 0x06, 2, 0xffff, 'Process Address Space ID'],
  ] as const)('in the %s %s the register at %i, %i bytes, freeze by %i', (where, id, at, bytes, mask, name) => {
    expect(freezing(where, id).filter((one) => one.bits.at === at)).toMatchObject([
      { name, bits: { at, bytes, mask, ...(name === 'BIST' ? { starts: true } : {}) } },
    ]);
  });

  it.each([
    ['header', null, 0x04, 'COMMAND, which rules of its own look at'],
    ['header', null, 0x3c, 'Interrupt Line'],
    ['capability', 0x05, 0x02, 'MSI'],
    ['capability', 0x11, 0x02, 'MSI-X, which depends on the lock'],
    ['extended-capability', 0x0f, 0x06, 'ATS'],
    ['extended-capability', 0x13, 0x06, 'the status of Page Request'],
  ] as const)('leave out %s %s at %i: %s', (where, id, at, _name) => {
    expect(freezing(where, id).filter(({ bits }) => bits.at <= at && at < bits.at + bits.bytes)).toEqual([]);
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
