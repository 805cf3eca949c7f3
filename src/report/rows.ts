import { escapeForTerminal } from '../base/untrusted.ts';
import type { Cell, QueryResult } from '../timeline/cells.ts';
import { escapeJson } from './json.ts';

export const ROW_FORMATS = ['table', 'csv', 'json'] as const;
export type RowFormat = (typeof ROW_FORMATS)[number];

/** Columns under a ruled heading, for eyes: escaped, numbers to the right, nothing cut. */
export function renderTable(result: QueryResult): string {
  const head = result.columns.map((name) => escapeForTerminal(name));
  const body = result.rows.map((row) => row.map((cell) => escapeForTerminal(shown(cell, 'NULL'))));
  const widths = head.map((name) => lengthOf(name));
  for (const row of body) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, lengthOf(cell));
  }
  const line = (cells: readonly string[], isRight: (column: number) => boolean): string =>
    cells
      .map((cell, i) => {
        const gap = ' '.repeat(Math.max(0, (widths[i] ?? 0) - lengthOf(cell)));
        return isRight(i) ? gap + cell : cell + gap;
      })
      .join('  ')
      .trimEnd();
  const lines = [
    line(head, () => false),
    line(
      widths.map((width) => '-'.repeat(width)),
      () => false,
    ),
  ];
  for (const [n, cells] of body.entries()) {
    const row = result.rows[n] ?? [];
    lines.push(line(cells, (i) => typeof row[i] === 'bigint' || typeof row[i] === 'number'));
  }
  return `${lines.join('\n')}\n`;
}

/**
 * RFC 4180. `raw`: text that a spreadsheet would run as a formula is left as it is, instead of getting a `'` in front.
 * `forTerminal`: what could steer a terminal is escaped; for a file or a pipe every byte is data.
 */
export function renderCsv(result: QueryResult, raw: boolean, forTerminal: boolean): string {
  const field = (text: string): string => csvField(forTerminal ? escapeForTerminal(text) : text, raw);
  const lines = [result.columns.map(field).join(',')];
  for (const row of result.rows) {
    lines.push(row.map((cell) => (typeof cell === 'string' ? field(cell) : shown(cell, ''))).join(','));
  }
  return lines.map((line) => `${line}\r\n`).join('');
}

/**
 * An array of objects, one row a line. Integers past 2^53 and infinities are strings, bytes are `{"hex": ".."}`; of columns
 * with the same name the later ones get a number.
 */
export function renderJsonRows(result: QueryResult): string {
  if (result.rows.length === 0) return '[]\n';
  const names = uniqueNames(result.columns).map((name) => JSON.stringify(name));
  const rows = result.rows.map((row) => `  {${row.map((cell, i) => `${names[i]}: ${jsonValue(cell)}`).join(', ')}}`);
  return escapeJson(`[\n${rows.join(',\n')}\n]\n`);
}

function shown(cell: Cell, ofNull: string): string {
  if (cell === null) return ofNull;
  if (typeof cell === 'number') return realText(cell);
  return cell instanceof Uint8Array ? `x'${hex(cell)}'` : String(cell);
}

/** As SQLite prints it: a REAL always looks like one. */
function realText(value: number): string {
  const text = String(value);
  return /^-?[0-9]+$/.test(text) ? `${text}.0` : text;
}

/** A leading one of these makes a spreadsheet take a cell for a formula (OWASP ASVS 1.2.10). */
const FORMULA = /^[=+\-@\t\r\0]/;

function csvField(text: string, raw: boolean): string {
  const safe = !raw && FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function jsonValue(cell: Cell): string {
  if (cell === null) return 'null';
  if (typeof cell === 'bigint') return Number.isSafeInteger(Number(cell)) ? cell.toString() : `"${cell}"`;
  if (typeof cell === 'number') return Number.isFinite(cell) ? realText(cell) : `"${cell}"`;
  return cell instanceof Uint8Array ? `{"hex": "${hex(cell)}"}` : JSON.stringify(cell);
}

function uniqueNames(columns: readonly string[]): string[] {
  const seen = new Set<string>();
  return columns.map((column) => {
    let name = column;
    for (let n = 2; seen.has(name); n++) name = `${column}_${n}`;
    seen.add(name);
    return name;
  });
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

/** Characters, not UTF-16 units. */
function lengthOf(text: string): number {
  return Array.from(text).length;
}
