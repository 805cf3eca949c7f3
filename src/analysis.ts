import { setImmediate } from 'node:timers/promises';
import type { Bdf } from './base/bdf.ts';
import type { InputError } from './base/errors.ts';
import { toolVersion } from './base/version.ts';
import { SideCollector } from './input/side/collector.ts';
import type { SideData } from './input/side-data.ts';
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
import { type IngestOptions, isKept, readInputs } from './timeline/read-inputs.ts';
import type { StoredSource } from './timeline/rows.ts';
import type { TimelineReader, TimelineWriter } from './timeline/timeline.ts';

export type { IngestOptions, Progress } from './timeline/read-inputs.ts';

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
  const { writer, failures } = await readInputs(options, own, judgement);
  const found = own?.finish(only ?? '') ?? null;
  const side = judgement.side ?? (found?.files.length === 0 ? null : found);
  return conclude(writer, failures, { ...judgement, side }, isKept(options), options.signal);
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
