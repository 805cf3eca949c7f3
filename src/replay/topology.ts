import { type Bdf, busOf, parseBdf, slotOf } from '../base/bdf.ts';
import { parseInteger } from '../events/numbers.ts';
import type { SideData, SideFact } from '../input/side-data.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import type { DeviceTrack } from './track.ts';

/**
 * How an event of one function reaches another one: it is a VF of that PF, hangs below that port, is a function of the same
 * device, has it as its device security manager (DSM), or shares its bus.
 */
export type Tie = 'vf' | 'below' | 'device' | 'dsm' | 'bus';

/** That an event reaches a function, and what tells so. */
export interface Reach {
  readonly tie: Tie;
  /** Id of the event that tells; null where side data or the address alone do. */
  readonly record: number | null;
  readonly side: SideFact | null;
}

interface BusRange {
  /** `dddd:bb`, inclusive. */
  readonly first: string;
  readonly last: string;
  readonly record: number | null;
  readonly side: SideFact | null;
}

// A machine has some hundreds of bridges; a hostile log has no end of them.
const BRIDGES_MAX = 4096;
const SOURCES_MAX = 4096;

/**
 * Who stands below whom, as far as the records of one history have said it up to now. A bridge has the buses that it announced
 * last, until it is removed or its buses are released; side data tell of bridges that no record spoke of.
 */
export class Topology {
  readonly #buses = new Map<string, BusRange>();
  /** Functions from which a port has received an error message: they are below it. With the event that says so. */
  readonly #sources = new Map<string, Map<Bdf, number>>();

  /** What side data say of the DSM of functions. */
  readonly #managers = new Map<Bdf, { readonly manager: Bdf; readonly side: SideFact }>();

  constructor(side: SideData | null = null) {
    for (const { bdf, name, value, fact } of side?.tsm ?? []) {
      const manager = name === 'dsm' ? parseBdf(value) : null;
      if (manager !== null) this.#managers.set(bdf, { manager, side: fact });
    }
    for (const [bridge, { first, last, fact }] of side?.bridges ?? []) {
      this.#buses.set(bridge, { first, last, record: null, side: fact });
    }
  }

  /** @returns what side data said of the bridge, where the record says otherwise. */
  learn(event: StoredEvent, bdf: string | null): SideFact | null {
    if (event.kind === 'pci.bus') this.#renumber(event);
    if (bdf === null) return null;
    if (event.kind === 'pci.bridge' && event.args['first'] !== undefined) return this.#announce(event, bdf);
    const source = errorSource(event, bdf);
    if (source !== null) {
      const known = this.#sources.get(bdf) ?? new Map();
      // What the port says of itself tells nothing of what is below it.
      const isBelow = busOf(source) !== busOf(bdf as Bdf);
      // What a reset says of its own cause is the weaker word: an earlier one was there before it.
      const isNews = event.kind === 'aer.source' || !known.has(source);
      if (isBelow && isNews && known.size < SOURCES_MAX) known.set(source, event.id);
      if (this.#sources.size < BRIDGES_MAX) this.#sources.set(bdf, known);
    }
    return null;
  }

  /** The function at `bdf` is gone; what comes at its address may have other buses. */
  forget(bdf: string | null): void {
    if (bdf === null) return;
    this.#buses.delete(bdf);
    this.#sources.delete(bdf);
  }

  isBridge(bdf: string | null): boolean {
    return bdf !== null && (this.#buses.has(bdf) || this.#sources.has(bdf));
  }

  /** Whether `device` hangs below the port `bridge`. Null also where it is not known. */
  below(bridge: string | null, device: DeviceTrack): Reach | null {
    if (bridge === null || device.bdf === null) return null;
    const buses = this.#buses.get(bridge);
    if (buses && holds(buses, device.bdf)) return { tie: 'below', record: buses.record, side: buses.side };
    const source = this.#sourceOnBus(bridge, device.bdf);
    return source === null ? null : { tie: 'below', record: source, side: null };
  }

  /** The event that tells of a message from the function, or from another one of its bus: what shares a bus is below the same ports. */
  #sourceOnBus(bridge: string, bdf: Bdf): number | null {
    const sources = this.#sources.get(bridge);
    if (sources === undefined) return null;
    const own = sources.get(bdf);
    if (own !== undefined) return own;
    for (const [source, event] of sources) if (busOf(source) === busOf(bdf)) return event;
    return null;
  }

  /** The known bridge that is nearest above a function; a nearer one may be unknown. */
  portAbove(bdf: Bdf | null): Bdf | null {
    let nearest: { bridge: string; buses: BusRange } | null = null;
    if (bdf === null) return null;
    for (const [bridge, buses] of this.#buses) {
      if (!holds(buses, bdf) || (nearest !== null && buses.first <= nearest.buses.first)) continue;
      nearest = { bridge, buses };
    }
    return nearest === null ? null : (nearest.bridge as Bdf);
  }

  /**
   * Whether a conventional reset that was asked for at `asked` reaches `device`.
   *
   * @param ofBus it is known to be the reset of the whole bus, not of a slot of it.
   */
  sharesReset(asked: DeviceTrack, device: DeviceTrack, ofBus: boolean): Reach | null {
    const [one, other] = [asked.bdf, device.bdf];
    const vf = this.virtual(asked, device);
    if (vf !== null) return vf;
    if (one === null || other === null) return null;
    if (slotOf(one) === slotOf(other)) return { tie: 'device', record: null, side: null };
    const bus = busOf(one);
    for (const buses of this.#buses.values()) {
      // The bridge right above: its secondary bus is the one of the function.
      if (buses.first === bus && holds(buses, other)) return { tie: 'below', record: buses.record, side: buses.side };
    }
    // Nothing resets a root bus. Bus 0 is always one.
    if (bus !== busOf(other) || bus.endsWith(':00')) return null;
    return { tie: ofBus ? 'below' : 'bus', record: null, side: null };
  }

  /** Whether `device` is a VF of the function at `pf`, or of another function of that one's device. */
  #ofDevice(pf: string, device: DeviceTrack): boolean {
    const [one, other] = [parseBdf(pf), device.pf === null ? null : parseBdf(device.pf)];
    return one !== null && other !== null && slotOf(one) === slotOf(other);
  }

