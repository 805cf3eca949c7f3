import type { Bdf } from '../base/bdf.ts';
import type { SideFact } from '../input/side-data.ts';
import { BIND_STATES, CONTRACT_STATES, TDISP_STATES } from '../model/states.ts';
import type { StoredDevice, StoredEvent } from '../timeline/rows.ts';
import { Belief, type Layers } from './belief.ts';
import { COMMAND_UNKNOWN, type CommandState, eitherCommand } from './command.ts';
import { type Crossings, NO_CROSSINGS } from './crossing.ts';
import { common, type Ledger, NOTHING_NOTED } from './ledger.ts';
import { afterRemoval, type Origin, originAt } from './origin.ts';
import type { Change, Readings } from './readings.ts';
import type { SoleSession } from './sole-session.ts';
import type { SoleStream } from './sole-stream.ts';

/** From `cause` on the device was believed to be in these states. Small: a long log has many. */
export interface Span {
  /** Null for what was believed before the first event. */
  readonly cause: SpanCause | null;
  layers: Layers;
}

/** A line of a source. */
export interface Place {
  readonly sourceId: number;
  readonly line: number;
}

/** What reports show of the event that began a span; the event itself would keep its text alive. */
export interface SpanCause {
  readonly eventId: number;
  readonly sourceId: number;
  /** Where the operation was called: it takes effect when it returns, but this is the line that one wants to see. */
  readonly line: number;
  readonly time: bigint | null;
}

/** Spans of one device that are kept: what comes after them becomes one last span. */
export const SPANS_MAX = 10_000;

/** Spans of a timeline that are kept, shared out among its devices. */
const SPANS_IN_ALL = 40_000;
/** What every device is left with, however many they are. */
const SPANS_MIN = 50;

/** How many spans each of so many devices may keep. */
export function spansPerDevice(devices: number): number {
  return Math.max(SPANS_MIN, Math.min(SPANS_MAX, Math.floor(SPANS_IN_ALL / Math.max(1, devices))));
}

/** Steps of one device that wait for later records; of more, the oldest are left with what was known of them by then. */
const READINGS_MAX = 24;

/** Records that may be of another device, of which a finding tells; older ones are behind these. */
const DOUBTS_MAX = 4;

