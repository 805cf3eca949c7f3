import { setImmediate } from 'node:timers/promises';
import { type Bdf, parseBdf, slotOf } from '../base/bdf.ts';
import type { SideData, SideFact } from '../input/side-data.ts';
import type { EventClass, Platform } from '../model/states.ts';
import { afterConnect, type BindLocks, CONNECTED } from '../model/tdi.ts';
import type { StoredDevice, StoredEvent } from '../timeline/rows.ts';
import { Belief } from './belief.ts';
import { SourceClocks } from './clocks.ts';
import { COMMAND_BITS, COMMAND_UNKNOWN, commandAfter } from './command.ts';
import { Coverage } from './coverage.ts';
import { type Effect, effectsOf, farEffectsOf } from './effects.ts';
import { asRecorded, isOfVmOrTsm, NOTHING_NOTED, noted } from './ledger.ts';
import { afterEffect, afterOperation, duringOperation, isOperation } from './operations.ts';
import { afterProtocol, isHeeded, isProtocol, protocolEffects, provesBinding, reachesFar } from './protocol.ts';
import type { RecordedEvents } from './recorded.ts';
import { areTied, possibleOrders } from './ties.ts';
import { type Reach, Topology } from './topology.ts';
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
  /** What was stored beside the log, if anything was. */
  readonly side: SideData | null;
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
  /** How the device is reached through another one: a PF's reset, a bridge above. Null: the event is its own. */
  readonly reach: Shown | null;
  readonly options: ReplayOptions;
  /** How the stamps of the sources relate. */
  readonly clocks: SourceClocks;
  /** Not null where the records leave open what came first: `belief` is then what may be believed in any of the orders. */
  readonly unordered: Unordered | null;
}

/** How a device is reached, and the record that shows it. */
export interface Shown extends Reach {
  readonly shownBy: StoredEvent | null;
  /** Nothing was lost since that record. */
  readonly holds: boolean;
}

/** What may have come before a step or after it, as far as the stamps tell. */
export interface Unordered {
  readonly events: readonly StoredEvent[];
  /** The step is one in every order. */
  readonly inEveryOrder: boolean;
  /** So many that not every order was tried. */
  readonly tooMany: boolean;
}

/** Who watches the replay. */
export interface ReplayObserver {
  step(step: Step): void;
  /** An event of a device, after the replay has taken it in: for evidence that comes late. */
  seen(event: StoredEvent, track: DeviceTrack): void;
  /** The event fits no hypothesis; the belief was reset to what the event implies. */
  impossible(event: StoredEvent, track: DeviceTrack, before: Belief, clocks: SourceClocks): void;
}

/** A step in one of several orders. */
interface Tried {
  readonly step: Step;
  readonly belief: Belief;
  readonly count: number;
  readonly evidence: boolean;
}

/** What may have happened in several orders, while one of them is replayed. */
interface Orders {
  /** Steps of all orders, by event and by what is done to whom. */
  readonly steps: ReadonlyMap<number, Map<string, Tried>>;
  readonly count: number;
  readonly events: readonly StoredEvent[];
  readonly tooMany: boolean;
}

// What outlives a collection of young garbage lets V8 reserve ever more room for it: little is kept, and not for long.
const PAGE = 256;
// Enclosing calls are looked up by id; the innermost ones are nearly always still here.
const RECENT_MAX = 128;

/** Functions that are connected themselves: a machine has a few. */
const CONNECTED_MAX = 64;
/** Devices among which a connect is looked for whom it may concern. */
const STRANGERS_MAX = 4096;

const CONTRADICTED_MAX = 1000;

/** Events that are held back until it is clear what came before them. */
const WINDOW_MAX = 256;

/**
 * Runs once over the timeline, history by history, in the order of the records. Where the stamps leave the order of two records
 * open, both orders are tried: what is believed then is what either of them allows.
 */
export class Replay {
  readonly #recorded: RecordedEvents;
  readonly #options: ReplayOptions;
  readonly #clocks: SourceClocks;
  readonly #coverage: Coverage;
  #observer: ReplayObserver;
  #tracks: ReadonlyMap<number, DeviceTrack> = new Map();
  #orders: ReadonlyMap<number, Orders> | null = null;
  /** Events whose order may be open, on the clock of their history. */
  #window: StoredEvent[] = [];
  #windowEnd: bigint | null = null;
  /** Those of them that concern other devices than their own, by id. */
  #wide: ReadonlySet<number> = new Set();
  readonly #recent = new Map<number, StoredEvent>();
  /** Id of the function that has an address now, by history and address. */
  readonly #present = new Map<string, number>();
  /** Ids of functions whose tsm/connect was written. */
  readonly #connected = new Set<number>();
  /** The first event after the last loss, by history. */
  readonly #lostBefore = new Map<number, number>();
  readonly #topologies = new Map<number, Topology>();
  /** What side data say and a record contradicts. */
  readonly contradicted: { readonly sourceId: number; readonly line: number | null; readonly fact: SideFact }[] = [];

