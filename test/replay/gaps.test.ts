import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { HealthCode } from '../../src/base/health.ts';
import { gapsOf } from '../../src/replay/gaps.ts';
import { analyzeFiles, analyzeText, headlines } from '../support/analyze.ts';
import { dmesg, message, row } from '../support/two-sources.ts';

/** Every call was recorded, says the user: only a loss leaves room for an unbind that nobody saw. */
const JUDGE = { complete: ['bind', 'start'] } as const;
const BIND = ['tsm_bind: (pci_tsm_bind+0x0/0x100) bdf="0000:02:00.0" kvm=0xffff888101234000 tdi_id=0x200'] as const;
const BOUND = 'tsm_bind_ret: (x+0x15f/0x220 <- pci_tsm_bind) bdf="0000:02:00.0" ret=0';
const DISABLE = 'vfio_disable: (vfio_pci_core_disable+0x0/0x400) bdf="0000:02:00.0"';
const at = (second: number, text: string) => row(second * 1e6 + 17, 4711, text);

/** A bind at second 20, a disable at second 30. */
function trace(between: readonly string[], behind: readonly string[] = []): string {
  const rows = ['# tracer: nop', '#', at(20, BIND[0]), at(20.1, BOUND), ...between, at(30, DISABLE), ...behind];
  return `${rows.join('\n')}\n`;
}

async function verdictOf(text: string): Promise<{ verdict: string; codes: string[] }> {
  const analysis = await analyzeText(text, JUDGE);
  const [only, ...more] = headlines(analysis);
  expect(more).toEqual([]);
  return { verdict: only?.split(' ')[0] ?? 'none', codes: analysis.health.map(({ code }) => code) };
}

const onCpu = (second: number, cpu: number, text: string) => row(second * 1e6 + 17, 4711, text, cpu);
const OTHER = 'other: (connect_store+0x0/0x100) bdf="0000:03:00.0"';

describe('what one CPU lost may have happened any time since its last record', () => {
  const bound = ['# tracer: nop', '#', onCpu(20, 0, BIND[0]), onCpu(20.1, 0, BOUND)];
  const after = onCpu(40, 0, OTHER);
  const trace = (...rows: string[]) => `${[...bound, ...rows].join('\n')}\n`;

  test('the mark stands behind what another CPU did meanwhile', async () => {
    const text = trace(onCpu(30, 1, DISABLE), 'CPU:0 [LOST 3 EVENTS]', after);
    expect((await verdictOf(text)).verdict).toBe('possible');
  });

  test('nothing comes after the mark', async () => {
    expect((await verdictOf(trace(onCpu(30, 1, DISABLE), 'CPU:0 [LOST 3 EVENTS]'))).verdict).toBe('possible');
  });

  test('a CPU of which nothing is known yet', async () => {
    const text = trace(onCpu(30, 0, DISABLE), '##### CPU 1 buffer started ####', onCpu(40, 1, OTHER));
    expect((await verdictOf(text)).verdict).toBe('possible');
  });

  test('the CPU did the step itself, and lost something only after it', async () => {
    expect((await verdictOf(trace(onCpu(30, 0, DISABLE), 'CPU:0 [LOST 3 EVENTS]', after))).verdict).toBe('definite');
  });
});

describe('a loss between a bind and a disable leaves a doubt', () => {
  test('nothing was lost', async () => {
    expect((await verdictOf(trace([at(25, 'sched_waking: comm=x pid=1 prio=120 target_cpu=000')]))).verdict).toBe(
      'definite',
    );
  });

  test('a line was cut: what stood behind is missing', async () => {
    const long = at(25, `tracing_mark_write: ${'x'.repeat(70_000)}`);
    const { verdict, codes } = await verdictOf(trace([long]));
    expect([verdict, codes.includes('lines-truncated')]).toEqual(['possible', true]);
    expect((await verdictOf(trace([], [long]))).verdict).toBe('definite');
    // Of several only the first one is told.
    const early = trace([long]).replace('#\n', `#\n${at(10, `tracing_mark_write: ${'y'.repeat(70_000)}`)}\n`);
    expect((await verdictOf(early)).verdict).toBe('possible');
  });

  test('a line holds a block that was never written', async () => {
    const hole = `${at(25, 'sched_waking: comm=x ')}${'\0'.repeat(512)}pid=1 prio=120 target_cpu=000`;
    const { verdict, codes } = await verdictOf(trace([hole]));
    expect([verdict, codes.includes('nul-bytes')]).toEqual(['possible', true]);
    expect((await verdictOf(trace([], [hole]))).verdict).toBe('definite');
  });

  test('most lines fit no form, from the first of them on', async () => {
    const noise = Array.from({ length: 12 }, (_, index) => `0x${index}0;deadbeef;0x`);
    const { verdict, codes } = await verdictOf(trace(noise));
    expect([verdict, codes.includes('mostly-unparsed')]).toEqual(['possible', true]);
    expect(codes).not.toContain('lines-elided');
    const behind = await verdictOf(trace([], noise));
    expect([behind.verdict, behind.codes.includes('mostly-unparsed')]).toEqual(['definite', true]);
  });
});

