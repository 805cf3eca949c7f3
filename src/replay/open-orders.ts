import type { StoredEvent } from '../timeline/rows.ts';
import type { Belief } from './belief.ts';
import { COMMAND_UNKNOWN } from './command.ts';
import type { Scene } from './scene.ts';
import { keyOf, optionsFor, type Step } from './step.ts';
import { possibleOrders } from './ties.ts';
import type { DeviceTrack } from './track.ts';
import { isOpen, type Window } from './window.ts';

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

/** A step of the order that is replayed; what the scene knows is added. */
export type BareStep = Omit<Step, 'options' | 'clocks' | 'unordered'>;

/** What {@link OpenOrders} replays with. */
export interface Player {
  /** Takes in one event, with all that goes with it. */
  take(event: StoredEvent): void;
  /** What an event does to the devices, and nothing else: to be tried. */
  act(event: StoredEvent): void;
}

/**
 * Replays windows of events. Where the stamps leave an order open, every one is tried on copies first; steps are handed over
 * once, with what may be believed before them in any of the orders.
 */
export class OpenOrders {
  readonly #scene: Scene;
  readonly #player: Player;
  #orders: ReadonlyMap<number, Orders> | null = null;
  /** Events of the present window that concern other devices than their own, by id. */
  #wide: ReadonlySet<number> = new Set();

  constructor(scene: Scene, player: Player) {
    this.#scene = scene;
    this.#player = player;
  }

  /** Whether not every order around the event was tried: one of the others may explain what is impossible in this one. */
  isGivenUp(event: StoredEvent): boolean {
    return this.#orders?.get(event.id)?.tooMany === true;
  }

  replay({ events, parts, wide, isCut }: Window): void {
    this.#wide = wide;
    if (parts.length === 0) {
      for (const event of events) this.#player.take(event);
      return;
    }
    const sequence = [...events];
    const orders = new Map<number, Orders>();
    const settle: (() => void)[] = [];
    for (const part of parts) {
      const ids = this.#concerned(part, wide);
      const possible = isCut ? null : possibleOrders(part, (a, b) => isOpen(this.#scene, wide, a, b));
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
      putInOrder(sequence, part, kept[0]?.order ?? part);
      settle.push(() => this.#believeAll(ids, kept.slice(1), part));
    }
    this.#orders = orders;
    for (const event of sequence) this.#player.take(event);
    this.#orders = null;
    for (const one of settle) one();
  }

  /** Ids of the devices to which the order of the events matters. */
  #concerned([first]: readonly StoredEvent[], wide: ReadonlySet<number>): number[] {
    if (first === undefined) return [];
    if (wide.size > 0) return this.#scene.idsOfHistory(first);
    return first.deviceId === null ? [] : [first.deviceId];
  }

  /** Hands a step over; where it may have come before something or after it, with what may be believed in any of the orders. */
  tell(bare: BareStep): void {
    const { event } = bare;
    const { options, clocks, observer } = this.#scene;
    if (!options.judged(event)) return;
    const step: Step = { ...bare, options: optionsFor(options, bare.track), clocks, unordered: null };
    const orders = this.#orders?.get(event.id);
    if (!orders) {
      observer.step(step);
      return;
    }
    if (orders.tooMany) {
      observer.step({ ...step, unordered: { events: [], inEveryOrder: false, tooMany: true } });
      return;
    }
    const key = keyOf(step);
    const tried = orders.steps.get(event.id)?.get(key);
    orders.steps.get(event.id)?.delete(key);
    this.#tellTried(step, tried, orders);
  }

  /** Steps that only another order makes of this event. */
  tellOthers(event: StoredEvent): void {
    const orders = this.#orders?.get(event.id);
    if (!orders) return;
    for (const tried of orders.steps.get(event.id)?.values() ?? []) this.#tellTried(tried.step, tried, orders);
  }

  #tellTried(step: Step, tried: Tried | undefined, orders: Orders): void {
    // The evidence of the other order stands close by: it is about to be taken in.
    if (tried?.evidence) step.track.boundEvidence = true;
    const unordered = {
      events: orders.events.filter(
        (other) => other !== step.event && isOpen(this.#scene, this.#wide, other, step.event),
      ),
      inEveryOrder: tried?.count === orders.count,
      tooMany: false,
    };
    this.#scene.observer.step({ ...step, belief: tried?.belief ?? step.belief, unordered });
  }

  /** Replays one order on copies: nobody hears of it. */
  #try(order: readonly StoredEvent[], ids: readonly number[]) {
    const steps: Step[] = [];
    const evidence = new Set<Step>();
    const { copies, refuted } = this.#scene.onCopies(
      ids,
      (step) => steps.push(step),
      (forks) => {
        for (const event of order) {
          const from = steps.length;
          this.#player.act(event);
          for (const step of steps.slice(from)) if (forks.get(step.track.id)?.boundEvidence) evidence.add(step);
        }
      },
    );
    return { steps, evidence, forks: copies, refuted };
  }

  /** After events that may have come in several orders, what any of them leaves over may be true. */
  #believeAll(
    ids: readonly number[],
    others: readonly { forks: ReadonlyMap<number, DeviceTrack> }[],
    part: readonly StoredEvent[],
  ): void {
    const last = part.at(-1);
    for (const id of ids) {
      const track = this.#scene.tracks.get(id);
      if (!track || !last) continue;
      for (const { forks } of others) {
        const other = forks.get(id);
        if (other) track.believeEither(other, last);
      }
    }
  }

  #giveUpOrder(ids: readonly number[], part: readonly StoredEvent[]): void {
    const last = part.at(-1);
    for (const id of ids) {
      const track = this.#scene.tracks.get(id);
      if (!track || !last) continue;
      track.believe(track.belief.widened(), last);
      track.command = COMMAND_UNKNOWN;
    }
  }
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
function putInOrder(sequence: StoredEvent[], part: readonly StoredEvent[], order: readonly StoredEvent[]): void {
  const own = new Set(part);
  let next = 0;
  for (const [index, event] of sequence.entries()) {
    if (own.has(event)) sequence[index] = order[next++] ?? event;
  }
}
