import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { analyze, type JudgeOptions } from '../src/analysis.ts';
import { NEUTRAL_JUDGEMENT } from '../src/commands/reading.ts';
import type { Analysis } from '../src/model/analysis.ts';
import { renderText } from '../src/report/text.ts';
import { analyzeFiles, brief } from './support/analyze.ts';
import { dmesg, message, row } from './support/two-sources.ts';

// Logs and traces of one boot, constructed: the clock of the trace is 0.15 s ahead of printk's, printk:console is on.

const AHEAD = 150_000;
const BDF = '0000:02:00.0';
const probe = (name: string, symbol: string, rest = '') => `${name}: (${symbol}+0x0/0x100) bdf="${BDF}"${rest}`;
const returned = (name: string, symbol: string, ret = ' ret=0') =>
  `${name}: (caller+0x15/0x100 <- ${symbol}) bdf="${BDF}"${ret}`;

/** What happened at which microsecond of printk's clock, and which of the two tells it. */
type Told = readonly [us: number, by: 'log' | 'trace' | 'both', text: string];

const TRACE_HEAD = ['# tracer: nop', '#'];

function logOf(told: readonly Told[]): string {
  const lines = told.filter(([, by]) => by !== 'trace').map(([us, , text]) => dmesg(us, text));
  return [...lines, ''].join('\n');
}

function traceOf(told: readonly Told[]): string {
  const rows = told
    .filter(([, by]) => by !== 'log')
    .map(([us, by, text]) => row(us + AHEAD + (by === 'both' ? 4 : 0), 444, by === 'both' ? `console: ${text}` : text));
  return [...TRACE_HEAD, ...rows, ''].join('\n');
}

/** Messages that both have, a second and more apart, around what is told. */
const anchored = (told: readonly Told[]): Told[] =>
  [...told, ...[9_000_017, 10_200_033, 11_900_091, 19_000_055].map((us, n): Told => [us, 'both', message(n)])].sort(
    ([a], [b]) => a - b,
  );

const BOUND: readonly Told[] = [
  [12_000_000, 'trace', probe('e', 'vfio_pci_core_enable')],
  [12_000_100, 'trace', returned('er', 'vfio_pci_core_enable')],
  [13_000_000, 'trace', probe('b', 'pci_tsm_bind', ' kvm=0x1000 tdi_id=0x200')],
  [13_000_500, 'trace', returned('br', 'pci_tsm_bind')],
];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tdi-trace-clocks-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const PLATFORM: Partial<JudgeOptions> = { platform: 'sev-tio' };

/** Of log and trace in this order. */
async function together(told: readonly Told[], judge: Partial<JudgeOptions> = PLATFORM): Promise<Analysis> {
  return analyzeFiles([file('dmesg.txt', logOf(told)), file('trace.txt', traceOf(told))], judge);
}

const clockRows = (analysis: Analysis) => analysis.health.filter(({ code }) => code.startsWith('clocks-'));

