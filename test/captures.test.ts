import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { analyzeFiles, analyzeText, brief, headlines, violationOf } from './support/analyze.ts';

// Lines were read in the captures: the entry of vfio_pci_core_disable(), the write of COMMAND without bit 2, pcie_flr()
// inside the reset ioctl, and so on, each between the bind and the unbind of the same function.
const DISABLE = 'vfio_pci_core_disable';
const WRITE = 'vfio_basic_config_write';
const FLR = 'pcie_flr';
const DEVICE = '0000:02:00.0';
const VF = '0000:02:10.0';

interface Expected {
  readonly file: string;
  /** Headlines in order, each with the function that its violation line names. */
  readonly headlines: readonly (readonly [string, string])[];
  /** What hangs below them: rule and line. */
  readonly caused?: readonly string[];
}

const EXPECTED: readonly Expected[] = [
  {
    file: 'close-before-unbind/trace.probes.txt',
    headlines: [[`probable unbind-before-disable ${DEVICE} :107`, DISABLE]],
    caused: ['bme-clear-while-locked :110', 'flr-while-locked :113'],
  },
  {
    file: 'close-before-unbind/trace.fn.txt',
    headlines: [[`probable unbind-before-disable ${DEVICE} :160`, DISABLE]],
    // The value of the configuration write is not recorded, so whether Bus Master was set is not known (line 165).
    caused: ['bme-clear-while-locked :165', 'flr-while-locked :169'],
  },
  {
    file: 'close-before-unbind/trace.fgfull.txt',
    headlines: [[`probable unbind-before-disable ${DEVICE} :228`, DISABLE]],
    caused: ['bar-zap-while-bound :226', 'bme-clear-while-locked :235', 'flr-while-locked :239'],
  },
  {
    file: 'bme-clear-while-bound/trace.probes.txt',
    headlines: [[`probable bme-clear-while-locked ${DEVICE} :98`, WRITE]],
  },
  {
    file: 'bme-clear-while-bound/trace.fgfull.txt',
    headlines: [[`probable bme-clear-while-locked ${DEVICE} :204`, WRITE]],
  },
  // The function tracer shows that a register was written (line 144), not which.
  { file: 'bme-clear-while-bound/trace.fn.txt', headlines: [] },
  {
    file: 'reset-while-bound/trace.probes.txt',
    headlines: [[`probable flr-while-locked ${DEVICE} :98`, FLR]],
  },
  {
    file: 'reset-while-bound/trace.fn.txt',
    headlines: [[`probable flr-while-locked ${DEVICE} :136`, FLR]],
  },
  {
    file: 'reset-while-bound/trace.fgfull.txt',
    headlines: [[`probable flr-while-locked ${DEVICE} :189`, FLR]],
    caused: ['bar-zap-while-bound :183'],
  },
  {
    file: 'vf-removed-while-bound/trace.probes.txt',
    headlines: [
      [`probable bme-clear-while-locked ${VF} :239`, WRITE],
      [`probable flr-while-locked ${VF} :248`, FLR],
      [`probable unbind-before-disable ${VF} :269`, DISABLE],
      [`probable surprise-removal-while-bound ${VF} :285`, 'pci_stop_and_remove_bus_device'],
    ],
    caused: ['flr-while-locked :275'],
  },
  {
    file: 'vf-removed-while-bound/trace.fgfull.txt.gz',
    headlines: [
      [`probable bme-clear-while-locked ${VF} :652`, WRITE],
      [`probable flr-while-locked ${VF} :674`, FLR],
      [`probable unbind-before-disable ${VF} :736`, DISABLE],
      [`probable sriov-change-while-locked ${VF} :795`, 'pci_disable_sriov'],
    ],
    caused: [
      'bar-zap-while-bound :668',
      'bar-zap-while-bound :734',
      'flr-while-locked :747',
      'surprise-removal-while-bound :796',
    ],
  },
  {
    file: 'driver-unbind-while-bound/trace.probes.txt',
    headlines: [[`probable unbind-before-disable ${DEVICE} :107`, DISABLE]],
    caused: ['bme-clear-while-locked :110', 'flr-while-locked :113'],
  },
  ...[
    'good-order/trace.probes.txt',
    'good-order/trace.fn.txt',
    'good-order/trace.fgfull.txt',
    'good-order/dmesg.txt',
    'close-before-unbind/dmesg.txt',
    'bme-clear-while-bound/dmesg.txt',
    'reset-while-bound/dmesg.txt',
    'connect-disconnect/trace.probes.txt',
    'no-tsm/trace.probes.txt',
    'no-tsm/dmesg.json',
    'no-tsm-removed/dmesg.dyndbg.txt',
  ].map((file) => ({ file, headlines: [] })),
];

