import { type JudgeOptions, judge } from '../../src/analysis.ts';
import { NEUTRAL_JUDGEMENT } from '../../src/commands/reading.ts';
import type { OpenedSource } from '../../src/input/source.ts';
import type { Analysis } from '../../src/model/analysis.ts';
import { createTimeline } from '../../src/timeline/create.ts';
import { ingest } from '../../src/timeline/ingest.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import type { TimelineWriter } from '../../src/timeline/timeline.ts';

// The whole way from text to verdicts, for thousands of short logs: one timeline is made, each log is read into it, judged, and
// taken back. What the command does beside it is to write down the verdicts; soundness.test.ts holds the two against each other.
let made: Promise<TimelineWriter> | null = null;
// It removes itself at the exit, which the processes of vitest never come to: they are killed.
if (process.env['VITEST'] !== undefined) {
  const { afterAll } = await import('vitest');
  afterAll(async () => (await made)?.abort());
}
/** One log at a time: they share the timeline. */
let turn: Promise<unknown> = Promise.resolve();

export function analyzeLog(text: string, judgement: Partial<JudgeOptions> = {}): Promise<Analysis> {
  const mine = turn.then(() => analyzeNow(text, judgement));
  turn = mine.catch(() => undefined);
  return mine;
}

/** The events that a log is read as, at most so many. */
export function eventsIn(text: string, most = 10_000): Promise<StoredEvent[]> {
  const mine = turn.then(() => withTimeline(text, async (timeline) => timeline.reader.events(0, most)));
  turn = mine.catch(() => undefined);
  return mine;
}

function analyzeNow(text: string, judgement: Partial<JudgeOptions>): Promise<Analysis> {
  return withTimeline(text, (timeline) => judge(timeline.reader, { ...NEUTRAL_JUDGEMENT, ...judgement }, undefined));
}

async function withTimeline<T>(text: string, work: (timeline: TimelineWriter) => Promise<T>): Promise<T> {
  made ??= createTimeline(null);
  const timeline = await made;
  return timeline.preview(async () => {
    await ingest(timeline, opened(Buffer.from(text)), { inputFormat: null, maxBytes: 2 ** 30 });
    timeline.relateClocks();
    return work(timeline);
  });
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

/** As a member of an archive that holds nothing else. */
export function opened(bytes: Buffer): OpenedSource {
  return {
    kind: 'log',
    path: 'log.txt',
    compression: 'none',
    recording: false,
    size: bytes.length,
    packed: { chunks: once(bytes), stored: () => bytes.length },
    head: bytes,
    handle: null,
    stream: null,
    stamp: null,
    close: async () => undefined,
  };
}