describe('a log and a trace of one boot', () => {
  const told = anchored([
    ...BOUND,
    [14_000_000, 'log', `vfio-pci ${BDF}: resetting`],
    [14_115_000, 'log', `vfio-pci ${BDF}: reset done`],
    [15_000_000, 'trace', probe('u', 'pci_tsm_unbind')],
    [15_000_100, 'trace', returned('ur', 'pci_tsm_unbind', '')],
  ]);

  test('are the same with a copy of either, or with an excerpt of it', async () => {
    const once = await together(told);
    const inputs = [file('dmesg.txt', logOf(told)), file('trace.txt', traceOf(told))];
    const early = told.filter(([us]) => us < 14_500_000);
    for (const more of [
      file('trace-2.txt', traceOf(told)),
      file('dmesg-2.txt', logOf(told)),
      file('early.txt', traceOf(early)),
    ]) {
      const { findings, devices, clocks, health } = await analyzeFiles([...inputs, more], PLATFORM);
      expect(findings.map(brief)).toEqual(once.findings.map(brief));
      expect(devices.map(({ events }) => events)).toEqual(once.devices.map(({ events }) => events));
      expect(clocks.map(({ sources }) => sources)).toEqual([['s1', 's2', 's3']]);
      expect(health.filter(({ code }) => code === 'source-repeated')).toHaveLength(1);
      expect(health.filter(({ code }) => code === 'trace-ended')).toHaveLength(
        once.health.filter(({ code }) => code === 'trace-ended').length,
      );
    }
  });

  test('are one history of one device, with the evidence of both', async () => {
    const { findings, devices } = await together(told);
    // Only the log has the reset, only the trace has the bind.
    expect(devices.filter(({ bdf }) => bdf === BDF)).toHaveLength(1);
    expect(findings.map((finding) => `${finding.verdict} ${finding.rule} ${finding.device}`)).toEqual([
      `probable flr-while-locked ${BDF}`,
    ]);
    expect(findings[0]?.evidence.map(({ source, role, event }) => `${source} ${role} ${event}`)).toEqual([
      's2 state tsm.bind',
      's1 violation pci.reset',
      's2 confirmation tsm.unbind',
    ]);
  });

  test('say by what they were merged, and how exactly', async () => {
    const analysis = await together(told);
    // Every stamp of the trace is 150,004 us ahead: nothing deviates, two stamps of a message may differ by 100 us.
    expect(analysis.clocks).toEqual([
      { sources: ['s1', 's2'], relation: 'related', offsets: ['0.000000', '-0.150004'], error_ns: 100_000 },
    ]);
    expect(clockRows(analysis).map(({ code, source, count }) => ({ code, source, count }))).toEqual([
      { code: 'clocks-related', source: 's2', count: 4 },
    ]);
    expect(clockRows(analysis)[0]?.message).toMatch(/4 messages stand in both.* within 100 us \(-0\.150004 s\)$/);
  });

  test('say in the report what to add to the times of one of them', async () => {
    const text = renderText(await together(told), {
      width: 400,
      color: false,
      floor: 'probable',
      verbose: false,
      quiet: false,
      settledBy: () => [],
      scope: { absent: null, window: null, recorded: new Set() },
    });
    expect(text).toMatch(/related clocks, merged into one order \(within 100 us\): .*dmesg\.txt,/);
    expect(text.replace(/\s+/g, ' ')).toMatch(/trace\.txt \(its times -0\.150004 s\)/);
  });

  test('are judged one by one where nothing ties them', async () => {
    const apart = await together(told.filter(([, by]) => by !== 'both'));
    expect(apart.findings).toEqual([]);
    expect(apart.devices.filter(({ bdf }) => bdf === BDF)).toHaveLength(2);
    expect(apart.clocks).toEqual([{ sources: ['s1', 's2'], relation: 'unrelated', offsets: [], error_ns: null }]);
    expect(clockRows(apart).map(({ code }) => code)).toEqual(['clocks-unrelated']);
    expect(clockRows(apart)[0]?.message).toMatch(/printk:console.*trace_marker$/);
  });

  test('give the same in either order of the inputs, and again from the timeline', async () => {
    const paths = [file('dmesg.txt', logOf(told)), file('trace.txt', traceOf(told))];
    const one = await analyzeFiles(paths, PLATFORM);
    const other = await analyzeFiles(paths.toReversed(), PLATFORM);
    const essence = ({ findings, sources }: Analysis) => {
      const path = new Map(sources.map(({ id, path: name }) => [id, name]));
      return findings.map(({ verdict, rule, evidence }) => [
        verdict,
        rule,
        evidence.map(({ source, line, role }) => `${path.get(source)}:${line} ${role}`),
      ]);
    };
    expect(essence(other)).toEqual(essence(one));
    expect(essence(one)).toHaveLength(1);

    const kept = join(folder, 'kept.db');
    const first = await analyze(
      { inputs: paths, db: kept, inputFormat: null, maxBytes: 2 ** 30 },
      { ...NEUTRAL_JUDGEMENT, ...PLATFORM },
    );
    first.close();
    expect(await analyzeFiles([kept], PLATFORM)).toEqual(first.analysis);
  });
});

