import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LineKind } from '../../src/formats/format.ts';
import { WrappedTrace } from '../../src/formats/ftrace-wrap.ts';
import type { KernelRecord } from '../../src/formats/record.ts';
import type { Analysis } from '../../src/model/analysis.ts';
import { analyzeText, headlines, violationOf } from '../support/analyze.ts';
import { EVERYTHING } from './collect.ts';

const CAPTURES = 'fixtures/captures';

interface Folding {
  readonly width: number;
  /** Blanks before the break are taken away, too. */
  readonly strip: boolean;
  readonly quote: string;
  /** The quotation is older than the breaks: what is broken off has no mark of it. */
  readonly bareTails?: boolean;
}

/** A text as a mail program breaks it: at the last blank that fits, which goes. `at`: where each line begins now. */
function folded(text: string, { width, strip, quote, bareTails }: Folding): { text: string; at: number[] } {
  const out: string[] = [];
  const at: number[] = [0];
  for (const line of text.trimEnd().split('\n')) {
    at.push(out.length + 1);
    let rest = bareTails === true ? `${quote}${line}` : line;
    const mark = bareTails === true ? '' : quote;
    while (rest.length > width) {
      const fits = rest.lastIndexOf(' ', width);
      const blank = rest.slice(0, fits).trim() === '' ? rest.indexOf(' ', width) : fits;
      if (blank < 0) break;
      out.push(mark + (strip ? rest.slice(0, blank).trimEnd() : rest.slice(0, blank)));
      rest = rest.slice(blank + 1);
    }
    out.push(mark + rest);
  }
  return { text: `${out.join('\n')}\n`, at };
}

function capture(file: string): string {
  return readFileSync(join(CAPTURES, file), 'utf8');
}

function findings(analysis: Analysis, at: (line: number) => number): string[] {
  return analysis.findings.map((one) => `${one.rule} ${one.device} ${at(violationOf(one).line)}`);
}

describe('a trace whose rows a mail program broke', () => {
  const plain: Folding = { width: 72, strip: false, quote: '' };
  const probes = 'close-before-unbind/trace.probes.txt';
  const graph = 'close-before-unbind/trace.fgfull.txt';

  // Records and the line of the headline as test/captures.test.ts has them of the capture as it was recorded.
  test.each([
    [probes, plain, 107, 124],
    [probes, { ...plain, width: 76 }, 107, 124],
    [probes, { ...plain, quote: '> ' }, 107, 124],
    [probes, { ...plain, width: 76, strip: true, quote: '> > ' }, 107, 124],
    [probes, { ...plain, width: 76, quote: '> ', bareTails: true }, 107, 124],
    [graph, { ...plain, width: 74, quote: '> ', bareTails: true }, 228, 286],
    [graph, plain, 228, 286],
    [graph, { ...plain, width: 76 }, 228, 286],
    [graph, { ...plain, width: 76, quote: '> ' }, 228, 286],
  ])('%s, %o: the same headline, every line accounted for', async (file, folding, line, records) => {
    const { text, at } = folded(capture(file), folding);
    const analysis = await analyzeText(text);
    expect(headlines(analysis)).toEqual([`probable unbind-before-disable 0000:02:00.0 :${at[line]}`]);
    const [source] = analysis.sources;
    expect(source?.records).toBe(records);
    expect(source?.unparsed).toBe(0);
    expect(source?.lines).toBe(text.trimEnd().split('\n').length);
    expect(source?.lines).toBe(records + (source?.continuation ?? 0) + (source?.skipped ?? 0));
    expect(analysis.health.map(({ code }) => code)).toContain('lines-repaired');
  });

  test('a call whose indent is gone is not guessed at, and that much is missing is a warning', async () => {
    const { text } = folded(capture(graph), { ...plain, strip: true });
    const analysis = await analyzeText(text);
    expect(analysis.findings).toEqual([]);
    expect(analysis.health.find(({ code }) => code === 'mostly-unparsed')).toMatchObject({ severity: 'warning' });
  });

  test('no width makes more than a possibility of what the capture does not show', async () => {
    const files = readdirSync(CAPTURES, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /trace.*\.txt$/.test(name),
    );
    expect(files.length).toBeGreaterThan(10);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...files),
        fc.record({
          width: fc.integer({ min: 60, max: 120 }),
          strip: fc.boolean(),
          quote: fc.constantFrom('', '> '),
          bareTails: fc.boolean(),
        }),
        async (file, folding) => {
          const text = capture(file);
          const { text: broken, at } = folded(text, folding);
          const known = findings(await analyzeText(text), (line) => at[line] ?? 0);
          const { findings: found, ...rest } = await analyzeText(broken);
          // Where rows are lost, that is said, and what it touches is a possibility.
          const sure = found.filter(({ verdict }) => verdict !== 'possible');
          for (const one of findings({ ...rest, findings: sure }, (line) => line)) expect(known).toContain(one);
        },
      ),
      { numRuns: 30 },
    );
  });
});

