import { Readable } from 'node:stream';
import { expect } from 'vitest';
import type { HealthItem } from '../../src/base/health.ts';
import { type PartTotals, readParts } from '../../src/formats/read.ts';
import type { KernelRecord } from '../../src/formats/record.ts';
import { type OpenedSource, openSource } from '../../src/input/source.ts';
import { EVERYTHING } from './collect.ts';

export interface ReadPart {
  readonly totals: PartTotals;
  readonly records: readonly KernelRecord[];
  readonly health: readonly HealthItem[];
}

/** Reads all parts of a log. @throws as `readParts` does; fails where a line is counted twice or not at all. */
export async function readLog(source: OpenedSource, inputFormat: string | null = null): Promise<ReadPart[]> {
  const kept = new Map<unknown, { records: KernelRecord[]; health: HealthItem[] }>();
  const parts = await readParts(source, {
    inputFormat,
    interest: EVERYTHING,
    maxBytes: 1e9,
    part: () => {
      const content = { records: [] as KernelRecord[], health: [] as HealthItem[] };
      const sink = {
        emit: (record: KernelRecord) => void content.records.push(record),
        health: (item: HealthItem) => void content.health.push(item),
      };
      kept.set(sink, content);
      return sink;
    },
  });
  for (const part of parts) {
    expect(part.records + part.continuation + part.skipped + part.unparsed).toBe(part.lines);
    expect(part.records).toBeGreaterThan(0);
    expect(part.lines).toBeLessThanOrEqual(part.lastLine - part.firstLine + 1);
    for (const count of [part.continuation, part.skipped, part.unparsed]) expect(count).toBeGreaterThanOrEqual(0);
  }
  return parts.map((totals) => ({ totals, ...(kept.get(totals.sink) ?? { records: [], health: [] }) }));
}

/** The same of a text, latin1; its parts must add up to its lines. */
export async function readText(text: string, inputFormat: string | null = null): Promise<ReadPart[]> {
  const source = await openSource('-', Readable.from([Buffer.from(text, 'latin1')], { objectMode: false }));
  if (source.kind !== 'log') throw new Error('no log');
  const parts = await readLog(source, inputFormat);
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
  expect(parts.reduce((sum, { totals }) => sum + totals.lines, 0)).toBe(lines);
  return parts;
}

/** `FIRST-LAST form`, one a part. */
export function shape(parts: readonly ReadPart[]): string[] {
  return parts.map(({ totals }) => `${totals.firstLine}-${totals.lastLine} ${totals.format}`);
}
