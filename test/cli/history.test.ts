import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { analyze } from '../../src/analysis.ts';
import type { Bdf } from '../../src/base/bdf.ts';
import type { Sink } from '../../src/commands/context.ts';
import { type HistoryFilter, history } from '../../src/commands/history.ts';
import { entryAsJson, entryAsText } from '../../src/commands/history-format.ts';
import { NEUTRAL_JUDGEMENT } from '../../src/commands/reading.ts';
import { Hints } from '../../src/identity/hints.ts';
import type { StoredEvent, StoredSource } from '../../src/timeline/rows.ts';
import type { TimelineReader } from '../../src/timeline/timeline.ts';
import { Trace } from '../identity/read.ts';
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
  devices: () => [{ id: 1, bdf: '0000:02:00.0', pf: null, dsm: null, guestBdf: null, aliases: [] }],
  event: () => null,
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

const A = '0000:02:00.0';
const B = '0000:03:00.0';
const PDEV = '0xffff8880037a1000';

/** The history of a log, as text. */
async function historyOf(trace: Trace, device: string | null = null, hints?: Hints): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tdi-trace-history-'));
  const path = join(folder, 'log.txt');
  writeFileSync(path, trace.text());
  try {
    const input = { inputs: [path], db: null, inputFormat: null, maxBytes: 1 << 28, ...(hints && { hints }) };
    const analyzed = await analyze(input, NEUTRAL_JUDGEMENT);
    try {
      const entries = [...history(analyzed.timeline, analyzed.analysis, { ...ALL, device })];
      return entries.map((entry) => entryAsText(SINK)(entry).trimEnd().replaceAll(path, 'log.txt'));
    } finally {
      analyzed.close();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What a line says after place, time, device and kind; the device in front. */
const said = (lines: readonly string[]): string[] =>
  lines.map((line) => line.replace(/^log\.txt:(\d+): +[\d.]+ +/, '$1 ').replace(/ {2,}/g, ' '));

describe('whom a record is of', () => {
  test('what may be of the device is listed, marked as such, with the state that it may have brought about', async () => {
    const trace = new Trace();
    trace.attach('qemu-700', A);
    trace.attach('qemu-700', B);
    for (const [pid, bdf] of [
      [800, A],
      [801, B],
    ]) {
      trace.enter(`tsm-${pid}`, 'pci_tsm_bind', `bdf="${bdf}"`);
      trace.leave(`tsm-${pid}`, 'pci_tsm_bind', `bdf="${bdf}" ret=0`);
    }
    trace.enter('qemu-700', 'pci_tsm_unbind');
    const ofA = said(await historyOf(trace, A));
    expect(ofA).toContain(`9 ? tsm.unbind enter (maybe of ${A} or ${B}) (by its task alone)`);
    expect(ofA.at(-1)).toBe(`9 ${A} -> connected|bound, contract unlocked|locked, device unlocked|locked`);
    expect(ofA.some((line) => line.startsWith(`4 ${B}`))).toBe(false);
    const all = said(await historyOf(trace));
    expect(all.filter((line) => line.startsWith('9 ')).map((line) => line.split(' ')[1])).toEqual(['?', A, B]);
  });

  test('the names that records know it by, and which of them made the join', async () => {
    const trace = new Trace();
    trace.enter('sh-60', 'pci_set_master', `bdf="${A}" dev=${PDEV}`);
    trace.opens('qemu-700', '/dev/vfio/devices/vfio0', 7);
    trace.ioctl('qemu-700', 7, 0x3b76, () => {
      trace.enter('qemu-700', 'vfio_pci_core_enable', `bdf="${A}"`);
      trace.leave('qemu-700', 'vfio_pci_core_enable', 'ret=0');
    });
    trace.leave('qemu-700', 'iommufd_device_bind', `bdf="${A}" id=1`);
    trace.attach('qemu-700', B);
    trace.enter('tsm-800', 'pci_tsm_bind', `pdev=${PDEV}`);
    trace.enter('qemu-700', 'iommufd_vdevice_alloc_ioctl', 'dev_id=1');
    trace.ioctl('qemu-700', 7, 0x3b6f, () => {
      trace.enter('qemu-700', 'vfio_pci_core_ioctl', 'cmd=0x3b6f');
    });
    const lines = said(await historyOf(trace, A));
    expect(lines[0]).toBe(`3 ${A} is pci=${PDEV}; fd 7 of process 700; iommufd-device=1 of process 700`);
    const by = lines.flatMap((line) => / (\w+\.\w+) .*\(by (.*)\)$/.exec(line)?.slice(1).join(': ') ?? []);
    expect(by).toEqual([
      'syscall.ioctl: fd=7',
      'vfio.open: the entry on line 7',
      `tsm.bind: pci=${PDEV}`,
      'iommufd.vdevice_alloc: iommufd_device=1',
      'syscall.ioctl: fd=7',
      'vfio.ioctl: ioctl, fd 7 of process 700',
    ]);
  });

  test('the word of the user', async () => {
    const trace = new Trace();
    trace.enter('tsm-800', 'pci_tsm_bind', `pdev=${PDEV}`);
    const lines = said(await historyOf(trace, A, new Hints(new Map([[PDEV, A as Bdf]]))));
    expect(lines[0]).toBe(`3 ${A} is ${PDEV} (as told); pci=${PDEV}`);
    expect(lines[1]).toBe(`3 ${A} tsm.bind enter (by ${PDEV}, as the user says)`);
  });
});
