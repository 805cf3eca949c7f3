import type Database from 'better-sqlite3';
import type { EventSoFar, StoredEvent } from './rows.ts';
import { type Bindable, prepareInsert, prepareSharedInsert, storableInteger, storableTime } from './statements.ts';

const COLUMNS = [
  'id',
  'source_id',
  'line',
  'end_line',
  'time',
  'cpu',
  'task',
  'pid',
  'kind',
  'phase',
  'outcome',
  'symbol',
  'args',
  'text',
  'truncated',
  'entity_id',
  'parent_id',
  'root_id',
  'code',
  'pair_id',
  'superseded_by',
] as const;

const OUTCOME = COLUMNS.indexOf('outcome');
const CODE = COLUMNS.indexOf('code');
const PAIR = COLUMNS.indexOf('pair_id');
const SUPERSEDED = COLUMNS.indexOf('superseded_by');

/** Rows a statement: much of the time of an insert goes into starting it. */
const ROWS = 32;

/** Statements for rows that share values; some 100 KB each. A log has a few kinds of rows, whatever is beyond goes the long way. */
const STATEMENTS_MAX = 64;

/**
 * Events on their way into the timeline, some at a time. What becomes known about an event soon after it is mended before it
 * is written. The ids are those that SQLite would give.
 */
export class EventQueue {
  readonly #db: Database.Database;
  readonly #many: Database.Statement<Bindable[]>;
  /** For rows that agree in some columns; a bit a column. */
  readonly #sharing = new Map<number, Database.Statement<Bindable[]>>();
  readonly #one: Database.Statement<Bindable[]>;
  readonly #pairEnter: Database.Statement<Bindable[]>;
  readonly #pairExit: Database.Statement<Bindable[]>;
  readonly #settle: Database.Statement<Bindable[]>;
  readonly #supersede: Database.Statement<Bindable[]>;
  #rows: Bindable[][] = [];
  #lastId = 0;
  #symbols: Set<string> | null = null;

  constructor(db: Database.Database) {
    this.#db = db;
    this.#many = prepareInsert(db, 'event', COLUMNS, ROWS);
    this.#one = prepareInsert(db, 'event', COLUMNS);
    // An outcome that is already known comes from a callee that runs only on success: it stands. See pairEnter below.
    this.#pairEnter = db.prepare<Bindable[]>(
      `update event set pair_id = ?, outcome = iif(outcome = 'unknown', ?, outcome),
         code = iif(outcome in ('unknown', ?), coalesce(code, ?), code) where id = ?`,
    );
    this.#pairExit = db.prepare<Bindable[]>('update event set pair_id = ? where id = ?');
    this.#settle = db.prepare<Bindable[]>('update event set outcome = ?, code = ? where id = ?');
    this.#supersede = db.prepare<Bindable[]>('update event set superseded_by = ? where id = ?');
    this.reset();
  }

  /** The functions of all events of the table; null where only the table knows. */
  get symbols(): ReadonlySet<string> | null {
    return this.#symbols;
  }

  /** @returns the id of the event. */
  add(event: EventSoFar): number {
    const id = ++this.#lastId;
    if (event.symbol !== null) this.#symbols?.add(event.symbol);
    this.#rows.push([
      id,
      event.sourceId,
      event.line,
      event.endLine,
      storableTime(event.time),
      storableInteger(event.cpu),
      event.task,
      storableInteger(event.pid),
      event.kind,
      event.phase,
      event.outcome,
      event.symbol,
      argsText(event.args),
      event.text,
      event.truncated ? 1 : 0,
      event.entityId,
      event.parentId,
      event.rootId,
      storableInteger(event.code),
      event.pairId ?? null,
      event.supersededBy ?? null,
    ]);
    if (this.#rows.length >= ROWS) this.flush();
    return id;
  }

  /** The exit tells how the call ended, unless that is known. */
  pair(enterId: number, exitId: number, outcome: StoredEvent['outcome'], code: number | null): void {
    const enter = this.#row(enterId);
    if (enter === null) this.#pairEnter.run(exitId, outcome, outcome, code, enterId);
    else {
      enter[PAIR] = exitId;
      if (enter[OUTCOME] === 'unknown' || enter[OUTCOME] === outcome) enter[CODE] ??= code;
      if (enter[OUTCOME] === 'unknown') enter[OUTCOME] = outcome;
    }
    const exit = this.#row(exitId);
    if (exit === null) this.#pairExit.run(enterId, exitId);
    else exit[PAIR] = enterId;
  }

  settle(id: number, outcome: StoredEvent['outcome'], code: number | null): void {
    const row = this.#row(id);
    if (row === null) this.#settle.run(outcome, code, id);
    else {
      row[OUTCOME] = outcome;
      row[CODE] = code;
    }
  }

  supersede(id: number, by: number): void {
    const row = this.#row(id);
    if (row === null) this.#supersede.run(by, id);
    else row[SUPERSEDED] = by;
  }

  /** Writes what waits; whoever reads or changes the table by other means asks for it first. */
  flush(): void {
    const rows = this.#rows;
    if (rows.length === 0) return;
    // A row that cannot be written is not tried again.
    this.#rows = [];
    if (rows.length < ROWS) {
      for (const row of rows) this.#one.run(...row);
      return;
    }
    // A value costs more on its way to SQLite than in there: what all rows say goes over once.
    let shared = sharedColumns(rows);
    const statement = this.#statement(shared);
    if (statement === this.#many) shared = 0;
    const values: Bindable[] = [];
    for (let at = 0; at < COLUMNS.length; at++) if ((shared >> at) & 1) values.push(rows[0]?.[at] as Bindable);
    for (const row of rows) {
      for (let at = 0; at < COLUMNS.length; at++) if (!((shared >> at) & 1)) values.push(row[at] as Bindable);
    }
    statement.run(...values);
  }

  #statement(shared: number): Database.Statement<Bindable[]> {
    const known = this.#sharing.get(shared);
    if (known !== undefined) return known;
    if (shared === 0 || this.#sharing.size >= STATEMENTS_MAX) return this.#many;
    const has = (at: number) => ((shared >> at) & 1) === 1;
    const [same, own] = [COLUMNS.filter((_, at) => has(at)), COLUMNS.filter((_, at) => !has(at))];
    const statement = prepareSharedInsert(this.#db, 'event', same, own, ROWS);
    this.#sharing.set(shared, statement);
    return statement;
  }

  /** Forgets what waits, and goes on behind what the table holds: something was taken back. */
  reset(): void {
    this.#rows = [];
    this.#lastId = Number(this.#db.prepare('select coalesce(max(id), 0) from event').pluck().get());
    this.#symbols = this.#lastId === 0 ? new Set() : null;
  }

  /** The event, while it waits. */
  #row(id: number): Bindable[] | null {
    return this.#rows[id - this.#lastId + this.#rows.length - 1] ?? null;
  }
}

/** The columns in which all rows agree, a bit each. */
function sharedColumns(rows: readonly (readonly Bindable[])[]): number {
  const [first = [], ...others] = rows;
  let shared = 0;
  for (let at = 0; at < COLUMNS.length; at++) {
    const value = first[at];
    if (others.every((row) => row[at] === value)) shared |= 1 << at;
  }
  return shared;
}

function argsText(args: Readonly<Record<string, string>>): string {
  for (const _ in args) return JSON.stringify(args);
  return '{}';
}
