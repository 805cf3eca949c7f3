import type Database from 'better-sqlite3';
import { sql } from 'kysely';
import { EVENT_KINDS } from '../events/event.ts';
import type { Connection } from './connection.ts';
import type { StoredEvent } from './rows.ts';
import { type Bindable, sqlBuilder } from './statements.ts';
import { CERTAINTIES, type Located, type Row, strings, unknownWord } from './stored-values.ts';

/** Reads the table of events: by the hundred thousand. */
export class EventRows {
  readonly #connection: Connection;
  #candidate: { db: Database.Database; statement: Database.Statement<[number], number> } | null = null;
  #events: { db: Database.Database; page: EventStatement; one: EventStatement; kind: EventStatement } | null = null;

  readonly #symbols = new Map<string, string>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  page(after: number, limit: number): StoredEvent[] {
    return this.#statements()
      .page.all(after, limit)
      .map((row) => this.#event(row));
  }

  one(id: number): StoredEvent | null {
    const row = this.#statements().one.get(id);
    return row === undefined ? null : this.#event(row);
  }

  ofKind(kind: StoredEvent['kind'], limit: number): StoredEvent[] {
    return this.#statements()
      .kind.all(kind, limit)
      .map((row) => this.#event(row));
  }

  /** Lets go of what was prepared. */
  close(): void {
    this.#events = null;
    this.#candidate = null;
  }

  /** Prepared once a connection: 500,000 events are read in pages of a few thousand. */
  #statements(): { page: EventStatement; one: EventStatement; kind: EventStatement } {
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
    const certainty = oneOf(EVENT_CERTAINTIES, (row[EVENT.certainty] as string | null) ?? 'none', this.#connection);
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
      kind: oneOf(KINDS, row[EVENT.kind] as string, this.#connection),
      phase: oneOf(PHASES, row[EVENT.phase] as string, this.#connection),
      outcome: oneOf(OUTCOMES, row[EVENT.outcome] as string, this.#connection),
      code: row[EVENT.code] as number | null,
      symbol: symbol === null ? null : this.#symbol(symbol),
      args: args === '{}' ? NO_ARGS : strings(args, this.#connection),
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
}

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

/** A word of a closed list: always the one string, which is compared by its address. */
function oneOf<T extends string>(words: ReadonlyMap<string, T>, value: string, at: Located): T {
  const found = words.get(value);
  if (found === undefined) throw unknownWord(value, at);
  return found;
}

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

function prepareEvents(db: Database.Database, sql: string): EventStatement {
  return db.prepare<Bindable[], Row>(sql).safeIntegers(false).raw(true) as unknown as EventStatement;
}
