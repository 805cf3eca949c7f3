import type { EventKind } from './event.ts';

/** A number, what the code that prints it calls it, and what it does to a TDI, where it does something. */
export type Code = readonly [number: number | bigint, name: string, means?: EventKind];

/** Numbers of one generation of an interface. The same number may stand for another thing in another generation. */
export interface CodeTable {
  /** What stands for something: bits outside of it carry operands. */
  readonly mask?: bigint;
  readonly codes: readonly Code[];
  readonly versions: string;
  readonly source: string;
}

/** Tables by what one record can mean: several where the record does not tell the generation. */
export type CodeTables = Readonly<Record<string, readonly CodeTable[]>>;
