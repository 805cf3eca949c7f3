import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { InputError, UsageError } from '../../src/base/errors.ts';
import { decodeCell, encodeCell } from '../../src/timeline/cells.ts';
import { type QueryOptions, runQuery } from '../../src/timeline/query.ts';
import { refusal } from '../../src/timeline/read-only.ts';
import { event, scratch, T0, writeSample } from './sample.ts';

let dir: ReturnType<typeof scratch>;
let before: Buffer;
const MODULE = new URL('../../src/timeline/query.ts', import.meta.url).href;
const path = (): string => dir.path('run.db');

beforeAll(async () => {
  dir = scratch();
  const writer = await writeSample(path());
  for (let line = 100; line < 400; line++) writer.addEvent(event(2, line));
  writer.finish();
  writer.reader.close();
  before = readFileSync(path());
});
afterAll(() => dir.remove());

function ask(sql: string, options: Partial<QueryOptions> = {}): ReturnType<typeof runQuery> {
  return runQuery(path(), sql, { timeoutMs: 20_000, maxRows: 1000, maxBytes: 10_000_000, ...options });
}

test('values come through exactly', async () => {
  const result = await ask(
    `select time, 9223372036854775807, -9223372036854775808, 1.0, 9e999, x'00ff', null, 'a' || char(0) || 'b', '' from v_event where event_id = 1`,
  );
  expect(result.rows).toEqual([
    [T0 + 10n, 2n ** 63n - 1n, -(2n ** 63n), 1, Number.POSITIVE_INFINITY, Buffer.from([0, 255]), null, 'a\0b', ''],
  ]);
  expect(result.columns[0]).toBe('time');
  expect(result.truncated).toBeNull();
});

test.each([0n, -1n, 2n ** 53n, -(2n ** 53n) - 1n, 0.1, -0.5, null, 'x', '\ud83d\ude00'])(
  '%s survives the wire',
  (cell) => {
    expect(decodeCell(JSON.parse(JSON.stringify(encodeCell(cell))))).toBe(cell);
  },
);

const REFUSED: readonly (readonly [sql: string, message: RegExp])[] = [
  [`vacuum into 'stolen.db'`, /VACUUM is not allowed/],
  [`attach 'other.db' as other`, /ATTACH is not allowed/],
  ['detach main', /DETACH is not allowed/],
  ['pragma journal_mode = wal', /PRAGMA is not allowed/],
  ['pragma query_only = 0', /PRAGMA is not allowed.*pragma_table_info/],
  ['pragma mmap_size = 1000000', /PRAGMA is not allowed/],
  ['begin', /BEGIN is not allowed/],
  ['create table t (a)', /CREATE is not allowed/],
  ['create temp table t as select 1', /CREATE is not allowed/],
  ['drop view v_event', /DROP is not allowed/],
  ['analyze', /ANALYZE is not allowed/],
  ['reindex', /REINDEX is not allowed/],
  [`insert into health (code, message, count) values ('x', 'y', 1) returning id`, /INSERT is not allowed/],
  ['update event set line = 0 returning id', /UPDATE is not allowed/],
  ['replace into health (id) values (1) returning id', /REPLACE is not allowed/],
  ['with x as (select 1) delete from event returning id', /only statements that read/],
  [
    `with x as (select 1) insert into health (code, message, count) select 'x', 'y', 1 returning id`,
    /only statements that read/,
  ],
  ['select 1; select 2', /more than one statement/],
  ['select 1; drop view v_event', /more than one statement/],
  [`select load_extension('evil')`, /not authorized/],
  [`select readfile('/etc/passwd')`, /no such function/],
  [`select writefile('x', 'y')`, /no such function/],
  ['select * from generate_series(1, 2)', /no such table/],
  ['select nope from v_event', /no such column: nope; see 'tdi-trace schema'/],
  ['selec 1', /SELEC is not allowed/],
  ['select ?', /parameter/],
  ['select :name', /parameter/],
  ['', /empty/],
  ['-- nothing', /empty/],
  ['/* nothing', /empty/],
  ['select randomblob(1100000000)', /too big/],
];

test.each(REFUSED)('refused: %s', async (sql, message) => {
  const error = await ask(sql).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(UsageError);
  expect((error as UsageError).message).toMatch(message);
  expect((error as UsageError).message).toMatch(/^SQL: [^\n]*$/);
  expect(readFileSync(path()).equals(before)).toBe(true);
  expect(readdirSync(dir.directory)).toEqual(['run.db']);
});

test.each([
  'select 1',
  '  -- a comment\n/* another */ SeLeCt 1;',
  'with x as (select 1) select * from x',
  'values (1)',
  'explain query plan select * from v_event',
  "select name from pragma_table_info('v_event')",
])('allowed: %s', async (sql) => {
  expect(refusal(sql)).toBeNull();
  expect((await ask(sql)).rows.length).toBeGreaterThan(0);
});

test('refused: what SQLite would stop reading at a NUL', async () => {
  await expect(ask('select 1\0; drop table event')).rejects.toThrow(/NUL/);
});

