import type Database from 'better-sqlite3';
import { type Bindable, prepareInsert } from './statements.ts';

type Write = 'source' | 'finishSource' | 'entity' | 'assignEntity' | 'candidate' | 'device' | 'health' | 'unrecognised';

/** What a timeline under construction runs again and again, prepared once. */
export function prepareWrites(db: Database.Database): Readonly<Record<Write, Database.Statement<Bindable[]>>> {
  return {
    source: db.prepare<Bindable[]>(
      `insert into source (path, format, compression, clock, time_unit, first_line, last_line, lines, records, continuation, events,
         skipped, unparsed, lost)
       values (?, ?, ?, 'none', 'ns', 1, 1, 0, 0, 0, 0, 0, 0, 0)`,
    ),
    finishSource: db.prepare<Bindable[]>(
      `update source set format = ?, clock = ?, time_unit = ?, first_line = ?, last_line = ?, lines = ?, records = ?, continuation = ?, events = ?,
         skipped = ?, unparsed = ?, lost = ?, first_time = ?, last_time = ? where id = ?`,
    ),
    entity: prepareInsert(db, 'entity', ['source_id']),
    assignEntity: db.prepare<Bindable[]>('update entity set device_id = ?, certainty = ? where id = ?'),
    candidate: prepareInsert(db, 'candidate', ['entity_id', 'device_id']),
    device: prepareInsert(db, 'device', [
      'source_id',
      'bdf',
      'pf',
      'dsm',
      'guest_bdf',
      'aliases',
      'certainty',
      'events',
    ]),
    health: prepareInsert(db, 'health', ['source_id', 'code', 'line', 'message', 'count']),
    unrecognised: prepareInsert(db, 'unrecognised', ['source_id', 'subsystem', 'text', 'count', 'line']),
  };
}
