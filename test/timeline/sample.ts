import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bdf } from '../../src/base/bdf.ts';
import type { Analysis } from '../../src/model/analysis.ts';
import { createTimeline } from '../../src/timeline/create.ts';
import type { NewEvent } from '../../src/timeline/rows.ts';
import type { TimelineWriter } from '../../src/timeline/timeline.ts';

/** 2^53 + 1 and then some: nanoseconds of a wall clock, which no JavaScript number holds. */
export const T0 = 1_760_000_000_123_456_789n;

export const BDF = '0000:02:00.0' as Bdf;

/** A directory for one test, and how to remove it. */
export function scratch(): { path(name: string): string; directory: string; remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), 'tdi-trace-test-'));
  return {
    directory,
    path: (name) => join(directory, name),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

export function event(sourceId: number, line: number, more: Partial<NewEvent> = {}): NewEvent {
  return {
    sourceId,
    line,
    endLine: line,
    time: T0 + BigInt(line),
    cpu: 1,
    task: 'qemu',
    pid: 444,
    kind: 'vfio.disable',
    phase: 'point',
    outcome: 'unknown',
    code: null,
    symbol: null,
    args: {},
    text: `line ${line}`,
    truncated: false,
    entityId: null,
    parentId: null,
    rootId: null,
    ...more,
  };
}

/** Two sources, a device that two entities turn out to be, a call with its exit, and an analysis. Not finished. */
export async function writeSample(target: string | null): Promise<TimelineWriter> {
  const writer = await createTimeline(target);
  const trace = writer.addSource({ path: 'trace.txt', format: 'ftrace', compression: 'gzip' });
  const byPointer = writer.addEntity(trace);
  const byBdf = writer.addEntity(trace);
  const enter = writer.addEvent(
    event(trace, 10, { phase: 'enter', kind: 'tsm.bind', entityId: byPointer, args: { kvm: '0x1000' } }),
  );
  const inner = writer.addEvent(
    event(trace, 11, { kind: 'tsm.bind_driver', entityId: byBdf, parentId: enter, rootId: enter }),
  );
  const exit = writer.addEvent(event(trace, 12, { phase: 'exit', kind: 'tsm.bind', entityId: byPointer }));
  writer.pairEvents(enter, exit, 'ok', 0);
  writer.settleEvent(inner, 'ok', null);
  writer.supersedeEvent(enter, inner);
  writer.addHealth({ sourceId: trace, code: 'events-lost', line: 11, message: 'CPU 1 lost 3 events', count: 3 });
  writer.addUnrecognised({ sourceId: trace, subsystem: 'tsm', text: 'tsm: \u001b[31mhello', count: 2, line: 13 });
  writer.finishSource(trace, {
    format: 'ftrace',
    clock: 'mono',
    timeUnit: 'ns',
    firstLine: 1,
    lastLine: 13,
    lines: 13,
    records: 12,
    continuation: 0,
    events: 3,
    skipped: 1,
    unparsed: 0,
    lost: 3,
    firstTime: T0,
    lastTime: T0 + 12n,
  });
  const dmesg = writer.addSource({ path: '-', format: 'dmesg', compression: 'none' });
  writer.addEvent(event(dmesg, 1, { kind: 'task.exit', time: null, task: null, pid: null, cpu: null }));
  const device = writer.addDevice({
    sourceId: trace,
    bdf: BDF,
    pf: null,
    dsm: '0000:02:00.0',
    guestBdf: '0000:00:05.0',
    aliases: ['pci:0xffff8881'],
    certainty: 'exact',
  });
  writer.assignEntity(byPointer, device, 'inherited');
  writer.assignEntity(byBdf, device, 'exact');
  writer.writeAnalysis(ANALYSIS);
  return writer;
}

export const ANALYSIS: Analysis = {
  schema: 'tdi-trace/analysis/1',
  tool_version: '0.0.0',
  platform: 'generic',
  platform_evidence: [],
  from_boot: false,
  complete: ['bind'],
  sources: [
    {
      id: 's1',
      path: 'trace.txt',
      format: 'ftrace',
      compression: 'gzip',
      clock: 'mono',
      first_line: 1,
      last_line: 13,
      lines: 13,
      records: 12,
      continuation: 0,
      events: 3,
      skipped: 1,
      unparsed: 0,
      lost: 3,
      first_time: '1760000000.123456789',
      last_time: '1760000000.123456801',
      platform: 'generic',
    },
  ],
  clocks: [{ sources: ['s1'], relation: 'same', offsets: ['0.000000'], error_ns: null }],
  devices: [
    {
      id: 'd1',
      source: 's1',
      bdf: BDF,
      pf: null,
      dsm: BDF,
      port: null,
      guest_bdf: '0000:00:05.0',
      aliases: ['pci:0xffff8881'],
      from_time: '1760000000.123456799',
      to_time: '1760000000.123456801',
      events: 3,
      belief: null,
      states: [
        {
          from_time: null,
          to_time: '1760000000.123456799',
          bind: ['unbound', 'connected'],
          contract: ['unlocked'],
          device: ['unlocked', 'error'],
          cause: null,
        },
        {
          from_time: '1760000000.123456799',
          to_time: null,
          bind: ['bound'],
          contract: ['locked', 'run'],
          device: ['locked', 'run'],
          cause: { source: 's1', line: 10 },
        },
      ],
    },
  ],
  findings: [
    {
      id: 'f1',
      rule: 'double-bind',
      verdict: 'probable',
      severity: 'error',
      platform: 'generic',
      device_id: 'd1',
      device: BDF,
      time: '1760000000.123456799',
      summary: 'bound twice',
      consequence: 'none to speak of',
      remedy: 'bind once',
      bind_before: ['bound'],
      contract_before: ['locked', 'run'],
      contract_after: ['locked', 'run'],
      device_before: ['locked', 'run'],
      device_after: ['locked', 'run'],
      assumptions: ['an unbind that was not recorded, twice'],
      assumption_kinds: [{ code: 'unseen-steps', record: null }],
      to_confirm: [],
      legal_order: null,
      by_later_evidence: true,
      caused_by: null,
      headline: true,
      fingerprint: '00112233',
      evidence: [
        {
          source: 's1',
          line: 10,
          end_line: 10,
          time: '1760000000.123456799',
          role: 'violation',
          event: 'tsm.bind',
          text: 'line 10',
          truncated: false,
        },
      ],
    },
  ],
  rules: [
    {
      rule: 'double-bind',
      device_id: 'd1',
      device: BDF,
      status: 'violated',
      triggers: 1,
      without_effect: 0,
      findings: ['f1'],
      missing: ['start', 'link'],
    },
  ],
  health: [
    { code: 'events-lost', severity: 'warning', source: 's1', line: 11, message: 'CPU 1 lost 3 events', count: 3 },
  ],
  // A lone surrogate: JSON can carry it, UTF-8 cannot.
  unrecognised: [{ subsystem: 'tsm', text: 'tsm: \ud800 \u0000', count: 2, source: 's1', line: 13 }],
};
