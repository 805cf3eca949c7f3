import { describe, expect, it } from 'vitest';
import type { Bdf } from '../../src/base/bdf.ts';
import type { SideData, SideFact } from '../../src/input/side-data.ts';
import { Topology } from '../../src/replay/topology.ts';
import { DeviceTrack } from '../../src/replay/track.ts';
import type { StoredDevice } from '../../src/timeline/rows.ts';
import { storedDevice, storedEvent } from './stored-event.ts';

let ids = 100;
const track = (bdf: string | null, more: Partial<StoredDevice> = {}) =>
  new DeviceTrack(storedDevice(ids++, bdf, more), false);
/** `pci 0000:00:01.0: PCI bridge to [bus 01-04]`. */
const bridge = (first: string, last?: string, id = 7) =>
  storedEvent('pci.bridge', { id, args: { first, ...(last === undefined ? {} : { last }) } });
const bus = (args: Record<string, string>, id = 8) => storedEvent('pci.bus', { id, args });
const aer = (source: string, id = 9) => storedEvent('aer.source', { id, args: { source } });

const PORT = '0000:00:01.0';
const withPort = (first = '01', last = '04') => {
  const topology = new Topology();
  topology.learn(bridge(first, last), PORT);
  return topology;
};

describe('what a bridge announces', () => {
  it('is below it: the first bus, the last, and those between', () => {
    const topology = withPort();
    const below = (bdf: string | null) => topology.below(PORT, track(bdf));
    for (const bdf of ['0000:01:00.0', '0000:03:1f.7', '0000:04:00.0'])
      expect(below(bdf)).toEqual({ tie: 'below', record: 7, side: null });
    for (const bdf of ['0000:00:00.0', '0000:05:00.0', '0001:01:00.0', '10000:01:00.0', null])
      expect(below(bdf)).toBeNull();
    expect(topology.below(null, track('0000:01:00.0'))).toBeNull();
    expect(topology.below('0000:00:02.0', track('0000:01:00.0'))).toBeNull();
    expect([PORT, '0000:00:02.0', null].map((bdf) => topology.isBridge(bdf))).toEqual([true, false, false]);
  });

  it('is one bus where it names no last one', () => {
    const topology = new Topology();
    topology.learn(bridge('02'), PORT);
    expect(topology.below(PORT, track('0000:02:00.0'))?.tie).toBe('below');
    expect(topology.below(PORT, track('0000:03:00.0'))).toBeNull();
  });

  it('holds until it announces something else', () => {
    const topology = withPort();
    topology.learn(bridge('05', '06', 20), PORT);
    expect(topology.below(PORT, track('0000:01:00.0'))).toBeNull();
    expect(topology.below(PORT, track('0000:06:00.0'))?.record).toBe(20);
  });

  it('is nothing where the firmware left it unconfigured: bus 00, its own, or the wrong way round', () => {
    for (const [first, last] of [
      ['00', '00'],
      ['00', 'ff'],
      ['05', '04'],
    ] as const) {
      const topology = withPort();
      topology.learn(bridge(first, last), PORT);
      expect(topology.isBridge(PORT)).toBe(false);
      expect(topology.below(PORT, track('0000:01:00.0'))).toBeNull();
    }
  });

  it('is nothing without a bus, or of a function that is not known', () => {
    const topology = new Topology();
    expect(topology.learn(storedEvent('pci.bridge'), PORT)).toBeNull();
    expect(topology.learn(bridge('01', '04'), null)).toBeNull();
    expect(topology.isBridge(PORT)).toBe(false);
  });

  it('goes with the bridge', () => {
    const topology = withPort();
    topology.forget(null);
    topology.forget('0000:00:02.0');
    expect(topology.isBridge(PORT)).toBe(true);
    topology.forget(PORT);
    expect(topology.isBridge(PORT)).toBe(false);
  });
});

describe('a bus that changes', () => {
  it('is that of the bridge whose secondary bus it is', () => {
    const topology = withPort();
    topology.learn(bus({ bus: '0000:01', last: '02' }), null);
    expect(topology.below(PORT, track('0000:02:00.0'))?.record).toBe(8);
    expect(topology.below(PORT, track('0000:03:00.0'))).toBeNull();
    // Of a bus that is no secondary one nothing follows.
    topology.learn(bus({ bus: '0000:02', last: '09' }), null);
    expect(topology.below(PORT, track('0000:09:00.0'))).toBeNull();
    topology.learn(bus({ bus: '0000:01', last: '00' }), null);
    expect(topology.below(PORT, track('0000:02:00.0'))?.record).toBe(8);
  });

  it('takes its bridge along when it is released', () => {
    const topology = withPort();
    topology.learn(bus({ bus: '0000:01', released: '0', last: '04' }), null);
    expect(topology.isBridge(PORT)).toBe(true);
    topology.learn(bus({ bus: '0000:01', released: '1' }), null);
    expect(topology.isBridge(PORT)).toBe(false);
  });
});