describe('a mark in /dev/kmsg and in trace_marker', () => {
  const MARKS: readonly [number, string][] = [
    [9_000_017, 'tdi-trace 6f9619ff-8b86-d011-b42d-00cf4fc964ff'],
    [19_000_023, 'tdi-trace 0b1f2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d'],
  ];
  const marked = (mark: (text: string) => string, marks = MARKS): [string, string] => {
    const told: Told[] = [
      ...BOUND,
      [14_000_000, 'log', `vfio-pci ${BDF}: resetting`],
      [14_115_000, 'log', `vfio-pci ${BDF}: reset done`],
      ...marks.map(([us, text]): Told => [us, 'log', text]),
      // A shell writes one after the other.
      ...marks.map(([us, text]): Told => [us + 700, 'trace', mark(text)]),
    ];
    const sorted = told.toSorted(([a], [b]) => a - b);
    return [file('marked.txt', logOf(sorted)), file('marks.txt', traceOf(sorted))];
  };

  test.each([
    ['the trace file', (text: string) => `tracing_mark_write: ${text}`],
    ['trace-cmd report', (text: string) => `print:                tracing_mark_write: ${text}`],
  ])('relates log and trace, within the time between two writes: %s', async (_, mark) => {
    const { clocks, findings } = await analyzeFiles(marked(mark), PLATFORM);
    expect(clocks).toEqual([
      { sources: ['s1', 's2'], relation: 'related', offsets: ['0.000000', '-0.150700'], error_ns: 10_000_000 },
    ]);
    expect(findings.map(({ verdict, rule }) => `${verdict} ${rule}`)).toEqual(['probable flr-while-locked']);
  });

  test('relates nothing where there is one, or where it is no UUID', async () => {
    const relation = async (marks: readonly [number, string][]) =>
      (
        await analyzeFiles(
          marked((text) => `tracing_mark_write: ${text}`, [...marks]),
          PLATFORM,
        )
      ).clocks[0]?.relation;
    expect(await relation(MARKS)).toBe('related');
    expect(await relation(MARKS.slice(0, 1))).toBe('unrelated');
    const plain = MARKS.map(([us], n): [number, string] => [us, `tdi-trace ${n === 0 ? 'start' : 'end'}`]);
    expect(await relation(plain)).toBe('unrelated');
  });
});

describe('what both tell', () => {
  const told = anchored([
    ...BOUND,
    [14_000_000, 'trace', probe('t', 'pci_try_reset_function')],
    [14_000_300, 'both', `vfio-pci ${BDF}: resetting`],
    [14_115_300, 'both', `vfio-pci ${BDF}: reset done`],
    [14_115_900, 'trace', returned('tr', 'pci_try_reset_function')],
  ]);

  test('counts once', async () => {
    const { findings, devices } = await together(told);
    expect(findings.map(brief)).toEqual([`probable flr-while-locked ${BDF} :10`]);
    // enable, bind and reset with their returns, and the two messages; the log's two are the same ones.
    expect(devices.find(({ bdf }) => bdf === BDF)?.events).toBe(8);
  });

  test('is kept, and says where it was counted', async () => {
    const kept = join(folder, 'duplicates.db');
    const paths = [file('dmesg.txt', logOf(told)), file('trace.txt', traceOf(told))];
    (await analyze({ inputs: paths, db: kept, inputFormat: null, maxBytes: 2 ** 30 }, NEUTRAL_JUDGEMENT)).close();
    const db = new Database(kept, { readonly: true });
    const rows = db.prepare('select source, line, original_source, original_line from v_duplicate order by line').all();
    expect(rows).toEqual([
      { source: 's1', line: 4, original_source: 's2', original_line: 11 },
      { source: 's1', line: 5, original_source: 's2', original_line: 12 },
    ]);
    const ids = db.prepare("select source, line from v_event where source = 's1' or line > 9 order by event_id").all();
    expect(ids).toEqual([
      { source: 's2', line: 10 },
      { source: 's1', line: 4 },
      { source: 's2', line: 11 },
      { source: 's1', line: 5 },
      { source: 's2', line: 12 },
      { source: 's2', line: 13 },
    ]);
    db.close();
  });

  test('belongs to the call that says it, where the trace has the call only', async () => {
    const quiet = told.map(([us, by, text]): Told => [us, text.startsWith('vfio-pci') ? 'log' : by, text]);
    const { findings } = await together(quiet);
    // One reset, one finding: the message stands inside the call.
    expect(findings.map(brief)).toEqual([`probable flr-while-locked ${BDF} :10`]);
  });
});

