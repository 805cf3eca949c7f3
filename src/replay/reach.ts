import type { StoredEvent } from '../timeline/rows.ts';
import type { Effect } from './effects.ts';
import { hasFailed } from './fence-notes.ts';
import { isOfVmOrTsm } from './ledger.ts';
import { reachesFar } from './protocol.ts';
import { resetsBelow } from './reset-writes.ts';
import type { Scene } from './scene.ts';
import { TOLD_BY_CALL } from './step-orders.ts';
import type { Reach } from './topology.ts';
import type { DeviceTrack } from './track.ts';

/** Devices that an event does something to; null: it is the event's own. */
export type Reached = ReadonlyMap<DeviceTrack, Reach | null>;

const NOBODY: Reached = new Map();
const NO_TRACKS: readonly DeviceTrack[] = [];

/** The devices that the event does something to, and how it comes to those that are not its own. */
export function reached(
  scene: Scene,
  event: StoredEvent,
  own: DeviceTrack | null,
  calls: readonly StoredEvent[],
): Reached {
  const topology = scene.topology(event.sourceId);
  const at = own?.bdf ?? null;
  const below = event.args['below'] === '1' || event.kind === 'pci.link_down' || resetsBelow(event);
  const wide = hasEffect(scene, event, 'conventional-reset');
  const ofFunction = hasEffect(scene, event, 'function-reset');
  const ofVfs = event.kind === 'pci.sriov_disable' || ofFunction;
  const takesBuses = event.kind === 'pci.remove' && topology.isBridge(at);
  const cutsOff = hasEffect(scene, event, 'command-clear') && topology.isBridge(at);
  const toManaged = isDisconnect(event) || event.kind === 'tsm.connect';
  const isFar = cutsOff || below || wide || ofVfs || takesBuses || toManaged;
  // Nearly always: neither does it reach others, nor is it inside a call on another one.
  if (!isFar && calls.length === 0) return own?.itself ?? NOBODY;
  const found = new Map<DeviceTrack, Reach | null>();
  if (own && !below) found.set(own, null);
  // A reset by way of the bridge, inside a reset of a function: the function is what is reset.
  const asked: DeviceTrack[] = [];
  for (const call of calls) {
    const track =
      call.supersededBy === event.id && call.deviceId !== null ? scene.tracks.get(call.deviceId) : undefined;
    // What names another function by itself, and no bridge, is done to that one, whatever encloses it.
    if (track === undefined || (own !== null && own !== track && !below)) continue;
    if (!found.has(track)) found.set(track, null);
    asked.push(track);
  }
  if (own && !below) asked.push(own);
  if (!isFar) return found;
  const reachOf = (track: DeviceTrack): Reach | null => {
    const port = cutsOff || below || takesBuses ? topology.below(at, track) : null;
    if (port !== null) return port;
    if (toManaged) return topology.managedBy(at, track);
    for (const one of asked) {
      const shared = wide ? topology.sharesReset(one, track, below) : ofVfs ? topology.virtual(one, track) : null;
      // Its VFs are reset with it; what it manages beside them may lose its session and streams.
      const reach = shared ?? (ofFunction ? topology.hasManager(one, track) : null);
      if (reach !== null) return reach;
    }
    return null;
  };
  for (const track of scene.tracks.values()) {
    if (found.has(track) || track.gone || !scene.sameHistory(track, event)) continue;
    const reach = reachOf(track);
    if (reach !== null) found.set(track, reach);
  }
  return found;
}

