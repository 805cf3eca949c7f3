import type { Readable } from 'node:stream';
import { type Analyzed, conclude, type IngestOptions, type JudgeOptions, judge } from '../analysis.ts';
import type { ReadBytesOptions, ReadBytesResult } from '../input/bytes.ts';
import type { OpenedSource } from '../input/source.ts';
import { openTail, type Tail } from '../input/tail.ts';
import type { Analysis, Verdict } from '../model/analysis.ts';
import type { News } from '../report/news.ts';
import type { Draft } from '../rules/draft.ts';
import { createTimeline } from '../timeline/create.ts';
import { hintHealth } from '../timeline/hint-health.ts';
import { deviceKey, sourceKey } from '../timeline/ids.ts';
import { ingest, type OpenIngest } from '../timeline/ingest.ts';
import type { TimelineWriter } from '../timeline/timeline.ts';
import { holdOf } from './hold.ts';
import { Intake } from './intake.ts';
import { keyOf, Ledger } from './ledger.ts';
import { Pace } from './pace.ts';

/** After the user has asked for the end: what is still on its way is read until nothing comes for so long, or so long at all. */
const DRAIN_QUIET_MS = 100;
const DRAIN_MAX_MS = 1000;

/** Who is told while the input is followed. */
export interface FollowOptions {
  readonly ingest: IngestOptions & { readonly inputs: readonly [string] };
  readonly judge: JudgeOptions;
  /** Headlines less sure than this are not told on the way. */
  readonly floor: Extract<Verdict, 'probable' | 'possible'>;
  /** Aborted where the user has seen enough: what has come is the whole input then. */
  readonly stop: AbortSignal;
  /** Takes the news, with the analysis that they come from; `isLast`: it is that of the whole input. Reading waits for it. */
  readonly tell: (news: readonly News[], analysis: Analysis, isLast: boolean) => Promise<void>;
  /** Milliseconds, never going back. */
  readonly now?: () => number;
  /** What `-` stands for. */
  readonly stdin?: Readable;
}

/**
 * Reads an input that grows, and tells what is wrong as soon as that is certain enough. What it answers in the end is what
 * {@link analyze} would have answered for the same bytes.
 *
 * @throws InputError and UsageError as `analyze` does, and where the input is compressed or a timeline.
 */
export async function follow(options: FollowOptions): Promise<Analyzed> {
  const { stop, ingest: what } = options;
  const [path] = what.inputs;
  const tail = await openTail(path, options.stdin);
  const writer = await createTimeline(what.db).catch(async (error: unknown) => {
    await tail.close();
    throw error;
  });
  const watch = new Watch(writer, options);
  const pump = new Pump(tail, stop, watch);
  stop.addEventListener('abort', tail.wake);
  try {
    await ingest(writer, sourceOf(path), {
      inputFormat: what.inputFormat,
      maxBytes: what.maxBytes,
      ...(what.hints && { hints: what.hints }),
      ...(what.signal && { signal: what.signal }),
      onProgress: (progress) => what.onProgress?.({ path, ...progress }),
      pump: (how) => pump.run(how),
      onOpen: (ingested) => watch.open(ingested),
    });
    for (const item of hintHealth(what.hints ?? null)) writer.addHealth(item);
  } catch (error) {
    writer.abort();
    throw error;
  } finally {
    stop.removeEventListener('abort', tail.wake);
    // A read that is under way would hold up the close; nobody waits for it.
    void tail.close().catch(() => undefined);
  }
  const analyzed = await conclude(writer, [], options.judge, what.db !== null, what.signal);
  await watch.conclude(analyzed.analysis);
  return analyzed;
}

/** The bytes come by way of the pump. */
function sourceOf(path: string): OpenedSource {
  const empty = {
    size: null,
    head: Buffer.alloc(0),
    handle: null,
    stream: null,
    stamp: null,
    recording: false,
    packed: null,
  } as const;
  return { kind: 'log', path, compression: 'none', ...empty, close: async () => {} };
}