describe('a loss of one of two merged inputs', () => {
  const MESSAGES = Array.from({ length: 24 }, (_, n) => [10 + n + ((n * 7919) % 1000) / 1e4, message(n)] as const);
  const log = (more: readonly (readonly [number, string])[]) =>
    `${[...MESSAGES, ...more]
      .sort(([a], [b]) => a - b)
      .map(([second, text]) => dmesg(second * 1e6, text))
      .join('\n')}\n`;
  const both = `${[
    '# tracer: nop',
    '#',
    ...[
      ...MESSAGES.map(([second, text]) => [second, `console: ${text}`] as const),
      ...([
        [20.3, BIND[0]],
        [20.4, BOUND],
        [30.3, DISABLE],
      ] as const),
    ]
      .sort(([a], [b]) => a - b)
      .map(([second, text]) => row(second * 1e6 + 123_456, 4711, text)),
  ].join('\n')}\n`;

  async function merged(log: Buffer): Promise<[string, HealthCode[]]> {
    const folder = mkdtempSync(join(tmpdir(), 'tdi-trace-test-'));
    try {
      const paths = [join(folder, 'dmesg.txt'), join(folder, 'trace.txt')] as const;
      writeFileSync(paths[0], log);
      writeFileSync(paths[1], both);
      const analysis = await analyzeFiles(paths, JUDGE);
      const codes = analysis.health.map(({ code }) => code as HealthCode);
      expect(codes).toContain('clocks-related');
      const [only, ...more] = headlines(analysis);
      expect(more).toEqual([]);
      return [only?.split(' ')[0] ?? 'none', codes];
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  test('nothing was lost', async () => {
    expect((await merged(Buffer.from(log([]))))[0]).toBe('definite');
  });

  test('a rate limit held messages back, of whatever function but those that tell of no step', async () => {
    const limit = (name: string) => Buffer.from(log([[25.05, `${name}: 12 callbacks suppressed`]]));
    for (const [name, verdict] of [
      ['pci_reset_function', 'possible'],
      ['dmar_fault', 'definite'],
      ['my_dmar_fault', 'possible'],
    ] as const) {
      const [is, codes] = await merged(limit(name));
      expect([name, is, codes.includes('messages-suppressed')]).toEqual([name, verdict, true]);
    }
  });

  test('the compressed log ends early', async () => {
    const lines = log([]).split('\n');
    // Noise that does not shrink, so that the cut takes the last lines and leaves the others.
    const noise = Array.from({ length: 400 }, (_, n) =>
      dmesg(32.5 * 1e6 + n, `x ${Math.sin(n).toString(36)}${Math.cos(n).toString(36)}`),
    );
    const text = [...lines.slice(0, 19), ...noise, ...lines.slice(19)].join('\n');
    const packed = gzipSync(text);
    expect((await merged(packed))[0]).toBe('definite');
    const [verdict, codes] = await merged(packed.subarray(0, packed.length - 3000));
    expect([verdict, codes.includes('source-cut')]).toEqual(['possible', true]);
  });
});

test('rows without a place, and those that are no loss, are no hole', () => {
  const rows = (code: HealthCode, line: number | null, count = 1, sourceId: number | null = 1) => [
    { sourceId, code, line, message: '', count },
  ];
  expect(gapsOf(rows('events-lost', null)).get(1)?.lines ?? []).toEqual([]);
  expect(gapsOf(rows('source-cut', null, 1, null)).size).toBe(0);
  expect(gapsOf(rows('one-cpu', 3)).size).toBe(0);
  expect(gapsOf(rows('source-cut', null)).get(1)).toEqual({
    lines: [Number.POSITIVE_INFINITY],
    throughout: Number.POSITIVE_INFINITY,
    ofCpu: [],
  });
  // One CPU of a trace.dat ends there; others go on.
  expect(gapsOf(rows('source-cut', 7)).get(1)?.throughout).toBe(7);
  expect(gapsOf([...rows('lines-truncated', 9, 2), ...rows('events-lost', 4)]).get(1)).toEqual({
    lines: [4],
    throughout: 9,
    ofCpu: [],
  });
});
