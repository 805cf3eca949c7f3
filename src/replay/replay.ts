import { setImmediate } from 'node:timers/promises';
import type { EventClass, Platform } from '../model/states.ts';
import type { BindLocks } from '../model/tdi.ts';
import type { StoredDevice, StoredEvent } from '../timeline/rows.ts';
import type { TimelineReader } from '../timeline/timeline.ts';
import { Belief } from './belief.ts';
import { COMMAND_UNKNOWN, commandAfter } from './command.ts';
import { type Effect, effectsOf } from './effects.ts';
import { afterEffect, afterOperation, duringOperation, isOperation } from './operations.ts';
import { Topology } from './topology.ts';
import { DeviceTrack, spansPerDevice } from './track.ts';

/** How to replay; see the flags of `analyze`. */
export interface ReplayOptions {
  readonly platform: Platform;
  /** Evidence of an x86 host: the platform is then not CCA, even where it is otherwise undecided. */
  readonly x86: boolean;
  readonly complete: ReadonlySet<EventClass>;
  readonly fromBoot: boolean;
  /** Lines of a source after which evidence was lost, ascending. */
  readonly gaps: ReadonlyMap<number, readonly number[]>;
  /** Whether an event is to be judged (`--since`, `--until`, `--last-boot`); the others only move the state. */
  readonly judged: (event: StoredEvent) => boolean;
}

/** One effect of one event on one device, before it is applied: what rules are asked about. */
export interface Step {
  readonly event: StoredEvent;
  readonly effect: Effect;
  readonly track: DeviceTrack;
  /** What was believed just before, closed under the silent moves. */
  readonly belief: Belief;
  /** The recorded calls around the event, innermost first. */
  readonly calls: readonly StoredEvent[];
  /** The device is reached through another one: a PF's reset, a bridge above. */
  readonly indirect: boolean;
  readonly options: ReplayOptions;
}

/** Who watches the replay. */
export interface ReplayObserver {
  step(step: Step): void;
  /** An event of a device, after the replay has taken it in: for evidence that comes late. */
  seen(event: StoredEvent, track: DeviceTrack): void;
  /** The event fits no hypothesis; the belief was reset to what the event implies. */
  impossible(event: StoredEvent, track: DeviceTrack, before: Belief): void;
}

// What outlives a collection of young garbage lets V8 reserve ever more room for it: little is kept, and not for long.
const PAGE = 256;
// Enclosing calls are looked up by id; the innermost ones are nearly always still here.
const RECENT_MAX = 128;

/** Runs once over the timeline, source by source, in the order of the records. */
export class Replay {
  readonly #reader: TimelineReader;
  readonly #options: ReplayOptions;
  readonly #observer: ReplayObserver;
  readonly #tracks = new Map<number, DeviceTrack>();
  readonly #recent = new Map<number, StoredEvent>();
  readonly #topologies = new Map<number, Topology>();
  readonly #gapAt = new Map<number, number>();

  constructor(reader: TimelineReader, options: ReplayOptions, observer: ReplayObserver) {
    this.#reader = reader;
    this.#options = options;
    this.#observer = observer;
  }

