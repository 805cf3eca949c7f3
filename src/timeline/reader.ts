import type Database from 'better-sqlite3';
import { HEALTH_CODES } from '../base/health.ts';
import type { Analysis } from '../model/analysis.ts';
import type { Connection } from './connection.ts';
import { EventRows } from './event-rows.ts';
import { damaged } from './format.ts';
import type { NewHealth, NewUnrecognised, StoredDevice, StoredEvent, StoredSource } from './rows.ts';
import { isSqliteError } from './sqlite.ts';
import { type Bindable, sqlBuilder } from './statements.ts';
import {
  CERTAINTIES,
  COMPRESSIONS,
  number,
  numberOrNull,
  parse,
  type Row,
  strings,
  TIME_UNITS,
  text,
  textOrNull,
  time,
  word,
} from './stored-values.ts';
import type { TimelineReader } from './timeline.ts';

/** Reads the tables. Integers come as bigint and are narrowed, except times, which pass 2^53 after 104 days of uptime. */
export class StoredTimeline implements TimelineReader {
  readonly #connection: Connection;
  readonly #events: EventRows;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#events = new EventRows(connection);
  }

  get path(): string {
    return this.#connection.path;
  }

  sources(): StoredSource[] {
    const { sql } = sqlBuilder().selectFrom('source').selectAll().orderBy('id').compile();
    return this.#rows(sql).map((row) => ({
      id: number(row['id']),
      path: text(row['path']),
      format: text(row['format']),
      compression: word(COMPRESSIONS, row['compression'], this),
      clock: text(row['clock']),
      timeUnit: word(TIME_UNITS, row['time_unit'], this),
      firstLine: number(row['first_line']),
      lastLine: number(row['last_line']),
      lines: number(row['lines']),
      records: number(row['records']),
      continuation: number(row['continuation']),
      events: number(row['events']),
      skipped: number(row['skipped']),
      unparsed: number(row['unparsed']),
      lost: number(row['lost']),
      firstTime: time(row['first_time']),
      lastTime: time(row['last_time']),
      clockGroup: numberOrNull(row['clock_group']) ?? number(row['id']),
      clockOffset: row['clock_offset'] as bigint,
      clockError: numberOrNull(row['clock_error']),
    }));
  }

  symbols(): string[] {
    const known = this.#connection.symbols?.();
    if (known != null) return [...known].sort(byBytes);
    const query = sqlBuilder().selectFrom('event').select('symbol').distinct().where('symbol', 'is not', null);
    return this.#rows(query.orderBy('symbol').compile().sql).map((row) => text(row['symbol']));
  }

  devices(): StoredDevice[] {
    this.#connection.settle?.();
    const { sql } = sqlBuilder().selectFrom('device').selectAll().orderBy('id').compile();
    return this.#rows(sql).map((row) => ({
      id: number(row['id']),
      sourceId: number(row['source_id']),
      bdf: textOrNull(row['bdf']),
      pf: textOrNull(row['pf']),
      dsm: textOrNull(row['dsm']),
      guestBdf: textOrNull(row['guest_bdf']),
      aliases: Object.values(strings(row['aliases'], this)),
      certainty: word(CERTAINTIES, row['certainty'], this),
      fromTime: time(row['from_time']),
      toTime: time(row['to_time']),
      events: number(row['events']),
    }));
  }

  events(after: number, limit: number): StoredEvent[] {
    return this.#guard(() => this.#events.page(after, limit));
  }

  event(id: number): StoredEvent | null {
    return this.#guard(() => this.#events.one(id));
  }

  *places(): Generator<{ id: number; sourceId: number; line: number; cpu: number | null }> {
    const { sql } = sqlBuilder().selectFrom('event').select(['id', 'source_id', 'line', 'cpu']).orderBy('id').compile();
    for (const row of prepare(this.#connection.db, sql).iterate()) {
      const cpu = row['cpu'] == null ? null : number(row['cpu']);
      yield { id: number(row['id']), sourceId: number(row['source_id']), line: number(row['line']), cpu };
    }
  }

  tracingSources(): Set<number> {
    const query = sqlBuilder().selectFrom('event').select('source_id').distinct().where('symbol', 'is not', null);
    return new Set(this.#rows(query.compile().sql).map((row) => number(row['source_id'])));
  }

  cpus(): Map<number, { lowest: number; highest: number }> {
    const query = sqlBuilder()
      .selectFrom('event')
      .select(({ fn }) => ['source_id', fn.min('cpu').as('lowest'), fn.max('cpu').as('highest')])
      .where('cpu', 'is not', null)
      .groupBy('source_id');
    return new Map(
      this.#rows(query.compile().sql).map((row) => [
        number(row['source_id']),
        { lowest: number(row['lowest']), highest: number(row['highest']) },
      ]),
    );
  }

  eventsOfKind(kind: StoredEvent['kind'], limit: number): StoredEvent[] {
    return this.#guard(() => this.#events.ofKind(kind, limit));
  }

  health(): NewHealth[] {
    const { sql } = sqlBuilder().selectFrom('health').selectAll().orderBy('id').compile();
    return this.#rows(sql).map((row) => ({
      sourceId: numberOrNull(row['source_id']),
      code: word(HEALTH_CODES, row['code'], this),
      line: numberOrNull(row['line']),
      message: text(row['message']),
      count: number(row['count']),
    }));
  }

  unrecognised(): NewUnrecognised[] {
    const { sql } = sqlBuilder().selectFrom('unrecognised').selectAll().orderBy('id').compile();
    return this.#rows(sql).map((row) => ({
      sourceId: number(row['source_id']),
      subsystem: text(row['subsystem']),
      text: text(row['text']),
      count: number(row['count']),
      line: number(row['line']),
    }));
  }

  analysis(): Analysis | null {
    const { sql } = sqlBuilder().selectFrom('analysis').select('document').compile();
    const row = this.#rows(sql)[0];
    if (row === undefined) return null;
    const document = parse(text(row['document']), this) as Analysis | null;
    if (document?.schema !== 'tdi-trace/analysis/1') throw damaged(this.path, 'unknown form of analysis');
    return document;
  }

  close(): void {
    this.#events.close();
    this.#connection.close();
  }

  #rows(sql: string): Row[] {
    return this.#guard(() => prepare(this.#connection.db, sql).all());
  }

  #guard<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw isSqliteError(error) ? damaged(this.path, error.message) : error;
    }
  }
}

type Statement = Database.Statement<Bindable[], Row>;

/** In the order of SQLite. Symbols are ASCII, whose bytes stand in the order of their characters. */
function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function prepare(db: Database.Database, sql: string): Statement {
  return db.prepare<Bindable[], Row>(sql).safeIntegers(true);
}
