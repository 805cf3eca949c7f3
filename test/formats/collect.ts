import { readFileSync } from 'node:fs';
import type { HealthItem } from '../../src/base/health.ts';
import type { LineKind } from '../../src/formats/format.ts';
import { formatById } from '../../src/formats/index.ts';
import type { Interest, KernelRecord } from '../../src/formats/record.ts';

export const EVERYTHING: Interest = { symbol: () => true, event: () => true, message: () => true };
export const NOTHING: Interest = {
  symbol: () => false,
  event: () => false,
  message: () => false,
  hints: new Uint8Array(1 << 17),
};

export interface Collected {
  readonly kinds: Record<LineKind, number>;
  readonly lines: number;
  readonly records: readonly KernelRecord[];
  readonly health: readonly HealthItem[];
}

/** Runs a parser over whole text, line by line, without the reading stage. */
export function collect(id: string, lines: readonly string[], interest: Interest = EVERYTHING): Collected {
  const records: KernelRecord[] = [];
  const health: HealthItem[] = [];
  const kinds: Record<LineKind, number> = { record: 0, continuation: 0, skipped: 0, unparsed: 0, nested: 0 };
  const format = formatById(id);
  if (format === null) throw new Error(`no format ${id}`);
  const parser = format.parser({
    emit: (record) => records.push(record),
    health: (item) => health.push(item),
    interest,
  });
  for (const [index, line] of lines.entries()) kinds[parser.parse(line, index + 1, false)]++;
  parser.end();
  return { kinds, lines: lines.length, records, health };
}

/** Lines of a file as the splitter gives them. */
export function fileLines(path: string): string[] {
  const lines = readFileSync(path, 'latin1').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
}

/** Records as JSON can hold them: a bigint as its digits, a Map as an object. */
export function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, held) => {
      if (typeof held === 'bigint') return held.toString();
      return held instanceof Map ? Object.fromEntries(held) : held;
    }),
  );
}