describe('inputs that are of different times, each legal', () => {
  const bound = (from: number, to: number): Told[] => [
    [from, 'trace', probe('b', 'pci_tsm_bind', ' kvm=0x1000 tdi_id=0x200')],
    [from + 500, 'trace', returned('br', 'pci_tsm_bind')],
    [to, 'trace', probe('u', 'pci_tsm_unbind')],
    [to + 100, 'trace', returned('ur', 'pci_tsm_unbind', '')],
  ];
  const sorted = (told: readonly Told[]): Told[] => told.toSorted(([a], [b]) => a - b);

  test('accuse nobody where one script ran twice, and only one run binds', async () => {
    // Twelve resets of others a second and more apart, in each run a tenth of a millisecond early or late.
    const late = [0, 70, -60, 110, -90, 40, -20, 130, 60, -110, 20, 90];
    const others = (start: number, by: Told[1], part: number): Told[] =>
      late.map((us, n) => [start + n * 1_300_000 + ((n * 7) % 5) * 90_000 + us * part, by, message(n)]);
    const log = logOf(
      sorted([
        ...others(100_000_000, 'log', 1),
        [107_000_000, 'log', `vfio-pci ${BDF}: resetting`],
        [107_115_000, 'log', `vfio-pci ${BDF}: reset done`],
      ]),
    );
    const heard = others(500_000_000, 'trace', -1).map(([us, by, text]): Told => [us, by, `console: ${text}`]);
    const trace = traceOf(sorted([...heard, ...bound(505_000_000, 510_000_000)]));
    const { findings, clocks } = await analyzeFiles([file('run-1.txt', log), file('run-2.txt', trace)], PLATFORM);
    expect(clocks.map(({ relation }) => relation)).toEqual(['unrelated']);
    expect(findings).toEqual([]);
  });

  test('accuse nobody where the machine was suspended, and one clock stood still', async () => {
    const before = Array.from({ length: 40 }, (_, n): Told => [1_000_017 + n * 700_000, 'both', message(n)]);
    const reset: readonly [number, string][] = [
      [60_000_000, `vfio-pci ${BDF}: resetting`],
      [60_115_000, `vfio-pci ${BDF}: reset done`],
    ];
    const log = logOf([...before, ...reset.map(([us, text]): Told => [us, 'log', text])]);
    // 30 s of sleep later by the clock of the trace, after the unbind.
    const woken = reset.map(([us, text]): Told => [us + 30_000_000, 'trace', `console: ${text}`]);
    const trace = traceOf(sorted([...before, ...bound(57_000_000, 88_000_000), ...woken]));
    const { findings, clocks } = await analyzeFiles([file('sleep.txt', log), file('boot.txt', trace)], PLATFORM);
    expect(clocks.map(({ relation }) => relation)).toEqual(['unrelated']);
    expect(findings).toEqual([]);
  });
});

