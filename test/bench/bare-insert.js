// The yardstick of storing: a whole process that inserts rows of events with one prepared statement, and does nothing else.
// bare-insert.js TIMELINE COUNT: the rows are those of the timeline, again and again, into a table like its own.
import { rmSync } from 'node:fs';
import Database from 'better-sqlite3';

const [, , timeline = '', count = '0'] = process.argv;
const kept = new Database(timeline, { readonly: true });
const { sql } = kept.prepare("select sql from sqlite_master where name = 'event'").get();
const columns = kept.prepare("select name from pragma_table_info('event') where name <> 'id'").pluck().all();
const rows = kept
  .prepare(`select ${columns.join(', ')} from event limit 6000`)
  .raw()
  .all();
kept.close();

const path = `${timeline}.bare`;
const db = new Database(path);
db.pragma('journal_mode = MEMORY');
db.pragma('synchronous = OFF');
db.exec(sql);
const insert = db.prepare(`insert into event (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})`);
db.exec('begin');
for (let i = 0; i < Number(count); i++) insert.run(...rows[i % rows.length]);
db.exec('commit');
db.close();
rmSync(path);
