import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { exactTime } from '../../src/timeline/analysis-rows.ts';
import { createTimeline, createTimelineFrom, openTimeline } from '../../src/timeline/create.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import type { TimelineReader, TimelineWriter } from '../../src/timeline/timeline.ts';
import { ANALYSIS, BDF, event, scratch, T0, writeSample } from './sample.ts';

let dir: ReturnType<typeof scratch>;
beforeEach(() => {
  dir = scratch();
});
afterEach(() => dir.remove());

function allEvents(reader: TimelineReader, pageSize: number): StoredEvent[] {
  const events: StoredEvent[] = [];
  for (;;) {
    const page = reader.events(events.at(-1)?.id ?? 0, pageSize);
    if (page.length === 0) return events;
    events.push(...page);
  }
}

function checkSample(reader: TimelineReader): void {
  expect(reader.sources()).toMatchObject([
    {
      id: 1,
      path: 'trace.txt',
      compression: 'gzip',
      clock: 'mono',
      timeUnit: 'ns',
      lost: 3,
      firstTime: T0,
      lastTime: T0 + 12n,
    },
    { id: 2, path: '-', compression: 'none', firstTime: null },
  ]);
  expect(reader.devices()).toEqual([
    {
      id: 1,
      sourceId: 1,
      bdf: BDF,
      pf: null,
      dsm: '0000:02:00.0',
      guestBdf: '0000:00:05.0',
      aliases: ['pci:0xffff8881'],
      certainty: 'exact',
      fromTime: T0 + 10n,
      toTime: T0 + 12n,
      events: 3,
    },
  ]);
  const [enter, inner, exit, other] = reader.events(0, 100);
  expect(enter).toEqual({
    ...event(1, 10, { phase: 'enter', kind: 'tsm.bind', entityId: 1, args: { kvm: '0x1000' }, outcome: 'ok', code: 0 }),
    id: 1,
    deviceId: 1,
    maybe: [],
    certainty: 'inherited',
    pairId: 3,
    pairLine: 12,
    supersededBy: 2,
    duplicateOf: null,
    pairTime: T0 + 12n,
  });
  expect(inner).toMatchObject({
    outcome: 'ok',
    code: null,
    parentId: 1,
    rootId: 1,
    deviceId: 1,
    maybe: [],
    certainty: 'exact',
    pairId: null,
  });
  expect(exit).toMatchObject({ pairId: 1, pairLine: 10, phase: 'exit' });
  expect(other).toMatchObject({
    sourceId: 2,
    time: null,
    cpu: null,
    task: null,
    pid: null,
    deviceId: null,
    maybe: [],
    certainty: 'none',
  });
  expect(reader.event(3)).toEqual(exit);
  expect(reader.event(99)).toBeNull();
  expect(reader.eventsOfKind('tsm.bind', 10)).toEqual([enter, exit]);
  expect(reader.eventsOfKind('tsm.bind', 1)).toEqual([enter]);
  expect(reader.eventsOfKind('pci.flr', 1)).toEqual([]);
  expect(reader.health()).toEqual([
    { sourceId: 1, code: 'events-lost', line: 11, message: 'CPU 1 lost 3 events', count: 3 },
  ]);
  expect(reader.unrecognised()).toEqual([
    { sourceId: 1, subsystem: 'tsm', text: 'tsm: \u001b[31mhello', count: 2, line: 13 },
  ]);
  expect(reader.analysis()).toEqual(ANALYSIS);
}

test('what was written is read back: while it is built, after it, and from the file', async () => {
  const target = dir.path('run.db');
  const writer = await writeSample(target);
  checkSample(writer.reader);
  writer.finish();
  checkSample(writer.reader);
  expect(writer.reader.path).toBe(target);
  writer.reader.close();
  writer.reader.close();
  writer.abort();
  const reader = openTimeline(target);
  checkSample(reader);
  expect(allEvents(reader, 1)).toEqual(allEvents(reader, 3));
  reader.close();
});

test('the analysis comes back byte for byte', async () => {
  const writer = await writeSample(null);
  expect(JSON.stringify(writer.reader.analysis())).toBe(JSON.stringify(ANALYSIS));
  writer.abort();
});

test('an analysis whose ids are not those of the rows is refused', async () => {
  const writer = await writeSample(null);
  const devices = ANALYSIS.devices.map((device) => ({ ...device, id: 'd7' }));
  expect(() => writer.writeAnalysis({ ...ANALYSIS, devices })).toThrow('d7');
  writer.abort();
});

test('a copy is judged anew; the original stays', async () => {
  const original = dir.path('run.db');
  const first = await writeSample(original);
  first.finish();
  first.reader.close();
  const writer = createTimelineFrom(original, null);
  writer.clearAnalysis();
  expect(writer.reader.analysis()).toBeNull();
  expect(writer.reader.health()).toHaveLength(1);
  writer.writeAnalysis({ ...ANALYSIS, from_boot: true, findings: [] });
  writer.finish();
  expect(writer.reader.analysis()).toMatchObject({ from_boot: true, findings: [] });
  writer.reader.close();
  const reader = openTimeline(original);
  checkSample(reader);
  reader.close();
  const inPlace = createTimelineFrom(original, original);
  inPlace.writeAnalysis({ ...ANALYSIS, from_boot: true });
  inPlace.finish();
  inPlace.reader.close();
  const again = openTimeline(original);
  expect(again.analysis()?.from_boot).toBe(true);
  again.close();
});

