/** A value as SQL has it: INTEGER is bigint, REAL is number. */
export type Cell = null | string | bigint | number | Uint8Array;

/** What a query gave. `truncated`: there was more, the cap on rows or on bytes cut it. */
export interface QueryResult {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  readonly truncated: 'rows' | 'bytes' | null;
}

/** The order from the parent to the query process, as JSON on its stdin. */
export interface QueryOrder {
  readonly path: string;
  readonly sql: string;
  readonly maxRows: number;
  /** Of the encoded result. */
  readonly maxBytes: number;
  /** When the process ends itself, should nobody else have ended it. */
  readonly lifetimeMs: number;
  /** Id of the process that asks: the query ends when that one does. */
  readonly parent: number;
}

/** The lines that the query process answers: `columns` once, then rows as arrays, then one of the others. */
export type QueryAnswer =
  | { readonly columns: readonly string[] }
  | readonly WireCell[]
  | { readonly end: QueryResult['truncated'] }
  | { readonly error: { readonly kind: 'input' | 'sql' | 'internal'; readonly message: string } };

type WireCell = null | string | number | { readonly i: string } | { readonly r: string } | { readonly b: string };

/** JSON has no 64-bit integers, no infinity and no bytes: those travel as text with a mark. */
export function encodeCell(cell: Cell): WireCell {
  if (cell === null || typeof cell === 'string') return cell;
  if (typeof cell === 'bigint') {
    const small = Number(cell);
    return Number.isSafeInteger(small) ? small : { i: cell.toString() };
  }
  if (typeof cell === 'number') return { r: String(cell) };
  return { b: Buffer.from(cell.buffer, cell.byteOffset, cell.byteLength).toString('hex') };
}

export function decodeCell(cell: WireCell): Cell {
  if (cell === null || typeof cell === 'string') return cell;
  if (typeof cell === 'number') return BigInt(cell);
  if ('i' in cell) return BigInt(cell.i);
  if ('r' in cell) return Number(cell.r);
  return Buffer.from(cell.b, 'hex');
}
