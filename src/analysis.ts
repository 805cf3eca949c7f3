import { setImmediate } from 'node:timers/promises';
import type { Bdf } from './base/bdf.ts';
import { InputError } from './base/errors.ts';
import type { HealthCode } from './base/health.ts';
import { toolVersion } from './base/version.ts';
import type { Hints } from './identity/hints.ts';
import { readInput } from './input/inputs.ts';
import { SideCollector } from './input/side/collector.ts';
import type { SideData } from './input/side-data.ts';
import { shownPath } from './input/source.ts';
import type { LegalOrder } from './legal/order.ts';
import { legalOrders } from './legal/search.ts';
import type { Shelf } from './legal/stretch.ts';
import type { Analysis } from './model/analysis.ts';
import type { EventClass, Platform } from './model/states.ts';
import { gapsOf } from './replay/gaps.ts';
import { contradicting, hostsOf, machinesOf } from './replay/hosts.ts';
import { judgedEvents } from './replay/judged-events.ts';
import type { ReplayOptions } from './replay/replay.ts';
import { SomeSources } from './replay/some-sources.ts';
import type { DeviceTrack } from './replay/track.ts';
import { documentOf } from './report/document.ts';
import {
  beliefReset,
  coverageCapped,
  laterCapped,
  ofOneCpu,
  ordersCapped,
  platformContradicted,
  resetReachUnknown,
  sourceHealth,
  statesMerged,
  tracesEnded,
} from './report/replay-health.ts';
import { sideContradicted, sideHealth } from './report/side-health.ts';
import type { Draft } from './rules/draft.ts';
import { RULES } from './rules/index.ts';
import { holdTrial, type Trial } from './rules/trial.ts';
import { createTimeline, createTimelineFrom, createTransientTimeline } from './timeline/create.ts';
import { ingest } from './timeline/ingest.ts';
import type { NewHealth, StoredSource } from './timeline/rows.ts';
import { refuseTicks } from './timeline/ticks.ts';
import type { TimelineReader, TimelineWriter } from './timeline/timeline.ts';

