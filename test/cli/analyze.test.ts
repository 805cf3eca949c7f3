import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Analyzed, IngestOptions, JudgeOptions } from '../../src/analysis.ts';
import { InputError } from '../../src/base/errors.ts';
import { command } from '../../src/commands/analyze.ts';
import { Arguments } from '../../src/commands/arguments.ts';
import type { CommandContext, Sink } from '../../src/commands/context.ts';
import type { Analysis, HealthInfo, Verdict } from '../../src/model/analysis.ts';
import { renderJson } from '../../src/report/json.ts';
import { CLEAN, SAMPLE } from '../report/sample.ts';

// What the command does with an analysis; how one is made is tested elsewhere.
const analyze = vi.hoisted(() => vi.fn<(ingest: IngestOptions, judge: JudgeOptions) => Promise<Analyzed>>());
vi.mock('../../src/analysis.ts', () => ({ analyze }));

let folder: string;
let close: ReturnType<typeof vi.fn<() => void>>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tdi-trace-analyze-'));
  close = vi.fn<() => void>();
});

afterEach(() => rmSync(folder, { recursive: true }));

function answer(analysis: Analysis, failures: readonly InputError[] = []): void {
  const timeline = {
    symbols: () => [],
    sources: () => [],
    devices: () => [],
    events: () => [],
  } as unknown as Analyzed['timeline'];
  analyze.mockResolvedValue({ analysis, failures, side: null, timeline, timelinePath: '', close });
}

interface FakeSink extends Sink {
  text: string;
}

function sink(): FakeSink {
  const fake = {
    text: '',
    closed: false,
    isTerminal: false,
    color: false,
    width: 100,
    async write(text: string) {
      fake.text += text;
    },
  };
  return fake;
}

async function run(values: Record<string, unknown>, signal = new AbortController().signal) {
  const stdout = sink();
  const stderr = sink();
  const context: CommandContext = {
    stdout,
    stderr,
    stdinIsTerminal: false,
    env: {},
    signal,
    endBySignal: () => signal,
  };
  const code = await command.run(new Arguments({ input: ['trace.txt'], ...values }), context);
  return { code, stdout: stdout.text, stderr: stderr.text };
}

const withVerdict = (verdict: Verdict): Analysis => ({
  ...SAMPLE,
  findings: SAMPLE.findings.map((finding) => ({ ...finding, verdict })),
});

const item = (severity: HealthInfo['severity']): HealthInfo => ({
  code: 'events-lost',
  severity,
  source: 's1',
  line: 1,
  message: 'lost',
  count: 1,
});

describe('the exit code', () => {
  test.each([
    ['definite', 'definite', 1],
    ['definite', 'never', 0],
    ['probable', 'definite', 0],
    ['probable', 'probable', 1],
    ['possible', 'probable', 0],
    ['possible', 'possible', 1],
    ['inconsistent', 'possible', 0],
  ] as const)('of a %s headline with --fail-on %s is %i', async (verdict, failOn, code) => {
    answer(withVerdict(verdict));
    expect((await run({ 'fail-on': failOn })).code).toBe(code);
  });

  test('is 1 for a probable headline by default, 0 for none', async () => {
    answer(SAMPLE);
    expect((await run({})).code).toBe(1);
    answer(CLEAN);
    expect((await run({})).code).toBe(0);
  });

  test('counts headlines only', async () => {
    answer({ ...SAMPLE, findings: SAMPLE.findings.filter((finding) => !finding.headline) });
    expect((await run({})).code).toBe(0);
  });

  test('is 4 for poor health with --strict-capture only, which beats 1; notes are not poor', async () => {
    answer({ ...SAMPLE, health: [item('warning')] });
    expect((await run({ 'strict-capture': true })).code).toBe(4);
    expect((await run({})).code).toBe(1);
    answer({ ...CLEAN, health: [item('note')] });
    expect((await run({ 'strict-capture': true })).code).toBe(0);
  });

  test('is 3 where an input failed, which beats 4; the others are reported', async () => {
    answer({ ...SAMPLE, health: [item('error')] }, [new InputError("cannot open 'a\nb': no such file")]);
    const { code, stdout, stderr } = await run({ 'strict-capture': true });
    expect(code).toBe(3);
    expect(stderr).toBe("tdi-trace: cannot open 'a\\x0ab': no such file\n");
    expect(stdout).toContain('unbind-before-disable');
  });
});