test('a query that never ends is killed', async () => {
  const start = performance.now();
  const endless = 'with recursive c(x) as (select 1 union all select x + 1 from c) select max(x) from c';
  await expect(ask(endless, { timeoutMs: 1000 })).rejects.toThrow(/longer than 1 s and was stopped/);
  expect(performance.now() - start).toBeLessThan(10_000);
});

test.skipIf(process.platform !== 'linux')('a query whose parent was killed does not run on', async () => {
  const body = `
    const { runQuery } = await import(${JSON.stringify(MODULE)});
    const endless = 'with recursive c(x) as (select 1 union all select x + 1 from c) select max(x) from c';
    const query = runQuery(${JSON.stringify(path())}, endless, { timeoutMs: 600_000, maxRows: 1, maxBytes: 1000 });
    const { readFileSync } = await import('node:fs');
    console.log(readFileSync('/proc/self/task/' + process.pid + '/children', 'utf8'));
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), 500);
    await query;`;
  const { stdout, signal } = spawnSync(process.execPath, ['--no-warnings', '--input-type=module', '-e', body], {
    encoding: 'utf8',
  });
  expect(signal).toBe('SIGKILL');
  const child = Number.parseInt(stdout, 10);
  expect(child).toBeGreaterThan(1);
  await expect.poll(() => isRunning(child), { timeout: 10_000 }).toBe(false);
});

/** A zombie, where nobody reaps the orphans, runs no more. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

test('a query is stopped when the user interrupts', async () => {
  const abort = new AbortController();
  const endless = ask('with recursive c(x) as (select 1 union all select x + 1 from c) select max(x) from c', {
    signal: abort.signal,
  });
  setTimeout(() => abort.abort(), 300);
  await expect(endless).rejects.toMatchObject({ exitCode: 130 });
  await expect(ask('select 1', { signal: abort.signal })).rejects.toMatchObject({ exitCode: 130 });
});

test('rows and bytes are capped, and the cut is told', async () => {
  const rows = await ask('select event_id from v_event', { maxRows: 10 });
  expect([rows.rows.length, rows.truncated]).toEqual([10, 'rows']);
  const exact = await ask('select event_id from v_event limit 10', { maxRows: 10 });
  expect([exact.rows.length, exact.truncated]).toEqual([10, null]);
  const bytes = await ask('select hex(zeroblob(1000)) from v_event', { maxBytes: 100_000 });
  expect(bytes.truncated).toBe('bytes');
  expect(bytes.rows.length).toBeGreaterThan(10);
  const controls = await ask(`select replace(hex(zeroblob(100000)), '0', char(1))`, { maxBytes: 1_300_000 });
  expect(controls.truncated).toBeNull();
  expect(controls.rows[0]?.[0]).toHaveLength(200_000);
  const endless = await ask('with recursive c(x) as (select 1 union all select x + 1 from c) select x from c');
  expect(endless.truncated).toBe('rows');
});

test('what is wrong with the file is said of the file', async () => {
  const query = (name: string) =>
    runQuery(dir.path(name), 'select 1', { timeoutMs: 20_000, maxRows: 1, maxBytes: 1000 }).catch(
      (error: unknown) => error,
    );
  const missing = await query('missing.db');
  expect(missing).toBeInstanceOf(InputError);
  expect((missing as Error).message).toContain('missing.db');
});

test('a view in the file that is not ours is never run', async () => {
  const copy = scratch();
  writeFileSync(copy.path('bad.db'), before);
  const db = new Database(copy.path('bad.db'));
  db.exec('drop view v_rule; create view v_rule as select 1');
  db.close();
  const error = await runQuery(copy.path('bad.db'), 'select * from v_rule', {
    timeoutMs: 20_000,
    maxRows: 1,
    maxBytes: 1000,
  }).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(InputError);
  copy.remove();
});

test('a process that cannot be started is no fault of ours', async () => {
  const node = process.execPath;
  process.execPath = dir.path('no-node');
  try {
    const asked = runQuery(path(), 'select 1', { timeoutMs: 20_000, maxRows: 1, maxBytes: 1000 });
    await expect(asked).rejects.toThrow(
      new InputError('the process that runs the query cannot be started (ENOENT): see ulimit -a'),
    );
  } finally {
    process.execPath = node;
  }
});

test('the environment cannot make the query process load anything', () => {
  writeFileSync(
    dir.path('evil.cjs'),
    `require('node:fs').writeFileSync(${JSON.stringify(dir.path('loaded'))} + process.argv.length, '')`,
  );
  const body = `
    process.env.NODE_OPTIONS = '--require ${dir.path('evil.cjs')}';
    const { runQuery } = await import(${JSON.stringify(MODULE)});
    const result = await runQuery(${JSON.stringify(path())}, 'select 1', { timeoutMs: 20000, maxRows: 1, maxBytes: 1000 });
    console.log(result.rows.length);`;
  const { stdout } = spawnSync(process.execPath, ['--no-warnings', '--input-type=module', '-e', body], {
    encoding: 'utf8',
  });
  expect(stdout).toBe('1\n');
  expect(readdirSync(dir.directory)).toEqual(['evil.cjs', 'run.db']);
});
