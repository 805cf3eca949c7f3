import { expect, test } from 'vitest';
import type { Sink } from '../../src/commands/context.ts';
import { type HistoryFilter, history } from '../../src/commands/history.ts';
import { entryAsJson, entryAsText } from '../../src/commands/history-format.ts';
import type { StoredEvent, StoredSource } from '../../src/timeline/rows.ts';
import type { TimelineReader } from '../../src/timeline/timeline.ts';
import { SAMPLE } from '../report/sample.ts';

const EVENT: StoredEvent = {
  id: 1,
  sourceId: 1,
  line: 81,
  endLine: 81,
  time: 55_467_196_000n,
  cpu: 0,
  task: 'drv',
  pid: 444,
  kind: 'tsm.bind',
  phase: 'enter',
  outcome: 'ok',
  code: 0,
  symbol: 'pci_tsm_bind',
  args: { tdi_id: '0x200' },
  text: 'tsm_bind: \u001b[31m',
  truncated: false,
  entityId: 1,
  parentId: null,
  rootId: null,
  deviceId: 1,
  maybe: [],
  pairId: null,
  pairLine: null,
  supersededBy: null,
  duplicateOf: null,
  pairTime: null,
  certainty: 'exact',
};

const EVENTS: readonly StoredEvent[] = [
  EVENT,
  { ...EVENT, id: 2, line: 100, time: 55_470_000_000n, kind: 'call', args: {} },
  { ...EVENT, id: 3, line: 107, time: 55_473_743_000n, kind: 'vfio.disable', outcome: 'void', args: {} },
  {
    ...EVENT,
    id: 4,
    line: 120,
    time: 55_480_000_000n,
    kind: 'iommu.map',
    phase: 'point',
    outcome: 'unknown',
    deviceId: null,
    maybe: [],
  },
  { ...EVENT, id: 5, line: 130, time: null, kind: 'tsm.bind', phase: 'exit', outcome: 'failed', code: -22, args: {} },
];

const timeline = {
  sources: () => [{ id: 1, path: 'trace.txt', timeUnit: 'ns' } as StoredSource],
  devices: () => [{ id: 1, bdf: '0000:02:00.0' }],
  events: (after: number, limit: number) => EVENTS.filter((event) => event.id > after).slice(0, limit),
} as unknown as TimelineReader;

const ALL: HistoryFilter = { device: null, since: null, until: null, withCalls: false };
const SINK = { width: 100, color: false } as Sink;

function lines(filter: Partial<HistoryFilter> = {}): string[] {
  return [...history(timeline, SAMPLE, { ...ALL, ...filter })].map((entry) => entryAsText(SINK)(entry).trimEnd());
}

test('a line an event, a change of state after the event that caused it', () => {
  expect(lines()).toEqual([
    'trace.txt:81:    55.467196  0000:02:00.0  tsm.bind              enter ok  tdi_id=0x200',
    'trace.txt:81:    55.467196  0000:02:00.0  -> bound, contract locked, device locked',
    'trace.txt:107:    55.473743  0000:02:00.0  vfio.disable          enter',
    'trace.txt:107:    55.473743  0000:02:00.0  -> bound, contract locked|run, device error',
    'trace.txt:120:    55.480000  -             iommu.map                       tdi_id=0x200',
    'trace.txt:130:            -  0000:02:00.0  tsm.bind              exit failed(-22)',
  ]);
});

test('calls, devices and times can be chosen', () => {
  const places = (filter: Partial<HistoryFilter>): (string | undefined)[] =>
    lines(filter).map((line) => line.split(':')[1]);
  expect(places({ withCalls: true })).toContain('100');
  expect(places({ device: '0000:02:00.0' })).not.toContain('120');
  expect(places({ device: '0000:03:00.0' })).toEqual([]);
  expect(places({ since: 55_473_743_000n })).toEqual(['107', '107', '120']);
  expect(places({ until: 55_473_743_000n })).toEqual(['81', '81', '107', '107']);
});

test('as JSON lines, escaped', () => {
  const entries = [...history(timeline, SAMPLE, ALL)].map((entry) => entryAsJson(entry));
  expect(entries.every((line) => /^[\u0020-\u007e]+\n$/.test(line))).toBe(true);
  expect(JSON.parse(entries[0] ?? '')).toMatchObject({
    type: 'event',
    source: 'trace.txt',
    line: 81,
    time: '55.467196',
    bdf: '0000:02:00.0',
    kind: 'tsm.bind',
    outcome: 'ok',
    text: 'tsm_bind: \u001b[31m',
  });
  expect(JSON.parse(entries[1] ?? '')).toEqual({
    type: 'state',
    source: 'trace.txt',
    line: 81,
    time: '55.467196',
    bdf: '0000:02:00.0',
    bind: ['bound'],
    contract: ['locked'],
    device: ['locked'],
  });
});
