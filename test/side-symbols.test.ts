import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { analyze } from '../src/analysis.ts';
import { NEUTRAL_JUDGEMENT } from '../src/commands/reading.ts';
import { Hints } from '../src/identity/hints.ts';
import { readSideData } from '../src/input/side-data.ts';

// A capture of ours with what trace-cmd reports of it; not part of the repository.
const CAPTURES = join(
  process.env['TDI_TRACE_CAPTURES'] ?? join(import.meta.dirname, '../../shared/captures'),
  'formats/c73-cdev',
);
const DAT = join(CAPTURES, 'tc-ev-v7-none.trace.dat.gz');
const REPORT = join(CAPTURES, 'tc-ev-v7-none.report.txt');
const isThere = existsSync(DAT);
if (!isThere) process.stderr.write(`SKIPPED: no trace.dat with kallsyms at ${CAPTURES}: set TDI_TRACE_CAPTURES\n`);

const folder = mkdtempSync(join(tmpdir(), 'tdi-trace-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** `kind phase outcome bdf` of each event, and the file that named its function. */
async function eventsOf(path: string, hints?: Hints): Promise<{ told: string[]; by: Set<string> }> {
  const input = { inputs: [path], db: null, inputFormat: null, maxBytes: 2 ** 30, ...(hints && { hints }) };
  const analyzed = await analyze(input, NEUTRAL_JUDGEMENT);
  const bdfs = new Map(analyzed.timeline.devices().map(({ id, bdf }) => [id, bdf]));
  const events = analyzed.timeline.events(0, 5000);
  const by = new Set(events.flatMap(({ args }) => args['named_by'] ?? []));
  analyzed.close();
  return {
    told: events.map(({ kind, phase, outcome, deviceId }) => `${kind} ${phase} ${outcome} ${bdfs.get(deviceId ?? -1)}`),
    by,
  };
}

/** /proc/kallsyms as trace-cmd put it into the file. */
function kallsyms(): string {
  const text = gunzipSync(readFileSync(DAT)).toString('latin1');
  const start = text.indexOf('ffffffff81000000 T');
  const rows = text.slice(start);
  const end = /\n(?![0-9a-f]{16} . )/.exec(rows);
  return rows.slice(0, (end?.index ?? -1) + 1);
}

test.skipIf(!isThere)('trace-cmd report with addresses and kallsyms is as good as the trace.dat', async () => {
  writeFileSync(join(folder, 'kallsyms'), kallsyms());
  const hints = new Hints(new Map(), readSideData(folder));
  const [dat, report, bare] = [await eventsOf(DAT), await eventsOf(REPORT, hints), await eventsOf(REPORT)];
  expect(report.told).toEqual(dat.told);
  expect(report.told.filter((one) => one.startsWith('pci.flr enter'))).toHaveLength(3);
  expect([...report.by]).toEqual(['kallsyms']);
  // Without it only the tracepoints are left.
  expect(bare.told.every((one) => one.startsWith('iommu.'))).toBe(true);
});

// cpus=2 begins what trace-cmd reports.
const REPORTED = `cpus=2
             drv-512   [001] ...2.   312.877813: bind:                 (ffffffff81000100) bdf="0000:02:00.0"
             drv-512   [001] ...2.   312.878013: bind_ret:             (ffffffff81000100 <- ffffffff81000004) bdf="0000:02:00.0" ret=0
             drv-512   [001] ...2.   312.888813: dis:                  (ffffffff81000200) bdf="0000:02:00.0"
`;

test('kallsyms of another boot names nothing, and that is said', async () => {
  const other = mkdtempSync(join(tmpdir(), 'tdi-trace-test-'));
  writeFileSync(join(other, 'report.txt'), REPORTED);
  // The kernel was moved by 2 MiB, and a function stands where another one's middle was.
  const rows = [
    'ffffffff80e00000 T caller',
    'ffffffff810000f0 T pci_tsm_bind',
    'ffffffff810001f0 T vfio_pci_core_disable',
  ];
  writeFileSync(join(other, 'kallsyms'), rows.join('\n'));
  const side = readSideData(other);
  const input = { inputs: [join(other, 'report.txt')], db: null, inputFormat: null, maxBytes: 2 ** 30 };
  const analyzed = await analyze({ ...input, hints: new Hints(new Map(), side) }, { ...NEUTRAL_JUDGEMENT, side });
  analyzed.close();
  rmSync(other, { recursive: true });
  const { findings, health } = analyzed.analysis;
  expect(findings).toEqual([]);
  expect(health.find(({ code }) => code === 'symbols-missing')?.message).toBe(
    '2 dynamic events name an address instead of a function, what they sit on cannot be told: kallsyms does not name them, it may be of another boot',
  );
});

test('no verdict on functions that kallsyms named is definite, whatever is declared complete', async () => {
  writeFileSync(join(folder, 'report.txt'), REPORTED);
  const rows = [
    'ffffffff81000000 T caller',
    'ffffffff81000100 T pci_tsm_bind',
    'ffffffff81000200 T vfio_pci_core_disable',
  ];
  writeFileSync(join(folder, 'kallsyms'), rows.join('\n'));
  const side = readSideData(folder);
  const input = { inputs: [join(folder, 'report.txt')], db: null, inputFormat: null, maxBytes: 2 ** 30 };
  const judge = { ...NEUTRAL_JUDGEMENT, complete: ['bind'] as const, side };
  const analyzed = await analyze({ ...input, hints: new Hints(new Map(), side) }, judge);
  analyzed.close();
  const { findings } = analyzed.analysis;
  expect(findings.map(({ verdict, rule }) => `${verdict} ${rule}`)).toEqual(['probable unbind-before-disable']);
  expect(findings[0]?.assumptions).toContain(
    'side: kallsyms: the addresses of functions in it are those of the boot that the trace is of',
  );
});
