import type { StoredEvent } from '../timeline/rows.ts';
import type { SourceClocks } from './clocks.ts';
import type { GapsBySource } from './gaps.ts';
import { oneCpuSources } from './one-cpu.ts';
import type { RecordedEvents } from './recorded.ts';

/** `lost`: records are missing before an event. `uncovered`: nobody recorded before it, or from it on, what had been recorded. */
export type Change = 'lost' | 'uncovered';

/** A stretch of one merged history, by ids of events: what stands in it stands beside lost records of another source or CPU. */
interface Stretch {
  /** The last event of the source before the loss, and the first one after it. */
  readonly after: number;
  readonly to: number;
}

/** A trace begins or ends, on the clock of the history. */
interface Edge {
  readonly at: bigint;
  readonly begins: boolean;
}

/** Where the evidence has holes: losses that a source marks, and in merged histories the parts that a trace does not reach. */
export class Coverage {
  readonly #clocks: SourceClocks;
  readonly #gaps: GapsBySource;
  readonly #gapAt = new Map<number, number>();
  readonly #stretches = new Map<number, Stretch[]>();
  readonly #edges = new Map<number, Edge[]>();
  /** Sources and histories in which records are missing between any two. */
  readonly #sparse: ReadonlySet<number>;
  readonly #sparseHistories = new Set<number>();
  /** Nothing tells of a hole: so it is with nearly every input. */
  readonly #isWhole: boolean;

