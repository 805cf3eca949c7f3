import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CommandContext, Sink } from '../../src/commands/context.ts';
import { parseCommandLine } from '../../src/commands/parser.ts';
import { writeSample } from '../timeline/sample.ts';

let directory: string;
let db: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tdi-trace-test-'));
  db = join(directory, 'run.db');
  const writer = await writeSample(db);
  writer.finish();
  writer.reader.close();
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function memorySink(): Sink & { text: string } {
  return {
    text: '',
    async write(text) {
      this.text += text;
    },
    closed: false,
    isTerminal: false,
    color: false,
    width: 100,
  };
}

/** Runs a command line in this process. */
async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const stdout = memorySink();
  const stderr = memorySink();
  const context: CommandContext = {
    stdout,
    stderr,
    stdinIsTerminal: false,
    env: {},
    signal: new AbortController().signal,
    endBySignal: () => new AbortController().signal,
  };
  const { entry, args } = await parseCommandLine(argv, 100);
  if (entry === null) throw new Error('no command');
  const { command } = await entry.load();
  const code = await command.run(args, context);
  return { code, out: stdout.text, err: stderr.text };
}

test('a timeline is asked as it is', async () => {
  expect(await run('query', db, 'select line, time, kind from v_event where line <= 11 order by event_id')).toEqual({
    code: 0,
    out: [
      'line  time                 kind',
      '----  -------------------  ---------------',
      '  10  1760000000123456799  tsm.bind',
      '  11  1760000000123456800  tsm.bind_driver',
      '   1  NULL                 task.exit',
      '',
    ].join('\n'),
    err: '',
  });
});

test('csv and json', async () => {
  const sql = "select time, '=x' as formula from v_event where event_id = 1";
  expect((await run('query', db, sql, '--format', 'csv')).out).toBe("time,formula\r\n1760000000123456799,'=x\r\n");
  expect((await run('query', db, sql, '--format', 'csv', '--csv-raw')).out).toBe(
    'time,formula\r\n1760000000123456799,=x\r\n',
  );
  expect(JSON.parse((await run('query', db, sql, '--format', 'json')).out)).toEqual([
    { time: '1760000000123456799', formula: '=x' },
  ]);
});

test('the statement may come from a file', async () => {
  const file = join(directory, 'question.sql');
  writeFileSync(file, '-- how many\nselect count(*) as n\nfrom v_event\n');
  expect((await run('query', db, '-f', file, '--format', 'csv')).out).toBe('n\r\n4\r\n');
  await expect(run('query', db, '-f', join(directory, 'no.sql'))).rejects.toMatchObject({
    exitCode: 2,
    message: /no\.sql/,
  });
});

test('a cut result says so, loudly, and not in the data', async () => {
  const { code, out, err } = await run(
    'query',
    db,
    'select event_id from v_event order by event_id',
    '--limit',
    '2',
    '--format',
    'csv',
  );
  expect([code, out]).toEqual([0, 'event_id\r\n1\r\n2\r\n']);
  expect(err).toBe('tdi-trace: TRUNCATED: only the first 2 rows are shown; raise --limit or narrow the query\n');
});

test.each([
  [['select 1'], /both an input and a statement/],
  [[], /no input/],
  [['DB', 'DB'], /put the SQL statement last/],
  [['DB', 'select 1', '--limit', '0'], /--limit: '0' is no whole number/],
  [['DB', 'select 1', '--limit', '1e3'], /--limit: '1e3'/],
  [['DB', 'select 1', '--timeout', '99999999'], /--timeout/],
  [['DB', 'select 1', '--format', 'xml'], /--format: 'xml' is none of table, csv, json/],
  [['DB', 'select 1', '--csv-raw'], /needs --format csv/],
  [['DB', 'vacuum into "x"'], /^SQL: VACUUM is not allowed/],
  [['DB', 'select nope'], /^SQL: no such column: nope/],
] as const)('usage: query %j', async (argv, message) => {
  const line = argv.map((word) => (word === 'DB' ? db : word));
  await expect(run('query', ...line)).rejects.toMatchObject({ exitCode: 2, message: expect.stringMatching(message) });
});

test('a damaged timeline is the fault of the input', async () => {
  const bad = join(directory, 'bad.db');
  writeFileSync(bad, readFileSync(db).subarray(0, 5000));
  await expect(run('query', bad, 'select 1')).rejects.toMatchObject({ exitCode: 3, message: /bad\.db: is cut short/ });
});
