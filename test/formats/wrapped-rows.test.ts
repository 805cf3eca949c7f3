import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { HealthItem } from '../../src/base/health.ts';
import { readSource } from '../../src/formats/read.ts';
import type { KernelRecord } from '../../src/formats/record.ts';
import { openSource } from '../../src/input/source.ts';
import { EVERYTHING } from './collect.ts';

// Constructed after the samples in fixtures/formats: rows of each form, wide enough that a mail program breaks them.
const PERF = [
  'iommu:attach_device_to_domain: IOMMU: device=0000:02:00.0',
  ...[1, 2, 3, 4].map(
    (n) => `iommu:map: IOMMU: iova=0x000000000010${n}000 - 0x000000000010${n}fff paddr=0x0000000001f1${n}000 size=4096`,
  ),
].map((text, n) => ` qemu-system-x86   278 [001]    85.76723${n}: ${text}`);
const QEMU = [
  ...[1, 2, 3, 4].map(
    (n) => `2026-10-08T20:10:01.26569${n}Z vfio_pci_write_config  (0000:81:00.${n}, @0x4, 0x000000000000140, len=0x2)`,
  ),
  '2026-10-08T20:10:01.265699Z vfio_pci_reset_flr 0000:81:00.1 FLR/VFIO_DEVICE_RESET',
];
const BARE = [
  '# tracer: nop',
  '#',
  ...[1, 2, 3, 4].map(
    (n) => `map: IOMMU: iova=0x000000000010${n}000 - 0x000000000010${n}fff paddr=0x0000000001f1${n}000 size=4096`,
  ),
  'attach_device_to_domain: IOMMU: device=0000:02:00.0',
];
const TRACE = PERF.map((row) =>
  row.replace(/^ (\S+) {3}(\d+) \[001\] {4}(\S+): iommu:/, ' $1-$2     [001] .....    $3: '),
);
const PAGE = [
  '<!DOCTYPE html>',
  '<html><head><title>Android System Trace</title></head><body>',
  '  <script class="trace-data" type="application/text">',
  '# tracer: nop',
  ...TRACE,
  '  </script>',
  '</body></html>',
];

async function read(lines: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'tdi-trace-wrapped-'));
  try {
    const path = join(folder, 'mail.txt');
    writeFileSync(path, `${lines.join('\n')}\n`);
    const records: KernelRecord[] = [];
    const health: HealthItem[] = [];
    const source = await openSource(path);
    if (source.kind !== 'log') throw new Error('not a log');
    const totals = await readSource(source, {
      inputFormat: null,
      interest: EVERYTHING,
      emit: (record) => records.push(record),
      health: (item) => health.push(item),
      maxBytes: 1e9,
    });
    const said = records.map((one) => (one.type === 'event' ? `${one.name} ${one.body}` : one.type));
    const doubted = health.filter(({ code }) => code === 'rest-doubtful').map(({ line }) => line);
    return { totals, records, said, doubted, health: health.map(({ code, message }) => `${code}: ${message}`) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** As a mail program breaks lines: at the last blank that fits, which goes. */
function folded(lines: readonly string[], width: number, quote: string): string[] {
  return lines.flatMap((line) => {
    const out: string[] = [];
    let rest = line;
    for (let blank = rest.lastIndexOf(' ', width); rest.length > width && blank > 0; ) {
      out.push(quote + rest.slice(0, blank));
      rest = rest.slice(blank + 1);
      blank = rest.lastIndexOf(' ', width);
    }
    return [...out, quote + rest];
  });
}

/** As a terminal breaks lines: where it ends, whatever stands there. */
function cut(lines: readonly string[], width: number): string[] {
  return lines.flatMap((line) =>
    line === ''
      ? ['']
      : Array.from({ length: Math.ceil(line.length / width) }, (_, n) => line.slice(n * width, (n + 1) * width)),
  );
}

describe.each([
  ['perf-script', PERF],
  ['qemu', QEMU],
  ['ftrace-bare', BARE],
  ['systrace', PAGE],
])('%s', (form, lines) => {
  test.each([
    [72, ''],
    [76, ''],
    [76, '> '],
  ])('rows that were broken at %d columns, behind %j, are put together', async (width, quote) => {
    if (form === 'systrace' && quote !== '') return;
    const whole = await read(lines);
    const broken = await read(folded(lines, width, quote));
    expect(whole.totals.format).toBe(form);
    expect(broken.totals.format).toBe(form);
    expect(broken.said).toEqual(whole.said);
    expect(broken.totals.unparsed).toBe(0);
    expect(broken.health.join()).toMatch(/lines-repaired: .*broken for their width/);
    // The text is that of the source, line by line.
    const [first] = broken.records.filter(({ endLine, line }) => endLine > line);
    expect(first?.text.split('\n').length).toBe((first?.endLine ?? 0) - (first?.line ?? 0) + 1);
  });

  test.each([
    [80, '', ''],
    [100, '', ''],
    [120, '', ''],
    [100, '> ', ''],
    [100, '', '    '],
    [93, '', ''],
  ])(
    'rows copied from a terminal of %d columns, behind %j and %j, are whole or doubtful',
    async (width, quote, indent) => {
      // Neither a page nor entries without a head are read behind something.
      if (form === 'systrace' && quote + indent !== '') return;
      if (form === 'ftrace-bare' && indent !== '') return;
      const whole = await read(lines);
      const broken = await read(cut(lines, width).map((line) => quote + indent + line));
      expect(broken.totals.format).toBe(form);
      expect(broken.said.length).toBe(whole.said.length);
      for (const [index, text] of broken.said.entries())
        if (text !== whole.said[index]) expect(broken.doubted).toContain((broken.records[index]?.endLine ?? 0) + 1);
    },
  );

  test.each([
    'and this is where it goes wrong, as far as we can tell',
    '(this one is where it goes wrong, as far as we can tell)',
    'dev=foo is what goes wrong here, as far as we can tell',
    '-> and here it goes wrong, as far as we can tell',
  ])('what somebody wrote between broken rows is no part of one: %s', async (comment) => {
    const broken = folded(lines, 72, '');
    const at = broken.findIndex((line) => /len=0x2\)|size=4096/.test(line)) + 1;
    const { said, totals } = await read([...broken.slice(0, at), comment, ...broken.slice(at)]);
    expect(said).toEqual((await read(lines)).said);
    expect(totals.unparsed).toBe(1);
  });

  test('rows that were not broken are left alone', async () => {
    const { health, totals } = await read(lines);
    expect(totals.continuation).toBe(0);
    expect(health.filter((row) => !row.startsWith('no-time'))).toEqual([]);
  });
});

test.each([
  ['perf-script', PERF],
  ['qemu', QEMU],
  ['ftrace-bare', BARE],
])('quoted rows of %s are read as they were', async (form, lines) => {
  const { said, totals, records, health } = await read(lines.map((line) => `> ${line}`));
  expect(totals.format).toBe(form);
  expect(said).toEqual((await read(lines)).said);
  expect(records.every(({ text }) => text.startsWith('> '))).toBe(true);
  expect(health.join()).toMatch(/lines-repaired: .*quoted or indented/);
});

test('indented rows of QEMU are read as they were', async () => {
  const { said, totals } = await read(QEMU.map((line) => `    ${line}`));
  expect(totals.format).toBe('qemu');
  expect(said).toEqual((await read(QEMU)).said);
});
