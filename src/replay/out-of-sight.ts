import { type Bdf, busOf } from '../base/bdf.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import { COMMAND_UNKNOWN } from './command.ts';
import { effectsOf } from './effects.ts';
import type { Topology } from './topology.ts';
import type { DeviceTrack } from './track.ts';

/** A reset below a port of which nothing tells what is below it, and a function that may be. */
export interface OutOfSight {
  readonly event: StoredEvent;
  readonly port: Bdf;
  /** The first of those that were bound then. */
  readonly device: Bdf;
}

/** What is known when the reset comes. */
interface Known {
  readonly tracks: ReadonlyMap<number, DeviceTrack>;
  topology(sourceId: number): Topology;
  sameHistory(track: DeviceTrack, event: StoredEvent): boolean;
}

/** Resets that are told; of more, one by one they say nothing new. */
const TOLD_MAX = 16;

/** Collects the resets that nothing tells the reach of, the first of every port. */
export class ResetsOutOfSight {
  readonly all: OutOfSight[] = [];

  /** @param reaches some function, as far as is known. */
  note(scene: Known, event: StoredEvent, own: DeviceTrack | null, reaches: boolean): void {
    if (reaches || own === null || event.args['below'] !== '1' || this.all.length >= TOLD_MAX) return;
    const port = own.bdf;
    // Of a port whose buses are known it is known that no function of the record is below it.
    if (port === null || scene.topology(event.sourceId).isBridge(port)) return;
    if (this.all.some((known) => known.port === port && known.event.sourceId === event.sourceId)) return;
    if (!effectsOf(event, COMMAND_UNKNOWN).some(({ type }) => type === 'conventional-reset')) return;
    const device = [...scene.tracks.values()].find(
      (track) => scene.sameHistory(track, event) && mayBeBelow(track, port),
    )?.bdf;
    if (device != null) this.all.push({ event, port, device });
  }
}

/** A bridge has a smaller number of its own bus than those below it have (pci_scan_bridge_extend, drivers/pci/probe.c). */
function mayBeBelow({ bdf, gone, boundEvidence, belief }: DeviceTrack, port: Bdf): boolean {
  if (bdf === null || gone || !boundEvidence || belief.cost(({ bind }) => bind === 'bound') > 0) return false;
  const [above, own] = [busOf(port), busOf(bdf)];
  return domainOf(above) === domainOf(own) && own > above;
}

function domainOf(bus: string): string {
  return bus.slice(0, bus.indexOf(':'));
}