/** One device along the replay. */
export class DeviceTrack {
  readonly id: number;
  readonly sourceId: number;
  readonly bdf: Bdf | null;
  /** What else records call it; see {@link StoredDevice}. */
  readonly aliases: readonly string[];
  dsm: Bdf | null;
  /** The core's own word on its DSM: what it said when it made the TSM context, by the id of that event. */
  dsmRecord: { readonly dsm: Bdf; readonly id: number } | null = null;
  belief: Belief;
  command: CommandState = COMMAND_UNKNOWN;
  /** What was recorded of it beside its state. */
  ledger: Ledger = NOTHING_NOTED;
  /** A VF's Memory Space Enable is emulated by vfio: writes to it do not reach the device. */
  isVf = false;
  /** The PF of a VF, where a record or side data tell; the link holds for the whole life of the function. */
  pf: Bdf | null;
  /** The PF of a VF among the devices, where a record inside a call on it shows it; its address may be unknown. */
  pfId: number | null = null;
  /** The event that showed it so far, by its id. */
  pfRecord: number | null = null;
  pfSide: SideFact | null = null;
  /** What records tell of where it comes from. */
  origin: Origin;
  /** The IDE stream of its device, where there is one only. */
  stream: SoleStream = null;
  /** The SPDM session of its device, where it is the security manager and there is one only. */
  session: SoleSession = null;
  /** The nearest known port above it, as of the last word on it. */
  port: Bdf | null = null;
  /** No_Soft_Reset of the function, where side data tell. */
  noSoftReset: { readonly value: boolean; readonly fact: SideFact } | null = null;
  /** What side data tell that no VF has; null, too, where a record shows it to be one. */
  noVfSide: SideFact | null = null;
  /** Something happened to it that rules judge: worth a verdict, if only "cannot tell". */
  concerned = false;
  /** The capture shows that the function came into being, so its start is known. */
  startKnown: boolean;
  /** A bind or a request that only a bound function answers: the belief "bound" rests on more than an unknown start. */
  boundEvidence = false;
  /** The same for the whole life of the address, removals included. */
  everBound = false;
  /** The capture holds a bind, an unbind or a request of it, whatever came of it: its bind state is being recorded. */
  bindRecorded = false;
  /** The last request of the guest, by the id of its entry: what was believed before it, and of it while it is under way. */
  requested: { readonly id: number; readonly before: Belief; readonly during: Belief } | null = null;
  /** Calls that bind it and that undo it. */
  crossings: Crossings = NO_CROSSINGS;
  /** An unbind, seen: what comes after it does not rest on an unknown start. */
  unbindSeen = false;
  /** An unbind since the last bind. */
  released = false;
  /** Events that put the device where it is believed to be: bind, requests. Newest bind first in its epoch. */
  stateEvidence: StoredEvent[] = [];
  /** The latest records that changed what is believed of it, and may be of another device. */
  doubts: readonly StoredEvent[] = [];
  /** The operation that threw the TDI out of LOCKED or RUN, by the id of its outermost event. */
  lostIn: number | null = null;
  /** Time of the latest record so far of what decides the order, by source, and the one where a later one claims to be earlier. */
  readonly #latestTime = new Map<number, bigint>();
  disorderedAt: Place | null = null;
  /** Tasks that opened it, until it is closed. */
  readonly openers = new Set<number>();
  /** The last task that bound it, until it is closed. */
  binder: number | null = null;
  /** Its removal has begun, and no record tells when it was over. */
  removing = false;
  /** It was removed, and nothing was heard of a function at its address since. */
  gone = false;
  /** The owner's end, while nothing was seen to close the device; `usedBy`: what another process did with it since. */
  ownerExit: { readonly event: StoredEvent; readonly belief: Belief; readonly usedBy?: StoredEvent } | null = null;
  readonly spans: Span[] = [];
  /** Changes of state that have no span of their own: the last span stands for all of them. */
  mergedSpans = 0;
  readonly #spansMax: number;
  #waiting: Readings[] = [];
  /** Steps that did not wait to the end, because too many did. */
  waitedTooLong = 0;
  /** The most steps that waited at a time. */
  waitedMost = 0;
  /** The latest belief that would have begun a span. */
  #shown: Layers;
  /** See {@link itself}. */
  #itself: ReadonlyMap<DeviceTrack, null> | null = null;