describe('an order that the stamps leave open', () => {
  /** An unbind at 14 s in the trace, and a reset that the log has so many microseconds after it. */
  const resetAfterUnbind = (us: number) =>
    anchored([
      ...BOUND,
      [14_000_000, 'trace', probe('u', 'pci_tsm_unbind')],
      [14_000_010, 'trace', returned('ur', 'pci_tsm_unbind', '')],
      [14_000_010 + us, 'log', `vfio-pci ${BDF}: resetting`],
      [14_115_010 + us, 'log', `vfio-pci ${BDF}: reset done`],
    ]);

  test('makes a step possible that is wrong in one order only, whichever order the stamps show', async () => {
    for (const us of [60, -70]) {
      const { findings } = await together(resetAfterUnbind(us));
      expect(findings.map(({ verdict, rule }) => `${verdict} ${rule}`)).toEqual(['possible flr-while-locked']);
      expect(findings[0]?.assumptions.join('\n')).toMatch(
        /trace\.txt:\d+ \(pci_tsm_unbind\), which the clocks put within 101 us/,
      );
    }
  });

  test('is none further apart than the error', async () => {
    const verdicts = async (us: number) =>
      (await together(resetAfterUnbind(us))).findings.map(({ verdict, rule }) => `${verdict} ${rule}`);
    expect(await verdicts(300)).toEqual([]);
    // Over 300 us before the unbind began, and then only 70 us: it may have lasted until then.
    expect(await verdicts(-115_310)).toEqual(['probable flr-while-locked']);
    expect(await verdicts(-115_080)).toEqual(['possible flr-while-locked']);
  });

  test('leaves a step alone that is wrong in both', async () => {
    const { findings } = await together(
      anchored([
        ...BOUND,
        [14_000_000, 'trace', probe('g', 'pci_tsm_guest_req', ' scope=1')],
        [14_000_040, 'log', `vfio-pci ${BDF}: resetting`],
        [14_000_050, 'trace', returned('gr', 'pci_tsm_guest_req')],
        [14_115_000, 'log', `vfio-pci ${BDF}: reset done`],
      ]),
      { ...PLATFORM, complete: ['bind', 'start'] },
    );
    // Locked before the request and after it; that the request was a STOP remains, as it does without the tie.
    expect(findings.map(({ verdict, rule }) => `${verdict} ${rule}`)).toEqual(['probable flr-while-locked']);
  });

  const verdictsOf = async (rows: readonly string[]) => {
    const text = [...TRACE_HEAD, ...rows, ''].join('\n');
    const { findings } = await analyzeFiles([file('one.txt', text)], PLATFORM);
    return findings.map(({ verdict, rule }) => `${verdict} ${rule}`);
  };

  test('is tried within one trace, too, where two CPUs stamp the same time', async () => {
    const rows = (cpu: number) => [
      ...BOUND.map(([us, , line]) => row(us, 444, line)),
      row(13_900_000, 444, probe('u', 'pci_tsm_unbind')),
      row(14_000_000, 444, returned('ur', 'pci_tsm_unbind', '')),
      row(14_000_000, 445, probe('f', 'pcie_flr'), cpu),
    ];
    // On one CPU the order of the lines is that of the events: the unbind was over.
    expect(await verdictsOf(rows(0))).toEqual([]);
    expect(await verdictsOf(rows(1))).toEqual(['possible flr-while-locked']);
  });

  test('leaves both outcomes open for what comes later', async () => {
    const [enable, enabled, bind] = BOUND.map(([us, , line]) => row(us, 444, line));
    const rows = [
      ...[enable, enabled, bind].map((line) => line ?? ''),
      row(13_000_100, 445, probe('u', 'pci_tsm_unbind'), 1),
      row(13_000_500, 444, returned('br', 'pci_tsm_bind')),
      row(13_000_500, 445, returned('ur', 'pci_tsm_unbind', ''), 1),
      row(14_000_000, 444, probe('f', 'pcie_flr')),
    ];
    // Bind and unbind end at the same time: bound or not, nobody knows.
    expect(await verdictsOf(rows)).toEqual(['possible flr-while-locked']);
    // Nor where the unbind ends later: it had begun before the bind was over (see crossing.test.ts).
    const late = rows.map((line) => line.replace('13.000500: ur', '13.000501: ur'));
    expect(await verdictsOf(late)).toEqual(['possible flr-while-locked']);
    const after = late.map((line) => line.replace('13.000100: u:', '13.000501: u:'));
    const [unbind = ''] = after.splice(3, 1);
    expect(unbind).toContain('pci_tsm_unbind');
    after.splice(4, 0, unbind);
    expect(await verdictsOf(after)).toEqual([]);
  });

  test('is not tried without end: what is too much for that is possible at most', async () => {
    const crowd = Array.from({ length: 10 }, (_, n): Told[] => [
      [14_000_000 + n, 'trace', probe('w', 'vfio_basic_config_write', ' pos=0x4 count=2 off=0x4 val=0x107')],
      [14_000_000 + n, 'log', `vfio-pci ${BDF}: enabling device (0000 -> 0002)`],
    ]).flat();
    const { findings } = await together(
      anchored([
        ...BOUND,
        ...crowd,
        [14_000_020, 'log', `vfio-pci ${BDF}: resetting`],
        [14_115_000, 'log', `vfio-pci ${BDF}: reset done`],
      ]),
    );
    expect(findings.map(({ verdict, rule }) => `${verdict} ${rule}`)).toEqual(['possible flr-while-locked']);
    expect(findings[0]?.assumptions.join('\n')).toMatch(/too many stand too close together/);
  });
});