/** Whom what was said concerns: its own device, the functions of a DSM, those that are bound to a VM or connected to a TSM. */
export function heeding(
  scene: Scene,
  heard: StoredEvent,
  own: DeviceTrack | null,
  calls: readonly StoredEvent[],
): Reached {
  // What the firmware says names no device, and a stream is enabled at the port, too: it is the one of the call that asked.
  const told = TOLD_BY_CALL.has(heard.kind);
  const asking = told || heard.kind === 'ide.enable' ? calls.find(({ deviceId }) => deviceId !== null) : undefined;
  const asked = asking?.deviceId == null ? undefined : scene.tracks.get(asking.deviceId);
  const fenced = asked === undefined ? fencedIn(scene, heard) : NO_TRACKS;
  const isFar = reachesFar(heard);
  if (!isFar && asked === undefined && fenced.length === 0) return own?.itself ?? NOBODY;
  const found = new Map<DeviceTrack, Reach | null>();
  if (own) found.set(own, null);
  if (asked && !found.has(asked)) found.set(asked, told ? null : { tie: 'dsm', record: null, side: null });
  for (const track of fenced) found.set(track, null);
  if (!isFar) return found;
  const topology = scene.topology(heard.sourceId);
  for (const track of scene.tracks.values()) {
    if (found.has(track) || track.gone || !scene.sameHistory(track, heard)) continue;
    if (isOfVmOrTsm(heard, track.ledger)) found.set(track, null);
    else if (own) {
      const reach = topology.managedBy(own.bdf, track);
      if (reach !== null) found.set(track, reach);
    }
  }
  return found;
}

/**
 * The driver's line on a fence names the VM and the port above: of one function with a fence to see to it tells what became of it;
 * of several, at least a success excuses each.
 */
function fencedIn(scene: Scene, heard: StoredEvent): readonly DeviceTrack[] {
  if (heard.kind !== 'fence.clear' && heard.kind !== 'fence.status') return NO_TRACKS;
  const due = [...scene.tracks.values()].filter(
    (track) => track.ledger.steps.fence !== null && !track.gone && scene.sameHistory(track, heard),
  );
  return due.length < 2 || !hasFailed(heard) ? due : NO_TRACKS;
}

/** Whether an event may concern other devices than its own. */
export function spreads(scene: Scene, event: StoredEvent): boolean {
  if (isPerhaps(event)) return true;
  if (
    event.kind === 'task.exit' ||
    event.kind === 'fence.clear' ||
    event.kind === 'fence.status' ||
    reachesFar(event) ||
    isDisconnect(event) ||
    event.kind === 'tsm.connect' ||
    event.kind === 'pci.link_down'
  )
    return true;
  if (event.args['below'] === '1' || hasEffect(scene, event, 'conventional-reset')) return true;
  const own = scene.owner(event);
  const topology = scene.topology(event.sourceId);
  const isOfBridge = topology.isBridge(own?.bdf ?? null);
  if (isOfBridge && (event.kind === 'pci.remove' || hasEffect(scene, event, 'command-clear'))) return true;
  const isReset = hasEffect(scene, event, 'function-reset');
  if (own === null || !(isReset || event.kind === 'pci.sriov_disable')) return false;
  for (const track of scene.tracks.values()) {
    if (topology.virtual(own, track) !== null) return true;
    if (isReset && track !== own && topology.hasManager(own, track) !== null) return true;
  }
  return false;
}

/** An event that may be of one of several devices, not yet looked at as one of a certain one of them. */
export function isPerhaps(event: StoredEvent): boolean {
  return event.deviceId === null && event.maybe.length > 0;
}

export function candidatesOf(scene: Scene, event: StoredEvent): readonly DeviceTrack[] {
  return isPerhaps(event) ? event.maybe.flatMap((id) => scene.tracks.get(id) ?? []) : NO_TRACKS;
}

function isDisconnect({ kind }: StoredEvent): boolean {
  return kind === 'tsm.disconnect' || kind === 'tsm.disconnect_core';
}

/** What an event does whatever the registers hold: a reset of the bus or slot reaches every function of the device. */
function hasEffect(scene: Scene, event: StoredEvent, type: Effect['type']): boolean {
  const effects = scene.effects.of(event);
  return effects.length > 0 && effects.some((effect) => effect.type === type);
}
