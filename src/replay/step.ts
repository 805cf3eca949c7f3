import type { SideData } from '../input/side-data.ts';
import type { EventClass, Platform } from '../model/states.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import type { Belief } from './belief.ts';
import type { SourceClocks } from './clocks.ts';
import type { Effect } from './effects.ts';
import type { GapsBySource } from './gaps.ts';
import type { Reach } from './topology.ts';
import type { DeviceTrack } from './track.ts';

/** How to replay; see the flags of `analyze`. */
export interface ReplayOptions {
  readonly platform: Platform;
  /** Evidence of an x86 host: the platform is then not CCA, even where it is otherwise undecided. */
  readonly x86: boolean;
  /** Platforms that other inputs prove, of an undecided one: they may be of the same machine. Absent: none. */
  readonly perhaps?: readonly Platform[];
  readonly complete: ReadonlySet<EventClass>;
  readonly fromBoot: boolean;
  readonly gaps: GapsBySource;
  /** Whether an event is to be judged (`--since`, `--until`, `--last-boot`); the others only move the state. */
  readonly judged: (event: StoredEvent) => boolean;
  /** What was stored beside the log, if anything was. */
  readonly side: SideData | null;
  /** It may be of another machine than some of the records, or of another time of it. Absent: nothing shows that. */
  readonly sideDoubted?: boolean;
  /** Devices by id whose records contradict what was declared, with the first record that does. */
  readonly disproved?: ReadonlyMap<number, StoredEvent>;
}

const NOTHING: ReadonlySet<EventClass> = new Set();

/** The options as they hold for a device: where its records disprove what was declared, none of its classes is recorded completely. */
export function optionsFor(options: ReplayOptions, { id }: DeviceTrack): ReplayOptions {
  return options.disproved?.has(id) ? { ...options, complete: NOTHING } : options;
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

/** What is done to whom: the same in every order in which it is done. */
export function keyOf({ effect, track }: Step): string {
  return `${effect.type} ${partOf(effect)} ${track.id}`;
}

/** What sets it apart from others of its type that the same event has: one write may reach two registers. */
function partOf(effect: Effect): string {
  if ('bit' in effect) return effect.bit;
  return effect.type === 'config-change' ? `${effect.register} ${effect.place ?? ''}` : '';
}

/** Who watches the replay. */
export interface ReplayObserver {
  step(step: Step): void;
  /** Records of the device's history may be missing right before the event. */
  lost?(event: StoredEvent, track: DeviceTrack): void;
  /** An event of a device, after the replay has taken it in: for evidence that comes late. */
  seen(event: StoredEvent, track: DeviceTrack): void;
  /** The event fits no hypothesis; the belief was reset to what the event implies. */
  impossible(event: StoredEvent, track: DeviceTrack, before: Belief, clocks: SourceClocks): void;
  /** After the last event: calls that the end of the trace may have cut off before they did anything. */
  cutOff?(calls: readonly StoredEvent[]): void;
}