/** Judges what has come so far, and tells what is new. */
class Watch {
  readonly #writer: TimelineWriter;
  readonly #options: FollowOptions;
  readonly #ledger: Ledger;
  readonly #pace: Pace;
  readonly #now: () => number;
  #ingest: OpenIngest | null = null;
  #latest: Analysis | null = null;

  constructor(writer: TimelineWriter, options: FollowOptions) {
    this.#writer = writer;
    this.#options = options;
    this.#ledger = new Ledger(options.floor);
    this.#now = options.now ?? (() => performance.now());
    this.#pace = new Pace(this.#now);
  }

  open(ingested: OpenIngest): void {
    this.#ingest = ingested;
  }

  input(): void {
    this.#pace.input();
  }

  /** Milliseconds until there may be something to do. */
  dueIn(): number {
    return Math.min(this.#pace.dueIn(), this.#ledger.dueIn(this.#now()));
  }

  /** Does what is due. */
  async turn(): Promise<void> {
    if (this.#pace.dueIn() <= 0) await this.#judge();
    if (this.#latest !== null) await this.#tell(this.#ledger.release(this.#now()), this.#latest);
  }

  /** All is over: what was told is set right by the final judgement. */
  async conclude(analysis: Analysis): Promise<void> {
    await this.#tell(this.#ledger.compare(analysis, null, this.#now()), analysis, true);
  }

  async #judge(): Promise<void> {
    const since = this.#now();
    const { stop, judge: how } = this.#options;
    try {
      if (this.#ingest === null || !this.#ingest.hasNews()) return;
      const open = new Map<string, number>();
      const analysis = await this.#ingest.preview(() =>
        judge(this.#writer.reader, how, stop, (drafts) => {
          for (const draft of drafts) open.set(keyOfDraft(draft), holdOf(draft));
        }),
      );
      this.#latest = analysis;
      await this.#tell(this.#ledger.compare(analysis, open, this.#now()), analysis);
    } catch (error) {
      // The user has seen enough: the final judgement follows.
      if (!stop.aborted) throw error;
    } finally {
      this.#pace.judged(since);
    }
  }

  async #tell(news: readonly News[], analysis: Analysis, isLast = false): Promise<void> {
    if (news.length > 0) await this.#options.tell(news, analysis, isLast);
  }
}

function keyOfDraft({ violation, rule, track }: Draft): string {
  return keyOf(sourceKey(violation.sourceId), violation.line, rule.doc.id, track.bdf ?? deviceKey(track.id));
}

/** Hands the bytes of a followed input over, and lets the watch have its turn between them. */
class Pump {
  readonly #tail: Tail;
  readonly #stop: AbortSignal;
  readonly #watch: Watch;

  constructor(tail: Tail, stop: AbortSignal, watch: Watch) {
    this.#tail = tail;
    this.#stop = stop;
    this.#watch = watch;
  }

  /** As `readBytes` does. */
  async run(options: ReadBytesOptions): Promise<ReadBytesResult> {
    const intake = new Intake(this.#tail.path, options);
    let until = Number.POSITIVE_INFINITY;
    while (!intake.isFull) {
      const tidings = await this.#tail.next(this.#stop.aborted ? DRAIN_QUIET_MS : this.#watch.dueIn());
      options.signal?.throwIfAborted();
      if (tidings.kind === 'end') break;
      if (tidings.kind === 'bytes') {
        intake.take(tidings.bytes);
        this.#watch.input();
      } else if (tidings.kind === 'restart') {
        intake.restart(tidings.what);
        this.#watch.input();
      } else if (this.#stop.aborted && until < Number.POSITIVE_INFINITY) break;
      if (this.#stop.aborted) until = Math.min(until, performance.now() + DRAIN_MAX_MS);
      else await this.#watch.turn();
      if (performance.now() > until) break;
    }
    intake.end();
    return { bytes: intake.bytes, cut: intake.isFull };
  }
}
