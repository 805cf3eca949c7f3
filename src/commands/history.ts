import type { Bdf } from '../base/bdf.ts';
import { formatTime, type Nanoseconds } from '../base/time.ts';
import type { Untrusted } from '../base/untrusted.ts';
import type { EventKind, Outcome, Phase } from '../events/event.ts';
import type { Analysis, StateSpan } from '../model/analysis.ts';
import type { BindState, ContractState, TdispState } from '../model/states.ts';
import { SourceClocks } from '../replay/clocks.ts';
import { type Join, joinOf } from '../timeline/join.ts';
import type { StoredDevice, StoredEvent, StoredSource } from '../timeline/rows.ts';
import type { TimelineReader } from '../timeline/timeline.ts';
import type { SideEntry, sideEntries } from './history-side.ts';

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
  readonly certainty: StoredEvent['certainty'];
  /** Addresses of the devices that it may be about, one of them or none; `bdf` is null then. */
  readonly maybe: readonly string[];
  /** What makes it one of its device, where that is not the address: `pci=0xffff8880037a1000`, `ioctl, fd 12 of process 700`. */
  readonly by: string | null;
  /** Where the same stands in another input whose clock relates: it counts there. */
  readonly duplicate_of: { readonly source: string; readonly line: number } | null;
}

/** What records call a function besides its address, before the first event of it. */
export interface DeviceEntry extends Place {
  readonly type: 'device';
  readonly guest_bdf: string | null;
  readonly pf: string | null;
  readonly dsm: string | null;
  /** Pointers, files, ids of what stands for it. */
  readonly names: readonly string[];
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
  side: ReturnType<typeof sideEntries> = new Map(),
): Generator<Entry> {
  const sources = new Map(timeline.sources().map((source) => [source.id, source]));
  const clocks = new SourceClocks([...sources.values()]);
  const devices = new Map(timeline.devices().map((device) => [device.id, device]));
  const spans = spansByCause(analysis);
  const introduced = new Set<number>();
  for (const event of allEvents(timeline)) {
    const source = sources.get(event.sourceId);
    const own = event.deviceId === null ? null : (devices.get(event.deviceId) ?? null);
    const all = own === null ? event.maybe.flatMap((id) => devices.get(id) ?? []) : [own];
    if (source === undefined || !isWanted(event, clocks.time(event), all, filter)) continue;
    const time = formatTime(event.time, source.timeUnit);
    const place = { source: source.path, line: event.line, time, bdf: own?.bdf ?? null };
    for (const device of all) {
      if (introduced.has(device.id) || !isMeant(device, filter)) continue;
      introduced.add(device.id);
      if (hasNames(device)) yield introduction(device, place);
      yield* side.get(device.bdf as Bdf) ?? [];
    }
    yield toEntry(event, place, {
      maybe: own === null ? all.flatMap(({ bdf }) => bdf ?? []) : [],
      by: all[0] === undefined ? null : nameOf(joinOf(event, all[0], callsAround(timeline, event)), event),
      original: originalOf(timeline, event, sources),
    });
    for (const { bdf } of all.filter((device) => isMeant(device, filter))) {
      const key = causeKey(`s${source.id}`, event.line, bdf);
      for (const { bind, contract, device } of spans.get(key) ?? [])
        yield { type: 'state', ...place, bdf, bind, contract, device };
      // An enter and its exit may stand on one line (function_graph); the change is told once.
      spans.delete(key);
    }
  }
}

export type Entry = EventEntry | DeviceEntry | SideEntry | StateEntry;

function hasNames({ aliases, pf, dsm, guestBdf }: StoredDevice): boolean {
  return aliases.length > 0 || pf !== null || dsm !== null || guestBdf !== null;
}

function introduction({ bdf, pf, dsm, guestBdf, aliases }: StoredDevice, place: Place): DeviceEntry {
  return { type: 'device', ...place, bdf, guest_bdf: guestBdf, pf, dsm, names: aliases };
}

/** The recorded calls around an event, innermost first; looked up as far as they are asked for. */
function* callsAround(timeline: TimelineReader, event: StoredEvent): Generator<StoredEvent> {
  for (let at = event.parentId; at !== null; ) {
    const call = timeline.event(at);
    if (call === null) return;
    yield call;
    at = call.parentId;
  }
}

function nameOf(join: Join, { certainty }: StoredEvent): string | null {
  switch (join.by) {
    case 'address':
      return null;
    case 'short-address':
      return 'its address, without a segment';
    case 'told':
      return `${join.name}, as the user says`;
    case 'pointer':
    case 'object':
    case 'inside':
      return join.name;
    case 'call':
      return `the call on line ${join.line}`;
    case 'entry':
      return `the entry on line ${join.line}`;
    case 'task':
      return certainty === 'exact' ? null : 'its task alone';
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

function isMeant({ bdf }: StoredDevice, filter: HistoryFilter): boolean {
  return filter.device === null || bdf === filter.device;
}

/** @param devices that the event is of, or may be of. */
function isWanted(
  event: StoredEvent,
  time: Nanoseconds | null,
  devices: readonly StoredDevice[],
  filter: HistoryFilter,
): boolean {
  if (event.kind === 'call' && !filter.withCalls) return false;
  if (filter.device !== null && !devices.some((device) => isMeant(device, filter))) return false;
  if (filter.since !== null && (time === null || time < filter.since)) return false;
  return filter.until === null || (time !== null && time <= filter.until);
}

function toEntry(
  event: StoredEvent,
  place: Place,
  { maybe, by, original }: Pick<EventEntry, 'maybe' | 'by'> & { readonly original: EventEntry['duplicate_of'] },
): EventEntry {
  const { kind, phase, outcome, code, cpu, task, pid, args, text, certainty } = event;
  const facts = { kind, phase, outcome, code, cpu, task, pid, args, text };
  return { type: 'event', ...place, ...facts, certainty, maybe, by, duplicate_of: original };
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
