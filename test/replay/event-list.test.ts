import { expect, test } from 'vitest';
import { analyze } from '../../src/analysis.ts';
import { NEUTRAL_JUDGEMENT } from '../../src/commands/reading.ts';
import { EventList } from '../../src/replay/event-list.ts';
import type { RecordedEvents } from '../../src/replay/recorded.ts';
import { Replay } from '../../src/replay/replay.ts';
import { RULES } from '../../src/rules/index.ts';
import { Judge } from '../../src/rules/judge.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { NOTHING_TOLD } from './replay-options.ts';

const CAPTURE = 'fixtures/captures/close-before-unbind/trace.probes.txt';

async function found(recorded: RecordedEvents): Promise<string[]> {
  const court = new Judge(RULES, NOTHING_TOLD);
  await new Replay(recorded, NOTHING_TOLD, court).run();
  return court.findings().map(({ rule, verdict, violation }) => `${verdict} ${rule.doc.id} :${violation.line}`);
}

/** Works on the events of the capture, in its order. */
async function withCapture(work: (timeline: RecordedEvents, events: readonly StoredEvent[]) => Promise<void>) {
  const analyzed = await analyze(
    { inputs: [CAPTURE], db: null, inputFormat: null, maxBytes: 2 ** 30 },
    NEUTRAL_JUDGEMENT,
  );
  try {
    await work(analyzed.timeline, analyzed.timeline.events(0, 1000));
  } finally {
    analyzed.close();
  }
}

test('events in memory are replayed as a timeline is', () =>
  withCapture(async (timeline, events) => {
    const list = new EventList(timeline.sources(), timeline.devices(), events);
    expect(await found(list)).toEqual(await found(timeline));
    expect(await found(list)).toContain('probable unbind-before-disable :107');
  }));

test('the order of the list counts, not that of the lines', () =>
  withCapture(async (timeline, events) => {
    // The unbind (its entry, what it calls, its return) before everything that the close does.
    const of = (event: StoredEvent) => event.line >= 132;
    const close = events.findIndex(({ line }) => line === 106);
    const before = events.slice(0, close);
    const after = events.slice(close);
    const list = new EventList(timeline.sources(), timeline.devices(), [
      ...before,
      ...after.filter(of),
      ...after.filter((event) => !of(event)),
    ]);
    const verdicts = await found(list);
    // The stamps contradict that order, and nothing is left to accuse the close of.
    expect(verdicts.filter((one) => !one.startsWith('possible'))).toEqual([]);
  }));
