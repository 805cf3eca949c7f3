import type Database from 'better-sqlite3';
import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely';
import type { Tables } from './tables.ts';

/** Builds SQL without running it: kysely prepares anew for every query, 40,000 rows a second instead of 250,000. */
export function sqlBuilder(): Kysely<Tables> {
  builder ??= new Kysely<Tables>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  });
  return builder;
}

// Made when it is first needed: an analysis that stays in memory does without kysely.
let builder: Kysely<Tables> | null = null;

/** A value that better-sqlite3 binds exactly: it refuses booleans and undefined, and a bigint past 64 bits. */
export type Bindable = string | number | bigint | null;

/** An INSERT of `rows` rows into `table`, compiled once; `run` takes the values of one after the other in the order of `columns`. */
export function prepareInsert<T extends keyof Tables>(
  db: Database.Database,
  table: T,
  columns: readonly (keyof Tables[T] & string)[],
  rows = 1,
): Database.Statement<Bindable[]> {
  const row: Record<string, null> = Object.fromEntries(columns.map((column) => [column, null]));
  // kysely derives the row's type from the table; the columns were checked above, the values are bound by the caller.
  const values = Array.from({ length: rows }, () => row);
  const { sql } = sqlBuilder()
    .insertInto(table)
    .values(values as never)
    .compile();
  return db.prepare<Bindable[]>(sql);
}

/**
 * An INSERT of `rows` rows that agree in the columns `shared`; `run` takes the values of these once, and then those of `own`, row by
 * row.
 */
export function prepareSharedInsert<T extends keyof Tables>(
  db: Database.Database,
  table: T,
  shared: readonly (keyof Tables[T] & string)[],
  own: readonly (keyof Tables[T] & string)[],
  rows: number,
): Database.Statement<Bindable[]> {
  const row = `(${own.map(() => '?').join()})`;
  return db.prepare<Bindable[]>(
    `insert into ${table} (${[...shared, ...own].join()})
       select * from (select ${shared.map(() => '?').join()}) cross join (values ${Array(rows).fill(row).join()})`,
  );
}

const MAX_INT64 = 2n ** 63n - 1n;

/** A time as SQLite can hold it. What exceeds 64 bits is no time that a kernel can print: null. */
export function storableTime(time: bigint | null): bigint | null {
  return time !== null && time <= MAX_INT64 && time >= -MAX_INT64 ? time : null;
}

/** A number out of a log as an exact integer, or null. */
export function storableInteger(value: number | null): number | null {
  return value !== null && Number.isSafeInteger(value) ? value : null;
}
