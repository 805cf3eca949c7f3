import type { Analyzed, JudgeOptions } from '../analysis.ts';
import { parseSeconds } from '../base/time.ts';
import { escapeForTerminal } from '../base/untrusted.ts';
import { SourceClocks } from '../replay/clocks.ts';
import { absentText, type Scope, type Window, windowText } from '../report/scope.ts';
import { refuseTicks } from '../timeline/ticks.ts';
import type { TimelineReader } from '../timeline/timeline.ts';
import type { CommandContext } from './context.ts';

/** Events read at once. */
const PAGE = 2000;

/**
 * What was asked for against what the capture holds.
 *
 * @throws UsageError where `--since` or `--until` says seconds to a clock that counts something else.
 */
export function scopeOf({ analysis, timeline }: Pick<Analyzed, 'analysis' | 'timeline'>, judge: JudgeOptions): Scope {
  const isAbsent = judge.device !== null && analysis.devices.length === 0;
  return {
    absent: isAbsent && judge.device !== null ? { device: judge.device, present: addresses(timeline) } : null,
    window: windowOf(timeline, judge),
    recorded: new Set(timeline.symbols()),
  };
}

/** What makes an empty answer mean nothing: it must not look like a pass where only the exit code is read. */
export async function warnOf({ absent, window }: Scope, { stderr }: Pick<CommandContext, 'stderr'>): Promise<void> {
  const warnings = absent === null ? [] : [`--device: ${absentText(absent)}`];
  if (window?.empty) warnings.push(`no event stands in the time asked for: ${windowText(window)}`);
  for (const warning of warnings) await stderr.write(`tdi-trace: ${escapeForTerminal(warning)}\n`);
}

function addresses(timeline: TimelineReader): string[] {
  const found = timeline.devices().flatMap((device) => (device.bdf === null ? [] : [device.bdf]));
  return [...new Set(found)].sort();
}

function windowOf(timeline: TimelineReader, { since, until, lastBoot }: JudgeOptions): Window | null {
  if (since === null && until === null) return lastBoot ? { since, until, lastBoot, empty: false } : null;
  // Of what was followed it was not known before.
  refuseTicks(timeline, { since, until });
  const from = since === null ? null : parseSeconds(since);
  const to = until === null ? null : parseSeconds(until);
  return { since, until, lastBoot, empty: !hasEvent(timeline, from, to) };
}

/** An event without a time is in every window. */
function hasEvent(timeline: TimelineReader, from: bigint | null, to: bigint | null): boolean {
  const clocks = new SourceClocks(timeline.sources());
  for (let after = 0; ; ) {
    const events = timeline.events(after, PAGE);
    const isInside = events.some((event) => {
      const time = clocks.time(event);
      return time === null || ((from === null || time >= from) && (to === null || time <= to));
    });
    if (isInside) return true;
    const last = events.at(-1);
    if (last === undefined) return false;
    after = last.id;
  }
}
