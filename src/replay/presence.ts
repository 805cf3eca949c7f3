import { type Bdf, slotOf } from '../base/bdf.ts';
import { afterConnect, CONNECTED } from '../model/tdi.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import { Belief } from './belief.ts';
import type { Reached } from './reach.ts';
import type { Scene } from './scene.ts';
import type { DeviceTrack } from './track.ts';

/** Functions that are connected themselves: a machine has a few. */
const CONNECTED_MAX = 64;
/** Devices among which a connect is looked for whom it may concern. */
const STRANGERS_MAX = 4096;

const HAS_THIS_DSM = 'the function belongs to the device security manager that was connected';
const HAS_A_DSM = 'the function belongs to a device security manager that is connected';

/** What only a function does that is there: after a removal, another one at the address of the old one. */
const LIVES: ReadonlySet<StoredEvent['kind']> = new Set([
  'pci.add',
  'pci.enable',
  'vfio.open',
  'vfio.config_write',
  'tsm.connect',
  'tsm.bind',
]);

/** Whether the event is one of a function that is there. */
export function showsLife({ kind }: StoredEvent): boolean {
  return LIVES.has(kind);
}

/** Which function is at an address, how it begins, and when it goes. */
export class Presence {
  readonly #scene: Scene;
  /** Id of the function that has an address now, by history, and by address. */
  readonly #present = new Map<number, Map<string, number>>();
  /** Ids of functions whose tsm/connect was written. */
  readonly #connected = new Set<number>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  noteConnect(track: DeviceTrack): void {
    if (this.#connected.size < CONNECTED_MAX) this.#connected.add(track.id);
  }

  /** Who is at an address. Who comes after one that was seen to be removed is as new as if it had been seen to come. */
  moveIn(event: StoredEvent, own: DeviceTrack, bdf: Bdf): void {
    const history = this.#scene.clocks.history(event.sourceId);
    const present = this.#present.get(history);
    const before = present?.get(bdf);
    if (present === undefined) this.#present.set(history, new Map([[bdf, own.id]]));
    else if (before !== own.id) present.set(bdf, own.id);
    if (before === undefined || before === own.id || own.startKnown || !showsLife(event)) return;
    if (this.#scene.tracks.get(before)?.gone !== true) return;
    own.startKnown = true;
    own.believe(this.newcomer(event, own), event);
  }

  /** A function that appears while its DSM is connected gets its TSM context at once (pci_tsm_init). */
  newcomer(event: StoredEvent, track: DeviceTrack): Belief {
    const { clocks, tracks } = this.#scene;
    const at = track.pf ?? track.bdf;
    const manager = track.dsm ?? (at === null ? null : `${slotOf(at)}.0`);
    const present = this.#present.get(clocks.history(event.sourceId));
    const dsm = tracks.get((manager === null ? undefined : present?.get(manager)) ?? -1);
    const connected = Belief.only(CONNECTED);
    if (dsm !== undefined && dsm !== track && !dsm.gone) {
      const { bind } = dsm.belief.layers();
      if (!bind.includes('unbound')) return connected;
      return bind.length === 1 ? Belief.fresh() : Belief.fresh().or(connected);
    }
    const perhaps = [...this.#connected].some((id) => this.#mayManage(tracks.get(id), event, track));
    return perhaps ? Belief.fresh().or(connected, 1, HAS_A_DSM, placeOf(event)) : Belief.fresh();
  }

  #mayManage(dsm: DeviceTrack | undefined, event: StoredEvent, track: DeviceTrack): boolean {
    if (dsm === undefined || dsm.gone || !mayBeManaged(track, dsm) || !this.#scene.sameHistory(dsm, event))
      return false;
    return dsm.belief.layers().bind.some((bind) => bind !== 'unbound');
  }

  /**
   * A connect gives every function of the DSM its TSM context (pci_tsm_connect walks them all). A function of which no record
   * tells its DSM may be among them.
   */
  connectStrangers(event: StoredEvent, own: DeviceTrack | null, reached: Reached): void {
    const { tracks } = this.#scene;
    if (event.outcome === 'failed' || (event.phase === 'enter' && event.pairId !== null)) return;
    if (tracks.size > STRANGERS_MAX) return;
    for (const track of tracks.values()) {
      if (reached.has(track) || !mayBeManaged(track, own) || !this.#scene.sameHistory(track, event)) continue;
      const connect = (before: Belief) =>
        before.or(before.apply(afterConnect, placeOf(event)), 1, HAS_THIS_DSM, placeOf(event));
      track.change(connect, connect(track.belief), event, false);
    }
  }

  /**
   * Functions that go with another one: the VFs when their PF disables SR-IOV, what is below a bridge that is removed or a link
   * that is lost. Those whose own removal was recorded are gone already. Where no record tells when it is over, whatever is
   * opened next at their address is another function.
   */
  endThoseBelow(event: StoredEvent, own: DeviceTrack | null, reached: Reached): void {
    const { kind, phase, pairId } = event;
    if (kind !== 'pci.sriov_disable' && kind !== 'pci.remove' && kind !== 'pci.link_down') return;
    if (kind === 'pci.remove' && own === null) return;
    const isOver = kind !== 'pci.link_down' && phase !== 'enter';
    for (const [track, reach] of reached) {
      if (reach === null || track.gone) continue;
      if (isOver) {
        this.#scene.place(track, event.sourceId);
        track.forget(event);
      } else if (pairId === null || kind === 'pci.link_down') track.removing = true;
    }
    if (kind === 'pci.remove' && isOver) this.#scene.topology(event.sourceId).forget(own?.bdf ?? null);
  }
}

/** Whether nothing speaks against `dsm` as the DSM of a function of which no record tells whose it is. */
function mayBeManaged(track: DeviceTrack, dsm: DeviceTrack | null): boolean {
  if (track === dsm) return false;
  // A pointer, or nothing, says neither that it is the function itself or its DSM nor that it is not.
  if (dsm?.bdf == null || track.bdf === null) return true;
  if (track.pf !== null || track.dsm !== null) return false;
  return track.bdf.split(':', 1)[0] === dsm.bdf.split(':', 1)[0];
}

function placeOf({ sourceId, line }: StoredEvent): { sourceId: number; line: number } {
  return { sourceId, line };
}