  constructor(device: StoredDevice, fromBoot: boolean, spansMax = SPANS_MAX) {
    this.#spansMax = spansMax;
    this.id = device.id;
    this.sourceId = device.sourceId;
    this.bdf = device.bdf as Bdf | null;
    this.aliases = device.aliases;
    this.dsm = device.dsm as Bdf | null;
    this.pf = device.pf as Bdf | null;
    this.isVf = this.pf !== null;
    this.startKnown = fromBoot;
    this.origin = originAt(fromBoot);
    this.belief = fromBoot ? Belief.fresh() : Belief.unknown();
    this.#shown = shared(this.belief.layers());
    this.spans.push({ cause: null, layers: this.#shown });
  }

  /** Whom nearly every event of it reaches: itself alone, by no other. Made once. */
  get itself(): ReadonlyMap<DeviceTrack, null> {
    this.#itself ??= new Map([[this, null]]);
    return this.#itself;
  }

  /**
   * A copy to try another order on. What it notes of times stays behind, and its spans go nowhere.
   */
  fork(): DeviceTrack {
    const { id, sourceId, bdf, dsm, aliases } = this;
    const none = {
      pf: null,
      guestBdf: null,
      certainty: 'none',
      fromTime: null,
      toTime: null,
      events: 0,
    } as const;
    const copy = new DeviceTrack({ ...none, id, sourceId, bdf, dsm, aliases }, false, 0);
    copy.belief = this.belief;
    copy.command = this.command;
    copy.ledger = this.ledger;
    copy.isVf = this.isVf;
    copy.pf = this.pf;
    copy.pfId = this.pfId;
    copy.pfRecord = this.pfRecord;
    copy.pfSide = this.pfSide;
    copy.dsmRecord = this.dsmRecord;
    copy.origin = this.origin;
    copy.stream = this.stream;
    copy.session = this.session;
    copy.port = this.port;
    copy.noSoftReset = this.noSoftReset;
    copy.noVfSide = this.noVfSide;
    copy.gone = this.gone;
    copy.concerned = this.concerned;
    copy.startKnown = this.startKnown;
    copy.boundEvidence = this.boundEvidence;
    copy.everBound = this.everBound;
    copy.bindRecorded = this.bindRecorded;
    copy.requested = this.requested;
    copy.crossings = this.crossings;
    copy.unbindSeen = this.unbindSeen;
    copy.released = this.released;
    copy.stateEvidence = [...this.stateEvidence];
    copy.doubts = this.doubts;
    copy.lostIn = this.lostIn;
    copy.disorderedAt = this.disorderedAt;
    for (const pid of this.openers) copy.openers.add(pid);
    copy.binder = this.binder;
    copy.removing = this.removing;
    copy.ownerExit = this.ownerExit;
    copy.#waiting = this.#waiting.map((readings) => readings.copy());
    return copy;
  }

  /** What a copy went through may have happened, or not: what either leaves over may be true. */
  mayHave(copy: DeviceTrack, cause: StoredEvent): void {
    if (copy.belief !== this.belief) this.doubts = [...this.doubts.slice(1 - DOUBTS_MAX), cause];
    this.believeEither(copy, cause);
    this.ledger = common(this.ledger, copy.ledger);
    // Of two that may be there, neither is the only one.
    if (copy.stream !== this.stream && this.stream !== 'at-init') this.stream = 'several';
    if (copy.session !== this.session) this.session = 'several';
    this.concerned ||= copy.concerned;
    if (this.stateEvidence.length === 0) this.stateEvidence = copy.stateEvidence;
  }

  /** Either what happened here or what happened to a copy may be true. */
  believeEither(copy: DeviceTrack, cause: StoredEvent): void {
    for (const readings of this.#waiting) {
      readings.either(
        copy.#waiting.find((one) => one.origin === readings.origin),
        cause,
      );
    }
    this.#show(this.belief.or(copy.belief), cause, true);
    this.command = eitherCommand(this.command, copy.command);
    this.boundEvidence ||= copy.boundEvidence;
  }

  /**
   * A source that told of it begins or ends here while others go on: what happens there unseen is as unknown as before the start
   * of a capture.
   */
  uncover(cause: StoredEvent): void {
    this.#drop();
    this.startKnown = false;
    this.unbindSeen = false;
    this.believe(Belief.unknown(), cause);
  }

  /** What was noted of it on the way, and of those that use it. */
  #drop(): void {
    this.command = COMMAND_UNKNOWN;
    this.dsmRecord = null;
    this.ledger = NOTHING_NOTED;
    this.boundEvidence = false;
    this.stateEvidence = [];
    this.released = false;
    this.ownerExit = null;
    this.lostIn = null;
    this.removing = false;
    this.openers.clear();
    this.binder = null;
  }

  /** A record or side data show that it is a VF of `pf`. */
  isVfOf(pf: Bdf, shown: { readonly record: number } | { readonly side: SideFact }): void {
    this.isVf = true;
    this.pf = pf;
    if ('record' in shown) this.pfRecord ??= shown.record;
    else this.pfSide = shown.side;
  }

  /** A record shows that it is no VF, whatever side data tell. */
  isNoVf(): void {
    this.isVf = false;
    this.pf = null;
    this.pfSide = null;
  }

  /** The function is gone: what was known of it does not hold for whatever comes next on this address. */
  forget(cause: StoredEvent): void {
    this.#drop();
    this.startKnown = true;
    this.origin = afterRemoval(this.origin);
    this.noVfSide = null;
    this.stream = null;
    this.session = null;
    this.gone = true;
    this.believe(Belief.fresh(), cause);
  }

  /**
   * Per-CPU buffers one after the other, or clocks that jump: where the stamps contradict the order of the lines, neither
   * is to be trusted, until a bind begins anew in order.
   */
  noteTime(event: StoredEvent): void {
    if (
      event.time === null ||
      !(event.kind.startsWith('tsm.') || event.kind.startsWith('vfio.') || event.kind.startsWith('pci.'))
    ) {
      return;
    }
    const latest = this.#latestTime.get(event.sourceId);
    if (latest !== undefined && event.time < latest) {
      this.disorderedAt = { sourceId: event.sourceId, line: event.line };
      this.#settle();
      return;
    }
    this.#latestTime.set(event.sourceId, event.time);
    if (event.kind === 'tsm.bind' && event.phase !== 'exit') this.disorderedAt = null;
  }

  /** Lets later records tell whether a step was right. */
  waitFor(readings: Readings): void {
    this.#waiting = this.#waiting.filter((one) => !one.settled);
    if (readings.settled) return;
    if (this.#waiting.length >= READINGS_MAX) {
      this.#waiting.shift()?.settle();
      this.waitedTooLong += 1;
    }
    this.#waiting.push(readings);
    this.waitedMost = Math.max(this.waitedMost, this.#waiting.length);
  }

  /** Nothing that comes says anything of what was before. */
  #settle(): void {
    for (const readings of this.#waiting) readings.settle();
    this.#waiting = [];
  }

  /**
   * Goes over to what `change` makes of every hypothesis. `next`: what it makes of the belief, as far as that was worked out; a
   * change becomes a span, unless it only holds while an operation is under way.
   */
  change(change: Change, next: Belief, cause: StoredEvent, shows = true): void {
    for (const readings of this.#waiting) readings.follow(change, cause);
    this.#show(next, cause, shows);
  }

  /** Takes a belief over that has nothing to do with the one before. */
  believe(belief: Belief, cause: StoredEvent, shows = true): void {
    this.#settle();
    this.#show(belief, cause, shows);
  }

  #show(belief: Belief, cause: StoredEvent, shows: boolean): void {
    this.belief = belief.normalised();
    if (!shows) return;
    const layers = this.belief.layers();
    if (sameLayers(this.#shown, layers)) return;
    // As long as nothing tells whether the function is bound, what a reset leaves over is no news.
    if (this.#shown.bind.length === BIND_STATES.length && layers.bind.length === BIND_STATES.length) return;
    this.#shown = shared(layers);
    this.#keep(this.#shown, cause);
  }

  #keep(layers: Layers, cause: StoredEvent): void {
    const last = this.spans.at(-1);
    if (last && (this.mergedSpans > 0 || this.spans.length >= this.#spansMax)) {
      this.mergedSpans += 1;
      last.layers = union(last.layers, layers);
      return;
    }
    if (last?.cause?.eventId === cause.id) this.spans.pop();
    this.spans.push({ cause: causeOf(cause), layers });
  }
}

function causeOf({ id, sourceId, phase, line, pairLine, time }: StoredEvent): SpanCause {
  return { eventId: id, sourceId, line: phase === 'exit' ? (pairLine ?? line) : line, time };
}

/** There are a few hundred different ones, however many spans. */
const KNOWN = new Map<string, Layers>();

function shared(layers: Layers): Layers {
  const key = `${layers.bind} ${layers.contract} ${layers.device}`;
  const known = KNOWN.get(key);
  if (known) return known;
  KNOWN.set(key, layers);
  return layers;
}

function union(a: Layers, b: Layers): Layers {
  return shared({
    bind: BIND_STATES.filter((state) => a.bind.includes(state) || b.bind.includes(state)),
    contract: CONTRACT_STATES.filter((state) => a.contract.includes(state) || b.contract.includes(state)),
    device: TDISP_STATES.filter((state) => a.device.includes(state) || b.device.includes(state)),
  });
}

function sameLayers(a: Layers, b: Layers): boolean {
  if (a === b) return true;
  return sameList(a.bind, b.bind) && sameList(a.contract, b.contract) && sameList(a.device, b.device);
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((one, index) => one === b[index]);
}
