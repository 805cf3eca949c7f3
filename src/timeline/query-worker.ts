/**
 * The process in which SQL of the user runs: a query cannot be interrupted from inside (better-sqlite3 is built without the
 * progress callback), but a process can be killed. Imports nothing that it does not need, to start fast.
 */
import { readFileSync, writeSync } from 'node:fs';
import Database from 'better-sqlite3';
import { TdiTraceError } from '../base/errors.ts';
import { type Cell, encodeCell, type QueryAnswer, type QueryOrder, type QueryResult } from './cells.ts';
import { openChecked } from './format.ts';
import { refusal } from './read-only.ts';

function main(): void {
  try {
    const order = JSON.parse(readFileSync(0, 'utf8')) as QueryOrder;
    const db = openChecked(order.path);
    answer({ end: run(db, order) });
  } catch (error) {
    const kind = error instanceof TdiTraceError ? 'input' : isSqlError(error) ? 'sql' : 'internal';
    answer({ error: { kind, message: error instanceof Error ? error.message : String(error) } });
  }
}

class RefusedError extends Error {}

function run(db: Database.Database, order: QueryOrder): QueryResult['truncated'] {
  const refused = refusal(order.sql);
  if (refused !== null) throw new RefusedError(refused);
  const statement = db.prepare<[], Cell[]>(order.sql);
  // Both are needed: VACUUM INTO and ATTACH count as read-only but give no rows, INSERT .. RETURNING is the other way round.
  if (!statement.reader || !statement.readonly) throw new RefusedError('only statements that read are allowed');
  answer({ columns: statement.columns().map((column) => column.name) });
  let rows = 0;
  let bytes = 0;
  for (const row of statement.raw(true).safeIntegers(true).iterate()) {
    if (rows === order.maxRows) return 'rows';
    for (const cell of row) bytes += sizeOf(cell);
    if (bytes > order.maxBytes) return 'bytes';
    answer(row.map(encodeCell));
    rows++;
  }
  return null;
}

/** Bytes of a cell as the parent gets it, at most. */
function sizeOf(cell: Cell): number {
  if (typeof cell === 'string') return cell.length * 3 + 3;
  return cell instanceof Uint8Array ? cell.length * 2 + 9 : 24;
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

let pending: Buffer = Buffer.alloc(0);

function answer(message: QueryAnswer): void {
  pending = Buffer.concat([pending, Buffer.from(`${JSON.stringify(message)}\n`)]);
  const isLast = !Array.isArray(message) && !('columns' in message);
  if (!isLast && pending.length < 65_536) return;
  let offset = 0;
  while (offset < pending.length) offset += writeSync(1, pending, offset);
  pending = Buffer.alloc(0);
}

main();