describe('the ends of a trace', () => {
  test('what a log tells beyond them is judged as if there were no trace', async () => {
    const { findings, rules, health } = await together(
      anchored([
        ...BOUND,
        [25_000_000, 'log', `vfio-pci ${BDF}: resetting`],
        [25_115_000, 'log', `vfio-pci ${BDF}: reset done`],
      ]),
    );
    // The last record of the trace is a message at 19 s: whether the function was unbound after that, nobody recorded.
    expect(findings).toEqual([]);
    expect(rules.find(({ rule, device }) => rule === 'flr-while-locked' && device === BDF)).toMatchObject({
      status: 'blind',
      missing: ['start'],
    });
    expect(
      health.filter(({ code }) => code === 'trace-ended').map(({ source, message: text }) => [source, text]),
    ).toEqual([
      ['s2', expect.stringMatching(/^the trace ends at 19\.150059: what is told later by \S+dmesg\.txt was/)],
    ]);
  });

  test('a function that a log saw coming is not known to be unbound where the trace begins', async () => {
    const told = anchored([
      [1_000_000, 'log', `pci ${BDF}: [8086:10c9] type 00 class 0x020000 PCIe Endpoint`],
      [14_000_000, 'trace', probe('f', 'pcie_flr')],
    ]);
    const { rules } = await together(told);
    expect(rules.find(({ rule, device }) => rule === 'flr-while-locked' && device === BDF)?.status).toBe('blind');
  });
});

describe('losses of one source', () => {
  test('hide things from what the other one tells meanwhile', async () => {
    const told = anchored([
      ...BOUND,
      [14_000_000, 'log', `vfio-pci ${BDF}: resetting`],
      [14_115_000, 'log', `vfio-pci ${BDF}: reset done`],
      [15_000_000, 'trace', probe('g', 'pci_tsm_guest_req', ' scope=0')],
      [15_000_100, 'trace', returned('gr', 'pci_tsm_guest_req')],
    ]);
    const log = file('dmesg.txt', logOf(told));
    const lost = traceOf(told).replace(/^.* g: /m, (line) => `CPU:0 [LOST 12 EVENTS]\n${line}`);
    const verdict = async (trace: string) =>
      (await analyzeFiles([log, file('trace.txt', trace)], PLATFORM)).findings.map(
        ({ verdict: one, rule }) => `${one} ${rule}`,
      );
    expect(await verdict(traceOf(told))).toEqual(['probable flr-while-locked']);
    // The loss stands between the bind and the request: the reset, too, is somewhere there.
    expect(await verdict(lost)).toEqual(['possible flr-while-locked']);
  });
});