function path(file: string): string {
  return `fixtures/captures/${file}`;
}

describe.each(EXPECTED)('$file', (expected) => {
  test('the driven bug is the headline, what it entails hangs below', async () => {
    const analysis = await analyzeFiles([path(expected.file)]);
    expect(headlines(analysis)).toEqual(expected.headlines.map(([text]) => text));
    const main = analysis.findings.filter((finding) => finding.headline);
    for (const [index, [, symbol]] of expected.headlines.entries()) {
      const finding = main[index];
      expect(finding && violationOf(finding).text).toContain(symbol);
    }
    const caused = analysis.findings.filter((finding) => !finding.headline);
    expect(caused.map((finding) => brief(finding).replace(/^\w+ (\S+) \S+/, '$1'))).toEqual(expected.caused ?? []);
    for (const finding of caused) expect(main.map((one) => one.id)).toContain(finding.caused_by);
  });

  test('the marks of the one who drove it play no part', async () => {
    const raw = readFileSync(path(expected.file));
    const text = (expected.file.endsWith('.gz') ? gunzipSync(raw) : raw).toString('utf8');
    const bare = text.replace(/^.*tracing_mark_write.*\n/gm, '');
    const [all, without] = [await analyzeText(text), await analyzeText(bare)];
    const prints = (analysis: typeof all) =>
      analysis.findings.map((finding) => `${finding.verdict} ${finding.fingerprint}`);
    expect(prints(without)).toEqual(prints(all));
  });
});

test('without the device in the probes, the task that names one device stands in for it', async () => {
  const text = readFileSync(path('close-before-unbind/trace.probes.txt'), 'utf8');
  const bare = text.replace(/ (?:bdf|dev)="[^"]*"/g, '');
  expect(headlines(await analyzeText(bare))).toEqual([`probable unbind-before-disable ${DEVICE} :107`]);
});

test('dmesg alone says what it cannot see', async () => {
  const analysis = await analyzeFiles([path('close-before-unbind/dmesg.txt')]);
  expect(analysis.findings).toEqual([]);
  const rules = new Map(analysis.rules.map((row) => [row.rule, row]));
  expect(new Set(analysis.rules.map((row) => row.status))).toEqual(new Set(['blind']));
  expect(rules.get('unbind-before-disable')?.missing).toEqual(['driver', 'start', 'bind']);
  // The stand-in driver's own words are no evidence.
  expect(analysis.unrecognised.every((item) => item.text.includes('labtsm: '))).toBe(true);
  expect(analysis.unrecognised).toHaveLength(4);
});

test('one bug has one fingerprint, whichever capture of the same form shows it', async () => {
  const [a, b] = await Promise.all(
    ['close-before-unbind', 'driver-unbind-while-bound'].map((folder) =>
      analyzeFiles([path(`${folder}/trace.probes.txt`)]),
    ),
  );
  expect(a?.findings[0]?.fingerprint).toBe(b?.findings[0]?.fingerprint);
  expect(a?.findings[0]?.fingerprint).not.toBe(a?.findings[1]?.fingerprint);
});

test('declared complete, the verdict is definite; with a loss in between what comes later may tell', async () => {
  const file = path('close-before-unbind/trace.probes.txt');
  const complete = await analyzeFiles([file], { complete: ['bind'] });
  expect(headlines(complete)).toEqual([`definite unbind-before-disable ${DEVICE} :107`]);
  const lines = readFileSync(file, 'utf8').split('\n');
  lines.splice(100, 0, 'CPU:0 [LOST 12 EVENTS]');
  const lossy = await analyzeText(lines.join('\n'), { complete: ['bind'] });
  // The request of line 127, which succeeds, shows that the function was still bound.
  expect(headlines(lossy)).toEqual([`probable unbind-before-disable ${DEVICE} :108`]);
  expect(lossy.findings.find(({ headline }) => headline)).toMatchObject({
    by_later_evidence: true,
    summary: expect.stringMatching(/, as line 127 tells$/),
  });
  const upTo = lines.slice(0, 126).join('\n');
  expect(headlines(await analyzeText(upTo, { complete: ['bind'] }))).toEqual([
    `possible unbind-before-disable ${DEVICE} :108`,
  ]);
});
