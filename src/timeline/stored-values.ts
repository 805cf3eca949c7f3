import { damaged } from './format.ts';
import type { StoredDevice, StoredSource } from './rows.ts';

/** The file that is read; asked for its name only where it is damaged. */
export interface Located {
  readonly path: string;
}

/** A row of a table; integers as bigint. */
export type Row = Record<string, string | bigint | null>;

// STRICT tables hold what their columns say, so the casts below are facts; `undefined` would be a column that we misspelt.
export type Value = Row[string] | undefined;

export function number(value: Value): number {
  return Number(value as bigint);
}

export function numberOrNull(value: Value): number | null {
  return value === null ? null : Number(value as bigint);
}

export function time(value: Value): bigint | null {
  return value as bigint | null;
}

export function text(value: Value): string {
  return value as string;
}

export function textOrNull(value: Value): string | null {
  return value as string | null;
}

/** A word of a closed list; a file that holds another one was not written by this version. */
export function word<T extends string>(list: Readonly<Record<T, unknown>>, value: Value, at: Located): T {
  const found = text(value);
  if (!Object.hasOwn(list, found)) throw unknownWord(found, at);
  return found as T;
}

export function unknownWord(found: string, { path }: Located): Error {
  return damaged(path, `unknown word '${found.slice(0, 40)}'`);
}

/** An object or array of strings. */
export function strings(value: Value, at: Located): Record<string, string> {
  const parsed = parse(text(value), at);
  if (typeof parsed !== 'object' || parsed === null) throw damaged(at.path, 'unexpected JSON');
  for (const item of Object.values(parsed)) {
    if (typeof item !== 'string') throw damaged(at.path, 'unexpected JSON');
  }
  return parsed as Record<string, string>;
}

export function parse(json: string, at: Located): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw damaged(at.path, 'malformed JSON');
  }
}

export const COMPRESSIONS: Record<StoredSource['compression'], true> = {
  none: true,
  gzip: true,
  xz: true,
  zstd: true,
  bzip2: true,
  deflate: true,
};
export const TIME_UNITS: Record<StoredSource['timeUnit'], true> = { ns: true, ticks: true };
export const CERTAINTIES: Record<StoredDevice['certainty'], true> = { exact: true, inherited: true, none: true };