const HEAD = '             drv-278     [001] ...1.    85.767238: ';
/** Rows that show the width, which is 72. */
const WHOLE = `${HEAD}pci_find_bus <-pci_ab`;
const SHOWN = [WHOLE, ...[1, 2, 3].flatMap(() => [`${HEAD}pcie_flr:`, '(pcie_flr+0x0/0x160) bdf="0000:02:00.0"'])];

function read(below: readonly string[]): { kinds: LineKind[]; last: KernelRecord | undefined } {
  const records: KernelRecord[] = [];
  const trace = new WrappedTrace({
    emit: (record) => records.push(record),
    health: () => undefined,
    interest: EVERYTHING,
  });
  const lines = [...SHOWN, ...below];
  trace.learn(lines);
  const kinds = lines.map((line, index) => trace.parse(line, index + 1, false));
  trace.end();
  return { kinds: kinds.slice(SHOWN.length), last: records.at(-1) };
}

describe('what stands below a broken row', () => {
  // 66 columns: of 72, so that a word of six has no room.
  const row = `${HEAD}pcie_flr: (x+0)`;

  test('is the rest of it, and the raw text is kept', () => {
    const { kinds, last } = read([row, 'bdf="0000:02:00.0"']);
    expect(kinds).toEqual(['record', 'continuation']);
    expect(last).toMatchObject({ line: 8, endLine: 9, text: `${row}\nbdf="0000:02:00.0"` });
    expect(last?.type === 'event' && last.body).toContain('bdf="0000:02:00.0"');
  });

  test.each([
    ['what somebody says', 'Obviously the reset.'],
    ['an answer to the quotation', '> bdf="0000:02:00.0"'],
    ['a header', '# tracer: function_graph'],
    ['a loss mark', 'CPU:1 [LOST 145 EVENTS]'],
    ['another row', row],
    ['a call', ' 1)   2.123 us    |  pcie_flr();'],
    ['a stack frame', ' => vfio_pci_core_disable'],
    ['what had room', 'a=1'],
  ])('is no rest of it: %s', (_, line) => {
    const { last } = read([row, line]);
    const rows = read([row]);
    expect(rows.last).toMatchObject({ line: 8, endLine: 8, text: row });
    expect(last?.line === 8 ? last : rows.last).toEqual(rows.last);
  });

  test('is nothing behind a blank line', () => {
    expect(read([row, '', 'bdf="0000:02:00.0"']).kinds).toEqual(['record', 'skipped', 'unparsed']);
  });

  test('is nothing behind a call that is whole', () => {
    const call = ' 1)   2.123 us    |                              pcie_flr(dev=0xffff);';
    expect(read([call, 'vfio_pci_core_disable();']).kinds).toEqual(['record', 'unparsed']);
    expect(read([call, '/* <-vfio_pci_core_disable+0x12/0x34 ret=0x0 */']).kinds).toEqual(['record', 'continuation']);
  });

  test('is not joined where few rows are broken, or one is wider than mails are', () => {
    const trace = new WrappedTrace({ emit: () => undefined, health: () => undefined, interest: EVERYTHING });
    trace.learn(SHOWN.slice(0, 5));
    expect(SHOWN.slice(0, 5).map((line, index) => trace.parse(line, index + 1, false))[2]).toBe('unparsed');
    const wide = new WrappedTrace({ emit: () => undefined, health: () => undefined, interest: EVERYTHING });
    wide.learn([...SHOWN, `${row} ${'a=1 '.repeat(20)}`]);
    expect(SHOWN.map((line, index) => wide.parse(line, index + 1, false))[2]).toBe('unparsed');
  });
});
