import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type Database from 'better-sqlite3';
import { InputError } from '../base/errors.ts';
import { isSqliteError, sqlite } from './sqlite.ts';

/** `PRAGMA application_id` of a timeline: the letters `TDIT`, at offset 68 of the file, big-endian. */
export const APPLICATION_ID = 0x54444954;

/** `PRAGMA user_version`: the number of the last step in migrations/. */
export const SCHEMA_VERSION = 1;

/** SHA-256 of {@link schemaText}: a file whose tables, views, indexes or triggers are not ours is not opened. */
export const SCHEMA_SHA256 = 'ebc581e146bb59e06e531173fb20ddc38b435185e36d893af03d8d1d28b4e3e5';

const MAGIC = 'SQLite format 3\0';
const HEADER_BYTES = 100;

/** Whether `path` is a regular file that says it is a timeline. Looks at the first 100 bytes only; never throws. */
export function isTimelineFile(path: string): boolean {
  try {
    const header = readHeader(path);
    return header !== null && header.applicationId === APPLICATION_ID;
  } catch {
    return false;
  }
}

/**
 * Refuses what is no timeline of ours before SQLite looks at it.
 *
 * @throws InputError that names the path and what to do.
 */
export function checkHeader(path: string): void {
  let header: Header | null;
  try {
    header = readHeader(path);
  } catch (error) {
    throw new InputError(`${path}: cannot be read (${errorCode(error)})`);
  }
  if (header === null)
    throw new InputError(`${path}: is no timeline of tdi-trace; give a log or a file made with --db`);
  if (header.applicationId !== APPLICATION_ID) {
    throw new InputError(`${path}: is the SQLite file of another program; give a log or a file made with --db`);
  }
  if (header.userVersion > SCHEMA_VERSION) {
    throw new InputError(
      `${path}: was written by a newer tdi-trace (schema ${header.userVersion}, this one knows ${SCHEMA_VERSION}); update tdi-trace`,
    );
  }
  if (header.userVersion < SCHEMA_VERSION) {
    throw new InputError(
      `${path}: was written by an older tdi-trace (schema ${header.userVersion}, this one needs ${SCHEMA_VERSION}); analyse the log again`,
    );
  }
  // SQLite writes beside a WAL file only to read it, which a read-only directory forbids; we leave DELETE mode behind.
  if (header.wal) {
    throw new InputError(`${path}: was switched to WAL mode; run: sqlite3 FILE 'pragma journal_mode=delete'`);
  }
  if (header.bytes < header.expectedBytes) {
    throw new InputError(
      `${path}: is cut short (${header.bytes} of ${header.expectedBytes} bytes); copy it again or analyse the log again`,
    );
  }
}

/**
 * Opens a file that may come from anywhere, for reading only: header, schema, and the structure of every page are checked.
 *
 * @throws InputError where the file is none of ours or damaged.
 */
export function openChecked(path: string): Database.Database {
  checkHeader(path);
  const db = openReadOnly(path);
  try {
    if (schemaDigest(db) !== SCHEMA_SHA256) {
      throw new InputError(`${path}: its tables or views are not those of tdi-trace; analyse the log again`);
    }
    const verdict = db.pragma('quick_check(1)', { simple: true });
    if (verdict !== 'ok') throw damaged(path, String(verdict));
    return db;
  } catch (error) {
    db.close();
    throw isSqliteError(error) ? damaged(path, error.message) : error;
  }
}

/** A hardened read-only connection to a file that passed {@link checkHeader} or that we wrote ourselves. */
export function openReadOnly(path: string): Database.Database {
  let db: Database.Database;
  try {
    db = new (sqlite())(openablePath(path), { readonly: true, fileMustExist: true });
  } catch (error) {
    throw new InputError(`${path}: cannot be opened (${errorCode(error)})`);
  }
  try {
    harden(db);
    db.pragma('query_only = 1');
    return db;
  } catch (error) {
    db.close();
    throw damaged(path, error instanceof Error ? error.message : String(error));
  }
}

/** What the SQLite project advises for files of unknown origin: no side effects from the schema, no trust in cells. */
export function harden(db: Database.Database): void {
  db.pragma('trusted_schema = 0');
  db.pragma('cell_size_check = 1');
}

/** Everything in the file that SQL can reach, in a form that does not depend on the order of creation. */
export function schemaText(db: Database.Database): string {
  const rows = db.prepare('select type, name, tbl_name, sql from sqlite_schema order by type, name').raw().all();
  return JSON.stringify(rows);
}

export function schemaDigest(db: Database.Database): string {
  return createHash('sha256').update(schemaText(db)).digest('hex');
}

/** The error for a file that SQLite cannot make sense of. */
export function damaged(path: string, detail: string): InputError {
  return new InputError(`${path}: is damaged (${oneLine(detail)}); copy it again or analyse the log again`);
}

/** Absolute, since `:memory:` and the empty path mean something else to SQLite; better-sqlite3 also trims blanks off. */
export function openablePath(path: string): string {
  const absolute = resolve(path);
  if (absolute !== absolute.trim())
    throw new InputError(`${path}: a timeline's name must not end in a blank; rename it`);
  return absolute;
}

/** `ENOENT`, `SQLITE_CANTOPEN`, ...: what to show of an error from the system. */
export function errorCode(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return oneLine(error instanceof Error ? error.message : String(error));
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').slice(0, 200);
}

interface Header {
  readonly applicationId: number;
  readonly userVersion: number;
  readonly wal: boolean;
  readonly bytes: number;
  readonly expectedBytes: number;
}

/** The fields of the SQLite header that we rely on; null where the file is no SQLite database. */
function readHeader(path: string): Header | null {
  // Before opening: to open a FIFO would block.
  if (!statSync(path).isFile()) return null;
  const fd = openSync(path, 'r');
  try {
    const header = Buffer.alloc(HEADER_BYTES);
    if (readSync(fd, header, 0, HEADER_BYTES, 0) < HEADER_BYTES) return null;
    if (header.toString('latin1', 0, MAGIC.length) !== MAGIC) return null;
    const pageSize = header.readUInt16BE(16);
    return {
      applicationId: header.readUInt32BE(68),
      userVersion: header.readUInt32BE(60),
      wal: header[18] !== 1 || header[19] !== 1,
      bytes: fstatSync(fd).size,
      expectedBytes: (pageSize === 1 ? 65_536 : pageSize) * header.readUInt32BE(28),
    };
  } finally {
    closeSync(fd);
  }
}