  /** Whether `device` is a VF of `pf`. */
  virtual(pf: DeviceTrack, device: DeviceTrack): Reach | null {
    if (device.pfId !== pf.id && (pf.bdf === null || device.pf !== pf.bdf)) return null;
    return { tie: 'vf', record: device.pfRecord, side: device.pfSide };
  }

  /** Whether the DSM on `dsm` manages `device`: its own functions, their VFs, and whoever was said to belong to it. */
  managedBy(dsm: string | null, device: DeviceTrack): Reach | null {
    const manager = dsm === null ? null : parseBdf(dsm);
    if (manager === null || device.bdf === null) return null;
    const reach: Reach = { tie: 'dsm', record: null, side: null };
    // Who was said to manage it is the one; a port of a switch may do so for functions below it (find_dsm_dev, drivers/pci/tsm.c).
    if (device.dsm !== null && device.dsm !== manager) return null;
    const said = device.dsmRecord;
    if (said?.dsm === manager) return { ...reach, record: said.id };
    if (slotOf(device.bdf) === slotOf(manager)) return reach;
    if (this.#ofDevice(manager, device)) return { ...reach, record: device.pfRecord, side: device.pfSide };
    return device.dsm === null ? null : reach;
  }

  /**
   * Whether `device` is known to have its security manager on `manager`, function 0 of a device: its connect was recorded, the core or
   * side data said so. That it has the number 0 says no such thing by itself.
   */
  hasManager(manager: DeviceTrack, device: DeviceTrack): Reach | null {
    if (manager.bdf === null || device.bdf === null || !manager.bdf.endsWith('.0')) return null;
    if (device.dsm === manager.bdf || device.dsmRecord?.dsm === manager.bdf) return this.managedBy(manager.bdf, device);
    const stored = device.dsm === null ? this.#managers.get(device.bdf) : undefined;
    return stored?.manager === manager.bdf ? { tie: 'dsm', record: null, side: stored.side } : null;
  }

  #announce(event: StoredEvent, bridge: string): SideFact | null {
    const domain = bridge.slice(0, bridge.indexOf(':'));
    const first = `${domain}:${event.args['first']}`;
    const last = `${domain}:${event.args['last'] ?? event.args['first']}`;
    const before = this.#buses.get(bridge);
    if (before?.first !== first || before.last !== last) this.#sources.delete(bridge);
    this.#buses.delete(bridge);
    // A bridge that the firmware left unconfigured announces bus 00: nothing is below it yet.
    const own = bridge.slice(0, bridge.lastIndexOf(':'));
    if (first > own && last >= first && this.#buses.size < BRIDGES_MAX) {
      this.#buses.set(bridge, { first, last, record: event.id, side: null });
    }
    return before?.side != null && (before.first !== first || before.last !== last) ? before.side : null;
  }

  /** What is said of a bus concerns the bridge whose secondary bus it is. A bus that is gone has taken its bridge along. */
  #renumber({ id, args }: StoredEvent): void {
    const found = [...this.#buses].find(([, { first }]) => first === args['bus']);
    if (!found) return;
    const [bridge, { first }] = found;
    if (args['released'] === '1') {
      this.forget(bridge);
      return;
    }
    const last = `${first.slice(0, first.indexOf(':'))}:${args['last']}`;
    if (last >= first) this.#buses.set(bridge, { first, last, record: id, side: null });
  }
}

function holds({ first, last }: BusRange, bdf: Bdf): boolean {
  const bus = busOf(bdf);
  return bus.length === first.length && bus >= first && bus <= last;
}

/** PCI_EXP_DPC_STATUS_TRIGGER_RSN: an ERR_NONFATAL or ERR_FATAL message; of any other trigger the Requester ID says nothing. */
const TRIGGER_SHIFT = 1;
const TRIGGER_MASK = 3;
const BY_MESSAGE: ReadonlySet<number> = new Set([1, 2]);

/** The function that sent the error message which a port reports. */
function errorSource({ kind, args }: StoredEvent, port: string): Bdf | null {
  if (kind !== 'aer.source' && kind !== 'pci.bus_reset') return null;
  if (args['source'] !== undefined) return parseBdf(args['source']);
  const [status, id] = [parseInteger(args['status']), parseInteger(args['source_id'])];
  if (status === null || id === null || !BY_MESSAGE.has((status >> TRIGGER_SHIFT) & TRIGGER_MASK)) return null;
  const hex = (value: number) => value.toString(16).padStart(2, '0');
  const domain = port.slice(0, port.indexOf(':'));
  return parseBdf(`${domain}:${hex(id >> 8)}:${hex((id >> 3) & 31)}.${id & 7}`);
}
