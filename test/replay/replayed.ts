import { EventList } from '../../src/replay/event-list.ts';
import { Replay } from '../../src/replay/replay.ts';
import type { ReplayOptions, Step } from '../../src/replay/step.ts';
import type { DeviceTrack } from '../../src/replay/track.ts';
import type { StoredDevice, StoredEvent, StoredSource } from '../../src/timeline/rows.ts';
import { ALL_TOLD } from './replay-options.ts';
import { storedDevice, storedEvent, storedSource } from './stored-event.ts';

/** Two traces of one machine, whose stamps may be wrong by 10 ns against each other. */
const SOURCES = [1, 2].map((id) => storedSource(id, { clockGroup: 1, clockError: 5 }));

/** An event of one of the two traces, by turns. */
export function at(id: number, kind: StoredEvent['kind'], time: number, more: Partial<StoredEvent> = {}): StoredEvent {
  return storedEvent(kind, { id, sourceId: 1 + (id % 2), time: BigInt(time), ...more });
}

/** Connected at 10, bound at 100; what then comes is open. */
export const START = [at(1, 'tsm.connect', 10), at(2, 'tsm.bind', 100)];

export interface Recorded {
  /** Devices at 0000:02:00.0, 0000:03:00.0 .., or these. */
  readonly devices?: number | readonly StoredDevice[];
  readonly sources?: readonly StoredSource[];
}

/** Replays events; all classes are recorded from the start on, unless options say otherwise. */
export async function replayed(
  events: readonly StoredEvent[],
  options: Partial<ReplayOptions> = {},
  { devices = 1, sources = SOURCES }: Recorded = {},
) {
  const steps: Step[] = [];
  /** Ids of events that fit no hypothesis. */
  const impossible: number[] = [];
  /** `event:device`. */
  const seen: string[] = [];
  /** Steps before which something showed that the device is bound. */
  const withEvidence = new Set<Step>();
  const own =
    typeof devices === 'number'
      ? Array.from({ length: devices }, (_, n) => storedDevice(n + 1, `0000:0${n + 2}:00.0`))
      : devices;
  const all: ReplayOptions = { ...ALL_TOLD, ...options };
  const replay = new Replay(new EventList(sources, own, events), all, {
    step: (step) => {
      steps.push(step);
      if (step.track.boundEvidence) withEvidence.add(step);
    },
    seen: (event, track) => seen.push(`${event.id}:${track.id}`),
    impossible: ({ id }) => impossible.push(id),
  });
  const tracks = await replay.run();
  return { steps, withEvidence, impossible, seen, tracks, replay, own: tracks[0] as DeviceTrack };
}

export function told(steps: readonly Step[], type: string): Step[] {
  return steps.filter(({ effect }) => effect.type === type);
}
