import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { analyzeFiles } from './support/analyze.ts';

// Real logs, where they lie beside the checkout: which of them are of one boot is known.
const ROOT = process.env['TDI_TRACE_CAPTURES'] ?? '../shared/captures';
const PRESENT = existsSync(ROOT);
if (!PRESENT) console.warn(`SKIPPED: no captures at ${ROOT}; set TDI_TRACE_CAPTURES to their folder`);

async function relation(...names: string[]): Promise<string> {
  const { clocks } = await analyzeFiles(names.map((name) => join(ROOT, name)));
  return clocks.map((clock) => `${clock.relation} ${clock.offsets.join(' ')}`.trim()).join('; ');
}

describe.skipIf(!PRESENT)('real logs', () => {
  const legacy = '_machine/deb73-legacy';

  test('of one boot are one history: what dmesg printed and what the serial console received', async () => {
    expect(await relation(`${legacy}/boot-dmesg.txt`, `${legacy}/serial-console.t2.log.gz`)).toBe(
      'same 0.000000 0.000000',
    );
  });

  test.each(['dmesg.json', 'kmsg.raw.txt', 'dmesg.x.txt', 'dmesg.color.txt'])(
    'of one run are one history: dmesg.txt and %s',
    async (form) => {
      const scenario = 'k_aer/c73-cdev';
      const paths = ['dmesg.txt', form].map((name) => join(ROOT, scenario, name));
      const [one, two] = [await analyzeFiles(paths.slice(0, 1)), await analyzeFiles(paths)];
      expect(two.clocks.map((clock) => clock.relation)).toEqual(['same']);
      // Every message stands in both and counts once.
      const counts = ({ devices }: typeof one) => devices.map(({ bdf, events }) => `${bdf} ${events}`).sort();
      expect(counts(two)).toEqual(counts(one));
      expect(two.findings).toEqual([]);
    },
  );

  test.each(['serial-console.tkp.log', 'serial-console.tr.log'])(
    'of other boots of the same machine stay apart, although they print the same: %s',
    async (other) => {
      expect(await relation(`${legacy}/boot-dmesg.txt`, `${legacy}/${other}`)).toBe('unrelated');
    },
  );

  test.each(['c73-cdev', 'deb61-legacy', 'deb612-legacy', 'deb73-amdvi'])(
    'of other kernels on the same machine stay apart: %s',
    async (set) => {
      expect(await relation(`${legacy}/boot-dmesg.x.txt`, `_machine/${set}/boot-dmesg.x.txt`)).toBe('unrelated');
    },
  );

  test.each([
    ['a_clean/deb73-legacy', 'dmesg.dyndbg.txt'],
    ['a_clean/deb73-legacy', 'trace.probes.txt'],
    ['t02_close_before_unbind/c73-tsm', 'trace.probes.txt'],
    ['t06_reset_bound/deb73-tsm', 'trace.fn.txt'],
  ])('of other runs of the same steps stay apart: %s dmesg.txt and %s', async (scenario, other) => {
    expect(await relation(`${scenario}/dmesg.txt`, `${scenario}/${other}`)).toBe('unrelated');
  });
});