  /**
   * The devices with all that was found out about their states. Gives way to other work between pages: a signal that comes
   * meanwhile is heard.
   *
   * @throws the reason of `signal` when it was aborted.
   */
  async run(signal?: AbortSignal): Promise<DeviceTrack[]> {
    const devices = this.#reader.devices();
    const spansMax = spansPerDevice(devices.length);
    for (const device of devices) this.#tracks.set(device.id, this.#newTrack(device, spansMax));
    for (let after = 0; ; ) {
      await setImmediate();
      signal?.throwIfAborted();
      const page = this.#reader.events(after, PAGE);
      for (const event of page) this.#take(event);
      const last = page.at(-1);
      if (!last) break;
      after = last.id;
    }
    for (const track of this.#tracks.values()) this.#end(track);
    return [...this.#tracks.values()];
  }

  #newTrack(device: StoredDevice, spansMax: number): DeviceTrack {
    return new DeviceTrack(device, this.#options.fromBoot || this.#options.complete.has('start'), spansMax);
  }

  #take(event: StoredEvent): void {
    this.#crossGaps(event);
    if (event.phase === 'enter') this.#remember(event);
    const topology = this.#topology(event.sourceId);
    const own = event.deviceId === null ? null : (this.#tracks.get(event.deviceId) ?? null);
    own?.noteTime(event);
    topology.learn(event, own?.bdf ?? null);
    // A function that is being removed cannot be opened: this is another one on the same address.
    if (own?.removing && event.kind === 'vfio.open') own.forget(event);
    if (event.kind === 'task.exit') this.#ownerExits(event);
    const calls = this.#callsAround(event);
    for (const { track, indirect } of this.#reached(event, own, calls, topology))
      this.#affect(event, track, indirect, calls);
    if (own) {
      this.#learn(event, own);
      this.#observer.seen(event, own);
    }
  }

  /** Lost evidence between the event before and this one: whatever can happen unseen may have happened. */
  #crossGaps(event: StoredEvent): void {
    const gaps = this.#options.gaps.get(event.sourceId);
    if (!gaps) return;
    let at = this.#gapAt.get(event.sourceId) ?? 0;
    for (let gap = gaps[at]; gap !== undefined && gap <= event.line; gap = gaps[at]) {
      for (const track of this.#tracks.values()) {
        if (track.sourceId === event.sourceId) track.believe(track.belief.widened(), event);
      }
      at += 1;
    }
    this.#gapAt.set(event.sourceId, at);
  }

  /** The devices that the event does something to. */
  #reached(
    event: StoredEvent,
    own: DeviceTrack | null,
    calls: readonly StoredEvent[],
    topology: Topology,
  ): { track: DeviceTrack; indirect: boolean }[] {
    const reached = new Map<DeviceTrack, boolean>();
    const below = event.args['below'] === '1' || event.kind === 'pci.link_down';
    if (own && !below) reached.set(own, false);
    // A reset by way of the bridge, inside a reset of a function: the function is what is reset.
    const asked: DeviceTrack[] = [];
    for (const call of calls) {
      const track =
        call.supersededBy === event.id && call.deviceId !== null ? this.#tracks.get(call.deviceId) : undefined;
      if (track && !reached.has(track)) reached.set(track, false);
      if (track) asked.push(track);
    }
    if (own && !below) asked.push(own);
    const wide = hasEffect(event, 'conventional-reset');
    const ofFunction = hasEffect(event, 'function-reset');
    const spreads = below || wide || ofFunction || event.kind === 'tsm.disconnect';
    for (const track of spreads ? this.#tracks.values() : []) {
      if (track.sourceId !== event.sourceId || reached.has(track)) continue;
      const hit =
        (below && topology.below(own?.bdf ?? null, track)) ||
        (event.kind === 'tsm.disconnect' && topology.managedBy(own?.bdf ?? null, track)) ||
        (wide && asked.some((one) => topology.sameDevice(one.bdf, track))) ||
        // The reset of a PF reaches its VFs.
        (ofFunction && asked.some((one) => one.bdf !== null && one.bdf === track.pf));
      if (hit) reached.set(track, true);
    }
    return [...reached].map(([track, indirect]) => ({ track, indirect }));
  }

  #affect(event: StoredEvent, track: DeviceTrack, indirect: boolean, calls: readonly StoredEvent[]): void {
    const effects = [...effectsOf(event, track.command)];
    // Removing the VFs is what disabling SR-IOV does first (sriov_disable, drivers/pci/iov.c).
    const sriov = calls.some((call) => call.kind === 'pci.sriov_disable');
    if (sriov && effects.some((effect) => effect.type === 'removal')) effects.unshift({ type: 'sriov-change' });
    if (effects.length === 0 && !isOperation(event)) return;
    const closed = track.belief.closed(this.#options.complete);
    let belief = closed;
    for (const effect of effects) {
      if (this.#options.judged(event)) {
        this.#observer.step({ event, effect, track, belief: closed, calls, indirect, options: this.#options });
      }
      belief = afterEffect(belief, effect);
    }
    // A call that two tracers recorded happened once: the record that knows more is the one that counts.
    if (isOperation(event) && event.supersededBy !== null) return;
    if (isOperation(event)) {
      this.#operate(event, track, belief);
    } else if (effects.some((effect) => MOVES_STATE.has(effect.type))) {
      if (!isLost(track.belief)) track.lostIn = event.rootId ?? event.id;
      track.believe(
        effects.reduce((now, effect) => afterEffect(now, effect), track.belief),
        event,
      );
    }
  }

  #operate(record: StoredEvent, track: DeviceTrack, closed: Belief): void {
    const event = this.#withEntry(record);
    const setting = { locks: bindLocks(this.#options), again: hasAskedBefore(event, track) };
    const during = event.phase === 'enter' && event.pairId !== null;
    if (asksOnly(event)) {
      // INFO and DEBUG change nothing: what can have happened unseen need not be written down.
      const answered = afterOperation(track.belief, event, setting);
      if (!answered.empty) {
        track.believe(answered, event, !during);
        return;
      }
    }
    const next = during ? duringOperation(closed, event, setting) : afterOperation(closed, event, setting);
    if (!next.empty) {
      track.believe(next, event, !during);
      return;
    }
    this.#observer.impossible(event, track, closed);
    const implied = afterOperation(Belief.unknown(), event, setting);
    track.believe(implied.empty ? Belief.unknown() : implied, event);
  }

  /** What an event tells beside its effect: registers, owners, where the device came from. */
  #learn(event: StoredEvent, track: DeviceTrack): void {
    if (event.supersededBy === null || event.kind !== 'vfio.config_write') {
      track.command = this.#commandAfter(event, track);
    }
    if (isConcern(event)) track.concerned = true;
    switch (event.kind) {
      case 'pci.add':
        track.startKnown = true;
        track.believe(Belief.fresh(), event);
        break;
      case 'pci.vf':
        track.isVf = true;
        track.pf = event.args['pf'] ?? null;
        break;
      case 'vfio.open':
        if (event.pid !== null) track.openers.add(event.pid);
        track.ownerExit = null;
        break;
      case 'tsm.bind':
      case 'tsm.guest_request':
        track.bindRecorded = true;
        this.#noteState(event, track);
        break;
      case 'pci.remove':
        if (event.phase !== 'enter') track.forget(event);
        else if (event.pairId === null) track.removing = true;
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
  }

  #commandAfter(event: StoredEvent, track: DeviceTrack) {
    return event.phase === 'exit' && event.pairId !== null ? track.command : commandAfter(event, track.command);
  }

  #noteState(event: StoredEvent, track: DeviceTrack): void {
    if (event.outcome === 'failed' || event.supersededBy !== null) return;
    if (event.phase === 'exit' && event.pairId !== null) return;
    track.boundEvidence = true;
    track.everBound = true;
    // A bind of a function that is bound already changes nothing: the first one is the evidence.
    if (event.kind === 'tsm.bind' && (track.stateEvidence.length === 0 || track.released)) {
      track.stateEvidence = [event];
      track.released = false;
    } else if (track.stateEvidence.length < 8) track.stateEvidence.push(event);
    if (event.kind === 'tsm.bind') track.binder = event.pid;
    // Whoever binds or asks after the exit has the device: its owner is not gone.
    track.ownerExit = null;
  }