describe('devices', () => {
  test('that a log saw removed and added again have their lives in the trace, too', async () => {
    const told = anchored([
      [9_500_000, 'log', `pci ${BDF}: [8086:10c9] type 00 class 0x020000 PCIe Endpoint`],
      ...BOUND,
      [14_000_000, 'log', `pci ${BDF}: Removing from iommu group 12`],
      [15_000_000, 'log', `pci ${BDF}: [8086:10c9] type 00 class 0x020000 PCIe Endpoint`],
      [16_000_000, 'trace', probe('f', 'pcie_flr')],
    ]);
    const { devices, findings } = await together(told);
    const lives = devices.filter(({ bdf }) => bdf === BDF);
    // Enumeration, enable, bind and removal; enumeration and the reset of another function.
    expect(lives.map(({ id, events }) => [id, events])).toEqual([
      [lives[0]?.id, 6],
      [lives[1]?.id, 2],
    ]);
    expect(findings.filter(({ rule }) => rule === 'flr-while-locked')).toEqual([]);
  });

  test('whose lives two sources count differently stay apart, which is said', async () => {
    const comes = (us: number, by: Told[1]): Told => [
      us,
      by,
      `pci ${BDF}: [8086:10c9] type 00 class 0x020000 PCIe Endpoint`,
    ];
    const goes = (us: number, by: Told[1]): Told => [us, by, `pci ${BDF}: Removing from iommu group 12`];
    const inTrace = ([us, , text]: Told): Told => [us, 'trace', `console: ${text}`];
    const told = anchored([
      comes(9_500_000, 'log'),
      ...[goes(12_000_000, 'log'), comes(12_500_000, 'log'), goes(13_000_000, 'log'), comes(13_500_000, 'log')],
      // The trace missed the second time.
      ...[comes(9_500_000, 'trace'), goes(12_000_000, 'trace'), comes(13_500_000, 'trace')].map(inTrace),
    ]);
    const { devices, health, clocks } = await together(told);
    expect(clocks.map(({ relation }) => relation)).toEqual(['related']);
    expect(devices.filter(({ bdf }) => bdf === BDF)).toHaveLength(5);
    expect(health.filter(({ code }) => code === 'device-ambiguous').map(({ message }) => message)).toEqual([
      expect.stringMatching(/^0000:02:00\.0 came and went at different times/),
    ]);
  });
});

