import type Database from 'better-sqlite3';

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
