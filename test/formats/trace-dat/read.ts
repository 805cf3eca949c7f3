import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { HealthItem } from '../../../src/base/health.ts';
import { type ReadTotals, readSource } from '../../../src/formats/read.ts';
import type { Interest, KernelRecord } from '../../../src/formats/record.ts';
import { openSource } from '../../../src/input/source.ts';
import { EVERYTHING } from '../collect.ts';

export interface WholeRead {
  readonly records: readonly KernelRecord[];
  readonly health: readonly HealthItem[];
  readonly totals: ReadTotals;
}

export interface HowToRead {
  readonly interest?: Interest;
  readonly inputFormat?: string;
  readonly maxBytes?: number;
  readonly stdin?: Readable;
}

/** Reads a source as the command would, but everything of it. */
export async function readPath(path: string, how: HowToRead = {}): Promise<WholeRead> {
  const records: KernelRecord[] = [];
  const health: HealthItem[] = [];
  const source = await openSource(path, how.stdin);
  if (source.kind !== 'log') throw new Error('not a log');
  const totals = await readSource(source, {
    inputFormat: how.inputFormat ?? null,
    interest: how.interest ?? EVERYTHING,
    emit: (record) => records.push(record),
    health: (item) => health.push(item),
    maxBytes: how.maxBytes ?? 2 ** 30,
  });
  return { records, health, totals };
}

/** The same of bytes, by way of a file that is gone afterwards. */
export async function readBytesAsFile(bytes: Buffer | string, how: HowToRead = {}): Promise<WholeRead> {
  const folder = mkdtempSync(join(tmpdir(), 'tdi-trace-dat-'));
  try {
    const path = join(folder, 'trace.dat');
    writeFileSync(path, bytes, typeof bytes === 'string' ? 'latin1' : null);
    return await readPath(path, how);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