describe('two traces of one boot that nothing relates', () => {
  const END: readonly Told[] = [
    [14_000_000, 'trace', probe('d', 'vfio_pci_core_disable')],
    [14_000_900, 'trace', returned('dr', 'vfio_pci_core_disable', '')],
  ];
  const UNBIND: Told = [13_500_000, 'trace', probe('u', 'pci_tsm_unbind')];
  const verdictOf = ({ findings }: Analysis) =>
    findings.filter(({ rule }) => rule === 'unbind-before-disable').map(({ verdict }) => verdict);

  test('an unbind without its bind may be the one that is missed', async () => {
    const closed = file('closed.txt', traceOf([...BOUND, ...END]));
    const unbound = file('unbound.txt', traceOf([UNBIND]));
    expect(verdictOf(await analyzeFiles([closed]))).toEqual(['probable']);
    for (const inputs of [
      [closed, unbound],
      [unbound, closed],
    ]) {
      const analysis = await analyzeFiles(inputs);
      expect(verdictOf(analysis)).toEqual(['possible']);
      const [finding] = analysis.findings.filter(({ rule }) => rule === 'unbind-before-disable');
      expect(finding?.assumptions.join()).toMatch(/the unbind at .*unbound\.txt:3 did not come before/);
    }
  });

  test('an unbind that ends a bind of its own excuses nothing', async () => {
    const closed = file('closed-2.txt', traceOf([...BOUND, ...END]));
    const whole = file('whole.txt', traceOf([...BOUND.slice(2), UNBIND]));
    expect(verdictOf(await analyzeFiles([closed, whole]))).toEqual(['probable']);
  });

  describe('a step that is wrong while locked', () => {
    const RESET: readonly Told[] = [
      [14_000_000, 'trace', probe('f', 'pcie_flr')],
      [14_100_000, 'trace', returned('fr', 'pcie_flr')],
    ];
    const flrOf = async (...inputs: readonly string[]) =>
      (await analyzeFiles(inputs, PLATFORM)).findings
        .filter(({ rule }) => rule === 'flr-while-locked')
        .map(({ verdict, assumptions }) => [
          verdict,
          assumptions.some((one) => /did not come before: nothing/.test(one)),
        ]);
    const request = (scope: number): Told => [13_500_000, 'trace', probe('g', 'pci_tsm_guest_req', ` scope=${scope}`)];
    const ofPf = (text: string) => text.replaceAll(BDF, '0000:02:00.7');
    const reset = () => file('reset.txt', traceOf([...BOUND, ...RESET]));

    test('may have had the STOP, the disconnect or the close of another input before it', async () => {
      expect(await flrOf(reset())).toEqual([['probable', false]]);
      const closed: Told = [13_500_000, 'trace', probe('d', 'vfio_pci_core_disable')];
      const disconnected: Told = [13_500_000, 'trace', probe('c', 'disconnect_store')];
      for (const [name, text] of [
        ['stop.txt', traceOf([request(1)])],
        ['close.txt', traceOf([closed])],
        ['disconnect.txt', traceOf([disconnected])],
        ['disconnect-of-the-device.txt', ofPf(traceOf([disconnected]))],
      ] as const) {
        expect([name, await flrOf(reset(), file(name, text))]).toEqual([name, [['possible', true]]]);
      }
    });

    test('is not excused by a request that changes nothing, or by the close of another function', async () => {
      expect(await flrOf(reset(), file('info.txt', traceOf([request(0)])))).toEqual([['probable', false]]);
      const other = ofPf(traceOf([[13_500_000, 'trace', probe('d', 'vfio_pci_core_disable')]]));
      expect(await flrOf(reset(), file('other.txt', other))).toEqual([['probable', false]]);
    });

    test('is not excused by what its own input would have recorded', async () => {
      const second: Told = [15_000_000, 'trace', request(1)[2]];
      const heard = file('heard.txt', traceOf([...BOUND, ...RESET, second]));
      expect(await flrOf(heard, file('stop.txt', traceOf([request(1)])))).toEqual([['probable', false]]);
    });
  });

  test('a STOP leaves the function bound: it excuses no close', async () => {
    const closed = file('closed-3.txt', traceOf([...BOUND, ...END]));
    const stop: Told = [13_500_000, 'trace', probe('g', 'pci_tsm_guest_req', ' scope=1')];
    expect(verdictOf(await analyzeFiles([closed, file('stop-2.txt', traceOf([stop]))]))).toEqual(['probable']);
  });
});

test('seconds asked of a clock that counts ticks are refused once that is known, before the other inputs are read', async () => {
  const counting = file('ticks.txt', '            qemu-1     [000] ...1. 123456789: vfio_pci_core_enable <-x\n');
  const judge = { since: '1' } as const;
  await expect(analyzeFiles([counting, join(folder, 'not-there.txt')], judge)).rejects.toThrow(
    /clock of .*ticks\.txt counts ticks: leave them away/,
  );
  await expect(analyzeFiles([counting], { since: null })).resolves.toBeDefined();
});
