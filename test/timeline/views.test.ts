import { readFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrations } from '../../migrations/index.ts';
import { APPLICATION_ID, SCHEMA_VERSION } from '../../src/timeline/format.ts';
import { VIEWS } from '../../src/timeline/schema-doc.ts';
import { BDF, scratch, T0, writeSample } from './sample.ts';

let dir: ReturnType<typeof scratch>;
let db: Database.Database;

beforeAll(async () => {
  dir = scratch();
  for (const name of ['first.db', 'second.db']) {
    const writer = await writeSample(dir.path(name));
    writer.finish();
    writer.reader.close();
  }
  db = new Database(dir.path('first.db'), { readonly: true });
});
afterAll(() => {
  db.close();
  dir.remove();
});

function rows(sql: string, from: Database.Database = db): unknown[] {
  return from.prepare(sql).safeIntegers(true).all();
}

test('the views in the file are those of the documentation, column by column', () => {
  const views = db.prepare("select name from sqlite_schema where type = 'view' order by rowid").pluck().all();
  expect(views).toEqual(VIEWS.map((view) => view.name));
  for (const view of VIEWS) {
    const columns = db.prepare('select name from pragma_table_info(?)').pluck().all(view.name);
    expect(columns, view.name).toEqual(view.columns.map((column) => column.name));
  }
});

test('documented types are those of the values', () => {
  for (const view of VIEWS) {
    const all = rows(`select * from ${view.name}`) as Record<string, unknown>[];
    // Only merged sources hold a message twice: test/timeline/clocks.test.ts.
    if (view.name === 'v_duplicate' || view.name === 'v_maybe') continue;
    expect(all.length, view.name).toBeGreaterThan(0);
    for (const row of all) {
      for (const column of view.columns) {
        const value = row[column.name];
        const type = value === null ? 'null' : typeof value === 'bigint' ? 'integer' : 'text';
        expect(column.nullable ? ['null', column.type] : [column.type], `${view.name}.${column.name}`).toContain(type);
      }
    }
  }
});

test.each(VIEWS.flatMap((view) => view.examples.map((example) => [example.question, example.sql])))(
  '%s',
  (_question, sql) => {
    expect(() => rows(sql)).not.toThrow();
  },
);

test('the design fixes two views', () => {
  const columns = (name: string) =>
    VIEWS.find((view) => view.name === name)
      ?.columns.map((column) => column.name)
      .join(' ');
  expect(columns('v_state')).toBe('device_id bdf from_time to_time bind contract device cause_source cause_line');
  expect(columns('v_event')).toBe('event_id source line time cpu task pid kind phase outcome device_id bdf args text');
});

test('v_event', () => {
  expect(rows('select event_id, source, line, time, kind, phase, outcome, device_id, bdf, args from v_event')).toEqual([
    {
      event_id: 1n,
      source: 's1',
      line: 10n,
      time: T0 + 10n,
      kind: 'tsm.bind',
      phase: 'enter',
      outcome: 'ok',
      device_id: 'd1',
      bdf: BDF,
      args: '{"kvm":"0x1000"}',
    },
    {
      event_id: 2n,
      source: 's1',
      line: 11n,
      time: T0 + 11n,
      kind: 'tsm.bind_driver',
      phase: 'point',
      outcome: 'ok',
      device_id: 'd1',
      bdf: BDF,
      args: '{}',
    },
    {
      event_id: 3n,
      source: 's1',
      line: 12n,
      time: T0 + 12n,
      kind: 'tsm.bind',
      phase: 'exit',
      outcome: 'unknown',
      device_id: 'd1',
      bdf: BDF,
      args: '{}',
    },
    {
      event_id: 4n,
      source: 's2',
      line: 1n,
      time: null,
      kind: 'task.exit',
      phase: 'point',
      outcome: 'unknown',
      device_id: null,
      bdf: null,
      args: '{}',
    },
  ]);
});

test('v_state', () => {
  expect(rows('select * from v_state')).toEqual([
    {
      device_id: 'd1',
      bdf: BDF,
      from_time: null,
      to_time: T0 + 10n,
      bind: 'unbound,connected',
      contract: 'unlocked',
      device: 'unlocked,error',
      cause_source: null,
      cause_line: null,
    },
    {
      device_id: 'd1',
      bdf: BDF,
      from_time: T0 + 10n,
      to_time: null,
      bind: 'bound',
      contract: 'locked,run',
      device: 'locked,run',
      cause_source: 's1',
      cause_line: 10n,
    },
  ]);
});

test('v_finding, v_evidence, v_rule, v_health, v_device, v_source', () => {
  expect(
    rows(
      'select id, time, bind_before, assumptions, to_confirm, by_later_evidence, caused_by, headline from v_finding',
    ),
  ).toEqual([
    {
      id: 'f1',
      time: T0 + 10n,
      bind_before: 'bound',
      assumptions: '["an unbind that was not recorded, twice"]',
      to_confirm: '[]',
      by_later_evidence: 1n,
      caused_by: null,
      headline: 1n,
    },
  ]);
  expect(rows('select * from v_evidence')).toEqual([
    {
      finding_id: 'f1',
      source: 's1',
      line: 10n,
      end_line: 10n,
      time: T0 + 10n,
      role: 'violation',
      event: 'tsm.bind',
      text: 'line 10',
      truncated: 0n,
    },
  ]);
  expect(rows('select * from v_rule')).toEqual([
    {
      rule: 'double-bind',
      device_id: 'd1',
      device: BDF,
      status: 'violated',
      triggers: 1n,
      findings: 'f1',
      missing: 'start,link',
    },
  ]);
  expect(rows('select * from v_health')).toEqual([
    { code: 'events-lost', severity: 'warning', source: 's1', line: 11n, message: 'CPU 1 lost 3 events', count: 3n },
  ]);
  expect(rows('select device_id, source, aliases, from_time, to_time, events from v_device')).toEqual([
    {
      device_id: 'd1',
      source: 's1',
      aliases: '["pci:0xffff8881"]',
      from_time: T0 + 10n,
      to_time: T0 + 12n,
      events: 3n,
    },
  ]);
  expect(rows('select source, path, time_unit, lost, first_time from v_source')).toEqual([
    { source: 's1', path: 'trace.txt', time_unit: 'ns', lost: 3n, first_time: T0 },
    { source: 's2', path: '-', time_unit: 'ns', lost: 0n, first_time: null },
  ]);
});

test('the same input gives the same rows, and the same bytes', () => {
  const second = new Database(dir.path('second.db'), { readonly: true });
  for (const view of VIEWS) {
    expect(rows(`select * from ${view.name}`, second)).toEqual(rows(`select * from ${view.name}`));
  }
  second.close();
  expect(readFileSync(dir.path('second.db')).equals(readFileSync(dir.path('first.db')))).toBe(true);
});

test('tables are STRICT; the numbers in the header are those of the last migration', () => {
  const loose = rows("select name from pragma_table_list where schema = 'main' and type = 'table' and strict = 0") as {
    name: string;
  }[];
  expect(loose.map((row) => row.name).filter((name) => !name.startsWith('sqlite_'))).toEqual([]);
  expect(db.pragma('application_id', { simple: true })).toBe(APPLICATION_ID);
  expect(db.pragma('user_version', { simple: true })).toBe(SCHEMA_VERSION);
  expect(db.pragma('journal_mode', { simple: true })).toBe('delete');
  expect(Object.keys(migrations).map((name) => Number(name.slice(0, 4)))).toEqual(
    Array.from({ length: SCHEMA_VERSION }, (_, i) => i + 1),
  );
});