describe('a function from which a port has heard an error', () => {
  it('is below it', () => {
    const topology = new Topology();
    topology.learn(aer('0000:3B:00.0'), PORT);
    expect(topology.isBridge(PORT)).toBe(true);
    expect(topology.below(PORT, track('0000:3b:00.0'))).toEqual({ tie: 'below', record: 9, side: null });
    expect(topology.below(PORT, track('0000:3c:00.1'))).toBeNull();
    topology.learn(aer('0000:3c:00.0', 12), PORT);
    expect(topology.below(PORT, track('0000:3b:00.0'))?.record).toBe(9);
    expect(topology.below(PORT, track('0000:3c:00.0'))?.record).toBe(12);
  });

  it('is so no more once the port has other buses', () => {
    const topology = withPort();
    topology.learn(aer('0000:3b:00.0'), PORT);
    topology.learn(bridge('01', '04', 30), PORT);
    expect(topology.below(PORT, track('0000:3b:00.0'))?.record).toBe(9);
    topology.learn(bridge('01', '05', 31), PORT);
    expect(topology.below(PORT, track('0000:3b:00.0'))).toBeNull();
    topology.learn(aer('0000:3b:00.0'), PORT);
    topology.learn(bridge('02', '05', 32), PORT);
    expect(topology.below(PORT, track('0000:3b:00.0'))).toBeNull();
  });

  it('tells of what shares its bus, and nothing of a port that reports itself', () => {
    const topology = new Topology();
    topology.learn(aer('0000:02:00.1'), PORT);
    expect(topology.below(PORT, track('0000:02:1f.0'))).toEqual({ tie: 'below', record: 9, side: null });
    expect(topology.below(PORT, track('0000:03:00.0'))).toBeNull();
    expect(topology.below(PORT, track('0001:02:00.0'))).toBeNull();
    const own = new Topology();
    own.learn(aer(PORT), PORT);
    expect(own.below(PORT, track('0000:00:1f.0'))).toBeNull();
    expect(own.isBridge(PORT)).toBe(true);
  });

  // PCI_EXP_DPC_STATUS_TRIGGER_RSN (include/uapi/linux/pci_regs.h): bits 2:1; 0 is an unmasked uncorrectable error, 3 in the extension.
  it.each([
    ['0x1f05', '0x3b0a', '0000:3b:01.2', true],
    ['0x1f03', '0x3b0a', '0000:3b:01.2', true],
    ['0x1f01', '0x3b0a', '0000:3b:01.2', false],
    ['0x1f07', '0x3b0a', '0000:3b:01.2', false],
    ['0x1f05', 'x', '0000:3b:01.2', false],
  ])('is told by DPC where a message triggered it: status %s', (status, id, bdf, isTold) => {
    const topology = new Topology();
    topology.learn(storedEvent('pci.bus_reset', { id: 9, args: { status, source_id: id } }), PORT);
    expect(topology.below(PORT, track(bdf)) !== null).toBe(isTold);
  });

  it('is told by an earlier message rather than by the reset that names it', () => {
    const topology = new Topology();
    topology.learn(aer('0000:02:00.0', 9), PORT);
    topology.learn(storedEvent('pci.bus_reset', { id: 12, args: { source: '0000:02:00.0' } }), PORT);
    expect(topology.below(PORT, track('0000:02:00.0'))?.record).toBe(9);
    topology.learn(aer('0000:02:00.0', 15), PORT);
    expect(topology.below(PORT, track('0000:02:00.0'))?.record).toBe(15);
  });

  it('tells nothing where its address is missing', () => {
    const topology = new Topology();
    topology.learn(storedEvent('aer.source'), PORT);
    expect(topology.isBridge(PORT)).toBe(false);
  });
});

