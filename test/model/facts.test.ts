import { describe, expect, it } from 'vitest';
import * as encodings from '../../src/model/encodings.ts';
import * as ide from '../../src/model/ide.ts';
import * as link from '../../src/model/link.ts';
import * as platforms from '../../src/model/platforms.ts';
import * as registers from '../../src/model/registers.ts';
import * as states from '../../src/model/states.ts';
import * as tdi from '../../src/model/tdi.ts';
import * as tdisp from '../../src/model/tdisp.ts';

// The tables of the model as they are printed, against what kernel headers, libspdm and PCIe Base 6.x say.

const MODULES = { encodings, ide, link, platforms, registers, states, tdi, tdisp };

/** Every text below a value, with the way to it. */
function textsOf(value: unknown, path: string): [string, string][] {
  if (typeof value === 'string') return [[path, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => textsOf(inner, `${path}.${key}`));
}

describe.each(Object.entries(MODULES))('the tables of %s', (name, module) => {
  it('have no empty text and no row that stands twice', () => {
    for (const [path, text] of textsOf({ ...module }, name)) expect(text, path).not.toBe('');
    for (const [key, table] of Object.entries(module)) {
      if (typeof table !== 'object' || table === null) continue;
      const rows = Object.values(table);
      expect(rows, key).not.toHaveLength(0);
      if (Array.isArray(table)) expect(new Set(rows.map((row) => JSON.stringify(row))).size, key).toBe(rows.length);
    }
  });
});

describe('the words of the contract', () => {
  it('are those of the command line and of JSON', () => {
    expect(states.TDISP_STATES).toEqual(['unlocked', 'locked', 'run', 'error']);
    expect(states.CONTRACT_STATES).toEqual(['unlocked', 'locked', 'run']);
    expect(states.BIND_STATES).toEqual(['unbound', 'connected', 'bound']);
    expect(states.PLATFORMS).toEqual(['generic', 'tdx', 'sev-tio', 'cca']);
    expect(states.EVENT_CLASSES.join(' ')).toBe(
      'start link bind guest-request doe config-write reset power mmio iommu dma-gate ide driver hotplug firmware',
    );
  });
});

describe('the states of other sources', () => {
  // One letter a number: U L R E, `-` where it is no TDISP state.
  it.each([
    ['tdisp', 'ULRE', 'truth'],
    ['sev-tio', 'ULRE', 'truth'],
    ['sev-tio-rfc-2025-02', '-ULRE', 'truth'],
    ['rmi', '-ULRE--', 'belief'],
    ['rsi', 'ULRE', 'belief'],
    ['rhi', 'ULR', 'belief'],
    ['openvmm', '-ULR', 'belief'],
  ] as const)('%s: %s', (id, letters, kind) => {
    const { [id]: encoding } = encodings.STATE_ENCODINGS;
    const letter = (state: states.TdispState | null) => state?.slice(0, 1).toUpperCase() ?? '-';
    expect(encoding.states.map(letter).join('')).toBe(letters);
    expect(encoding.kind).toBe(kind);
    expect([...letters].map((_, value) => encodings.decodeState(id, value))).toEqual([...encoding.states]);
    expect(encodings.decodeState(id, letters.length)).toBeNull();
  });
});

describe('IDE', () => {
  // insecure, secure, blocked: where each event leads.
  it.each([
    ['keys-started-and-enabled', 'S S B'],
    ['key-refresh', 'I S B'],
    ['key-set-stop', 'I I B'],
    ['session-end', 'I I I'],
    ['enable-cleared', 'I I I'],
    ['link-down', 'I I I'],
    ['integrity-failure', 'I I B'],
    ['root-port-change', 'I I B'],
    ['block', 'I B B'],
  ] as const)('%s: %s', (event, row) => {
    const after = ide.STREAM_STATES.map((state) => ide.streamEvent(state, event).slice(0, 1).toUpperCase());
    expect(after.join(' ')).toBe(row);
  });

  it('has the object ids and the statuses of libspdm pci_idekm.h', () => {
    expect(ide.IDE_KM_MESSAGES).toEqual({
      QUERY: 0,
      QUERY_RESP: 1,
      KEY_PROG: 2,
      KP_ACK: 3,
      K_SET_GO: 4,
      K_SET_STOP: 5,
      K_SET_GOSTOP_ACK: 6,
    });
    expect(ide.KP_ACK_STATUS).toHaveLength(5);
    expect(ide.KP_ACK_STATUS[0]).toBe('success');
  });

  it('is secure before the interface is locked, and the session before that', () => {
    const at = (word: string) => ide.ORDER_BEFORE_LOCK.findIndex((step) => step.includes(word));
    const order = [
      'GET_VERSION',
      'KEY_EXCHANGE',
      'FINISH',
      'QUERY',
      'KEY_PROG',
      'K_SET_GO',
      'is secure',
      'TDISP_VERSION',
    ];
    const places = order.map(at);
    expect(places.every((place) => place >= 0)).toBe(true);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(ide.ORDER_BEFORE_LOCK.at(-1)).toContain('GET_TDISP_CAPABILITIES');
  });
});

describe('the machine of drivers/pci/tsm.c', () => {
  // What each operation needs, where it leads, and the errors it may return.
  it.each([
    ['connect', 'unbound', 'connected', 'EBUSY EINVAL ENXIO'],
    ['disconnect', 'connected bound', 'unbound', 'EINVAL ENXIO'],
    ['bind', 'connected bound', 'bound', 'EBUSY EINVAL ENXIO'],
    ['unbind', 'unbound connected bound', 'connected', ''],
    ['guest-request', 'bound', null, 'EINVAL ENXIO'],
  ] as const)('%s', (name, from, to, refusals) => {
    const { [name]: operation } = link.LINK_OPERATIONS;
    expect(operation.from.join(' ')).toBe(from);
    expect(operation.to).toBe(to);
    expect(Object.keys(operation.refusals).sort().join(' ')).toBe(refusals);
  });

  it('and what the guest does, in its order', () => {
    const at = (step: (typeof link.GUEST_ORDER)[number]) => link.GUEST_ORDER.indexOf(step);
    const life = [at('lock'), at('report'), at('accept'), at('driver-probe'), at('driver-unbind'), at('unlock')];
    expect(life).toEqual(life.toSorted((a, b) => a - b));
    expect(life[0]).toBe(0);
    expect(at('dma-enable')).toBeGreaterThan(at('accept'));
    expect(at('dma-enable')).toBeLessThan(at('driver-probe'));
  });
});

describe('what differs between platforms', () => {
  it.each([
    ['generic', 'unlocked locked', '', 'unknown'],
    // Trusted DMA may be opened in LOCKED on TDX alone.
    ['tdx', 'locked', 'locked run', 'after-stop'],
    ['sev-tio', 'locked', 'run', 'guest-before-stop'],
    ['cca', 'unlocked locked', 'run', 'before-unlock'],
  ] as const)('%s', (name, afterBind, dmaEnable, privateUnmap) => {
    const profile = platforms.PLATFORM_PROFILES[name];
    expect(profile.afterBind.join(' ')).toBe(afterBind);
    expect(profile.dmaEnable.join(' ')).toBe(dmaEnable);
    expect(profile.privateUnmap).toBe(privateUnmap);
  });

  it.each([
    ['generic', ['unbind', 'core_disable']],
    // Stop, then the dma-bufs, then the mapping, then DMA (20250515192127.GA580805@nvidia.com).
    ['tdx', ['STOP', 'revoke', 'unmap', 'DMA', 'free', 'back']],
    ['sev-tio', ['UNBIND', 'STATUS', 'RECLAIM', 'FENCE_STATUS', 'FENCE_CLEAR', 'shared']],
    // The RMM refuses to unlock with RMI_ERROR_GRANULE while a granule is mapped.
    ['cca', ['unmap', 'UNLOCK', 'DESTROY']],
  ] as const)('%s: the way down', (name, words) => {
    const { teardown } = platforms.PLATFORM_PROFILES[name];
    expect(teardown).toHaveLength(words.length);
    for (const [index, word] of words.entries()) expect(teardown[index]).toContain(word);
  });
});

describe('registers while locked or running (PCIe Base 6.x, 11.2.6, informative)', () => {
  const rowsOf = (table: readonly registers.RegisterClass[], effect: registers.RegisterEffect) =>
    table.filter((row) => row.effect === effect).map(({ name, change }) => `${name}: ${change}`);

  it('of the function that throw it into ERROR', () => {
    expect(rowsOf(registers.FUNCTION_REGISTERS, 'error')).toEqual([
      'Command: clear Bus Master Enable',
      'Command: clear Memory Space Enable',
      'BIST: start',
      'Base Address Registers: modify',
      'Expansion ROM Base Address: modify',
      'PCI Express Device Control: Extended Tag, Phantom Functions or No Snoop enable',
      'PCI Express Device Control: Initiate Function Level Reset',
      'PCI Express Device Control 2: 10-bit Tag Requester enable',
      'Advanced Features: Initiate Function Level Reset',
      'Enhanced Allocation: modify',
      'Alternative Routing-ID: modify',
      'Single Root I/O Virtualization: VF Enable, VF Memory Space Enable, NumVFs, VF BARs, page size',
      'Multicast: modify',
      'Page Request Interface: modify',
      'Resizable BAR: modify',
      'Process Address Space ID: modify',
      'VF Resizable BAR: modify',
      'Device 3: 14-bit Tag Requester enable',
      'Integrity and Data Encryption: control or association of a stream that it is bound to',
    ]);
  });

  it('of the function that need a closer look: loss of state, LOCK_MSIX, the maker', () => {
    const names = (effect: registers.RegisterEffect) =>
      rowsOf(registers.FUNCTION_REGISTERS, effect).map((row) => row.split(':')[0]);
    expect(names('depends')).toEqual(['Power Management', 'MSI-X']);
    expect(names('vendor')).toEqual([
      'Vendor-Specific',
      'Vendor-Specific Extended',
      'TPH Requester',
      'Designated Vendor-Specific',
    ]);
  });

  it('of the root port: what counts takes its streams along', () => {
    expect(rowsOf(registers.ROOT_PORT_REGISTERS, 'error').map((row) => row.split(':')[0])).toEqual([
      'Command',
      'BIST',
      'Base Address Registers',
      'Bus Numbers',
      'Memory Base and Limit',
      'Expansion ROM Base Address',
      'PCI Express Link Control',
      'Enhanced Allocation',
      'Flattening Portal Bridge',
      'Multicast',
      'Resizable BAR',
      'Integrity and Data Encryption',
    ]);
    expect(rowsOf(registers.ROOT_PORT_REGISTERS, 'depends').map((row) => row.split(':')[0])).toEqual([
      'Bridge Control',
      'Power Management',
    ]);
  });

  // Offsets of the type 0 header (include/uapi/linux/pci_regs.h): the first and the last byte of each, and their neighbours.
  it.each([
    [0x03, 1, ''],
    [0x04, 1, 'Command'],
    [0x05, 1, 'Command'],
    [0x06, 1, 'Status'],
    [0x07, 1, 'Status'],
    [0x08, 4, ''],
    [0x0c, 1, 'Cache Line Size'],
    [0x0d, 1, 'Latency Timer'],
    [0x0e, 1, ''],
    [0x0f, 1, 'BIST'],
    [0x10, 1, 'Base Address Registers'],
    [0x27, 1, 'Base Address Registers'],
    [0x28, 1, ''],
    [0x2f, 1, ''],
    [0x30, 1, 'Expansion ROM Base Address'],
    [0x33, 1, 'Expansion ROM Base Address'],
    [0x34, 4, ''],
    [0x3c, 1, 'Interrupt Line'],
    [0x3d, 3, ''],
    [0x02, 3, 'Command'],
    [0x00, 4, ''],
  ])('a write to byte %i of %i bytes: %s', (offset, count, name) => {
    expect([...new Set(registers.headerClasses(offset, count).map((row) => row.name))].join()).toBe(name);
  });
});

describe('silent moves', () => {
  const name = ({ bind, contract, device }: states.TdiState) => (bind === 'bound' ? `${contract}/${device}` : bind);

  // From, to, price, and the classes that rule it out: 0 what the host cannot see, 1 what guest or device do, 2 what the host does.
  it('are these, with these prices', () => {
    const rows = tdi.SILENT_MOVES.map(({ from, to, cost, ruledOutBy }) =>
      [name(from), name(to), cost, ...ruledOutBy].join(' '),
    );
    const way = (state: string) => [`${state} connected 2 bind`, `${state} unbound 2 bind link`];
    const stop = (state: string) => `${state} unlocked/unlocked 1 guest-request doe`;
    expect(rows).toEqual([
      'unbound connected 2 link',
      'connected unbound 2 link',
      'connected locked/locked 2 bind',
      ...way('unlocked/unlocked'),
      'unlocked/unlocked locked/locked 1 guest-request doe',
      ...way('locked/locked'),
      stop('locked/locked'),
      'locked/locked run/run 0 guest-request doe',
      'locked/locked locked/error 1',
      'locked/locked locked/unlocked 2 reset',
      ...way('locked/error'),
      stop('locked/error'),
      'locked/error locked/unlocked 0',
      ...way('locked/unlocked'),
      stop('locked/unlocked'),
      ...way('run/run'),
      stop('run/run'),
      'run/run run/error 1',
      'run/run run/unlocked 2 reset',
      ...way('run/error'),
      stop('run/error'),
      'run/error run/unlocked 0',
      ...way('run/unlocked'),
      stop('run/unlocked'),
    ]);
  });

  it('say what one assumes: what the host, the guest or the device did unseen', () => {
    const assumed = (test: (move: tdi.SilentMove) => boolean) => [
      ...new Set(tdi.SILENT_MOVES.filter(test).map(({ assumes }) => assumes)),
    ];
    expect(assumed(({ to }) => to.bind === 'unbound')).toEqual(['an unrecorded disconnect']);
    expect(assumed(({ from, to }) => from.bind === 'unbound' && to.bind === 'connected')).toEqual([
      'an unrecorded connect',
    ]);
    expect(assumed(({ from, to }) => from.bind === 'connected' && to.bind === 'bound')).toEqual(['an unrecorded bind']);
    expect(assumed(({ from, to }) => from.bind === 'bound' && to.bind === 'connected')).toEqual([
      'an unrecorded unbind',
    ]);
    expect(assumed(({ ruledOutBy }) => ruledOutBy.includes('reset'))).toEqual(['an unrecorded conventional reset']);
    expect(assumed(({ from, to }) => from.device !== 'error' && to.device === 'error')).toEqual([
      'the device fell to ERROR unseen',
    ]);
  });
});

describe('what an operation takes for granted is told where it has a price, and only there', () => {
  const branches = tdi.TDI_STATES.flatMap((state) =>
    (['always', 'likely', 'maybe'] as const).flatMap((locks) => [
      ...(['first', 'again', 'elsewhere'] as const).flatMap((rebind) => [...tdi.afterBind(state, locks, rebind)]),
      ...[true, false].flatMap((change) => [
        ...tdi.afterGuestRequest(state, change, locks, true),
        ...tdi.afterGuestRequest(state, change, locks, false),
      ]),
    ]),
  );

  it('in every branch', () => {
    for (const { cost, assumes } of branches) {
      expect(assumes).not.toBe('');
      if (cost > 0) expect(assumes).not.toBeNull();
    }
  });

  it('where a bound function that was left unlocked asks for a state change', () => {
    const asked = (locks: tdi.BindLocks) => tdi.afterGuestRequest(tdi.BOUND_UNLOCKED, true, locks, false);
    // On Arm CCA the guest locks by itself; elsewhere the bind has done it.
    expect(asked('maybe')).toEqual([
      { to: tdi.BOUND_UNLOCKED, cost: 0, assumes: null },
      { to: tdi.BOUND_LOCKED, cost: 0, assumes: null },
    ]);
    for (const locks of ['always', 'likely'] as const) {
      expect(asked(locks)).toEqual([
        { to: tdi.BOUND_UNLOCKED, cost: 0, assumes: null },
        { to: tdi.BOUND_LOCKED, cost: 1, assumes: expect.stringMatching(/LOCK/) },
      ]);
    }
  });

  it('where a second request comes before the START was seen to be done', () => {
    const stop = (state: states.TdiState) =>
      tdi.afterGuestRequest(state, true, 'always', true).find(({ to }) => to === tdi.BOUND_UNLOCKED);
    expect(stop(tdi.BOUND_LOCKED)).toEqual({ to: tdi.BOUND_UNLOCKED, cost: 1, assumes: expect.stringMatching(/STOP/) });
    expect(stop(tdi.BOUND_RUN)?.cost).toBe(0);
  });
});

describe('the states by name', () => {
  it('are those that operations lead to', () => {
    expect(tdi.UNBOUND).toEqual({ bind: 'unbound', contract: 'unlocked', device: 'unlocked' });
    expect(tdi.CONNECTED).toEqual({ bind: 'connected', contract: 'unlocked', device: 'unlocked' });
    expect(tdi.BOUND_UNLOCKED).toEqual({ bind: 'bound', contract: 'unlocked', device: 'unlocked' });
    expect(tdi.BOUND_LOCKED).toEqual({ bind: 'bound', contract: 'locked', device: 'locked' });
    expect(tdi.BOUND_RUN).toEqual({ bind: 'bound', contract: 'run', device: 'run' });
  });

  it('that cannot be have no place', () => {
    expect(tdi.indexOfState({ bind: 'unbound', contract: 'locked', device: 'locked' })).toBe(-1);
    expect(tdi.indexOfState({ bind: 'connected', contract: 'unlocked', device: 'error' })).toBe(-1);
    expect(tdi.indexOfState({ bind: 'bound', contract: 'unlocked', device: 'error' })).toBe(-1);
    expect(tdi.indexOfState({ bind: 'bound', contract: 'locked', device: 'run' })).toBe(-1);
  });
});

describe('TDISP by libspdm pci_tdisp.h', () => {
  it('names each response after its request', () => {
    for (const [name, { response }] of Object.entries(tdisp.TDISP_REQUESTS)) {
      const bare = name.replace(/^GET_/, '').replace(/_REQUEST$/, '');
      expect(response).toBe(name.endsWith('_REQUEST') ? `${bare}_RESPONSE` : bare);
    }
  });

  it('asks four requests of no device: peer to peer, attributes, vendors', () => {
    const optional = Object.entries(tdisp.TDISP_REQUESTS).filter(([, { mandatory }]) => !mandatory);
    expect(optional.map(([name]) => name)).toEqual([
      'BIND_P2P_STREAM_REQUEST',
      'UNBIND_P2P_STREAM_REQUEST',
      'SET_MMIO_ATTRIBUTE_REQUEST',
      'VDM_REQUEST',
    ]);
  });

  it('has these errors of its own for each request', () => {
    const own = Object.entries(tdisp.TDISP_REQUESTS).map(([name, { errors }]) => [name, errors.join(' ')]);
    expect(Object.fromEntries(own)).toEqual({
      GET_TDISP_VERSION: '',
      GET_TDISP_CAPABILITIES: '',
      LOCK_INTERFACE_REQUEST: 'INVALID_REQUEST INVALID_INTERFACE INSUFFICIENT_ENTROPY INVALID_DEVICE_CONFIGURATION',
      GET_DEVICE_INTERFACE_REPORT: 'INVALID_REQUEST INVALID_INTERFACE',
      GET_DEVICE_INTERFACE_STATE: 'INVALID_INTERFACE',
      START_INTERFACE_REQUEST: 'INVALID_INTERFACE INVALID_NONCE',
      STOP_INTERFACE_REQUEST: 'INVALID_INTERFACE',
      BIND_P2P_STREAM_REQUEST: 'INVALID_REQUEST INVALID_INTERFACE',
      UNBIND_P2P_STREAM_REQUEST: 'INVALID_REQUEST INVALID_INTERFACE',
      SET_MMIO_ATTRIBUTE_REQUEST: 'INVALID_REQUEST INVALID_INTERFACE',
      VDM_REQUEST: '',
    });
  });

  it('has the flags of LOCK and of the report bit by bit', () => {
    expect(tdisp.LOCK_FLAGS.map((flag, bit) => `${bit} ${flag}`)).toEqual([
      '0 NO_FW_UPDATE',
      '1 SYSTEM_CACHE_LINE_SIZE',
      '2 LOCK_MSIX',
      '3 BIND_P2P',
      '4 ALL_REQUEST_REDIRECT',
    ]);
    expect(tdisp.REPORT_FLAGS.map((flag, bit) => `${bit} ${flag}`)).toEqual([
      '0 NO_FW_UPDATE',
      '1 DMA_WITHOUT_PASID',
      '2 DMA_WITH_PASID',
      '3 ATS_ENABLED',
      '4 PRS_ENABLED',
    ]);
  });
});
