import { formatTime } from '../base/time.ts';
import { TREATED_MAX } from '../legal/search.ts';
import { SourceClocks } from '../replay/clocks.ts';
import { oneCpuSources } from '../replay/one-cpu.ts';
import type { OutOfSight } from '../replay/out-of-sight.ts';
import type { DeviceTrack } from '../replay/track.ts';
import type { NewHealth, StoredEvent } from '../timeline/rows.ts';
import type { TimelineReader } from '../timeline/timeline.ts';

// What the replay found wanting: rows of health that belong to the analysis, not to the timeline.

export function sourceHealth(reader: TimelineReader): NewHealth[] {
  return reader
    .sources()
    .filter((source) => source.events === 0)
    .map((source) => ({
      sourceId: source.id,
      code: 'nothing-recognised',
      line: null,
      message: 'no line bears on a device that can be assigned to a VM: nothing can be said about it',
      count: 1,
    }));
}

export function platformContradicted({ sourceId, line, args }: StoredEvent, wanted: string): NewHealth {
  const message = `the record is of ${args['mark']}, and was judged as ${wanted} since --platform says so: leave it out to have the log decide`;
  return { sourceId, code: 'platform-contradicted', line, message, count: 1 };
}

export function resetReachUnknown({ event, port, device }: OutOfSight): NewHealth {
  const message = `a reset below ${port} was recorded, and nothing tells what is below it: ${device}, which was bound, may be; --side tells`;
  return { sourceId: event.sourceId, code: 'reset-reach-unknown', line: event.line, message, count: 1 };
}

/** Traces of one CPU: nothing of what they show is sure, since a task is moved from CPU to CPU. */
export function ofOneCpu(reader: TimelineReader): NewHealth[] {
  const message =
    'the trace holds the records of one CPU: what others did between any two of them is missing; analyse the file `trace` of the tracing directory, or a trace.dat, which have all CPUs in order';
  return [...oneCpuSources(reader)].map((sourceId) => ({ sourceId, code: 'one-cpu', line: null, message, count: 1 }));
}

/** Of merged inputs: the traces that end before another one does. */
export function tracesEnded(reader: TimelineReader): NewHealth[] {
  const sources = reader.sources();
  const clocks = new SourceClocks(sources);
  const merged = sources.filter(({ id }) => clocks.isMerged(id));
  if (merged.length === 0) return [];
  const traces = reader.tracingSources();
  return merged.flatMap((source): NewHealth[] => {
    if (!traces.has(source.id)) return [];
    const end = clocks.time({ sourceId: source.id, time: source.lastTime });
    const others = clocks.members(source.clockGroup).filter(({ id, lastTime }) => {
      const time = clocks.time({ sourceId: id, time: lastTime });
      return end !== null && time !== null && time > end + clocks.widestError(source.clockGroup);
    });
    if (others.length === 0) return [];
    const more = others.length > 3 ? ` and ${others.length - 3} more` : '';
    const names = `${others
      .slice(0, 3)
      .map(({ path }) => path)
      .join(', ')}${more}`;
    const message = `the trace ends at ${formatTime(source.lastTime, source.timeUnit)}: what is told later by ${names} was judged as if there were no trace`;
    return [{ sourceId: source.id, code: 'trace-ended', line: null, message, count: 1 }];
  });
}

export function coverageCapped(left: number): NewHealth[] {
  if (left === 0) return [];
  const message = `${left} further devices that no record names, without a finding: what the rules could tell of them is left out`;
  return [{ sourceId: null, code: 'coverage-capped', line: null, message, count: left }];
}

export function ordersCapped(left: number): NewHealth[] {
  if (left === 0) return [];
  const message = `the legal order of ${left} headlines was not looked for: that of the ${TREATED_MAX} surest was, as far as it could be had at a bounded price`;
  return [{ sourceId: null, code: 'legal-orders-capped', line: null, message, count: left }];
}

export function statesMerged({ sourceId, bdf, spans, mergedSpans }: DeviceTrack): NewHealth {
  return {
    sourceId,
    code: 'states-merged',
    line: spans.at(-1)?.cause?.line ?? null,
    message: `${bdf ?? 'an unnamed device'} changed its state ${mergedSpans} times more after this line: one entry stands for all of them`,
    count: mergedSpans,
  };
}

export function laterCapped({ sourceId, bdf, waitedTooLong }: DeviceTrack): NewHealth {
  const message = `${bdf ?? 'an unnamed device'}: ${waitedTooLong} steps were judged without all of the records after them`;
  return { sourceId, code: 'later-capped', line: null, message, count: waitedTooLong };
}

export function beliefReset(event: StoredEvent): NewHealth {
  return {
    sourceId: event.sourceId,
    code: 'belief-reset',
    line: event.line,
    message: `${event.symbol ?? event.kind} with this result fits no state that the device can have been in; the log is incomplete, or a class was wrongly declared complete`,
    count: 1,
  };
}
