import { setImmediate } from 'node:timers/promises';
import { monotonicMs } from '../base/clock.ts';
import type { StoredDevice, StoredEvent } from '../timeline/rows.ts';
import { SourceClocks } from './clocks.ts';
import { Coverage } from './coverage.ts';
import { NOTHING_NOTED } from './ledger.ts';
import { OpenOrders } from './open-orders.ts';
import { afterLoss } from './origin.ts';
import type { OutOfSight } from './out-of-sight.ts';
import { Presence } from './presence.ts';
import { candidatesOf, isPerhaps } from './reach.ts';
import type { RecordedEvents } from './recorded.ts';
import { type Contradicted, Scene } from './scene.ts';
import { optionsFor, type ReplayObserver, type ReplayOptions } from './step.ts';
import { DeviceTrack, spansPerDevice } from './track.ts';
import { Transitions } from './transitions.ts';
import { WindowOfOrder } from './window.ts';

export { optionsFor, type ReplayObserver, type ReplayOptions, type Shown, type Step, type Unordered } from './step.ts';

// What outlives a collection of young garbage lets V8 reserve ever more room for it: little is kept, and not for long.
const PAGE = 64;
/** Pages that are read before an event is replayed: a call among those of a hundred devices may return some hundreds of events later. */
const PAGES_AHEAD = 5;
/**
 * Nanoseconds after which the close that an ended process brings about has come. do_exit() tells of the end before exit_files(), and
 * from 6.16 on before exit_mm() (kernel/exit.c): the memory of a large guest may be given back in between.
 */
const CLOSES_WITHIN = 60_000_000_000n;
/** Milliseconds without giving way to other work: a turn of the event loop takes as long as some tens of events. */
const BUSY_MAX = 20;

/**
 * Runs once over what was recorded, history by history, in the order of the records. Where the stamps leave the order of two
 * records open, both orders are tried: what is believed then is what either of them allows.
 */
export class Replay {
  readonly #scene: Scene;
  readonly #coverage: Coverage;
  readonly #presence: Presence;
  readonly #transitions: Transitions;
  readonly #orders: OpenOrders;
  readonly #window: WindowOfOrder;

  constructor(recorded: RecordedEvents, options: ReplayOptions, observer: ReplayObserver) {
    const clocks = new SourceClocks(recorded.sources());
    const scene = new Scene(recorded, options, clocks, observer);
    const startTold = options.fromBoot || options.complete.has('start');
    const coverage = new Coverage(recorded, clocks, options.gaps, startTold);
    const orders = new OpenOrders(scene, {
      take: (event) => this.#take(event),
      act: (event) => this.#transitions.act(event),
    });
    const presence = new Presence(scene);
    this.#scene = scene;
    this.#coverage = coverage;
    this.#presence = presence;
    this.#orders = orders;
    this.#transitions = new Transitions(scene, presence, orders);
    this.#window = new WindowOfOrder(scene, coverage, (window) => orders.replay(window));
  }

  /** What side data say and a record contradicts. */
  get contradicted(): readonly Contradicted[] {
    return this.#scene.contradicted;
  }

  /** Resets of which nothing tells whom they reached. */
  get resetsOutOfSight(): readonly OutOfSight[] {
    return this.#scene.resetsOutOfSight.all;
  }

