import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { analyze } from '../../src/analysis.ts';
import { NEUTRAL_JUDGEMENT } from '../../src/commands/reading.ts';
import { dmesg, message, row } from '../support/two-sources.ts';

// A log that sees a function removed and added again, and a trace of which some records may be of it.
const A = '0000:02:00.0';
const B = '0000:03:00.0';
const AHEAD = 150_000;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tdi-trace-lives-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, lines: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

test('what may be of a device may be of the life that it falls into, and of no other one', async () => {
  const anchors = [9_000_017, 10_200_033, 11_900_091, 19_000_055];
  const found = `pci ${A}: [8086:10c9] type 00 class 0x020000 PCIe Endpoint`;
  const said: [number, string][] = [
    [9_500_000, found],
    [9_600_000, `pci ${A}: enabling device (0000 -> 0002)`],
    [14_000_000, `pci ${A}: Removing from iommu group 12`],
    [15_000_000, found],
  ];
  const log = [...anchors.map((us, n): [number, string] => [us, message(n)]), ...said].sort(([a], [b]) => a - b);
  const traced: [number, string][] = [
    [12_000_000, `attach_device_to_domain: IOMMU: device=${A}`],
    [12_000_100, `attach_device_to_domain: IOMMU: device=${B}`],
    [13_000_000, 'b: (pci_tsm_bind+0x0/0x100)'],
    [16_000_000, 'u: (pci_tsm_unbind+0x0/0x100)'],
  ];
  const trace = [...anchors.map((us, n): [number, string] => [us + 4, `console: ${message(n)}`]), ...traced].sort(
    ([a], [b]) => a - b,
  );
  const inputs = [
    file(
      'dmesg.txt',
      log.map(([us, text]) => dmesg(us, text)),
    ),
    file('trace.txt', ['# tracer: nop', '#', ...trace.map(([us, text]) => row(us + AHEAD, 444, text))]),
  ];
  const { timeline, close } = await analyze(
    { inputs, db: null, inputFormat: null, maxBytes: 1 << 28 },
    NEUTRAL_JUDGEMENT,
  );
  try {
    const lives = timeline.devices().filter(({ bdf }) => bdf === A);
    expect(lives.length).toBe(2);
    const [other] = timeline.devices().filter(({ bdf }) => bdf === B);
    const maybe = timeline
      .events(0, 1000)
      .filter(({ kind }) => kind === 'tsm.bind' || kind === 'tsm.unbind')
      .map((event) => [event.kind, event.maybe]);
    expect(maybe).toEqual([
      ['tsm.bind', [lives[0]?.id, other?.id]],
      ['tsm.unbind', [lives[1]?.id, other?.id]],
    ]);
  } finally {
    close();
  }
});