describe('the port above a function', () => {
  it('is the nearest one that is known', () => {
    const topology = withPort('01', '09');
    topology.learn(bridge('02', '05', 20), '0000:01:00.0');
    topology.learn(bridge('06', '09', 21), '0000:01:01.0');
    const above = (bdf: string | null) => topology.portAbove(bdf as Bdf | null);
    expect(above('0000:03:00.0')).toBe('0000:01:00.0');
    expect(above('0000:06:00.0')).toBe('0000:01:01.0');
    expect(above('0000:01:1f.0')).toBe(PORT);
    expect(above('0000:0a:00.0')).toBeNull();
    expect(above(null)).toBeNull();
    // Whichever was announced first.
    const other = new Topology();
    other.learn(bridge('02', '05'), '0000:01:00.0');
    other.learn(bridge('01', '09'), PORT);
    expect(other.portAbove('0000:03:00.0' as Bdf)).toBe('0000:01:00.0');
  });
});

describe('a conventional reset', () => {
  it('reaches the functions of the same device', () => {
    const topology = new Topology();
    const one = track('0000:3b:00.0');
    expect(topology.sharesReset(one, track('0000:3b:00.1'), false)).toEqual({
      tie: 'device',
      record: null,
      side: null,
    });
    expect(topology.sharesReset(one, track('0000:3c:00.0'), false)).toBeNull();
    expect(topology.sharesReset(one, track(null), false)).toBeNull();
    expect(topology.sharesReset(track(null), one, false)).toBeNull();
  });

  it('reaches all that is below the bridge right above', () => {
    const topology = withPort();
    const one = track('0000:01:00.0');
    const reach = { tie: 'below', record: 7, side: null };
    expect(topology.sharesReset(one, track('0000:01:03.0'), false)).toEqual(reach);
    expect(topology.sharesReset(one, track('0000:04:00.0'), false)).toEqual(reach);
    expect(topology.sharesReset(one, track('0000:05:00.0'), false)).toBeNull();
    // A bridge further up is not what is reset.
    expect(topology.sharesReset(track('0000:02:00.0'), track('0000:04:00.0'), false)).toBeNull();
  });

  it('reaches the bus, as a guess where the bridge is not known; a root bus is never reset', () => {
    const topology = new Topology();
    const [one, other] = [track('0000:3b:00.0'), track('0000:3b:01.0')];
    expect(topology.sharesReset(one, other, false)).toEqual({ tie: 'bus', record: null, side: null });
    expect(topology.sharesReset(one, other, true)).toEqual({ tie: 'below', record: null, side: null });
    expect(topology.sharesReset(track('0000:00:02.0'), track('0000:00:03.0'), true)).toBeNull();
    expect(topology.sharesReset(one, track('0001:3b:01.0'), true)).toBeNull();
  });

  it('reaches the VFs of a PF, wherever they are', () => {
    const topology = new Topology();
    const pf = track('0000:3b:00.0');
    expect(topology.sharesReset(pf, track('0000:3c:02.0', { pf: '0000:3b:00.0' }), false)?.tie).toBe('vf');
    expect(topology.sharesReset(pf, track('0000:3b:00.4', { pf: '0000:3b:00.0' }), false)?.tie).toBe('vf');
  });
});

describe('a VF', () => {
  it('is one by the address of its PF, or by the call that made it', () => {
    const topology = new Topology();
    const pf = track('0000:3b:00.0');
    const vf = track('0000:3b:02.0');
    expect(topology.virtual(pf, vf)).toBeNull();
    vf.isVfOf('0000:3b:00.0' as Bdf, { record: 33 });
    expect(topology.virtual(pf, vf)).toEqual({ tie: 'vf', record: 33, side: null });
    expect(topology.virtual(track('0000:3b:00.1'), vf)).toBeNull();
    const unnamed = track(null);
    expect(topology.virtual(unnamed, vf)).toBeNull();
    expect(topology.virtual(unnamed, track('0000:3b:03.0'))).toBeNull();
    vf.pfId = unnamed.id;
    expect(topology.virtual(unnamed, vf)?.record).toBe(33);
  });

  it('has what told so', () => {
    const fact: SideFact = { place: 'lspci.txt:3', text: 'physfn' } as SideFact;
    const vf = track('0000:3b:02.0');
    vf.isVfOf('0000:3b:00.0' as Bdf, { side: fact });
    expect(new Topology().virtual(track('0000:3b:00.0'), vf)).toEqual({ tie: 'vf', record: null, side: fact });
  });
});

