import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { InputError } from '../../src/base/errors.ts';
import { createTimelineFrom, openTimeline } from '../../src/timeline/create.ts';
import { isTimelineFile } from '../../src/timeline/format.ts';
import { event, scratch, writeSample } from './sample.ts';

let dir: ReturnType<typeof scratch>;
let good: Buffer;
const bad = (): string => dir.path('bad.db');

beforeAll(async () => {
  dir = scratch();
  const writer = await writeSample(dir.path('good.db'));
  for (let line = 100; line < 600; line++) writer.addEvent(event(2, line));
  writer.finish();
  writer.reader.close();
  good = readFileSync(dir.path('good.db'));
});
afterAll(() => dir.remove());
beforeEach(() => writeFileSync(bad(), good));

/** Every way in says the same, in one line, with the path. */
function expectRefused(message: RegExp): void {
  for (const open of [() => openTimeline(bad()), () => createTimelineFrom(bad(), null)]) {
    let error: unknown;
    try {
      open();
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(InputError);
    const text = (error as InputError).message;
    expect(text).toMatch(message);
    expect(text.startsWith(`${bad()}: `)).toBe(true);
    expect(text).not.toContain('\n');
  }
}

function alter(sql: string): void {
  const db = new Database(bad());
  db.exec(sql);
  db.close();
}

function overwrite(at: number, bytes: number[]): void {
  const copy = Buffer.from(good);
  copy.set(bytes, at);
  writeFileSync(bad(), copy);
}

test('a file of another program', () => {
  alter('pragma application_id = 1');
  expect(isTimelineFile(bad())).toBe(false);
  expectRefused(/another program/);
});

test('a newer and an older schema', () => {
  alter('pragma user_version = 99');
  expectRefused(/newer tdi-trace .*update/);
  alter('pragma user_version = 0');
  expectRefused(/older tdi-trace .*analyse the log again/);
});

test('no SQLite at all', () => {
  writeFileSync(bad(), '[    0.000000] Linux version 7.0\n'.repeat(100));
  expectRefused(/no timeline/);
  writeFileSync(bad(), '');
  expectRefused(/no timeline/);
});

test('cut short, at any length', () => {
  for (const length of [99, 100, 1000, 4096, 5000, good.length - 4096, good.length - 1]) {
    writeFileSync(bad(), good.subarray(0, length));
    expectRefused(length < 100 ? /no timeline/ : /cut short/);
  }
});

test('a path that leads nowhere', () => {
  expect(() => openTimeline(dir.path('missing.db'))).toThrow(/missing\.db: .*ENOENT/);
  expect(() => openTimeline(dir.directory)).toThrow(InputError);
});

test('pages full of rubbish: refused, or read without harm', () => {
  let refused = 0;
  for (let at = 100; at < good.length; at += 997) {
    overwrite(at, [0xff, 0x00, 0xff, 0x7f, 0x80, 0xff, 0xff, 0xff]);
    try {
      const reader = openTimeline(bad());
      try {
        reader.events(0, 10_000);
        reader.sources();
        reader.devices();
        reader.health();
        reader.unrecognised();
        reader.analysis();
      } finally {
        reader.close();
      }
    } catch (error) {
      expect(error).toBeInstanceOf(InputError);
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(10);
});

test.each([
  [
    'a view that never ends',
    'drop view v_event; create view v_event as with recursive c(x) as (select 1 union all select x + 1 from c) select x from c',
  ],
  ['a table where there was a view', 'drop view v_rule; create table v_rule (a)'],
  ['a trigger', "create trigger t after insert on analysis begin update source set path = 'x'; end"],
  ['an index on an expression', 'create index i on event (abs(line))'],
])('%s', (_what, sql) => {
  alter(sql);
  expectRefused(/not those of tdi-trace/);
});

// On a connection that may only read, no pragma of SQLite 3.54 finds a row that breaks a CHECK.
test.each([
  `update event set kind = 'constructor' where id = 1`,
  `update event set phase = 'sideways' where id = 1`,
  `update event set outcome = 'good' where id = 1`,
  `update event set args = '{"a": 5}' where id = 1`,
  `update event set args = 'null' where id = 1`,
  `update event set args = '{' where id = 1`,
  `update device set aliases = '[1]'`,
  `update device set certainty = 'sure'`,
  `update entity set certainty = 'sure'`,
  `update source set time_unit = 'hours'`,
  `update health set code = 'toString'`,
  `update analysis set document = '{}'`,
  `update analysis set document = 'null'`,
])('values that this version does not write: %s', (sql) => {
  alter(`pragma ignore_check_constraints = 1; ${sql}`);
  const reader = openTimeline(bad());
  expect(() => {
    reader.events(0, 10);
    reader.sources();
    reader.devices();
    reader.health();
    reader.analysis();
  }).toThrow(InputError);
  reader.close();
});

test('WAL mode: refused, and nothing is written beside the file', () => {
  alter('pragma journal_mode = wal');
  const before = readdirSync(dir.directory);
  expectRefused(/WAL/);
  expect(readdirSync(dir.directory)).toEqual(before);
});

test('a name that the driver would read as another one', () => {
  const spaced = dir.path('bad.db ');
  writeFileSync(spaced, good);
  expect(() => openTimeline(spaced)).toThrow(/blank/);
  expect(existsSync(':memory:')).toBe(false);
  expect(() => openTimeline(':memory:')).toThrow(InputError);
});
