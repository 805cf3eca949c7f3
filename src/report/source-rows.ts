import { formatSeconds, formatTime } from '../base/time.ts';
import type { ClockRelation, SourceInfo } from '../model/analysis.ts';
import type { Platform } from '../model/states.ts';
import type { Host } from '../replay/hosts.ts';
import { sourceKey } from '../timeline/ids.ts';
import type { StoredSource } from '../timeline/rows.ts';

export function sourceInfo(source: StoredSource, platform: Platform): SourceInfo {
  const { path, format, compression, clock, lines, records, continuation, events, skipped, unparsed, lost } = source;
  return {
    id: sourceKey(source.id),
    path,
    format,
    compression,
    clock,
    first_line: source.firstLine,
    last_line: source.lastLine,
    lines,
    records,
    continuation,
    events,
    skipped,
    unparsed,
    lost,
    first_time: formatTime(source.firstTime, source.timeUnit),
    last_time: formatTime(source.lastTime, source.timeUnit),
    platform,
  };
}

/** What was merged, and, where that leaves several histories, the first source of each. */
export function clocksOf(sources: readonly StoredSource[]): ClockRelation[] {
  const histories = [...Map.groupBy(sources, ({ clockGroup }) => clockGroup).values()];
  const related = histories
    .filter((members) => members.length > 1)
    .map((members): ClockRelation => {
      const isSame = members.every(({ clock, clockOffset }) => clock === members[0]?.clock && clockOffset === 0n);
      return {
        sources: members.map(({ id }) => sourceKey(id)),
        relation: isSame ? 'same' : 'related',
        offsets: members.map(({ clockOffset }) => formatSeconds(clockOffset)),
        error_ns: Math.max(...members.map(({ clockError }) => clockError ?? 0)),
      };
    });
  if (histories.length < 2) return related;
  const firsts = histories.flatMap(([first]) => (first ? [sourceKey(first.id)] : []));
  return [...related, { sources: firsts, relation: 'unrelated', offsets: [], error_ns: null }];
}

/** The one that any of the inputs proves, or that the user names. */
export function platformOfAll(hosts: readonly Host[]): Platform {
  const [only, ...others] = new Set(hosts.map(({ platform }) => platform).filter((platform) => platform !== 'generic'));
  return only === undefined || others.length > 0 ? 'generic' : only;
}

export function platformOf(hosts: readonly Host[], sourceId: number): Platform {
  return hosts.find(({ sources }) => sources.has(sourceId))?.platform ?? 'generic';
}
