import type Database from 'better-sqlite3';
import { sql } from 'kysely';
import { HEALTH_CODES } from '../base/health.ts';
import { EVENT_KINDS } from '../events/event.ts';
import type { Analysis } from '../model/analysis.ts';
import { damaged } from './format.ts';
import type { NewHealth, NewUnrecognised, StoredDevice, StoredEvent, StoredSource } from './rows.ts';
import { isSqliteError } from './sqlite.ts';
import { type Bindable, sqlBuilder } from './statements.ts';
import type { TimelineReader } from './timeline.ts';

/** What a reader stands on: the connection may be the writer's, or change when the writer finishes. */
export interface Connection {
  readonly db: Database.Database;
  readonly path: string;
  /** The functions of all events, where the writer still knows them: to ask the table is a walk over all of it. */
  symbols?(): ReadonlySet<string> | null;
  /** Called before device rows are read: a writer brings its totals up to date. */
  settle?(): void;
  close(): void;
}

/** Reads the tables. Integers come as bigint and are narrowed, except times, which pass 2^53 after 104 days of uptime. */
export class StoredTimeline implements TimelineReader {
  readonly #connection: Connection;
  #candidate: { db: Database.Database; statement: Database.Statement<[number], number> } | null = null;
  #events: { db: Database.Database; page: EventStatement; one: EventStatement; kind: EventStatement } | null = null;

  readonly #symbols = new Map<string, string>();

