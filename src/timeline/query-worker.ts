/**
 * The process in which SQL of the user runs: a query cannot be interrupted from inside (better-sqlite3 is built without the
 * progress callback), but a process can be killed. Imports nothing that it does not need, to start fast.
 */
import { readFileSync, writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { TdiTraceError } from '../base/errors.ts';
import { type Cell, encodeCell, type QueryAnswer, type QueryOrder, type QueryResult } from './cells.ts';
import { openChecked } from './format.ts';
import { refusal } from './read-only.ts';
import { siblingModule } from './sibling-module.ts';

function main(): void {
  try {
    const order = JSON.parse(readFileSync(0, 'utf8')) as QueryOrder;
    startWatchdog({ lifetimeMs: order.lifetimeMs, parent: order.parent });
    const db = openChecked(order.path);
    send(encode({ end: run(db, order) }));
  } catch (error) {
    const kind = error instanceof TdiTraceError ? 'input' : isSqlError(error) ? 'sql' : 'internal';
    send(encode({ error: { kind, message: error instanceof Error ? error.message : String(error) } }));
  }
  flush();
}

/** What the watchdog is told. */
export interface Watch {
  readonly lifetimeMs: number;
  /** Id of the process that asked. */
  readonly parent: number;
}

function startWatchdog(watch: Watch): void {
  // With its own stdout and stderr: to share ours, Node would make the pipe non-blocking under writeSync.
  const options = { workerData: watch, stdout: true, stderr: true };
  new Worker(siblingModule(import.meta.url, 'query-watchdog'), options).unref();
}

class RefusedError extends Error {}

function run(db: Database.Database, order: QueryOrder): QueryResult['truncated'] {
  const refused = refusal(order.sql);
  if (refused !== null) throw new RefusedError(refused);
  const statement = db.prepare<[], Cell[]>(order.sql);
  // Both are needed: VACUUM INTO and ATTACH count as read-only but give no rows, INSERT .. RETURNING is the other way round.
  if (!statement.reader || !statement.readonly) throw new RefusedError('only statements that read are allowed');
  send(encode({ columns: statement.columns().map((column) => column.name) }));
  let rows = 0;
  let bytes = 0;
  for (const row of statement.raw(true).safeIntegers(true).iterate()) {
    if (rows === order.maxRows) return 'rows';
    // Before it is turned into text: what is far too large could not be.
    if (row.some((cell) => sizeOf(cell) > order.maxBytes)) return 'bytes';
    const line = encode(row.map(encodeCell));
    bytes += line.length;
    if (bytes > order.maxBytes) return 'bytes';
    send(line);
    rows++;
  }
  return null;
}

function sizeOf(cell: Cell): number {
  return typeof cell === 'string' || cell instanceof Uint8Array ? cell.length : 0;
}

/** better-sqlite3 throws RangeError for several statements and for none, TypeError for parameters without a value. */
function isSqlError(error: unknown): boolean {
  return (
    error instanceof Database.SqliteError ||
    error instanceof RefusedError ||
    error instanceof RangeError ||
    error instanceof TypeError
  );
}

const BATCH = 65_536;
let pending: Buffer[] = [];
let pendingBytes = 0;

function encode(message: QueryAnswer): Buffer {
  return Buffer.from(`${JSON.stringify(message)}\n`);
}

function send(line: Buffer): void {
  pending.push(line);
  pendingBytes += line.length;
  if (pendingBytes >= BATCH) flush();
}

function flush(): void {
  const bytes = Buffer.concat(pending);
  pending = [];
  pendingBytes = 0;
  let offset = 0;
  while (offset < bytes.length) offset += writeSync(1, bytes, offset);
}

main();