/** What to read and how to keep it. */
export interface IngestOptions {
  /** Paths as the user typed them, `-` for stdin; logs, archives and directories of logs, or timelines. */
  readonly inputs: readonly string[];
  /** Where to keep the timeline; null: a private temporary file that is removed by `close`. */
  readonly db: string | null;
  /**
   * Nobody opens the file: without `db` there is none as long as it would be small, and otherwise it stays unfinished, without
   * indexes and findings. It is read by means of {@link Analyzed.timeline} only.
   */
  readonly transient?: boolean;
  /** A format id that overrides detection, or null. */
  readonly inputFormat: string | null;
  /** Limit of decompressed bytes an input. */
  readonly maxBytes: number;
  /** What the user says of pointers; none where it is left out. */
  readonly hints?: Hints;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

export interface Progress {
  readonly path: string;
  readonly lines: number;
  readonly bytes: number;
  /** Size of the input as stored; null for a pipe. */
  readonly totalBytes: number | null;
}

/**
 * How to judge what was read. `since` / `until`: decimal seconds of the source's own clock, inclusive; where sources were
 * merged, of the first one of them.
 */
export interface JudgeOptions {
  readonly platform: Platform | 'auto';
  readonly fromBoot: boolean;
  readonly complete: readonly EventClass[];
  readonly device: Bdf | null;
  /** Rule ids to report; null: all. */
  readonly rules: readonly string[] | null;
  readonly skipRules: readonly string[];
  readonly since: string | null;
  readonly until: string | null;
  readonly lastBoot: boolean;
  /** What a capture kit stored beside the log. */
  readonly side: SideData | null;
}

export interface Analyzed {
  readonly analysis: Analysis;
  /** Inputs that could not be analysed at all; the others were. */
  readonly failures: readonly InputError[];
  /** What was stored beside the log, also in the sos report that it is of. */
  readonly side: SideData | null;
  /** The timeline behind the analysis, open for reading. */
  readonly timeline: TimelineReader;
  /** Path of the timeline file: `db`, or the temporary one; empty where there is none. */
  readonly timelinePath: string;
  /** Closes the timeline, removes it if it is temporary. Safe to call twice. */
  close(): void;
}

/**
 * The main job: reads logs (or a finished timeline), replays what they hold, judges it.
 *
 * @throws InputError where no input at all could be analysed, or `db` cannot be written.
 */
export async function analyze(options: IngestOptions, judgement: JudgeOptions): Promise<Analyzed> {
  // A sos report tells of the machine that its logs are of, and of no other.
  const [only, ...others] = options.inputs;
  const own = only === undefined || others.length > 0 || judgement.side !== null ? null : new SideCollector();
  const { writer, failures } = await readAll(options, own, judgement);
  const found = own?.finish(only ?? '') ?? null;
  const side = judgement.side ?? (found?.files.length === 0 ? null : found);
  return conclude(writer, failures, { ...judgement, side }, isKept(options), options.signal);
}

function isKept({ db, transient }: IngestOptions): boolean {
  return db !== null || transient !== true;
}

/**
 * Judges what has been read, and finishes the timeline if it is kept; where that fails, or `signal` is aborted, nothing is left
 * of it.
 */
export async function conclude(
  writer: TimelineWriter,
  failures: readonly InputError[],
  judgement: JudgeOptions,
  isKept: boolean,
  signal: AbortSignal | undefined,
): Promise<Analyzed> {
  let analysis: Analysis;
  try {
    writer.relateClocks();
    analysis = await judge(writer.reader, judgement, signal);
    await hearSignals(signal);
    if (isKept) {
      writer.writeAnalysis(analysis);
      await hearSignals(signal);
      writer.finish();
    }
  } catch (error) {
    writer.abort();
    throw error;
  }
  const timeline = writer.reader;
  const { side } = judgement;
  const close = () => (isKept ? timeline.close() : writer.abort());
  return { analysis, failures, side, timeline, timelinePath: timeline.path, close };
}

/** A signal that came while we were busy is only heard when the event loop turns. */
async function hearSignals(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  signal?.throwIfAborted();
}

/** Every input into one timeline. An input that cannot be read leaves the others alone. */
async function readAll(
  options: IngestOptions,
  side: SideCollector | null,
  judgement: JudgeOptions,
): Promise<{ writer: TimelineWriter; failures: InputError[] }> {
  const failures: InputError[] = [];
  // Set in callbacks, which the compiler does not follow.
  let writer = null as TimelineWriter | null;
  let read = 0;
  try {
    for (const path of options.inputs) {
      options.signal?.throwIfAborted();
      const inside: InputError[] = [];
      try {
        await readInput(path, {
          maxBytes: options.maxBytes,
          ...(options.signal && { signal: options.signal }),
          ...(side && { side }),
          async prepare() {
            writer ??= isKept(options) ? await createTimeline(options.db) : createTransientTimeline();
          },
          async read(opened) {
            if (writer) await readOne(writer, opened, options);
          },
          async timeline() {
            if (options.inputs.length > 1) {
              throw new InputError(`${shownPath(path)}: is a timeline; a timeline can only be analysed alone`);
            }
            writer = createTimelineFrom(path, options.db);
            writer.clearAnalysis();
          },
          health: (item) => writer?.addHealth({ ...item, sourceId: null }),
          unreadable: (error) => inside.push(error),
        });
        for (const { message } of inside)
          writer?.addHealth({ sourceId: null, code: 'source-unusable', line: null, message, count: 1 });
        failures.push(...inside);
        read += 1;
        if (writer) refuseTicks(writer.reader, judgement);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        failures.push(error);
      }
    }
    if (writer && read > 0) {
      for (const item of hintHealth(options.hints ?? null)) writer.addHealth(item);
      return { writer, failures };
    }
  } catch (error) {
    writer?.abort();
    throw error;
  }
  writer?.abort();
  throw nothingRead(failures);
}

async function readOne(
  writer: TimelineWriter,
  opened: Parameters<typeof ingest>[1],
  { inputFormat, maxBytes, hints, onProgress, signal }: IngestOptions,
): Promise<void> {
  const { path } = opened;
  await ingest(writer, opened, {
    inputFormat,
    maxBytes,
    ...(hints && { hints }),
    ...(signal && { signal }),
    ...(onProgress && { onProgress: (progress) => onProgress({ path, ...progress }) }),
  });
}

/** What the user said, as far as it mattered; what contradicts the log is told where that shows. */
export function hintHealth(hints: Hints | null): NewHealth[] {
  if (hints === null) return [];
  const row = (code: HealthCode, message: string, count: number) =>
    count === 0 ? [] : [{ sourceId: null, code, line: null, message, count }];
  const used = [...hints.used].map(([pointer, bdf]) => `${pointer} is ${bdf}`);
  const { unused } = hints;
  return [
    ...row('hints-used', `as the user says (--map, --hints): ${some(used)}`, used.length),
    ...row('hints-unused', `no record holds these pointers (--map, --hints): ${some(unused)}`, unused.length),
  ];
}

function some(list: readonly string[]): string {
  return list.length <= 8 ? list.join(', ') : `${list.slice(0, 8).join(', ')} and ${list.length - 8} more`;
}

function nothingRead(failures: readonly InputError[]): InputError {
  const [first, ...others] = failures;
  if (!first) return new InputError('no input was given');
  first.others = others;
  return first;
}

/**
 * Replays the timeline and asks the rules: pure, apart from reading.
 *
 * @param heed gets what the findings were made of.
 */
export async function judge(
  reader: TimelineReader,
  options: JudgeOptions,
  signal: AbortSignal | undefined,
  heed?: (drafts: readonly Draft[]) => void,
): Promise<Analysis> {
  const sources = reader.sources();
  const marks = reader.eventsOfKind('host.platform', sources.length * HOST_MARKS);
  const hosts = hostsOf(sources, marks, options.platform);
  const common: Omit<ReplayOptions, 'platform' | 'x86' | 'perhaps'> = {
    complete: new Set(options.complete),
    fromBoot: options.fromBoot,
    gaps: gapsOf(reader.health()),
    judged: judgedEvents(reader, options),
    side: options.side,
    sideDoubted: options.side !== null && isSideDoubted(reader, sources),
  };
  const rules = RULES.filter(
    ({ doc }) => (options.rules === null || options.rules.includes(doc.id)) && !options.skipRules.includes(doc.id),
  );
  const trials: HostTrial[] = [];
  for (const host of hosts) {
    // What is asked of one machine's records is not asked of another's.
    const recorded = hosts.length === 1 ? reader : new SomeSources(reader, host.sources);
    const { platform, x86, perhaps } = host;
    const replayOptions: ReplayOptions = { ...common, platform, x86, perhaps };
    const trial = await holdTrial(recorded, replayOptions, rules, signal);
    trials.push({ ...trial, recorded });
  }
  const tracks = trials.flatMap((trial) => trial.tracks).sort((a, b) => a.id - b.id);
  const findings = trials.flatMap(({ court }) => court.findings());
  const covered = new Set(coveredTracks(tracks, new Set(findings.map(({ track }) => track))));
  heed?.(findings);
  const orders = new Map<Draft, LegalOrder>();
  let ordersLeft = 0;
  for (const { court, recorded, options: setting, tracks: own } of trials) {
    const reported = court.findings().filter(({ track }) => options.device === null || track.bdf === options.device);
    // Whoever looks in passing, while the input grows, has no time for it.
    const legal = await legalOrders(recorded, heed ? [] : reported, { rules: RULES, options: setting, tracks: own });
    for (const [draft, order] of legal.orders) orders.set(draft, order);
    ordersLeft += legal.left;
  }
  return documentOf(
    reader,
    {
      hosts,
      fromBoot: options.fromBoot,
      complete: options.complete,
      device: options.device,
      tracks,
      drafts: findings,
      coverage: trials
        .flatMap(({ court, tracks: own }) => court.coverage(own.filter((track) => covered.has(track))))
        .sort((a, b) => a.track.id - b.track.id),
      orders,
      health: [
        ...sourceHealth(reader),
        ...contradicting(marks, options.platform).map((mark) => platformContradicted(mark, options.platform)),
        ...sideHealth(options.side),
        ...trials.flatMap(({ replay }) => replay.contradicted.map(sideContradicted)),
        ...trials.flatMap(({ replay }) => replay.resetsOutOfSight.map(resetReachUnknown)),
        ...ofOneCpu(reader),
        ...tracesEnded(reader),
        ...trials.flatMap(({ court }) => court.impossibles.map(({ event }) => beliefReset(event))),
        ...tracks.filter((track) => track.concerned && track.mergedSpans > 0).map(statesMerged),
        ...tracks.filter((track) => track.waitedTooLong > 0).map(laterCapped),
        ...coverageCapped(tracks.length - covered.size),
        ...ordersCapped(ordersLeft),
      ],
    },
    toolVersion(),
  );
}

/** Of which of several machines side data are, nothing tells; nor of when they are where the log names another kernel. */
function isSideDoubted(reader: TimelineReader, sources: readonly StoredSource[]): boolean {
  const doubts = reader.health().some(({ code }) => code === 'side-contradicted' || code === 'several-machines');
  return doubts || machinesOf(sources).length > 1;
}

/** Records that tell of the machine, of one source: the first of each kind is kept. */
const HOST_MARKS = 5;

/** What was judged as one machine's. */
interface HostTrial extends Trial {
  readonly recorded: Shelf;
}

/** Devices without a name whose coverage is told: the function tracer makes one of every task that it cannot place. */
const UNNAMED_MAX = 1000;

function coveredTracks(tracks: readonly DeviceTrack[], accused: ReadonlySet<DeviceTrack>): DeviceTrack[] {
  let unnamed = 0;
  return tracks.filter((track) => {
    if (track.bdf !== null || !track.concerned || accused.has(track)) return true;
    unnamed += 1;
    return unnamed <= UNNAMED_MAX;
  });
}
