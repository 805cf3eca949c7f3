import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readInput } from '../../src/input/inputs.ts';
import { createTimeline } from '../../src/timeline/create.ts';
import { ingest } from '../../src/timeline/ingest.ts';
import { PATIENCE } from '../support/runs.ts';
import { ANALYSIS, scratch, writeSample } from './sample.ts';

// A timeline is written with its CHECKs off (openForBuilding in src/timeline/building.ts). They are tested here, over every fixture:
// SQLite looks at them in quick_check, but only where it could write, since it does not even parse them in a file that it may not.

const FIXTURES = join(import.meta.dirname, '../../fixtures');

let dir: ReturnType<typeof scratch>;
beforeAll(() => {
  dir = scratch();
});
afterAll(() => dir.remove());

/** What breaks a CHECK, a NOT NULL or the structure of the file; nothing. */
function broken(path: string): unknown[] {
  const db = new Database(path, { fileMustExist: true });
  try {
    db.pragma('ignore_check_constraints = OFF');
    return db
      .prepare<[], string>('pragma quick_check')
      .pluck()
      .all()
      .filter((verdict) => verdict !== 'ok');
  } finally {
    db.close();
  }
}

/** Reads everything below `folder` into one timeline. */
async function timelineOf(folder: string, target: string): Promise<{ sources: number; events: number }> {
  const writer = await createTimeline(target);
  await readInput(folder, {
    maxBytes: 2 ** 30,
    prepare: async () => undefined,
    read: async (source) => void (await ingest(writer, source, { inputFormat: null, maxBytes: 2 ** 30 })),
    timeline: () => Promise.reject(new Error('a timeline among the fixtures')),
    health: (item) => writer.addHealth({ ...item, sourceId: null }),
    unreadable: (error) => {
      throw error;
    },
  });
  writer.relateClocks();
  const count = { sources: writer.reader.sources().length, events: writer.reader.events(0, 100_000).length };
  writer.writeAnalysis(ANALYSIS);
  writer.finish();
  writer.reader.close();
  return count;
}

test.each([
  ['captures', 20, 200],
  ['events', 3, 20],
  ['formats', 140, 500],
  ['identity', 7, 50],
  ['rules', 490, 3000],
])('what is read from fixtures/%s breaks no CHECK', { timeout: PATIENCE }, async (folder, sources, events) => {
  const target = dir.path(`${folder}.db`);
  const count = await timelineOf(join(FIXTURES, folder), target);
  expect(count.sources).toBeGreaterThanOrEqual(sources);
  expect(count.events).toBeGreaterThanOrEqual(events);
  expect(broken(target)).toEqual([]);
});

test('nor does what comes compressed', async () => {
  const log = readFileSync(join(FIXTURES, 'captures/good-order/dmesg.txt'));
  const folder = dir.path('packed');
  mkdirSync(folder);
  writeFileSync(join(folder, 'a.gz'), gzipSync(log));
  writeFileSync(join(folder, 'dmesg.enc.z'), deflateSync(log));
  const samples = join(import.meta.dirname, '../input/samples');
  for (const name of readdirSync(samples).filter((one) => /^trace\.(?:xz|bz2)$/.test(one)))
    copyFileSync(join(samples, name), join(folder, name));
  const target = dir.path('packed.db');
  await timelineOf(folder, target);
  const db = new Database(target, { readonly: true });
  expect(db.prepare('select distinct compression from source order by 1').pluck().all()).toEqual([
    'bzip2',
    'deflate',
    'gzip',
    'xz',
  ]);
  db.close();
  expect(broken(target)).toEqual([]);
});

test.each([
  [`update event set phase = 'sideways' where id = 1`, 'event'],
  [`update event set outcome = 'good' where id = 1`, 'event'],
  [`update event set truncated = 2 where id = 1`, 'event'],
  [`update device set certainty = 'sure'`, 'device'],
  [`update entity set certainty = 'sure'`, 'entity'],
  [`update source set time_unit = 'hours'`, 'source'],
  [`update source set compression = 'lha'`, 'source'],
  [`update analysis set id = 2`, 'analysis'],
])('what does is found: %s', async (sql, table) => {
  const target = dir.path('broken.db');
  const writer = await writeSample(target);
  writer.finish();
  writer.reader.close();
  expect(broken(target)).toEqual([]);
  const db = new Database(target);
  db.pragma('ignore_check_constraints = ON');
  db.exec(sql);
  db.close();
  expect(broken(target)).toContain(`CHECK constraint failed in ${table}`);
});