  constructor(connection: Connection) {
    this.#connection = connection;
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
      compression: this.#word(COMPRESSIONS, row['compression']),
      clock: text(row['clock']),
      timeUnit: this.#word(TIME_UNITS, row['time_unit']),
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
      aliases: Object.values(this.#strings(row['aliases'])),
      certainty: this.#word(CERTAINTIES, row['certainty']),
      fromTime: time(row['from_time']),
      toTime: time(row['to_time']),
      events: number(row['events']),
    }));
  }

  events(after: number, limit: number): StoredEvent[] {
    return this.#guard(() =>
      this.#eventStatements()
        .page.all(after, limit)
        .map((row) => this.#event(row)),
    );
  }

  event(id: number): StoredEvent | null {
    return this.#guard(() => {
      const row = this.#eventStatements().one.get(id);
      return row === undefined ? null : this.#event(row);
    });
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
    return this.#guard(() =>
      this.#eventStatements()
        .kind.all(kind, limit)
        .map((row) => this.#event(row)),
    );
  }

  health(): NewHealth[] {
    const { sql } = sqlBuilder().selectFrom('health').selectAll().orderBy('id').compile();
    return this.#rows(sql).map((row) => ({
      sourceId: numberOrNull(row['source_id']),
      code: this.#word(HEALTH_CODES, row['code']),
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
    const document = this.#parse(text(row['document'])) as Analysis | null;
    if (document?.schema !== 'tdi-trace/analysis/1') throw damaged(this.path, 'unknown form of analysis');
    return document;
  }

  close(): void {
    this.#events = null;
    this.#candidate = null;
    this.#connection.close();
  }

  #rows(sql: string): Row[] {
    return this.#guard(() => prepare(this.#connection.db, sql).all());
  }

  /** Prepared once a connection: 500,000 events are read in pages of a few thousand. */
  #eventStatements(): { page: EventStatement; one: EventStatement; kind: EventStatement } {
    const { db } = this.#connection;
    if (this.#events?.db !== db) {
      const select = sqlBuilder()
        .selectFrom('event as e')
        .leftJoin('entity as n', 'n.id', 'e.entity_id')
        .leftJoin('event as p', 'p.id', 'e.pair_id')
        .select(EVENT_COLUMNS)
        .select([exact('e.time').as('time'), exact('p.time').as('pair_time')]);
      const page = select.where('e.id', '>', 0).orderBy('e.id').limit(1).compile().sql;
      const one = select.where('e.id', '=', 0).compile().sql;
      const kind = select.where('e.kind', '=', '').orderBy('e.id').limit(1).compile().sql;
      this.#events = { kind: prepareEvents(db, kind), db, page: prepareEvents(db, page), one: prepareEvents(db, one) };
    }
    return this.#events;
  }

  #event(row: EventRow): StoredEvent {
    const args = row[EVENT.args] as string;
    const certainty = this.#oneOf(EVENT_CERTAINTIES, (row[EVENT.certainty] as string | null) ?? 'none');
    const time = row[EVENT.time] as string | number | null;
    const pairTime = row[EVENT.pairTime] as string | number | null;
    const symbol = row[EVENT.symbol] as string | null;
    return {
      id: row[EVENT.id] as number,
      sourceId: row[EVENT.sourceId] as number,
      line: row[EVENT.line] as number,
      endLine: row[EVENT.endLine] as number,
      time: time === null ? null : BigInt(time),
      cpu: row[EVENT.cpu] as number | null,
      task: row[EVENT.task] as string | null,
      pid: row[EVENT.pid] as number | null,
      kind: this.#oneOf(KINDS, row[EVENT.kind] as string),
      phase: this.#oneOf(PHASES, row[EVENT.phase] as string),
      outcome: this.#oneOf(OUTCOMES, row[EVENT.outcome] as string),
      code: row[EVENT.code] as number | null,
      symbol: symbol === null ? null : this.#symbol(symbol),
      args: args === '{}' ? NO_ARGS : this.#strings(args),
      text: row[EVENT.text] as string,
      truncated: row[EVENT.truncated] === 1,
      entityId: row[EVENT.entityId] as number | null,
      parentId: row[EVENT.parentId] as number | null,
      rootId: row[EVENT.rootId] as number | null,
      deviceId: row[EVENT.deviceId] as number | null,
      certainty,
      maybe: certainty === 'maybe' ? this.#candidates(row[EVENT.entityId] as number) : NOBODY,
      pairId: row[EVENT.pairId] as number | null,
      pairLine: row[EVENT.pairLine] as number | null,
      supersededBy: row[EVENT.supersededBy] as number | null,
      duplicateOf: row[EVENT.duplicateOf] as number | null,
      pairTime: pairTime === null ? null : BigInt(pairTime),
    };
  }

  /** One string a function, instead of one a record. */
  #symbol(symbol: string): string {
    const known = this.#symbols.get(symbol);
    if (known !== undefined) return known;
    if (this.#symbols.size < SYMBOLS_MAX) this.#symbols.set(symbol, symbol);
    return symbol;
  }

  #candidates(entityId: number): number[] {
    const db = this.#connection.db;
    if (this.#candidate?.db !== db) {
      const statement = db
        .prepare<[number], number>('select device_id from candidate where entity_id = ? order by device_id')
        .pluck();
      this.#candidate = { db, statement };
    }
    return this.#candidate.statement.all(entityId);
  }

  /** A word of a closed list; a file that holds another one was not written by this version. */
  #word<T extends string>(list: Readonly<Record<T, unknown>>, value: Value): T {
    const word = text(value);
    if (!Object.hasOwn(list, word)) throw this.#unknownWord(word);
    return word as T;
  }

  /** The same for rows that come by the hundred thousand: always the one string, which is compared by its address. */
  #oneOf<T extends string>(words: ReadonlyMap<string, T>, value: string): T {
    const word = words.get(value);
    if (word === undefined) throw this.#unknownWord(value);
    return word;
  }

  #unknownWord(word: string): Error {
    return damaged(this.path, `unknown word '${word.slice(0, 40)}'`);
  }

  /** An object or array of strings. */
  #strings(value: Value): Record<string, string> {
    const parsed = this.#parse(text(value));
    if (typeof parsed !== 'object' || parsed === null) throw damaged(this.path, 'unexpected JSON');
    for (const item of Object.values(parsed)) {
      if (typeof item !== 'string') throw damaged(this.path, 'unexpected JSON');
    }
    return parsed as Record<string, string>;
  }

  #parse(json: string): unknown {
    try {
      return JSON.parse(json);
    } catch {
      throw damaged(this.path, 'malformed JSON');
    }
  }

  #guard<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw isSqliteError(error) ? damaged(this.path, error.message) : error;
    }
  }
}

