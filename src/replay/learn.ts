import { parseBdf } from '../base/bdf.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import { isBind } from './binds.ts';
import { commandAfter } from './command.ts';
import { isConcern } from './concern.ts';
import { noteOrigin } from './origin-notes.ts';
import { type Presence, showsLife } from './presence.ts';
import type { Scene } from './scene.ts';
import { withEvidence } from './state-evidence.ts';
import { optionsFor } from './step.ts';
import type { DeviceTrack } from './track.ts';

/** Calls on a PF that make its VFs come or go. */
const ON_PF: ReadonlySet<StoredEvent['kind']> = new Set(['pci.sriov_enable', 'pci.sriov_disable']);

/** What an event tells beside its effect: registers, owners, where the device came from. */
export function learn(
  scene: Scene,
  presence: Presence,
  event: StoredEvent,
  track: DeviceTrack,
  calls: readonly StoredEvent[],
): void {
  const isReturn = event.phase === 'exit' && event.pairId !== null;
  const isWrite = event.kind === 'vfio.config_write' || event.kind === 'pci.config_write';
  const isAnotherRecord = event.supersededBy !== null && isWrite;
  // What vfio enables as it opens the function is counted with the open.
  const isOfOpen = event.kind === 'pci.enable' && (event.pid === null || track.openers.has(event.pid));
  if (!isReturn && !isAnotherRecord && !isOfOpen) {
    const recorded = optionsFor(scene.options, track).complete.has('config-write');
    track.command = commandAfter(event, track.command, recorded);
  }
  if (isConcern(event)) track.concerned = true;
  if (showsLife(event)) track.gone = false;
  learnVf(scene, event, track, calls);
  const exit = track.ownerExit;
  if (exit !== null && exit.usedBy === undefined && isUseByAnother(event, exit.event))
    track.ownerExit = { ...exit, usedBy: event };
  switch (event.kind) {
    case 'pci.add':
      // What was to be removed is, and this is another one.
      if (track.removing) track.forget(event);
      track.gone = false;
      track.startKnown = true;
      track.believe(presence.newcomer(event, track), event);
      break;
    case 'tsm.connect':
      presence.noteConnect(track);
      break;
    case 'tsm.context':
      noteManager(event, track);
      break;
    case 'vfio.open':
      if (event.pid !== null) track.openers.add(event.pid);
      track.ownerExit = null;
      break;
    case 'tsm.bind':
    case 'tsm.bind_core':
    case 'tsm.guest_request':
      track.bindRecorded = true;
      noteState(event, track);
      if (track.ledger.moved?.end === event.id) bindAnew(scene.calls.entryOf(event), track);
      break;
    case 'pci.remove':
      if (event.phase !== 'enter') {
        scene.place(track, event.sourceId);
        track.forget(event);
      } else if (event.pairId === null) track.removing = true;
      break;
    case 'vfio.close':
    case 'vfio.disable':
      track.openers.clear();
      track.binder = null;
      track.ownerExit = null;
      break;
    case 'tsm.unbind':
    case 'tsm.unbind_core':
    case 'tsm.destroy':
      // The core's own unbind runs for functions without a TDI, too: only the exported one tells of binding.
      track.bindRecorded ||= event.kind === 'tsm.unbind';
      track.unbindSeen = true;
      track.released = true;
      track.ownerExit = null;
      break;
    default:
      break;
  }
  // A removal has put an end to what was known.
  noteOrigin(track, event);
  const { pfSide } = track;
  if (pfSide !== null && track.origin.physicalBy === event) {
    scene.contradict(event, pfSide);
    track.isNoVf();
  }
}

const USES: ReadonlySet<StoredEvent['kind']> = new Set([
  'vfio.config_write',
  'vfio.ioctl',
  'vfio.mmap',
  'vfio.low_power',
]);

/** Whoever uses the device after its owner has ended holds it, too; whether the binding is then theirs to end, no record tells. */
function isUseByAnother({ kind, pid, certainty }: StoredEvent, exit: StoredEvent): boolean {
  return USES.has(kind) && certainty === 'exact' && pid !== null && pid !== ownerOf(exit);
}

function ownerOf({ args, pid }: StoredEvent): number | null {
  return args['pid'] === undefined ? pid : Number(args['pid']);
}

/** A record that shows the function to be a VF: vfio says so, or it comes or goes inside a call on its PF. */
function learnVf(scene: Scene, event: StoredEvent, track: DeviceTrack, calls: readonly StoredEvent[]): void {
  const told = event.kind === 'pci.vf' ? parseBdf(event.args['pf'] ?? '') : null;
  const around = event.kind === 'pci.add' || event.kind === 'pci.remove';
  // Only a call that is seen to end says what was inside.
  const call = around ? calls.find((one) => ON_PF.has(one.kind) && one.pairId !== null) : undefined;
  const pf = told ?? (call?.deviceId == null ? null : (scene.tracks.get(call.deviceId)?.bdf ?? null));
  if (call !== undefined || event.kind === 'pci.vf') {
    track.isVf = true;
    if (track.noVfSide !== null) scene.contradict(event, track.noVfSide);
    track.noVfSide = null;
  }
  if (call?.deviceId != null && call.deviceId !== track.id) {
    track.pfId = call.deviceId;
    track.pfRecord ??= event.id;
  }
  if (pf === null || pf === track.bdf) return;
  if (track.pfSide !== null && track.pf !== pf) scene.contradict(event, track.pfSide);
  track.pfSide = null;
  track.isVfOf(pf, { record: event.id });
}

/** The core says which DSM it made a TSM context for (probe_fn, drivers/pci/tsm.c, 7.1). */
function noteManager({ id, args }: StoredEvent, track: DeviceTrack): void {
  const dsm = parseBdf(args['dsm'] ?? '');
  if (dsm !== null && args['status'] === 'success') track.dsmRecord = { dsm, id };
}

/** Keeps the record of a bind, or of what only a bound function answers, as evidence of the state. */
export function noteState(event: StoredEvent, track: DeviceTrack): void {
  if (event.outcome === 'failed' || event.supersededBy !== null) return;
  if (event.phase === 'exit' && event.pairId !== null) return;
  track.boundEvidence = true;
  track.everBound = true;
  // A bind of a function that is bound already changes nothing: the first one is the evidence.
  const none = track.stateEvidence.every(({ certainty, kind }) => certainty === 'maybe' || kind === 'tsm.bind_core');
  if (isBind(event) && (none || track.released)) {
    track.stateEvidence = [event];
    track.released = false;
  } else track.stateEvidence = withEvidence(track.stateEvidence, event);
  if (isBind(event)) track.binder = event.pid;
  // Whoever binds or asks after the exit has the device: its owner is not gone.
  track.ownerExit = null;
}

/** A bind has succeeded for another VM than the last one: that one no longer holds, whatever it was ended by. */
function bindAnew(bind: StoredEvent, track: DeviceTrack): void {
  const since = track.stateEvidence.filter(({ id }) => id >= bind.id);
  track.stateEvidence = since[0]?.id === bind.id ? since : [bind, ...since];
}

/** A task ends: what it had opened or bound, and nobody was seen to close, has lost its owner. */
export function noteOwnerExit(scene: Scene, event: StoredEvent): void {
  const pid = ownerOf(event);
  if (pid === null || event.args['group_dead'] === 'false') return;
  for (const track of scene.tracks.values()) {
    if (scene.sameHistory(track, event) && (track.openers.has(pid) || track.binder === pid)) {
      track.ownerExit = { event, belief: track.belief };
    }
  }
}