  #ownerExits(event: StoredEvent): void {
    const pid = event.args['pid'] === undefined ? event.pid : Number(event.args['pid']);
    if (pid === null || event.args['group_dead'] === 'false') return;
    for (const track of this.#tracks.values()) {
      if (track.sourceId === event.sourceId && (track.openers.has(pid) || track.binder === pid)) {
        track.ownerExit = { event, belief: track.belief };
      }
    }
  }

  #end(track: DeviceTrack): void {
    const exit = track.ownerExit;
    if (!exit || !this.#options.judged(exit.event)) return;
    const belief = exit.belief.closed(this.#options.complete);
    this.#observer.step({
      event: exit.event,
      effect: { type: 'owner-exit' },
      track,
      belief,
      calls: [],
      indirect: false,
      options: this.#options,
    });
  }

  /** A return probe rarely repeats the arguments: what was asked stands in the entry. */
  #withEntry(event: StoredEvent): StoredEvent {
    if (event.phase !== 'exit' || event.pairId === null) return event;
    const entry = this.#recent.get(event.pairId) ?? this.#reader.event(event.pairId);
    return entry ? { ...event, args: { ...entry.args, ...event.args } } : event;
  }

  #callsAround(event: StoredEvent): StoredEvent[] {
    const calls: StoredEvent[] = [];
    for (let id = event.parentId; id !== null && calls.length < 32; ) {
      const call: StoredEvent | null = this.#recent.get(id) ?? this.#reader.event(id);
      if (!call) break;
      calls.push(call);
      id = call.parentId;
    }
    return calls;
  }

  #remember(event: StoredEvent): void {
    this.#recent.set(event.id, event);
    if (this.#recent.size <= RECENT_MAX) return;
    const oldest = this.#recent.keys().next().value;
    if (oldest !== undefined) this.#recent.delete(oldest);
  }

  #topology(sourceId: number): Topology {
    const known = this.#topologies.get(sourceId);
    if (known) return known;
    const fresh = new Topology();
    this.#topologies.set(sourceId, fresh);
    return fresh;
  }
}