  /**
   * The devices with all that was found out about their states. Gives way to other work now and then: a signal that comes
   * meanwhile is heard.
   *
   * @throws the reason of `signal` when it was aborted.
   */
  async run(signal?: AbortSignal): Promise<DeviceTrack[]> {
    const scene = this.#scene;
    const devices = scene.recorded.devices();
    const spansMax = spansPerDevice(devices.length);
    const lives = Map.groupBy(devices, ({ bdf }) => bdf);
    scene.tracks = new Map(
      devices.map((device) => {
        const track = this.#newTrack(device, spansMax);
        // Of which of several what was stored is, nothing tells.
        if ((lives.get(device.bdf)?.length ?? 0) > 1) track.origin = { ...track.origin, isOnly: false };
        return [device.id, track];
      }),
    );
    const pageAfter = (page: readonly StoredEvent[] = []) => scene.recorded.events(page.at(-1)?.id ?? 0, PAGE);
    const pages = [pageAfter()];
    let since = Number.NEGATIVE_INFINITY;
    for (let page = pages[0]; page !== undefined && page.length > 0; page = pages[0]) {
      if (monotonicMs() - since > BUSY_MAX) {
        await setImmediate();
        signal?.throwIfAborted();
        since = monotonicMs();
      }
      while (pages.length <= PAGES_AHEAD && pages.at(-1)?.length !== 0) pages.push(pageAfter(pages.at(-1)));
      scene.calls.stayNear(pages);
      // What another source says as well counts there.
      for (const event of page) if (event.duplicateOf === null) this.#window.offer(event);
      pages.shift();
    }
    this.#window.flush();
    for (const track of scene.tracks.values()) {
      this.#end(track);
      if (!track.gone) scene.place(track, track.sourceId);
    }
    scene.observer.cutOff?.(scene.openCalls.left.filter((call) => !this.#isOutlasted(call)));
    return [...scene.tracks.values()];
  }

  #newTrack(device: StoredDevice, spansMax: number): DeviceTrack {
    const { side, fromBoot, complete } = this.#scene.options;
    const track = new DeviceTrack(device, fromBoot || complete.has('start'), spansMax);
    if (track.bdf === null || side === null) return track;
    const physical = side.physical.get(track.bdf);
    if (track.pf === null && physical) track.isVfOf(physical.pf, { side: physical.fact });
    if (physical && track.pf !== physical.pf)
      this.#scene.contradict({ sourceId: device.sourceId, line: null }, physical.fact);
    track.noSoftReset = side.noSoftReset.get(track.bdf) ?? null;
    const shown = side.noVfs.get(track.bdf) ?? null;
    if (shown !== null && track.isVf) this.#scene.contradict({ sourceId: device.sourceId, line: null }, shown);
    track.noVfSide = track.isVf ? null : shown;
    return track;
  }

  #take(event: StoredEvent): void {
    const scene = this.#scene;
    this.#cover(event);
    scene.calls.remember(event);
    scene.takers.note(event);
    scene.openCalls.note(event);
    scene.tdxAbis.note(event, scene.clocks.history(event.sourceId));
    const own = scene.owner(event);
    own?.noteTime(event);
    if (own?.bdf != null) this.#presence.moveIn(event, own, own.bdf);
    const denied = scene.topology(event.sourceId).learn(event, own?.bdf ?? null);
    if (denied !== null) scene.contradict(event, denied);
    this.#transitions.act(event);
    this.#orders.tellOthers(event);
    if (own) scene.observer.seen(event, own);
    if (!isPerhaps(event)) return;
    for (const candidate of candidatesOf(scene, event)) scene.observer.seen(event, candidate);
  }

  /** Lost evidence, or a source that begins or ends, between the event before and this one. */
  #cover(event: StoredEvent): void {
    const change = this.#coverage.before(event);
    if (change === null) return;
    const { clocks, tracks, lostBefore, observer } = this.#scene;
    const history = clocks.history(event.sourceId);
    lostBefore.set(history, event.id);
    for (const track of tracks.values()) {
      if (clocks.history(track.sourceId) !== history) continue;
      track.origin = afterLoss(track.origin);
      observer.lost?.(event, track);
      if (change === 'uncovered') track.uncover(event);
      // Whatever can happen unseen may have happened.
      else {
        track.ledger = NOTHING_NOTED;
        track.believe(track.belief.widened(), event);
      }
    }
  }

  /** An owner that ended before anybody was seen to close the device. */
  #end(track: DeviceTrack): void {
    const { clocks, observer } = this.#scene;
    const options = optionsFor(this.#scene.options, track);
    const exit = track.ownerExit;
    if (!exit || !options.judged(exit.event)) return;
    observer.step({
      event: exit.event,
      effect: {
        type: 'owner-exit',
        ...(exit.usedBy && { usedBy: exit.usedBy }),
        ...(this.#isOutlasted(exit.event) && { outlasted: true }),
      },
      track,
      belief: exit.belief.closed(options.complete),
      calls: [],
      reach: null,
      options,
      clocks,
      unordered: null,
    });
  }

  /** Whether what follows from the event would be in its source, and was not lost: the end of a capture ends nothing. */
  #isOutlasted({ id: exit, sourceId, time }: StoredEvent): boolean {
    const { recorded, clocks, lostBefore } = this.#scene;
    if ((lostBefore.get(clocks.history(sourceId)) ?? 0) > exit) return false;
    const last = recorded.sources().find(({ id }) => id === sourceId)?.lastTime ?? null;
    return time !== null && last !== null && last - time >= CLOSES_WITHIN;
  }
}
