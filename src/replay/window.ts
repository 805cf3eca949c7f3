import type { StoredEvent } from '../timeline/rows.ts';
import type { Coverage } from './coverage.ts';
import { isOperation } from './operations.ts';
import { isProtocol } from './protocol.ts';
import { spreads } from './reach.ts';
import type { Scene } from './scene.ts';
import { STEP_KINDS } from './step-orders.ts';
import { areTied } from './ties.ts';

/** Events that are held back until it is clear what came before them. */
const WINDOW_MAX = 256;

/** Events that came close together, and what of their order is open. */
export interface Window {
  readonly events: readonly StoredEvent[];
  /** Events whose order matters to one another and is open, part by part; none where the order is that of `events`. */
  readonly parts: readonly (readonly StoredEvent[])[];
  /** Those that concern other devices than their own, by id. */
  readonly wide: ReadonlySet<number>;
  /** It is cut off from the one before it or after it, perhaps between events that are tied: not every order can be tried. */
  readonly isCut: boolean;
}

/** Holds events back as long as the next one may have come before them. */
export class WindowOfOrder {
  readonly #scene: Scene;
  readonly #coverage: Coverage;
  readonly #take: (window: Window) => void;
  /** Events whose order may be open, on the clock of their history. */
  #events: StoredEvent[] = [];
  #end: bigint | null = null;
  /** Where the window before this one was full: its end, up to which events may have come before those of that one. */
  #cutAt: bigint | null = null;

  /** @param take gets every event, window by window. */
  constructor(scene: Scene, coverage: Coverage, take: (window: Window) => void) {
    this.#scene = scene;
    this.#coverage = coverage;
    this.#take = take;
  }

  offer(event: StoredEvent): void {
    const { clocks } = this.#scene;
    const time = clocks.time(event);
    const history = clocks.history(event.sourceId);
    const first = this.#events[0];
    if (first !== undefined) {
      const isOpen =
        time !== null &&
        this.#end !== null &&
        time <= this.#end &&
        clocks.history(first.sourceId) === history &&
        !this.#coverage.changesAt(event);
      if (!isOpen) this.flush();
      else if (this.#events.length >= WINDOW_MAX) this.flush(time);
    }
    this.#events.push(event);
    if (time === null) return;
    const error = clocks.widestError(history);
    const end = error === 0n ? time : time + error;
    if (this.#end === null || end > this.#end) this.#end = end;
  }

  /**
   * Hands over what is held back.
   *
   * @param next the time of an event that may have come before some of it, and is cut off from it.
   */
  flush(next: bigint | null = null): void {
    const [events, cutAt] = [this.#events, this.#cutAt];
    this.#cutAt = next === null ? null : this.#end;
    this.#events = [];
    this.#end = null;
    if (events.length === 0) return;
    const isCut = next !== null || cutAt !== null;
    this.#take(events.length < 2 && !isCut ? alone(events) : this.#divided(events, cutAt, next));
  }

  #divided(events: readonly StoredEvent[], cutAt: bigint | null, next: bigint | null): Window {
    const acting = events.filter((event) => acts(this.#scene, event));
    const wide = new Set(acting.filter((event) => spreads(this.#scene, event)).map(({ id }) => id));
    // Events of one device, or all where one of them reaches others.
    const parts = wide.size > 0 ? [acting] : [...Map.groupBy(acting, ({ deviceId }) => deviceId).values()];
    const isAtCut = (event: StoredEvent) => this.#isAtCut(event, cutAt, next);
    return {
      events,
      wide,
      isCut: cutAt !== null || next !== null,
      parts: parts.filter((part) => part.some(isAtCut) || this.#hasTie(part, wide)),
    };
  }

  /** Whether an event may be tied with one that is cut off from it. */
  #isAtCut(event: StoredEvent, cutAt: bigint | null, next: bigint | null): boolean {
    const { clocks } = this.#scene;
    const time = clocks.time(event);
    // Equal stamps in one log, which names no CPU, come in the order of its lines.
    if (time === null || (event.cpu === null && !clocks.isMerged(event.sourceId))) return false;
    if (cutAt !== null && time <= cutAt) return true;
    return next !== null && time + clocks.widestError(clocks.history(event.sourceId)) >= next;
  }

  #hasTie(part: readonly StoredEvent[], wide: ReadonlySet<number>): boolean {
    const { clocks } = this.#scene;
    const widest = part[0] ? clocks.widestError(clocks.history(part[0].sourceId)) : 0n;
    return part.some((one, i) => {
      const time = clocks.time(one) ?? 0n;
      for (let j = i - 1; j >= 0; j--) {
        const other = part[j];
        if (!other || time - (clocks.time(other) ?? 0n) > widest) return false;
        if (isOpen(this.#scene, wide, other, one)) return true;
      }
      return false;
    });
  }
}

/** Whether the order of two events of a window matters and is open. */
export function isOpen({ clocks }: Scene, wide: ReadonlySet<number>, a: StoredEvent, b: StoredEvent): boolean {
  return (a.deviceId === b.deviceId || wide.has(a.id) || wide.has(b.id)) && areTied(a, b, clocks);
}

const NONE: ReadonlySet<number> = new Set();

function alone(events: readonly StoredEvent[]): Window {
  return { events, parts: [], wide: NONE, isCut: false };
}

const CHANGES: ReadonlySet<StoredEvent['kind']> = new Set([
  'pci.add',
  'pci.remove',
  'pci.set_master',
  'pci.command',
  'pci.config_write',
  'vfio.close',
  'vfio.open',
  'vfio.config_write',
  'task.exit',
]);

/** Whether the place of an event in the order matters to what is believed. */
function acts(scene: Scene, event: StoredEvent): boolean {
  if (event.supersededBy !== null) return false;
  return (
    isOperation(event) ||
    isProtocol(event) ||
    STEP_KINDS.has(event.kind) ||
    CHANGES.has(event.kind) ||
    scene.effects.of(event).length > 0
  );
}
