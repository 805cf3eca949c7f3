import { type Bdf, busOf, parseBdf, slotOf } from '../base/bdf.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import type { DeviceTrack } from './track.ts';

/** Who stands below whom, as far as this source has said. */
export class Topology {
  /** Secondary bus range of a bridge, `dddd:bb` bounds. */
  readonly #buses = new Map<string, { first: string; last: string }>();
  /** Functions from which a port has received an AER message: they are below it. */
  readonly #sources = new Map<string, Set<string>>();

  learn(event: StoredEvent, bdf: string | null): void {
    if (bdf === null) return;
    if (event.kind === 'pci.bridge' && event.args['first'] !== undefined) {
      const domain = bdf.slice(0, bdf.indexOf(':'));
      const last = event.args['last'] ?? event.args['first'];
      this.#buses.set(bdf, { first: `${domain}:${event.args['first']}`, last: `${domain}:${last}` });
    }
    if (event.kind === 'aer.source' && event.args['source'] !== undefined) {
      const known = this.#sources.get(bdf) ?? new Set();
      known.add(event.args['source'].toLowerCase());
      this.#sources.set(bdf, known);
    }
  }

  /** Whether `device` hangs below the port `bridge`. False also where it is not known. */
  below(bridge: string | null, device: DeviceTrack): boolean {
    if (bridge === null || device.bdf === null) return false;
    if (this.#sources.get(bridge)?.has(device.bdf)) return true;
    const buses = this.#buses.get(bridge);
    if (!buses) return false;
    const bus = busOf(device.bdf);
    return bus.length === buses.first.length && bus >= buses.first && bus <= buses.last;
  }

  /** Whether both are functions of one device, told by the address. */
  sameDevice(bdf: string | null, device: DeviceTrack): boolean {
    const one = bdf === null ? null : parseBdf(bdf);
    return one !== null && device.bdf !== null && slotOf(device.bdf) === slotOf(one);
  }

  /** Whether the DSM on `dsm` manages `device`: its own slot's functions, and whoever was said to belong to it. */
  managedBy(dsm: string | null, device: DeviceTrack): boolean {
    const manager = dsm === null ? null : parseBdf(dsm);
    if (manager === null || device.bdf === null) return false;
    return device.dsm === manager || slotOf(device.bdf as Bdf) === slotOf(manager);
  }
}