test('a temporary timeline is private, and gone when it is closed or aborted', async () => {
  const kept = await writeSample(null);
  const directory = dirname(kept.reader.path);
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  expect(statSync(kept.reader.path).mode & 0o077).toBe(0);
  kept.reader.close();
  expect(kept.reader.sources()).toHaveLength(2);
  kept.finish();
  kept.abort();
  expect(existsSync(kept.reader.path)).toBe(true);
  kept.reader.close();
  expect(existsSync(directory)).toBe(false);
  const dropped = await writeSample(null);
  dropped.abort();
  dropped.abort();
  expect(existsSync(dirname(dropped.reader.path))).toBe(false);
});

test('the result of a call: the exit tells it, unless a callee has told it before', async () => {
  const writer = await createTimeline(null);
  const source = writer.addSource({ path: 'a', format: 'ftrace', compression: 'none' });
  const pair = (settled: StoredEvent['outcome'], outcome: StoredEvent['outcome'], code: number | null) => {
    const enter = writer.addEvent(event(source, 1, { phase: 'enter', outcome: settled }));
    writer.pairEvents(enter, writer.addEvent(event(source, 2, { phase: 'exit' })), outcome, code);
    const { outcome: result, code: value } = writer.reader.event(enter) as StoredEvent;
    return [result, value];
  };
  expect(pair('unknown', 'failed', -16)).toEqual(['failed', -16]);
  expect(pair('unknown', 'unknown', null)).toEqual(['unknown', null]);
  expect(pair('ok', 'ok', 2)).toEqual(['ok', 2]);
  expect(pair('ok', 'failed', -5)).toEqual(['ok', null]);
  expect(pair('void', 'failed', -5)).toEqual(['void', null]);
  writer.abort();
});

test('text of any kind survives, NUL included; numbers out of any range stop nothing', async () => {
  const writer = await createTimeline(null);
  const source = writer.addSource({ path: 'a', format: 'ftrace', compression: 'none' });
  const roundTrip = (more: Parameters<typeof event>[2]): StoredEvent | null =>
    writer.reader.event(writer.addEvent(event(source, 1, more)));
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.dictionary(fc.string(), fc.string()), (text, args) => {
      const back = roundTrip({ text, task: text, args });
      expect(back?.text).toBe(text);
      expect(back?.task).toBe(text);
      expect(JSON.stringify(back?.args)).toBe(JSON.stringify(args));
    }),
  );
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n }), (time) => {
      expect(roundTrip({ time })?.time).toBe(time);
    }),
  );
  expect(roundTrip({ time: 2n ** 64n, pid: 1e300, cpu: 2 ** 60, code: 0.5 })).toMatchObject({
    time: null,
    pid: null,
    cpu: null,
    code: null,
  });
  writer.abort();
});

test.each([
  ['1760000000.123456789', T0],
  ['12.345678', 12_345_678_000n],
  ['-0.000001', -1000n],
  ['18014398509481985', 18014398509481985n],
  ['99999999999999999999', null],
  ['nonsense', null],
  [null, null],
] as const)('the time %s of the analysis is %s in SQL', (text, time) => {
  expect(exactTime(text)).toBe(time);
});

test('the writer can be read between writes, page after page', async () => {
  const writer: TimelineWriter = await createTimeline(null);
  const source = writer.addSource({ path: 'a', format: 'ftrace', compression: 'none' });
  const entity = writer.addEntity(source);
  let after = 0;
  for (let line = 1; line <= 50; line++) {
    writer.addEvent(event(source, line, { entityId: entity }));
    const [last] = writer.reader.events(after, 10);
    expect(last?.line).toBe(line);
    after = last?.id ?? 0;
  }
  expect(writer.reader.events(0, 10).map((row) => row.deviceId)).toEqual(Array(10).fill(null));
  writer.assignEntity(
    entity,
    writer.addDevice({
      sourceId: source,
      bdf: null,
      pf: null,
      dsm: null,
      guestBdf: null,
      aliases: [],
      certainty: 'none',
    }),
    'none',
  );
  expect(writer.reader.events(40, 100).map((row) => row.deviceId)).toEqual(Array(10).fill(1));
  expect(writer.reader.devices()[0]?.events).toBe(50);
  writer.abort();
});

test('a source that turns out to be unusable leaves nothing behind', async () => {
  const writer = await writeSample(null);
  const before = [writer.reader.sources(), writer.reader.events(0, 100), writer.reader.devices()];
  const source = writer.addSource({ path: 'bad', format: 'dmesg', compression: 'none' });
  const entity = writer.addEntity(source);
  const id = writer.addEvent(event(source, 1, { entityId: entity }));
  writer.addHealth({ sourceId: source, code: 'no-time', line: null, message: 'no time', count: 1 });
  writer.addUnrecognised({ sourceId: source, subsystem: 'tsm', text: 'x', count: 1, line: 1 });
  writer.dropSource(source);
  expect([writer.reader.sources(), writer.reader.events(0, 100), writer.reader.devices()]).toEqual(before);
  expect(writer.reader.health()).toHaveLength(1);
  expect(writer.reader.unrecognised()).toHaveLength(1);
  expect(writer.addSource({ path: 'good', format: 'dmesg', compression: 'none' })).toBe(source);
  expect(writer.addEvent(event(source, 1))).toBe(id);
  writer.abort();
});