describe('the device security manager', () => {
  const DSM = '0000:3b:00.0';
  const reach = { tie: 'dsm', record: null, side: null };
  const topology = new Topology();

  it('manages the functions of its device and their VFs', () => {
    expect(topology.managedBy(DSM, track('0000:3b:00.1'))).toEqual(reach);
    expect(topology.managedBy(DSM, track('0000:3c:00.1'))).toBeNull();
    expect(topology.managedBy(DSM, track(null))).toBeNull();
    expect(topology.managedBy(null, track('0000:3b:00.1'))).toBeNull();
    expect(topology.managedBy('nonsense', track('0000:3b:00.1'))).toBeNull();
    const vf = track('0000:3c:02.0');
    vf.isVfOf('0000:3b:00.1' as Bdf, { record: 34 });
    expect(topology.managedBy(DSM, vf)).toEqual({ ...reach, record: 34 });
    const elsewhere = track('0000:3c:02.0', { pf: '0000:3d:00.0' });
    expect(topology.managedBy(DSM, elsewhere)).toBeNull();
  });

  it('is the one that a record names, and no other', () => {
    expect(topology.managedBy(DSM, track('0000:5e:00.0', { dsm: DSM }))).toEqual(reach);
    expect(topology.managedBy(DSM, track('0000:3b:00.1', { dsm: '0000:3a:00.0' }))).toBeNull();
  });
});

describe('the DSM that a reset of a function reaches others by', () => {
  const DSM = '0000:3b:00.0';
  const reach = { tie: 'dsm', record: null, side: null };
  const fact = { place: 'sys/tsm/dsm', text: `0000:3b:00.1 had its DSM on ${DSM}` } as SideFact;
  const attribute = (name: string, value: string) => ({ bdf: '0000:3b:00.1', name, value, fact });

  it('is function 0 that was connected, or that the core named', () => {
    const topology = new Topology();
    expect(topology.hasManager(track(DSM), track('0000:3b:00.1', { dsm: DSM }))).toEqual(reach);
    const said = track('0000:3b:00.1');
    said.dsmRecord = { dsm: DSM as Bdf, id: 12 };
    expect(topology.hasManager(track(DSM), said)).toEqual({ ...reach, record: 12 });
  });

  it('is not function 0 as such, nor any other function, nor one that is not known', () => {
    const topology = new Topology();
    expect(topology.hasManager(track(DSM), track('0000:3b:00.1'))).toBeNull();
    expect(topology.hasManager(track('0000:3b:00.2'), track('0000:3b:00.1', { dsm: '0000:3b:00.2' }))).toBeNull();
    expect(topology.hasManager(track(null), track('0000:3b:00.1', { dsm: DSM }))).toBeNull();
    expect(topology.hasManager(track(DSM), track('0000:3b:00.1', { dsm: '0000:3a:00.0' }))).toBeNull();
  });

  it('is the one that side data name, where no record names another', () => {
    const topology = new Topology({ bridges: new Map(), tsm: [attribute('dsm', DSM)] } as unknown as SideData);
    expect(topology.hasManager(track(DSM), track('0000:3b:00.1'))).toEqual({ ...reach, side: fact });
    expect(topology.hasManager(track(DSM), track('0000:3b:00.2'))).toBeNull();
    expect(topology.hasManager(track('0000:3c:00.0'), track('0000:3b:00.1'))).toBeNull();
    expect(topology.hasManager(track(DSM), track('0000:3b:00.1', { dsm: '0000:3a:00.0' }))).toBeNull();
    const connected = new Topology({ bridges: new Map(), tsm: [attribute('connect', DSM)] } as unknown as SideData);
    expect(connected.hasManager(track(DSM), track('0000:3b:00.1'))).toBeNull();
  });
});

describe('side data', () => {
  const fact = { place: 'lspci.txt:12', text: 'secondary=01, subordinate=04' } as SideFact;
  const side = {
    bridges: new Map([[PORT, { first: '0000:01', last: '0000:04', fact }]]),
  } as unknown as SideData;

  it('tell of bridges until a record says otherwise, and that is told once', () => {
    const topology = new Topology(side);
    expect(topology.below(PORT, track('0000:02:00.0'))).toEqual({ tie: 'below', record: null, side: fact });
    expect(topology.sharesReset(track('0000:01:00.0'), track('0000:02:00.0'), false)?.side).toBe(fact);
    expect(topology.learn(bridge('01', '04', 20), PORT)).toBeNull();
    expect(topology.below(PORT, track('0000:02:00.0'))).toEqual({ tie: 'below', record: 20, side: null });
  });

  it('are contradicted by another first or last bus', () => {
    const first = new Topology(side);
    expect(first.learn(bridge('02', '04'), PORT)).toBe(fact);
    expect(first.learn(bridge('03', '04'), PORT)).toBeNull();
    expect(new Topology(side).learn(bridge('01', '05'), PORT)).toBe(fact);
    expect(new Topology(side).learn(bridge('01', '05'), '0000:00:02.0')).toBeNull();
  });
});
