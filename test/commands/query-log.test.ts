import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { analyze } from '../../src/analysis.ts';
import type { CommandContext, Sink } from '../../src/commands/context.ts';
import { parseCommandLine } from '../../src/commands/parser.ts';
import { NEUTRAL_JUDGEMENT } from '../../src/commands/reading.ts';
import { runQuery } from '../../src/timeline/query.ts';
import { VIEWS } from '../../src/timeline/schema-doc.ts';

// A real trace, shortened: bound, then vfio_pci_core_disable() without an unbind.
const LOG = `# tracer: nop
#
#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
             drv-444     [000] ...2.    55.467196: tsm_bind: (pci_tsm_bind+0x0/0x100) bdf="0000:02:00.0" kvm=0x1000 tdi_id=0x200
             drv-444     [000] ...2.    55.468315: tsm_guest_req: (pci_tsm_guest_req+0x0/0x220) bdf="0000:02:00.0" scope=1 in_len=1
             drv-444     [000] ...2.    55.473743: vfio_disable: (vfio_pci_core_disable+0x0/0x400 [vfio_pci_core]) bdf="0000:02:00.0"
             drv-444     [000] ...1.    55.477993: pcie_flr: (pcie_flr+0x0/0x160) bdf="0000:02:00.0"
`;

let directory: string;
let log: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tdi-trace-test-'));
  log = join(directory, 'trace.txt');
  writeFileSync(log, LOG);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const texts = { out: '', err: '' };
  const sink = (name: 'out' | 'err'): Sink => ({
    async write(text) {
      texts[name] += text;
    },
    closed: false,
    isTerminal: false,
    color: false,
    width: 100,
  });
  const signal = new AbortController().signal;
  const context: CommandContext = {
    stdout: sink('out'),
    stderr: sink('err'),
    stdinIsTerminal: false,
    env: {},
    signal,
    endBySignal: () => signal,
  };
  const { entry, args } = await parseCommandLine(['query', ...argv], 100);
  const { command } = (await entry?.load()) ?? {};
  if (command === undefined) throw new Error('no command');
  return { code: await command.run(args, context), ...texts };
}

test('a log is analysed first; nothing is left behind', async () => {
  const temporary = mkdtempSync(join(directory, 'tmp-'));
  vi.stubEnv('TMPDIR', temporary);
  const sql = 'select line, kind, time, bdf from v_event order by event_id';
  expect(await run(log, sql, '--format', 'csv')).toEqual({
    code: 0,
    out: [
      'line,kind,time,bdf',
      '4,tsm.bind,55467196000,0000:02:00.0',
      '5,tsm.guest_request,55468315000,0000:02:00.0',
      '6,vfio.disable,55473743000,0000:02:00.0',
      '7,pci.flr,55477993000,0000:02:00.0',
      '',
    ].join('\r\n'),
    err: '',
  });
  expect(readdirSync(temporary)).toEqual([]);
  vi.unstubAllEnvs();
});

test('a log and the timeline made of it give the same answers', async () => {
  const db = join(directory, 'kept.db');
  const analyzed = await analyze({ inputs: [log], db, inputFormat: null, maxBytes: 2 ** 30 }, NEUTRAL_JUDGEMENT);
  analyzed.close();
  for (const view of VIEWS) {
    const sql = `select * from ${view.name}`;
    expect((await run(db, sql)).out).toBe((await run(log, sql)).out);
  }
});

test('the same log twice gives the same dump of every view, and the same file', async () => {
  const files = ['one.db', 'two.db'].map((name) => join(directory, name));
  const dumps: unknown[] = [];
  for (const db of files) {
    (await analyze({ inputs: [log], db, inputFormat: null, maxBytes: 2 ** 30 }, NEUTRAL_JUDGEMENT)).close();
    const caps = { timeoutMs: 20_000, maxRows: 1000, maxBytes: 1_000_000 };
    dumps.push(await Promise.all(VIEWS.map((view) => runQuery(db, `select * from ${view.name}`, caps))));
  }
  expect(dumps[0]).toEqual(dumps[1]);
  const [one, two] = files.map((path) => readFileSync(path));
  expect(one?.equals(two ?? Buffer.alloc(0))).toBe(true);
});

test('views and document agree', async () => {
  const analyzed = await analyze({ inputs: [log], db: null, inputFormat: null, maxBytes: 2 ** 30 }, NEUTRAL_JUDGEMENT);
  const caps = { timeoutMs: 20_000, maxRows: 1000, maxBytes: 1_000_000 };
  const ask = async (sql: string) => (await runQuery(analyzed.timelinePath, sql, caps)).rows;
  const { sources, devices, findings, rules } = analyzed.analysis;
  expect(await ask('select source, path from v_source')).toEqual(sources.map((source) => [source.id, source.path]));
  expect(await ask('select device_id, bdf, events from v_device')).toEqual(
    devices.map((device) => [device.id, device.bdf, BigInt(device.events)]),
  );
  expect(await ask('select id, rule, verdict, headline from v_finding')).toEqual(
    findings.map((finding) => [finding.id, finding.rule, finding.verdict, finding.headline ? 1n : 0n]),
  );
  expect(await ask('select rule, status from v_rule')).toEqual(rules.map((row) => [row.rule, row.status]));
  expect(await ask('select count(*) from v_event e join v_device d using (device_id) where e.bdf = d.bdf')).toEqual([
    [4n],
  ]);
  analyzed.close();
});

test('an input that cannot be read does not hide the others', async () => {
  const { code, out, err } = await run(
    log,
    join(directory, 'missing.log'),
    'select count(*) as n from v_event',
    '--format',
    'csv',
  );
  expect([code, out]).toEqual([3, 'n\r\n4\r\n']);
  expect(err).toMatch(/^tdi-trace: .*missing\.log: [^\n]*\n$/);
});