type Row = Record<string, string | bigint | null>;
type Statement = Database.Statement<Bindable[], Row>;

/** An event as an array, with numbers: objects of two dozen bigints for every row would be most of what the replay makes. */
type EventRow = (string | number | null)[];
type EventStatement = Database.Statement<Bindable[], EventRow>;

const EVENT_COLUMNS = [
  'e.id',
  'e.source_id',
  'e.line',
  'e.end_line',
  'e.cpu',
  'e.task',
  'e.pid',
  'e.kind',
  'e.phase',
  'e.outcome',
  'e.code',
  'e.symbol',
  'e.args',
  'e.text',
  'e.truncated',
  'e.entity_id',
  'e.parent_id',
  'e.root_id',
  'n.device_id',
  'n.certainty',
  'e.pair_id',
  'p.line as pair_line',
  'e.superseded_by',
  'e.duplicate_of',
] as const;

/** A time as a number, or as text beyond what a number holds. */
function exact(column: 'e.time' | 'p.time') {
  const time = sql.ref(column);
  return sql<
    number | string | null
  >`iif(${time} between -9007199254740991 and 9007199254740991, ${time}, cast(${time} as text))`;
}

/** Where the columns stand in an {@link EventRow}; times come last, see {@link exact}. */
const EVENT = {
  id: 0,
  sourceId: 1,
  line: 2,
  endLine: 3,
  cpu: 4,
  task: 5,
  pid: 6,
  kind: 7,
  phase: 8,
  outcome: 9,
  code: 10,
  symbol: 11,
  args: 12,
  text: 13,
  truncated: 14,
  entityId: 15,
  parentId: 16,
  rootId: 17,
  deviceId: 18,
  certainty: 19,
  pairId: 20,
  pairLine: 21,
  supersededBy: 22,
  duplicateOf: 23,
  time: 24,
  pairTime: 25,
} as const;

/** In the order of SQLite. Symbols are ASCII, whose bytes stand in the order of their characters. */
function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const COMPRESSIONS: Record<StoredSource['compression'], true> = {
  none: true,
  gzip: true,
  xz: true,
  zstd: true,
  bzip2: true,
  deflate: true,
};
const TIME_UNITS: Record<StoredSource['timeUnit'], true> = { ns: true, ticks: true };
const CERTAINTIES: Record<StoredDevice['certainty'], true> = { exact: true, inherited: true, none: true };
const EVENT_CERTAINTIES = wordsOf<StoredEvent['certainty']>({ ...CERTAINTIES, maybe: true });
const PHASES = wordsOf<StoredEvent['phase']>({ enter: true, exit: true, point: true });
const OUTCOMES = wordsOf<StoredEvent['outcome']>({ ok: true, failed: true, unknown: true, void: true });
const KINDS = wordsOf<StoredEvent['kind']>(EVENT_KINDS);

function wordsOf<T extends string>(list: Readonly<Record<T, unknown>>): ReadonlyMap<string, T> {
  return new Map((Object.keys(list) as T[]).map((word) => [word, word]));
}

// The functions of the catalogue are some hundreds.
const SYMBOLS_MAX = 4096;

const NOBODY: readonly number[] = Object.freeze([]);
const NO_ARGS: Readonly<Record<string, string>> = Object.freeze({});

function prepare(db: Database.Database, sql: string): Statement {
  return db.prepare<Bindable[], Row>(sql).safeIntegers(true);
}

function prepareEvents(db: Database.Database, sql: string): EventStatement {
  return db.prepare<Bindable[], Row>(sql).safeIntegers(false).raw(true) as unknown as EventStatement;
}

// STRICT tables hold what their columns say, so the casts below are facts; `undefined` would be a column that we misspelt.
type Value = Row[string] | undefined;

function number(value: Value): number {
  return Number(value as bigint);
}

function numberOrNull(value: Value): number | null {
  return value === null ? null : Number(value as bigint);
}

function time(value: Value): bigint | null {
  return value as bigint | null;
}

function text(value: Value): string {
  return value as string;
}

function textOrNull(value: Value): string | null {
  return value as string | null;
}
