import type Database from 'better-sqlite3';
import { harden } from './format.ts';
import { sqlite } from './sqlite.ts';

// What a timeline is while it is built, and what is made of its rows in the end.

/** Set what a build may lose and a finished file may not: nothing is synced, nothing survives a crash. */
export function openForBuilding(path: string): Database.Database {
  const db = new (sqlite())(path, { fileMustExist: true });
  harden(db);
  // OFF is what we want, but better-sqlite3 sets SQLITE_DBCONFIG_DEFENSIVE, which ignores it.
  db.pragma('journal_mode = MEMORY');
  db.pragma('synchronous = OFF');
  db.pragma('locking_mode = EXCLUSIVE');
  db.pragma('foreign_keys = OFF');
  // Tested row by row, the CHECKs are a fifth of an insert. What they forbid no typed writer writes (all fixtures:
  // test/timeline/checks.test.ts), and the replay reads every word of an event back against the same lists.
  db.pragma('ignore_check_constraints = ON');
  // Rows are appended: a larger cache gains nothing, and all of it is resident in the end.
  db.pragma('cache_size = -12288');
  return db;
}

/** Indexes come last: kept up to date with every insert, they would cost half the speed. */
export const INDEXES = [
  'create index if not exists event_entity on event (entity_id)',
  'create index if not exists entity_device on entity (device_id)',
  'create index if not exists evidence_finding on evidence (finding_id)',
];

/** From the events of each device. */
export const DEVICE_TOTALS = `
  update device set from_time = null, to_time = null, events = 0;
  update device set from_time = t.from_time, to_time = t.to_time, events = t.events
  from (
    select n.device_id, min(e.time) as from_time, max(e.time) as to_time, count(*) as events
    from event e cross join entity n on n.id = e.entity_id
    where n.device_id is not null
    group by n.device_id
  ) t
  where t.device_id = device.id`;

/** The same where sources were merged: on the clock of the device's source, and each message once. */
export const MERGED_TOTALS = `
  update device set from_time = null, to_time = null, events = 0;
  update device set from_time = t.from_time - o.clock_offset, to_time = t.to_time - o.clock_offset, events = t.events
  from (
    select n.device_id, min(e.time + s.clock_offset) as from_time, max(e.time + s.clock_offset) as to_time,
      count(*) as events
    from event e cross join entity n on n.id = e.entity_id cross join source s on s.id = e.source_id
    where n.device_id is not null and e.duplicate_of is null
    group by n.device_id
  ) t, source o
  where t.device_id = device.id and o.id = device.source_id`;
