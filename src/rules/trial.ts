import type { RecordedEvents } from '../replay/recorded.ts';
import { Replay, type ReplayOptions } from '../replay/replay.ts';
import type { DeviceTrack } from '../replay/track.ts';
import { type Foresight, NO_FORESIGHT } from './hindsight.ts';
import { Judge } from './judge.ts';
import type { Rule } from './rule.ts';

/** All that was found out about what was recorded. */
export interface Trial {
  readonly court: Judge;
  readonly replay: Replay;
  /** What it was judged by in the end. */
  readonly options: ReplayOptions;
  readonly tracks: readonly DeviceTrack[];
}

/**
 * Replays what was recorded, and asks the rules. Where records show only later what an earlier step was, a second replay judges
 * every step by what is known in the end: which finding explains which, and what is a headline, follows from that. Where the records
 * of a device contradict what was declared complete, nothing else is held against anybody on the strength of that declaration.
 *
 * @throws the reason of `signal` when it was aborted.
 */
export async function holdTrial(
  recorded: RecordedEvents,
  options: ReplayOptions,
  rules: readonly Rule[],
  signal?: AbortSignal,
): Promise<Trial> {
  const believer = await replayed(recorded, options, rules, NO_FORESIGHT, signal);
  const disproved = believer.court.disproved();
  if (disproved.size === 0) return inTheEnd(recorded, believer, rules, signal);
  const doubting = await replayed(recorded, { ...options, disproved }, rules, NO_FORESIGHT, signal);
  const trial = await inTheEnd(recorded, doubting, rules, signal);
  trial.court.adopt(believer.court, trial.tracks);
  return trial;
}

async function inTheEnd(
  recorded: RecordedEvents,
  first: Trial,
  rules: readonly Rule[],
  signal?: AbortSignal,
): Promise<Trial> {
  const foresight = first.court.foresight((id) => recorded.event(id));
  return foresight.size === 0 ? first : replayed(recorded, first.options, rules, foresight, signal);
}

async function replayed(
  recorded: RecordedEvents,
  options: ReplayOptions,
  rules: readonly Rule[],
  foresight: Foresight,
  signal?: AbortSignal,
): Promise<Trial> {
  const court = new Judge(rules, options, foresight);
  const replay = new Replay(recorded, options, court);
  return { court, replay, options, tracks: await replay.run(signal) };
}