  constructor(recorded: RecordedEvents, options: ReplayOptions, observer: ReplayObserver) {
    this.#recorded = recorded;
    this.#options = options;
    this.#observer = observer;
    this.#clocks = new SourceClocks(recorded.sources());
    const startTold = options.fromBoot || options.complete.has('start');
    this.#coverage = new Coverage(recorded, this.#clocks, options.gaps, startTold);
  }

  /**
   * The devices with all that was found out about their states. Gives way to other work between pages: a signal that comes
   * meanwhile is heard.
   *
   * @throws the reason of `signal` when it was aborted.
   */
  async run(signal?: AbortSignal): Promise<DeviceTrack[]> {
    const devices = this.#recorded.devices();
    const spansMax = spansPerDevice(devices.length);
    this.#tracks = new Map(devices.map((device) => [device.id, this.#newTrack(device, spansMax)]));
    for (let after = 0; ; ) {
      await setImmediate();
      signal?.throwIfAborted();
      const page = this.#recorded.events(after, PAGE);
      // What another source says as well counts there.
      for (const event of page) if (event.duplicateOf === null) this.#offer(event);
      const last = page.at(-1);
      if (!last) break;
      after = last.id;
    }
    this.#flush();
    for (const track of this.#tracks.values()) {
      this.#end(track);
      if (!track.gone) this.#place(track, track.sourceId);
    }
    return [...this.#tracks.values()];
  }

  /** Notes what is above a function, as of now. */
  #place(track: DeviceTrack, sourceId: number): void {
    if (track.concerned) track.port = this.#topology(sourceId).portAbove(track.bdf);
  }

  #newTrack(device: StoredDevice, spansMax: number): DeviceTrack {
    const track = new DeviceTrack(device, this.#options.fromBoot || this.#options.complete.has('start'), spansMax);
    const { side } = this.#options;
    if (track.bdf === null || side === null) return track;
    const physical = side.physical.get(track.bdf);
    if (track.pf === null && physical) track.isVfOf(physical.pf, { side: physical.fact });
    if (physical && track.pf !== physical.pf)
      this.#contradict({ sourceId: device.sourceId, line: null }, physical.fact);
    track.noSoftReset = side.noSoftReset.get(track.bdf) ?? null;
    return track;
  }

  /** Holds an event back as long as the next one may have come before it. */
  #offer(event: StoredEvent): void {
    const time = this.#clocks.time(event);
    const history = this.#clocks.history(event.sourceId);
    const first = this.#window[0];
    if (first !== undefined) {
      const isOpen =
        time !== null &&
        this.#windowEnd !== null &&
        time <= this.#windowEnd &&
        this.#clocks.history(first.sourceId) === history &&
        this.#window.length < WINDOW_MAX &&
        !this.#coverage.changesAt(event);
      if (!isOpen) this.#flush();
    }
    if (this.#window.length === 0) this.#windowEnd = null;
    this.#window.push(event);
    if (time === null) return;
    const end = time + this.#clocks.widestError(history);
    if (this.#windowEnd === null || end > this.#windowEnd) this.#windowEnd = end;
  }

  #flush(): void {
    const window = this.#window;
    this.#window = [];
    const parts = window.length < 2 ? [] : this.#partsOf(window.filter(acts)).filter((part) => this.#hasTie(part));
    if (parts.length > 0) this.#takeTied(window, parts);
    else for (const event of window) this.#take(event);
  }

  /** Events whose order may matter to one another: those of one device, or all where one of them reaches others. */
  #partsOf(acting: readonly StoredEvent[]): StoredEvent[][] {
    this.#wide = new Set(acting.filter((event) => this.#spreads(event)).map(({ id }) => id));
    if (this.#wide.size > 0) return [[...acting]];
    return [...Map.groupBy(acting, ({ deviceId }) => deviceId).values()];
  }