  /** @param startTold the user says that the capture begins with the machine: it is known what a trace that begins later missed. */
  constructor(recorded: RecordedEvents, clocks: SourceClocks, gaps: GapsBySource, startTold: boolean) {
    this.#clocks = clocks;
    this.#gaps = gaps;
    this.#sparse = oneCpuSources(recorded);
    if ([...gaps.values()].some(({ ofCpu }) => ofCpu.length > 0)) this.#findStretchesOfCpus(recorded);
    const merged = recorded.sources().filter(({ id }) => clocks.isMerged(id));
    this.#isWhole = gaps.size === 0 && this.#sparse.size === 0 && merged.length === 0;
    if (merged.length === 0) return;
    const traces = recorded.tracingSources();
    for (const { clockGroup } of merged) {
      const members = this.#sparse.size === 0 ? [] : clocks.members(clockGroup).filter(({ id }) => traces.has(id));
      // Where one trace is whole, those of one CPU hide nothing.
      if (members.length > 0 && members.every(({ id }) => this.#sparse.has(id))) this.#sparseHistories.add(clockGroup);
      if (!this.#edges.has(clockGroup)) this.#edges.set(clockGroup, edgesOf(clocks, clockGroup, traces, startTold));
    }
    if (merged.some(({ id }) => gaps.has(id))) this.#findStretches(recorded);
  }

  /** Whether {@link before} would say something of the event. */
  changesAt(event: StoredEvent): boolean {
    if (this.#isWhole) return false;
    if (this.#isSparse(event)) return true;
    const gap = this.#gaps.get(event.sourceId)?.lines[this.#gapAt.get(event.sourceId) ?? 0];
    if (gap !== undefined && gap <= event.line) return true;
    const history = this.#clocks.history(event.sourceId);
    return this.#isBeside(event, history) || this.#isPast(event, history);
  }

  /** What happened to the evidence before this event; to be asked once of every event, in order. */
  before(event: StoredEvent): Change | null {
    if (this.#isWhole) return null;
    const history = this.#clocks.history(event.sourceId);
    const lost = this.#crossGaps(event) || this.#isBeside(event, history) || this.#isSparse(event);
    let uncovered = false;
    while (this.#isPast(event, history)) {
      this.#edges.get(history)?.shift();
      uncovered = true;
    }
    return uncovered ? 'uncovered' : lost ? 'lost' : null;
  }

  /**
   * Whether records may be missing between two events of one history, of whatever source or CPU. Not to be asked where
   * {@link before} is, which forgets what it has passed.
   */
  lostBetween(one: StoredEvent, other: StoredEvent): boolean {
    if (this.#isSparse(other)) return true;
    const gaps = one.sourceId === other.sourceId ? this.#gaps.get(one.sourceId)?.lines : undefined;
    if (gaps?.some((line) => line > one.line && line <= other.line)) return true;
    const history = this.#clocks.history(other.sourceId);
    if (this.#stretches.get(history)?.some(({ after, to }) => after < other.id && to > one.id)) return true;
    const [from, until] = [this.#clocks.time(one), this.#clocks.time(other)];
    if (from === null || until === null) return false;
    // The first record of a trace comes after its beginning, the last one before its end.
    const edges = this.#edges.get(history) ?? [];
    return edges.some(({ at, begins }) => (begins ? at > from && at <= until : at >= from && at < until));
  }

  #isSparse({ sourceId, line }: StoredEvent): boolean {
    if ((this.#gaps.get(sourceId)?.throughout ?? Number.POSITIVE_INFINITY) <= line) return true;
    return this.#sparse.has(sourceId) || this.#sparseHistories.has(this.#clocks.history(sourceId));
  }

  #crossGaps(event: StoredEvent): boolean {
    const gaps = this.#gaps.get(event.sourceId)?.lines;
    if (!gaps) return false;
    const from = this.#gapAt.get(event.sourceId) ?? 0;
    let at = from;
    for (let gap = gaps[at]; gap !== undefined && gap <= event.line; gap = gaps[at]) at += 1;
    this.#gapAt.set(event.sourceId, at);
    return at > from;
  }

  #isBeside(event: StoredEvent, history: number): boolean {
    const list = this.#stretches.get(history);
    if (!list) return false;
    while (list[0] && list[0].to < event.id) list.shift();
    return list[0] !== undefined && list[0].after < event.id;
  }

  #isPast(event: StoredEvent, history: number): boolean {
    const edge = this.#edges.get(history)?.[0];
    const time = this.#clocks.time(event);
    if (!edge || time === null) return false;
    return edge.begins ? time >= edge.at : time > edge.at;
  }

  /** Losses of one source of a merged history, as the others see them. */
  #findStretches(recorded: RecordedEvents): void {
    const latest = new Map<number, number>();
    const next = new Map<number, number>();
    for (const { id, sourceId, line } of recorded.places()) {
      const gaps = this.#gaps.get(sourceId);
      if (!gaps || !this.#clocks.isMerged(sourceId)) continue;
      // From there on nothing closes the stretch that the last event before it opens.
      if (gaps.throughout <= line) continue;
      let at = next.get(sourceId) ?? 0;
      if ((gaps.lines[at] ?? Number.POSITIVE_INFINITY) <= line) {
        while ((gaps.lines[at] ?? Number.POSITIVE_INFINITY) <= line) at += 1;
        this.#addStretch(sourceId, latest.get(sourceId) ?? 0, id);
      }
      next.set(sourceId, at);
      latest.set(sourceId, id);
    }
    for (const [sourceId, gaps] of this.#gaps) {
      const isOpen = (next.get(sourceId) ?? 0) < gaps.lines.length || gaps.throughout !== Number.POSITIVE_INFINITY;
      if (isOpen && this.#clocks.isMerged(sourceId))
        this.#addStretch(sourceId, latest.get(sourceId) ?? 0, Number.POSITIVE_INFINITY);
    }
    for (const [history, list] of this.#stretches) this.#stretches.set(history, union(list));
  }

  /**
   * A mark stands where its CPU goes on. What was lost may have happened any time since its last record, so what other CPUs did
   * meanwhile stands beside it. Of records that are no events nothing is kept: the last event stands for them.
   */
  #findStretchesOfCpus(recorded: RecordedEvents): void {
    const latest = new Map<number, Map<number, number>>();
    const next = new Map<number, number>();
    for (const { id, sourceId, line, cpu } of recorded.places()) {
      const marks = this.#gaps.get(sourceId)?.ofCpu ?? [];
      if (marks.length === 0) continue;
      const ofSource = latest.get(sourceId) ?? new Map<number, number>();
      latest.set(sourceId, ofSource);
      let at = next.get(sourceId) ?? 0;
      for (let mark = marks[at]; mark !== undefined && mark.line <= line; mark = marks[at]) {
        this.#addStretch(sourceId, ofSource.get(mark.cpu) ?? 0, id);
        at += 1;
      }
      next.set(sourceId, at);
      if (cpu !== null) ofSource.set(cpu, id);
    }
    for (const [sourceId, { ofCpu }] of this.#gaps) {
      for (const { cpu } of ofCpu.slice(next.get(sourceId) ?? 0))
        this.#addStretch(sourceId, latest.get(sourceId)?.get(cpu) ?? 0, Number.POSITIVE_INFINITY);
    }
    for (const [history, list] of this.#stretches) this.#stretches.set(history, union(list));
  }

  #addStretch(sourceId: number, after: number, to: number): void {
    const history = this.#clocks.history(sourceId);
    const list = this.#stretches.get(history);
    if (list) list.push({ after, to });
    else this.#stretches.set(history, [{ after, to }]);
  }
}

/** Overlapping stretches as one, in order. */
function union(list: readonly Stretch[]): Stretch[] {
  const result: Stretch[] = [];
  for (const one of list.toSorted((a, b) => a.after - b.after)) {
    const last = result.at(-1);
    if (last && one.after < last.to) result[result.length - 1] = { after: last.after, to: Math.max(last.to, one.to) };
    else result.push(one);
  }
  return result;
}

/**
 * Where tracing begins and ends. A kernel log tells of no bind and of no close: what it shows beyond the ends of a trace is seen
 * like in a capture without one. An end counts even where another trace goes on, since the two may record different functions.
 */
function edgesOf(clocks: SourceClocks, history: number, traces: ReadonlySet<number>, startTold: boolean): Edge[] {
  const spans = clocks.members(history).flatMap(({ id, firstTime, lastTime }) => {
    const from = clocks.time({ sourceId: id, time: firstTime });
    const to = clocks.time({ sourceId: id, time: lastTime });
    return traces.has(id) && from !== null && to !== null ? [{ from, to: to + clocks.widestError(history) }] : [];
  });
  const begins = spans.filter(
    ({ from }) => !startTold && !spans.some((other) => other.from < from && other.to >= from),
  );
  return [
    ...[...new Set(begins.map(({ from }) => from))].map((at) => ({ at, begins: true })),
    ...spans.map(({ to }) => ({ at: to, begins: false })),
  ].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : Number(b.begins) - Number(a.begins)));
}
