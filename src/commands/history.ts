import { formatTime, type Nanoseconds } from '../base/time.ts';
import type { Untrusted } from '../base/untrusted.ts';
import type { EventKind, Outcome, Phase } from '../events/event.ts';
import type { Analysis, StateSpan } from '../model/analysis.ts';
import type { BindState, ContractState, TdispState } from '../model/states.ts';
import { SourceClocks } from '../replay/clocks.ts';
import type { StoredEvent, StoredSource } from '../timeline/rows.ts';
import type { TimelineReader } from '../timeline/timeline.ts';

/** Rows read at once. */
const PAGE = 2000;

interface Place {
  /** Path of the source. */
  readonly source: string;
  /** 1-based. */
  readonly line: number;
  readonly time: string | null;
  /** Null where it is not known. */
  readonly bdf: string | null;
}

export interface EventEntry extends Place {
  readonly type: 'event';
  readonly kind: EventKind;
  readonly phase: Phase;
  readonly outcome: Outcome;
  readonly code: number | null;
  readonly cpu: number | null;
  readonly task: Untrusted | null;
  readonly pid: number | null;
  readonly args: Readonly<Record<string, Untrusted>>;
  readonly text: Untrusted;
  /** Where the same stands in another input whose clock relates: it counts there. */
  readonly duplicate_of: { readonly source: string; readonly line: number } | null;
}

/** What the function was believed to be in, from the event before this entry on. */
export interface StateEntry extends Place {
  readonly type: 'state';
  readonly bind: readonly BindState[];
  readonly contract: readonly ContractState[];
  readonly device: readonly TdispState[];
}

export interface HistoryFilter {
  readonly device: string | null;
  /** Inclusive, in the source's own clock; where sources were merged, in that of the first one of them. */
  readonly since: Nanoseconds | null;
  readonly until: Nanoseconds | null;
  /** Also calls that mean nothing by themselves. */
  readonly withCalls: boolean;
}

/**
 * The events of a timeline in order, each followed by the change of state that it caused. Clocks of different sources relate only
 * by proof: where there is none, one source comes after the other.
 */
export function* history(
  timeline: TimelineReader,
  analysis: Analysis,
  filter: HistoryFilter,
): Generator<EventEntry | StateEntry> {
  const sources = new Map(timeline.sources().map((source) => [source.id, source]));
  const clocks = new SourceClocks([...sources.values()]);
  const bdfs = new Map(timeline.devices().map((device) => [device.id, device.bdf]));
  const spans = spansByCause(analysis);
  for (const event of allEvents(timeline)) {
    const source = sources.get(event.sourceId);
    const bdf = event.deviceId === null ? null : (bdfs.get(event.deviceId) ?? null);
    if (source === undefined || !isWanted(event, clocks.time(event), bdf, filter)) continue;
    const place = { source: source.path, line: event.line, time: formatTime(event.time, source.timeUnit), bdf };
    yield toEntry(event, place, originalOf(timeline, event, sources));
    const key = causeKey(`s${source.id}`, event.line, bdf);
    for (const { bind, contract, device } of spans.get(key) ?? [])
      yield { type: 'state', ...place, bind, contract, device };
    // An enter and its exit may stand on one line (function_graph); the change is told once.
    spans.delete(key);
  }
}

function* allEvents(timeline: TimelineReader): Generator<StoredEvent> {
  for (let after = 0; ; ) {
    const events = timeline.events(after, PAGE);
    yield* events;
    const last = events.at(-1);
    if (last === undefined) return;
    after = last.id;
  }
}

function originalOf(
  timeline: TimelineReader,
  { duplicateOf }: StoredEvent,
  sources: ReadonlyMap<number, StoredSource>,
): EventEntry['duplicate_of'] {
  const original = duplicateOf === null ? null : timeline.event(duplicateOf);
  return original && { source: sources.get(original.sourceId)?.path ?? '', line: original.line };
}

function isWanted(event: StoredEvent, time: Nanoseconds | null, bdf: string | null, filter: HistoryFilter): boolean {
  if (event.kind === 'call' && !filter.withCalls) return false;
  if (filter.device !== null && bdf !== filter.device) return false;
  if (filter.since !== null && (time === null || time < filter.since)) return false;
  return filter.until === null || (time !== null && time <= filter.until);
}

function toEntry(event: StoredEvent, place: Place, original: EventEntry['duplicate_of']): EventEntry {
  const { kind, phase, outcome, code, cpu, task, pid, args, text } = event;
  return { type: 'event', ...place, kind, phase, outcome, code, cpu, task, pid, args, text, duplicate_of: original };
}

function spansByCause(analysis: Analysis): Map<string, StateSpan[]> {
  const spans = new Map<string, StateSpan[]>();
  for (const device of analysis.devices) {
    for (const span of device.states) {
      if (span.cause === null) continue;
      const key = causeKey(span.cause.source, span.cause.line, device.bdf);
      const list = spans.get(key);
      if (list === undefined) spans.set(key, [span]);
      else list.push(span);
    }
  }
  return spans;
}

function causeKey(source: string, line: number, bdf: string | null): string {
  return `${source}:${line}:${bdf ?? ''}`;
}