  #hasTie(part: readonly StoredEvent[]): boolean {
    const widest = part[0] ? this.#clocks.widestError(this.#clocks.history(part[0].sourceId)) : 0n;
    return part.some((one, i) => {
      const time = this.#clocks.time(one) ?? 0n;
      for (let j = i - 1; j >= 0; j--) {
        const other = part[j];
        if (!other || time - (this.#clocks.time(other) ?? 0n) > widest) return false;
        if (this.#tied(other, one)) return true;
      }
      return false;
    });
  }

  /** Whether the order of two events of the present window matters and is open. */
  #tied = (a: StoredEvent, b: StoredEvent): boolean =>
    (a.deviceId === b.deviceId || this.#wide.has(a.id) || this.#wide.has(b.id)) && areTied(a, b, this.#clocks);

  /** Whether an event may concern other devices than its own. */
  #spreads(event: StoredEvent): boolean {
    if (isPerhaps(event)) return true;
    if (
      event.kind === 'task.exit' ||
      reachesFar(event) ||
      isDisconnect(event) ||
      event.kind === 'tsm.connect' ||
      event.kind === 'pci.link_down'
    )
      return true;
    if (event.args['below'] === '1' || hasEffect(event, 'conventional-reset')) return true;
    const own = event.deviceId === null ? null : (this.#tracks.get(event.deviceId) ?? null);
    const topology = this.#topology(event.sourceId);
    if (event.kind === 'pci.remove' && topology.isBridge(own?.bdf ?? null)) return true;
    if (own === null || !(hasEffect(event, 'function-reset') || event.kind === 'pci.sriov_disable')) return false;
    for (const track of this.#tracks.values()) if (topology.virtual(own, track) !== null) return true;
    return false;
  }

  /** Replays events of which some have no order among themselves. */
  #takeTied(window: readonly StoredEvent[], parts: readonly (readonly StoredEvent[])[]): void {
    const wide = this.#wide.size > 0;
    const sequence = [...window];
    const orders = new Map<number, Orders>();
    const settle: (() => void)[] = [];
    for (const part of parts) {
      const ids = wide ? this.#idsOfHistory(part[0]) : part.slice(0, 1).flatMap(({ deviceId }) => deviceId ?? []);
      // A window that is full may be cut between events that are tied.
      const possible = window.length < WINDOW_MAX ? possibleOrders(part, this.#tied) : null;
      if (possible?.length === 1) continue;
      if (possible === null) {
        const some: Orders = { steps: new Map(), count: 0, events: [], tooMany: true };
        for (const event of part) orders.set(event.id, some);
        settle.push(() => this.#giveUpOrder(ids, part));
        continue;
      }
      const tried = possible.map((order) => ({ order, ...this.#try(order, ids) }));
      // An order in which a record is impossible is not what happened.
      const sound = tried.filter(({ refuted }) => !refuted);
      const kept = sound.length > 0 ? sound : tried.slice(0, 1);
      const one: Orders = { steps: together(kept), count: kept.length, events: part, tooMany: false };
      for (const event of part) orders.set(event.id, one);
      place(sequence, part, kept[0]?.order ?? part);
      settle.push(() => this.#believeAll(ids, kept.slice(1), part));
    }
    this.#orders = orders;
    for (const event of sequence) this.#take(event);
    this.#orders = null;
    for (const one of settle) one();
  }

  #idsOfHistory(event: StoredEvent | undefined): number[] {
    if (event === undefined) return [];
    const history = this.#clocks.history(event.sourceId);
    const own = [...this.#tracks.values()].filter(({ sourceId }) => this.#clocks.history(sourceId) === history);
    return own.map(({ id }) => id);
  }

  /** Replays one order on copies: nobody hears of it. */
  #try(order: readonly StoredEvent[], ids: readonly number[]) {
    const { tracks, observer } = { tracks: this.#tracks, observer: this.#observer };
    const forks = new Map(
      ids.flatMap((id) => {
        const track = tracks.get(id);
        return track ? [[id, track.fork()] as const] : [];
      }),
    );
    const steps: Step[] = [];
    let refuted = false;
    this.#tracks = forks;
    this.#observer = {
      step: (step) => steps.push({ ...step, track: tracks.get(step.track.id) ?? step.track }),
      seen() {},
      impossible() {
        refuted = true;
      },
    };
    const evidence = new Set<Step>();
    try {
      for (const event of order) {
        const from = steps.length;
        this.#act(event);
        for (const step of steps.slice(from)) if (forks.get(step.track.id)?.boundEvidence) evidence.add(step);
      }
    } finally {
      this.#tracks = tracks;
      this.#observer = observer;
    }
    return { steps, evidence, forks, refuted };
  }

  /** After events that may have come in several orders, what any of them leaves over may be true. */
  #believeAll(
    ids: readonly number[],
    others: readonly { forks: ReadonlyMap<number, DeviceTrack> }[],
    part: readonly StoredEvent[],
  ): void {
    const last = part.at(-1);
    for (const id of ids) {
      const track = this.#tracks.get(id);
      if (!track || !last) continue;
      for (const { forks } of others) {
        const other = forks.get(id);
        if (!other) continue;
        track.believe(track.belief.or(other.belief), last);
        const command = { ...track.command };
        for (const bit of COMMAND_BITS) if (command[bit] !== other.command[bit]) command[bit] = 'unknown';
        track.command = command;
        track.boundEvidence ||= other.boundEvidence;
      }
    }
  }

  #giveUpOrder(ids: readonly number[], part: readonly StoredEvent[]): void {
    const last = part.at(-1);
    for (const id of ids) {
      const track = this.#tracks.get(id);
      if (!track || !last) continue;
      track.believe(track.belief.widened(), last);
      track.command = COMMAND_UNKNOWN;
    }
  }

  #take(event: StoredEvent): void {
    this.#cover(event);
    if (event.phase === 'enter') this.#remember(event);
    const own = event.deviceId === null ? null : (this.#tracks.get(event.deviceId) ?? null);
    own?.noteTime(event);
    if (own?.bdf != null) this.#moveIn(event, own, own.bdf);
    const denied = this.#topology(event.sourceId).learn(event, own?.bdf ?? null);
    if (denied !== null) this.#contradict(event, denied);
    this.#act(event);
    this.#tellOthers(event);
    if (own) this.#observer.seen(event, own);
    for (const candidate of candidatesOf(event, this.#tracks)) this.#observer.seen(event, candidate);
  }

  /** What an event does to the devices. */
  #act(event: StoredEvent): void {
    if (isPerhaps(event)) {
      for (const track of candidatesOf(event, this.#tracks)) this.#actPerhaps(event, track);
      return;
    }
    const own = event.deviceId === null ? null : (this.#tracks.get(event.deviceId) ?? null);
    // A function that is being removed cannot be opened: this is another one on the same address.
    if (own?.removing && event.kind === 'vfio.open') own.forget(event);
    if (event.kind === 'task.exit') this.#ownerExits(event);
    const calls = this.#callsAround(event);
    const reached = this.#reached(event, own, calls, this.#topology(event.sourceId));
    if (isHeeded(event)) this.#heed(event, own, calls);
    for (const [track, reach] of reached) this.#affect(event, track, reach, calls);
    if (own) this.#learn(event, own, calls);
    this.#endThoseBelow(event, own, reached);
    if (event.kind === 'tsm.connect') this.#connectStrangers(event, own, reached);
  }

  /** An event that may be of this device: it has happened to it, or it has not. */
  #actPerhaps(event: StoredEvent, track: DeviceTrack): void {
    const { tracks, observer } = { tracks: this.#tracks, observer: this.#observer };
    const own: StoredEvent = { ...event, deviceId: track.id };
    const reached = this.#spreads(own) ? this.#idsOfHistory(own) : [track.id];
    const forks = new Map(
      reached.flatMap((id) => {
        const real = tracks.get(id);
        return real ? [[id, real.fork()] as const] : [];
      }),
    );
    let refuted = false;
    this.#tracks = forks;
    this.#observer = {
      step: (step) => observer.step({ ...step, track: tracks.get(step.track.id) ?? step.track }),
      seen() {},
      impossible() {
        refuted = true;
      },
    };
    try {
      this.#act(own);
    } finally {
      this.#tracks = tracks;
      this.#observer = observer;
    }
    if (!refuted) for (const [id, fork] of forks) tracks.get(id)?.mayHave(fork, own);
  }

  /** Lost evidence, or a source that begins or ends, between the event before and this one. */
  #cover(event: StoredEvent): void {
    const change = this.#coverage.before(event);
    if (change === null) return;
    const history = this.#clocks.history(event.sourceId);
    this.#lostBefore.set(history, event.id);
    for (const track of this.#tracks.values()) {
      if (this.#clocks.history(track.sourceId) !== history) continue;
      if (change === 'uncovered') track.uncover(event);
      // Whatever can happen unseen may have happened.
      else {
        track.ledger = NOTHING_NOTED;
        track.believe(track.belief.widened(), event);
      }
    }
  }

  /** The devices that the event does something to, and how it comes to those that are not its own. */
  #reached(
    event: StoredEvent,
    own: DeviceTrack | null,
    calls: readonly StoredEvent[],
    topology: Topology,
  ): Map<DeviceTrack, Reach | null> {
    const reached = new Map<DeviceTrack, Reach | null>();
    const below = event.args['below'] === '1' || event.kind === 'pci.link_down';
    if (own && !below) reached.set(own, null);
    // A reset by way of the bridge, inside a reset of a function: the function is what is reset.
    const asked: DeviceTrack[] = [];
    for (const call of calls) {
      const track =
        call.supersededBy === event.id && call.deviceId !== null ? this.#tracks.get(call.deviceId) : undefined;
      if (track && !reached.has(track)) reached.set(track, null);
      if (track) asked.push(track);
    }
    if (own && !below) asked.push(own);
    const at = own?.bdf ?? null;
    const wide = hasEffect(event, 'conventional-reset');
    const ofVfs = hasEffect(event, 'function-reset') || event.kind === 'pci.sriov_disable';
    const takesBuses = event.kind === 'pci.remove' && topology.isBridge(at);
    const toManaged = isDisconnect(event) || event.kind === 'tsm.connect';
    if (!(below || wide || ofVfs || takesBuses || toManaged)) return reached;
    const reachOf = (track: DeviceTrack): Reach | null => {
      const port = below || takesBuses ? topology.below(at, track) : null;
      if (port !== null) return port;
      if (toManaged) return topology.managedBy(at, track);
      for (const one of asked) {
        const reach = wide ? topology.sharesReset(one, track, below) : ofVfs ? topology.virtual(one, track) : null;
        if (reach !== null) return reach;
      }
      return null;
    };
    for (const track of this.#tracks.values()) {
      if (reached.has(track) || track.gone || !this.#sameHistory(track, event)) continue;
      const reach = reachOf(track);
      if (reach !== null) reached.set(track, reach);
    }
    return reached;
  }

  /**
   * Functions that go with another one: the VFs when their PF disables SR-IOV, what is below a bridge that is removed or a link
   * that is lost. Those whose own removal was recorded are gone already. Where no record tells when it is over, whatever is
   * opened next at their address is another function.
   */
  #endThoseBelow(event: StoredEvent, own: DeviceTrack | null, reached: ReadonlyMap<DeviceTrack, Reach | null>): void {
    const { kind, phase, pairId } = event;
    if (kind !== 'pci.sriov_disable' && kind !== 'pci.remove' && kind !== 'pci.link_down') return;
    if (kind === 'pci.remove' && own === null) return;
    const isOver = kind !== 'pci.link_down' && phase !== 'enter';
    for (const [track, reach] of reached) {
      if (reach === null || track.gone) continue;
      if (isOver) {
        this.#place(track, event.sourceId);
        track.forget(event);
      } else if (pairId === null || kind === 'pci.link_down') track.removing = true;
    }
    if (kind === 'pci.remove' && isOver) this.#topology(event.sourceId).forget(own?.bdf ?? null);
  }

  #affect(event: StoredEvent, track: DeviceTrack, reach: Reach | null, calls: readonly StoredEvent[]): void {
    const effects = reach === null ? [...effectsOf(event, track.command)] : farEffectsOf(event, reach.tie);
    // Removing the VFs is what disabling SR-IOV does first (sriov_disable, drivers/pci/iov.c).
    const sriov = calls.some((call) => call.kind === 'pci.sriov_disable');
    if (sriov && effects.some((effect) => effect.type === 'removal')) {
      effects.unshift({ type: 'sriov-change', certain: true });
    }
    if (effects.length === 0 && !isOperation(event)) return;
    const closed = track.belief.closed(this.#options.complete);
    let belief = closed;
    for (const effect of effects) {
      this.#tell({ event, effect, track, belief: closed, calls, reach: this.#shown(reach) });
      belief = afterEffect(belief, effect);
    }
    // A call that two tracers recorded happened once: the record that knows more is the one that counts.
    if (isOperation(event) && event.supersededBy !== null) return;
    if (isOperation(event)) {
      this.#operate(event, track, belief, reach !== null);
    } else if (effects.some((effect) => MOVES_STATE.has(effect.type) && isSure(effect))) {
      if (!isLost(track.belief)) track.lostIn = event.rootId ?? event.id;
      track.believe(
        effects.reduce((now, effect) => afterEffect(now, effect), track.belief),
        event,
      );
    }
  }

  /**
   * A connect gives every function of the DSM its TSM context (pci_tsm_connect walks them all). A function of which no record
   * tells its DSM may be among them.
   */
  #connectStrangers(event: StoredEvent, own: DeviceTrack | null, reached: ReadonlyMap<DeviceTrack, unknown>): void {
    if (event.outcome === 'failed' || (event.phase === 'enter' && event.pairId !== null)) return;
    if (this.#tracks.size > STRANGERS_MAX) return;
    for (const track of this.#tracks.values()) {
      if (reached.has(track) || !mayBeManaged(track, own) || !this.#sameHistory(track, event)) continue;
      const connected = track.belief.apply(afterConnect, placeOf(event));
      track.believe(track.belief.or(connected, 1, HAS_THIS_DSM, placeOf(event)), event, false);
    }
  }

  /** Who is at an address. Who comes after one that was seen to be removed is as new as if it had been seen to come. */
  #moveIn(event: StoredEvent, own: DeviceTrack, bdf: Bdf): void {
    const key = `${this.#clocks.history(event.sourceId)} ${bdf}`;
    const before = this.#present.get(key);
    this.#present.set(key, own.id);
    if (before === undefined || before === own.id || own.startKnown || !LIVES.has(event.kind)) return;
    if (this.#tracks.get(before)?.gone !== true) return;
    own.startKnown = true;
    own.believe(this.#newcomer(event, own), event);
  }

  /** A function that appears while its DSM is connected gets its TSM context at once (pci_tsm_init). */
  #newcomer(event: StoredEvent, track: DeviceTrack): Belief {
    const history = this.#clocks.history(event.sourceId);
    const at = track.pf ?? track.bdf;
    const manager = track.dsm ?? (at === null ? null : `${slotOf(at)}.0`);
    const dsm = this.#tracks.get(this.#present.get(`${history} ${manager}`) ?? -1);
    const connected = Belief.only(CONNECTED);
    if (dsm !== undefined && dsm !== track && !dsm.gone) {
      const { bind } = dsm.belief.layers();
      if (!bind.includes('unbound')) return connected;
      return bind.length === 1 ? Belief.fresh() : Belief.fresh().or(connected);
    }
    const perhaps = [...this.#connected].some((id) => {
      const one = this.#tracks.get(id);
      return (
        one !== undefined &&
        !one.gone &&
        mayBeManaged(track, one) &&
        this.#sameHistory(one, event) &&
        one.belief.layers().bind.some((bind) => bind !== 'unbound')
      );
    });
    return perhaps ? Belief.fresh().or(connected, 1, HAS_A_DSM, placeOf(event)) : Belief.fresh();
  }

  /** With the record that shows how the device is reached: the rules quote it. */
  #shown(reach: Reach | null): Shown | null {
    if (reach === null) return null;
    const shownBy = reach.record === null ? null : this.#recorded.event(reach.record);
    const lost = shownBy === null ? null : this.#lostBefore.get(this.#clocks.history(shownBy.sourceId));
    return { ...reach, shownBy, holds: shownBy !== null && shownBy.id >= (lost ?? 0) };
  }

  /** Hands a step over; where it may have come before something or after it, with what may be believed in any of the orders. */
  #tell(bare: Omit<Step, 'options' | 'clocks' | 'unordered'>): void {
    const { event } = bare;
    if (!this.#options.judged(event)) return;
    const step: Step = { ...bare, options: this.#options, clocks: this.#clocks, unordered: null };
    const orders = this.#orders?.get(event.id);
    if (!orders) {
      this.#observer.step(step);
      return;
    }
    if (orders.tooMany) {
      this.#observer.step({ ...step, unordered: { events: [], inEveryOrder: false, tooMany: true } });
      return;
    }
    const key = keyOf(step);
    const tried = orders.steps.get(event.id)?.get(key);
    orders.steps.get(event.id)?.delete(key);
    this.#tellTried(step, tried, orders);
  }

  #tellTried(step: Step, tried: Tried | undefined, orders: Orders): void {
    // The evidence of the other order stands close by: it is about to be taken in.
    if (tried?.evidence) step.track.boundEvidence = true;
    const unordered = {
      events: orders.events.filter((other) => other !== step.event && this.#tied(other, step.event)),
      inEveryOrder: tried?.count === orders.count,
      tooMany: false,
    };
    this.#observer.step({ ...step, belief: tried?.belief ?? step.belief, unordered });
  }

  /** Steps that only another order makes of this event. */
  #tellOthers(event: StoredEvent): void {
    const orders = this.#orders?.get(event.id);
    for (const tried of orders?.steps.get(event.id)?.values() ?? []) {
      if (orders && !isOwnerExit(tried.step)) this.#tellTried(tried.step, tried, orders);
    }
  }

  #sameHistory(track: DeviceTrack, event: StoredEvent): boolean {
    return this.#clocks.history(track.sourceId) === this.#clocks.history(event.sourceId);
  }

  /** What drivers, firmware, VM and guest say: steps of their own, and evidence of the state. */
  #heed(event: StoredEvent, own: DeviceTrack | null, calls: readonly StoredEvent[]): void {
    const heard = this.#heard(event);
    const during = event.phase === 'enter' && event.pairId !== null;
    for (const [track, reach] of this.#heeding(heard, own, calls)) {
      const closed = track.belief.closed(this.#options.complete);
      for (const effect of protocolEffects(heard, track.ledger, calls, reach !== null)) {
        this.#tell({ event, effect, track, belief: closed, calls, reach: this.#shown(reach) });
      }
      if (reach === null) track.ledger = noted(track.ledger, heard, calls);
      const next = afterProtocol(closed, heard, track.ledger, calls);
      if (next === null) continue;
      if (provesBinding(heard)) this.#noteState(event, track);
      if (!next.empty) {
        track.believe(next, event, !during);
        continue;
      }
      if (!this.#orders?.get(event.id)?.tooMany) this.#observer.impossible(heard, track, closed, this.#clocks);
      const implied = afterProtocol(Belief.unknown(), heard, track.ledger, calls);
      track.believe(implied === null || implied.empty ? Belief.unknown() : implied, event);
    }
  }

  /** Whom it concerns: its own device, the functions of a DSM, those that are bound to a VM or connected to a TSM. */
  #heeding(heard: StoredEvent, own: DeviceTrack | null, calls: readonly StoredEvent[]): Map<DeviceTrack, Reach | null> {
    const found = new Map<DeviceTrack, Reach | null>();
    if (own) found.set(own, null);
    // What the firmware says names no device: it is the one of the call that asked.
    const asking = heard.kind === 'firmware.refused' ? calls.find(({ deviceId }) => deviceId !== null) : undefined;
    const asked = asking?.deviceId == null ? undefined : this.#tracks.get(asking.deviceId);
    if (asked && !found.has(asked)) found.set(asked, null);
    if (!reachesFar(heard)) return found;
    const topology = this.#topology(heard.sourceId);
    for (const track of this.#tracks.values()) {
      if (found.has(track) || track.gone || !this.#sameHistory(track, heard)) continue;
      if (isOfVmOrTsm(heard, track.ledger)) found.set(track, null);
      else if (own) {
        const reach = topology.managedBy(own.bdf, track);
        if (reach !== null) found.set(track, reach);
      }
    }
    return found;
  }

  /** An entry with what its return says, a return with what its entry says. */
  #heard(event: StoredEvent): StoredEvent {
    if (event.phase === 'exit' && event.pairId !== null) {
      const entry = this.#recent.get(event.pairId) ?? this.#recorded.event(event.pairId);
      return entry ? { ...event, kind: entry.kind, args: { ...entry.args, ...event.args } } : event;
    }
    if (event.phase !== 'enter' || event.pairId === null) return event;
    const exit = this.#recorded.event(event.pairId);
    return exit ? { ...event, args: { ...exit.args, ...event.args } } : event;
  }

  /** @param isFar the operation is one on the DSM of the function. */
  #operate(record: StoredEvent, track: DeviceTrack, closed: Belief, isFar: boolean): void {
    const event = asRecorded(this.#withEntry(record), track.ledger);
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
    if (isFar) return;
    // Where not every order was tried, one of the others may explain it.
    if (!this.#orders?.get(event.id)?.tooMany) this.#observer.impossible(event, track, closed, this.#clocks);
    const implied = afterOperation(Belief.unknown(), event, setting);
    track.believe(implied.empty ? Belief.unknown() : implied, event);
  }

  /** What an event tells beside its effect: registers, owners, where the device came from. */
  #learn(event: StoredEvent, track: DeviceTrack, calls: readonly StoredEvent[]): void {
    if (event.supersededBy === null || event.kind !== 'vfio.config_write') {
      track.command = this.#commandAfter(event, track);
    }
    if (isConcern(event)) track.concerned = true;
    if (LIVES.has(event.kind)) track.gone = false;
    this.#learnVf(event, track, calls);
    switch (event.kind) {
      case 'pci.add':
        // What was to be removed is, and this is another one.
        if (track.removing) track.forget(event);
        track.gone = false;
        track.startKnown = true;
        track.believe(this.#newcomer(event, track), event);
        break;
      case 'tsm.connect':
        if (this.#connected.size < CONNECTED_MAX) this.#connected.add(track.id);
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
        if (event.phase !== 'enter') {
          this.#place(track, event.sourceId);
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
  }

  /** A record that shows the function to be a VF: vfio says so, or it comes or goes inside a call on its PF. */
  #learnVf(event: StoredEvent, track: DeviceTrack, calls: readonly StoredEvent[]): void {
    const told = event.kind === 'pci.vf' ? parseBdf(event.args['pf'] ?? '') : null;
    const around = event.kind === 'pci.add' || event.kind === 'pci.remove';
    // Only a call that is seen to end says what was inside.
    const call = around ? calls.find((one) => ON_PF.has(one.kind) && one.pairId !== null) : undefined;
    const pf = told ?? (call?.deviceId == null ? null : (this.#tracks.get(call.deviceId)?.bdf ?? null));
    if (call !== undefined || event.kind === 'pci.vf') track.isVf = true;
    if (call?.deviceId != null && call.deviceId !== track.id) {
      track.pfId = call.deviceId;
      track.pfRecord ??= event.id;
    }
    if (pf === null || pf === track.bdf) return;
    if (track.pfSide !== null && track.pf !== pf) this.#contradict(event, track.pfSide);
    track.pfSide = null;
    track.isVfOf(pf, { record: event.id });
  }

  /** The record counts, and the fact is denied once, however many orders are tried. */
  #contradict({ sourceId, line }: { sourceId: number; line: number | null }, fact: SideFact): void {
    const known = this.contradicted.some((one) => one.fact === fact);
    if (!known && this.contradicted.length < CONTRADICTED_MAX) this.contradicted.push({ sourceId, line, fact });
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
    const none = track.stateEvidence.every(({ certainty }) => certainty === 'maybe');
    if (event.kind === 'tsm.bind' && (none || track.released)) {
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
      if (this.#sameHistory(track, event) && (track.openers.has(pid) || track.binder === pid)) {
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
      reach: null,
      options: this.#options,
      clocks: this.#clocks,
      unordered: null,
    });
  }

  /** A return probe rarely repeats the arguments: what was asked stands in the entry. */
  #withEntry(event: StoredEvent): StoredEvent {
    if (event.phase !== 'exit' || event.pairId === null) return event;
    const entry = this.#recent.get(event.pairId) ?? this.#recorded.event(event.pairId);
    return entry ? { ...event, args: { ...entry.args, ...event.args } } : event;
  }

  #callsAround(event: StoredEvent): StoredEvent[] {
    const calls: StoredEvent[] = [];
    for (let id = event.parentId; id !== null && calls.length < 32; ) {
      const call: StoredEvent | null = this.#recent.get(id) ?? this.#recorded.event(id);
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
    const history = this.#clocks.history(sourceId);
    const known = this.#topologies.get(history);
    if (known) return known;
    const fresh = new Topology(this.#options.side);
    this.#topologies.set(history, fresh);
    return fresh;
  }
}

/** What only a function does that is there: after a removal, another one at the address of the old one. */
const LIVES: ReadonlySet<StoredEvent['kind']> = new Set([
  'pci.add',
  'pci.enable',
  'vfio.open',
  'vfio.config_write',
  'tsm.connect',
  'tsm.bind',
]);

/** Calls on a PF that make its VFs come or go. */
const ON_PF: ReadonlySet<StoredEvent['kind']> = new Set(['pci.sriov_enable', 'pci.sriov_disable']);

function isDisconnect({ kind }: StoredEvent): boolean {
  return kind === 'tsm.disconnect' || kind === 'tsm.disconnect_core';
}

const HAS_THIS_DSM = 'the function belongs to the device security manager that was connected';
const HAS_A_DSM = 'the function belongs to a device security manager that is connected';

/** Whether nothing speaks against `dsm` as the DSM of a function of which no record tells whose it is. */
function mayBeManaged(track: DeviceTrack, dsm: DeviceTrack | null): boolean {
  if (track.pf !== null || track.dsm !== null || track.bdf === null || dsm === null || dsm.bdf === null) return false;
  return track !== dsm && track.bdf.split(':', 1)[0] === dsm.bdf.split(':', 1)[0];
}

function placeOf({ sourceId, line }: StoredEvent): { sourceId: number; line: number } {
  return { sourceId, line };
}

/** Whether the effect, as far as it is certain, is there at all: an uncertain one of these leaves the state as it is. */
function isSure(effect: Effect): boolean {
  return effect.type !== 'sriov-change' || effect.certain;
}

/** What is done to whom: the same in every order in which it is done. */
function keyOf({ effect, track }: Step): string {
  return `${effect.type} ${'bit' in effect ? effect.bit : ''} ${track.id}`;
}

function isOwnerExit(step: Step): boolean {
  return step.effect.type === 'owner-exit';
}

/** The steps of several orders, each with what may be believed before it in any of them. */
function together(
  orders: readonly { readonly steps: readonly Step[]; readonly evidence: ReadonlySet<Step> }[],
): Map<number, Map<string, Tried>> {
  const byEvent = new Map<number, Map<string, Tried>>();
  for (const { steps, evidence } of orders) {
    for (const step of steps) {
      const ofEvent = byEvent.get(step.event.id) ?? new Map<string, Tried>();
      byEvent.set(step.event.id, ofEvent);
      const key = keyOf(step);
      const known = ofEvent.get(key);
      ofEvent.set(key, {
        step: known?.step ?? step,
        belief: known ? known.belief.or(step.belief.normalised()) : step.belief.normalised(),
        count: (known?.count ?? 0) + 1,
        evidence: (known?.evidence ?? false) || evidence.has(step),
      });
    }
  }
  return byEvent;
}

/** Puts the events of `part`, wherever they stand in `sequence`, into the order `order`. */
function place(sequence: StoredEvent[], part: readonly StoredEvent[], order: readonly StoredEvent[]): void {
  const own = new Set(part);
  let next = 0;
  for (const [index, event] of sequence.entries()) {
    if (own.has(event)) sequence[index] = order[next++] ?? event;
  }
}

const CHANGES: ReadonlySet<StoredEvent['kind']> = new Set([
  'pci.add',
  'pci.remove',
  'pci.set_master',
  'pci.command',
  'vfio.close',
  'vfio.open',
  'vfio.config_write',
  'task.exit',
]);

/** An event that may be of one of several devices, not yet looked at as one of a certain one of them. */
function isPerhaps(event: StoredEvent): boolean {
  return event.deviceId === null && event.maybe.length > 0;
}

function candidatesOf(event: StoredEvent, tracks: ReadonlyMap<number, DeviceTrack>): DeviceTrack[] {
  return isPerhaps(event) ? event.maybe.flatMap((id) => tracks.get(id) ?? []) : [];
}

/** Whether the place of an event in the order matters to what is believed. */
function acts(event: StoredEvent): boolean {
  if (event.supersededBy !== null) return false;
  return (
    isOperation(event) || isProtocol(event) || CHANGES.has(event.kind) || effectsOf(event, COMMAND_UNKNOWN).length > 0
  );
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
  'pci.bus',
  'pci.command',
  'pci.enable',
  'pci.disable',
  'pci.set_master',
  'pci.power',
  'pci.link_down',
  'pci.link_up',
  'pci.sriov_enable',
  'pci.sriov_disable',
  'pci.config_write',
  'pci.unreachable',
  'pci.runtime_pm',
  'vfio.power',
  'vfio.low_power',
  'ide.alloc',
  'ide.setup',
  'ide.keys',
  'ide.enable',
  'ide.disable',
  'ide.teardown',
  'ide.free',
  'ide.state',
  'ide.error',
  'doe.exchange',
  'doe.error',
  'iommu.attach',
  'iommu.fault',
  'iommu.domain',
  'iommu.block',
  'iommu.unblock',
  'iommu.error',
  'iommufd.refused',
  'aer.error',
  'aer.source',
  'aer.recovery',
  'host.platform',
]);

function isConcern(event: StoredEvent): boolean {
  return !COMMONPLACE.has(event.kind) && event.args['below'] !== '1';
}
