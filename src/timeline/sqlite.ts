import { createRequire } from 'node:module';
import type Database from 'better-sqlite3';

type Sqlite = typeof Database;

let loaded: Sqlite | null = null;

/** The native module, loaded when it is first needed: an analysis that stays in memory does without. */
export function sqlite(): Sqlite {
  loaded ??= createRequire(import.meta.url)('better-sqlite3') as Sqlite;
  return loaded;
}

export function isSqliteError(error: unknown): error is InstanceType<typeof Database.SqliteError> {
  return loaded !== null && error instanceof loaded.SqliteError;
}
