import type { RecordedEvents } from '../replay/recorded.ts';
import { Replay, type ReplayOptions } from '../replay/replay.ts';
import type { DeviceTrack } from '../replay/track.ts';
import { Judge } from './judge.ts';
import type { Rule } from './rule.ts';

/** All that was found out about what was recorded. */
export interface Trial {
  readonly court: Judge;
  readonly replay: Replay;
  readonly tracks: readonly DeviceTrack[];
}

/**
 * Replays what was recorded, and asks the rules. Where records show only later what an earlier step was, a second replay judges
 * every step by what is known in the end: which finding explains which, and what is a headline, follows from that.
 *
 * @throws the reason of `signal` when it was aborted.
 */
export async function holdTrial(
  recorded: RecordedEvents,
  options: ReplayOptions,
  rules: readonly Rule[],
  signal?: AbortSignal,
): Promise<Trial> {
  const first = await replayed(recorded, options, new Judge(rules, options), signal);
  const foresight = first.court.foresight((id) => recorded.event(id));
  if (foresight.size === 0) return first;
  return replayed(recorded, options, new Judge(rules, options, foresight), signal);
}

async function replayed(
  recorded: RecordedEvents,
  options: ReplayOptions,
  court: Judge,
  signal?: AbortSignal,
): Promise<Trial> {
  const replay = new Replay(recorded, options, court);
  return { court, replay, tracks: await replay.run(signal) };
}
