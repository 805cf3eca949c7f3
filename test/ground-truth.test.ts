import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { analyzeFiles } from './support/analyze.ts';

// The whole set of captures, where it lies beside the checkout: every scenario in every form against what was driven.
const ROOT = process.env['TDI_TRACE_CAPTURES'] ?? '../shared/captures';
const PRESENT = existsSync(ROOT);
if (!PRESENT) console.warn(`SKIPPED: no captures at ${ROOT}; set TDI_TRACE_CAPTURES to their folder`);

/** What was driven wrongly, in order: rule and device. `probes` have arguments and results, `fgfull` too. */
const DRIVEN: Readonly<Record<string, readonly string[]>> = {
  t02_close_before_unbind: ['unbind-before-disable 0000:02:00.0'],
  t14_vfio_unbind_bound: ['unbind-before-disable 0000:02:00.0'],
  t03_bme_clear_bound: ['bme-clear-while-locked 0000:02:00.0'],
  t06_reset_bound: ['flr-while-locked 0000:02:00.0'],
  t09_vf_bind: [
    'bme-clear-while-locked 0000:02:10.0',
    'flr-while-locked 0000:02:10.0',
    'unbind-before-disable 0000:02:10.0',
    // Where pci_disable_sriov() is recorded, it names the removal that is part of it.
    '(?:surprise-removal-while-bound|sriov-change-while-locked) 0000:02:10.0',
  ],
};

/** The function tracer without arguments does not show which register was written. */
function expected(scenario: string, file: string): readonly string[] {
  const driven = DRIVEN[scenario] ?? [];
  if (!/^trace\.(?:probes|fn|fgfull)\./.test(file)) return [];
  return file.startsWith('trace.fn.') ? driven.filter((one) => !one.startsWith('bme-clear')) : driven;
}

const FILES = PRESENT
  ? readdirSync(ROOT)
      .filter(
        (scenario) =>
          /^[a-z]\w+$/.test(scenario) && scenario !== 'formats' && statSync(join(ROOT, scenario)).isDirectory(),
      )
      .flatMap((scenario) =>
        readdirSync(join(ROOT, scenario)).flatMap((set) =>
          readdirSync(join(ROOT, scenario, set))
            .filter(
              (file) => /^(?:trace|dmesg|kmsg)\./.test(file) && statSync(join(ROOT, scenario, set, file)).size > 0,
            )
            .map((file) => ({ scenario, set, file, path: join(ROOT, scenario, set, file) })),
        ),
      )
  : [];

// A trace of nothing but a header: the scenario never reached a traced function.
const HEADER_ONLY = new Set(['k_aer/c73-cdev/trace.fg.txt']);

describe.skipIf(!PRESENT)('what was driven', () => {
  test('there is something to compare', () => {
    expect(FILES.length).toBeGreaterThan(300);
  });

  test.each(FILES.filter(({ scenario, set, file }) => !HEADER_ONLY.has(`${scenario}/${set}/${file}`)))(
    '$scenario/$set/$file',
    async ({ scenario, file, path }) => {
      const { findings, sources } = await analyzeFiles([path]);
      const found = findings.filter((finding) => finding.headline).map(({ rule, device }) => `${rule} ${device}`);
      const wanted = expected(scenario, file);
      expect(found).toEqual(wanted.map((pattern) => expect.stringMatching(`^${pattern}$`)));
      // Nothing is declared complete: that is the most that any of these can be.
      for (const finding of findings) expect(['probable', 'possible']).toContain(finding.verdict);
      const [source] = sources;
      expect(source && source.records + source.continuation + source.skipped + source.unparsed).toBe(source?.lines);
    },
  );
});
