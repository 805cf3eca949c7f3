import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { analyzeText, headlines } from '../support/analyze.ts';

const ROOT = join(import.meta.dirname, '../..');
const TRACE = readFileSync(join(ROOT, 'fixtures/captures/close-before-unbind/trace.probes.txt'), 'utf8');
// `             drv-444     (    444) [000] ...2.    55.467196: tsm_bind: (pci_tsm_bind+0x0/0x100) bdf="0000:02:00.0" ..`
const PROBE =
  /^ *(\S+)-(\d+) .*\[(\d+)\] \S+ +(\d+)\.(\d{6}): \w+: \((?:(\w+)\+0x0\/|\S+ \[\w+\] <- (\w+)).*?\)(?: (?:bdf|dev)="([\d:a-f.]+)")?(?:.* ret=(-?\d+))?/;

/** The printf() of the README, with the values of a line of the capture; null for what is no probe. */
function printed(line: string): string | null {
  const match = PROBE.exec(line);
  if (match === null) return null;
  const [, comm = '', tid = '', cpu = '', seconds = '', micros = '', entered, left, bdf, ret] = match;
  const head = `${comm.padStart(16)}-${tid.padEnd(7)} [${cpu.padStart(3, '0')}] ..... ${seconds.padStart(5)}.${micros}`;
  const device = bdf === undefined ? '' : ` bdf=${bdf}`;
  return left === undefined
    ? `${head}: ${entered}: (${entered}+0x0/0x0)${device}`
    : `${head}: ${left}: (0 <- ${left}) ret=${ret}`;
}

describe('bpftrace', () => {
  const rows = TRACE.split('\n')
    .map(printed)
    .filter((row) => row !== null);
  const text = `Attaching 18 probes...\n${rows.join('\n')}\n`;
  const json = `${[
    '{"type": "attached_probes", "data": {"probes": 18}}',
    ...rows.map((row) => `{"type": "printf", "data": ${JSON.stringify(`${row}\n`)}}`),
  ].join('\n')}\n`;
  const disable = rows.findIndex((row) => row.includes(': (vfio_pci_core_disable+0x0/0x0)')) + 2;

  for (const [form, content] of [
    ['text', text],
    ['JSON', json],
  ] as const) {
    test(`${form}: the same finding as from the probes of ftrace`, async () => {
      const ofFtrace = await analyzeText(TRACE);
      expect(headlines(ofFtrace)).toContain('probable unbind-before-disable 0000:02:00.0 :107');
      const analysis = await analyzeText(content);
      expect(analysis.sources[0]).toMatchObject({ format: 'bpftrace', clock: 'bpftrace', unparsed: 0 });
      expect(headlines(analysis)).toContain(`probable unbind-before-disable 0000:02:00.0 :${disable}`);
      expect(headlines(analysis).length).toBe(headlines(ofFtrace).length);
    });
  }

  test('the README prints these rows', () => {
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
    const formats = [...readme.matchAll(/printf\("([^"]+)\\n"/g)].map(([, format]) => format);
    const head = '%16s-%-7d [%03d] ..... %5llu.%06llu: ';
    expect(formats).toEqual([
      `${head}%s: (%s+0x0/0x0) bdf=%s`,
      `${head}%s: (%s+0x0/0x0) bdf=%s`,
      `${head}%s: (0 <- %s) ret=%lld`,
    ]);
  });

  test('rows that a mail program broke are put together, also before a loss mark', async () => {
    // At the last blank that leaves no more than 76 columns.
    const broken = rows.flatMap((row) => {
      if (row.length <= 76) return [row];
      const blank = row.lastIndexOf(' ', 76);
      return [row.slice(0, blank), row.slice(blank + 1)];
    });
    expect(broken.length).toBeGreaterThan(rows.length + 10);
    const lines = ['Attaching 18 probes...', ...broken];
    const at = lines.findIndex((row) => row.includes(': vfio_pci_core_disable:')) + 1;
    const analysis = await analyzeText(`${lines.join('\n')}\n`);
    expect(analysis.sources).toMatchObject([{ format: 'bpftrace', records: rows.length, unparsed: 0 }]);
    expect(headlines(analysis)).toEqual([`probable unbind-before-disable 0000:02:00.0 :${at}`]);
    const lossy = [...lines.slice(0, at - 1), 'Lost 12 events', ...lines.slice(at - 1)];
    // The unbind that comes later says the same whether something was lost or not.
    const after = await analyzeText(`${lossy.join('\n')}\n`);
    expect(after.health.filter(({ code }) => code === 'events-lost')).toMatchObject([{ line: at, count: 12 }]);
    expect(headlines(after)).toEqual([`probable unbind-before-disable 0000:02:00.0 :${at + 1}`]);
    expect(after.sources).toMatchObject([{ records: rows.length, unparsed: 0, lost: 12 }]);
  });
});