describe('the report', () => {
  test('as JSON is the document alone', async () => {
    answer(SAMPLE);
    expect((await run({ format: 'json' })).stdout).toBe(renderJson(SAMPLE));
  });

  test('goes to a file with -o, through a link, leaving nothing else behind', async () => {
    answer(SAMPLE);
    writeFileSync(join(folder, 'real.txt'), 'old');
    symlinkSync('real.txt', join(folder, 'link.txt'));
    const { code, stdout } = await run({ o: join(folder, 'link.txt') });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(readFileSync(join(folder, 'real.txt'), 'utf8')).toMatch(/^tdi-trace 0\.1\.0: 1 probable headline\n/);
    expect(readdirSync(folder).sort()).toEqual(['link.txt', 'real.txt']);
  });

  test('to a file that cannot be written is an error, and the timeline is closed', async () => {
    answer(SAMPLE);
    await expect(run({ o: join(folder, 'missing/report.txt') })).rejects.toThrow(
      /cannot write '.*': no such directory: give another name$/,
    );
    expect(close).toHaveBeenCalledOnce();
  });

  test("-o - is stdout, and the words of --complete come from the rule's documentation", async () => {
    answer(SAMPLE);
    expect((await run({ o: '-' })).stdout).toMatch(/- --complete [a-z,-]*bind/);
  });
});

describe('what the capture does not have', () => {
  const timeline = (timeUnit: string, time: bigint) =>
    ({
      symbols: () => [],
      sources: () => [{ path: 'trace.txt', timeUnit }],
      devices: () => [{ bdf: '0000:02:00.0' }, { bdf: null }, { bdf: '0000:02:00.0' }],
      events: (after: number) => (after === 0 ? [{ id: 1, time }] : []),
    }) as unknown as Analyzed['timeline'];
  const asked = (analysis: Analysis, on: Analyzed['timeline'], values: Record<string, unknown>) => {
    analyze.mockResolvedValue({ analysis, failures: [], side: null, timeline: on, timelinePath: '', close });
    return run(values);
  };

  test('a device is told on stderr too, whatever the format', async () => {
    const nothing = { ...CLEAN, devices: [], rules: [] };
    const { code, stderr } = await asked(nothing, timeline('ns', 1n), { device: '99:00.0', format: 'json' });
    expect(code).toBe(0);
    expect(stderr).toBe('tdi-trace: --device: 0000:99:00.0 does not occur in the capture; these do: 0000:02:00.0\n');
  });

  test('an event in the time asked for: only then it warns', async () => {
    const on = timeline('ns', 1_500_000_000n);
    expect((await asked(CLEAN, on, { since: '1.5', until: '1.5' })).stderr).toBe('');
    expect((await asked(CLEAN, on, { since: '1.6' })).stderr).toBe(
      'tdi-trace: no event stands in the time asked for: from 1.6 on (--since)\n',
    );
  });

  test('seconds are refused where the clock counts something else', async () => {
    await expect(asked(CLEAN, timeline('ticks', 5n), { since: '1' })).rejects.toThrow(
      /clock of trace\.txt counts ticks/,
    );
    expect((await asked(CLEAN, timeline('ticks', 5n), {})).code).toBe(0);
  });
});

describe('interrupted', () => {
  test('it reports nothing and closes the timeline, so that the temporary file goes', async () => {
    answer(SAMPLE);
    const abort = new AbortController();
    abort.abort();
    await expect(run({}, abort.signal)).rejects.toThrow();
    expect(close).toHaveBeenCalledOnce();
  });
});

describe('the options', () => {
  test('reach the analysis', async () => {
    answer(CLEAN);
    await run({
      input: ['a.log'],
      '--': ['--weird.log'],
      db: join(folder, 'x.db'),
      'input-format': 'dmesg',
      'max-bytes': '2G',
      platform: 'cca',
      'from-boot': true,
      complete: 'bind, link',
      device: '02:00.A'.replace('A', '0'),
      rule: 'unbind-before-disable',
      'skip-rule': 'flr-while-locked',
      since: '1.5',
      until: '2',
      'last-boot': true,
    });
    const [ingest, judge] = analyze.mock.lastCall ?? [];
    expect(ingest).toMatchObject({
      inputs: ['a.log', '--weird.log'],
      db: join(folder, 'x.db'),
      inputFormat: 'dmesg',
      maxBytes: 2 * 2 ** 30,
    });
    expect(judge).toEqual({
      platform: 'cca',
      fromBoot: true,
      complete: ['bind', 'link'],
      device: '0000:02:00.0',
      rules: ['unbind-before-disable'],
      skipRules: ['flr-while-locked'],
      since: '1.5',
      until: '2',
      lastBoot: true,
      side: null,
    });
  });
});