/** What an event does whatever the registers hold: a reset of the bus or slot reaches every function of the device. */
function hasEffect(event: StoredEvent, type: Effect['type']): boolean {
  return effectsOf(event, COMMAND_UNKNOWN).some((effect) => effect.type === type);
}

const SCOPES_THAT_ASK: ReadonlySet<string> = new Set(['0', '2', '3', '0x0', '0x2', '0x3']);

/** A guest request of scope INFO, DEBUG_READ or DEBUG_WRITE (include/linux/pci-tsm.h) that succeeded. */
function asksOnly(event: StoredEvent): boolean {
  return event.kind === 'tsm.guest_request' && event.outcome === 'ok' && SCOPES_THAT_ASK.has(event.args['scope'] ?? '');
}

/** Whether the guest asked for a state change since the bind, before this request. */
function hasAskedBefore(event: StoredEvent, track: DeviceTrack): boolean {
  const entry = event.phase === 'exit' ? (event.pairId ?? event.id) : event.id;
  return track.stateEvidence.some((one) => one.kind === 'tsm.guest_request' && one.id < entry && !asksOnly(one));
}

function bindLocks({ platform, x86 }: ReplayOptions): BindLocks {
  if (platform === 'cca') return 'maybe';
  return platform === 'generic' && !x86 ? 'likely' : 'always';
}

const MOVES_STATE: ReadonlySet<Effect['type']> = new Set([
  'command-clear',
  'function-reset',
  'conventional-reset',
  'power-loss',
  'disable',
  'removal',
  'sriov-change',
]);

/** Whether the TDI has most likely left the state that was agreed on. */
function isLost(belief: Belief): boolean {
  const locked = belief.likeliest((state) => state.contract !== 'unlocked');
  return locked.length > 0 && locked.every((state) => state.device !== state.contract);
}

/** What happens to every function of a machine: it makes no device worth a verdict, not even "cannot tell". */
const COMMONPLACE: ReadonlySet<StoredEvent['kind']> = new Set([
  'pci.add',
  'pci.bridge',
  'pci.command',
  'pci.enable',
  'pci.disable',
  'pci.set_master',
  'pci.power',
  'pci.link_down',
  'vfio.power',
  'iommu.attach',
  'iommu.fault',
  'aer.error',
  'aer.source',
  'host.platform',
]);

function isConcern(event: StoredEvent): boolean {
  return !COMMONPLACE.has(event.kind) && event.args['below'] !== '1';
}
