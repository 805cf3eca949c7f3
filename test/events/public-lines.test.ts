import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/base/errors.ts';
import type { MessageRow, TraceEventRow } from '../../src/events/catalogue.ts';
import { MESSAGES, TRACE_EVENTS } from '../../src/events/index.ts';
import { splitPrefix } from '../../src/events/messages.ts';
import { readSource } from '../../src/formats/read.ts';
import type { KernelRecord } from '../../src/formats/record.ts';
import { openSource } from '../../src/input/source.ts';
import { EVERYTHING } from '../formats/collect.ts';

// Real logs: our own of 6.1, 6.12 and 7.3, and those that others posted. Neither is part of the repository.
const shared = join(import.meta.dirname, '../../../shared');
const folders = [
  ['captures', process.env['TDI_TRACE_CAPTURES'] ?? join(shared, 'captures')],
  ['public logs', process.env['TDI_TRACE_PUBLIC_LOGS'] ?? join(shared, 'public-logs')],
] as const;

// Of the captures what holds messages or trace events; function traces hold neither.
const KERNEL_TEXT =
  /(?:^(?:samples|ordering)\/.*|(?:dmesg|kmsg|journal|probes|opt-ev|events)[^/]*)\.(?:txt|log|json|jsonl)(?:\.gz)?$/;

const meaningOf = (row: MessageRow | TraceEventRow): string =>
  JSON.stringify([row.kind, 'phase' in row ? (row.phase ?? 'point') : 'point', row.fixed ?? {}]);

/** What every row that fits says of the line, once each. */
function meanings(record: KernelRecord): { text: string; says: string[] } | null {
  if (record.type === 'printk') {
    const { body } = splitPrefix(record.message);
    const rows = MESSAGES.filter((row) => body.includes(row.contains) && row.pattern.test(body));
    return { text: record.message, says: [...new Set(rows.map(meaningOf))] };
  }
  if (record.type !== 'event' || record.symbol !== null) return null;
  const rows = TRACE_EVENTS.filter((row) => row.name === record.name && row.pattern.test(record.body.trim()));
  return { text: `${record.name}: ${record.body}`, says: [...new Set(rows.map(meaningOf))] };
}

async function contradictions(path: string): Promise<string[]> {
  const found: string[] = [];
  try {
    const source = await openSource(path);
    if (source.kind !== 'log') return found;
    await readSource(source, {
      inputFormat: null,
      interest: EVERYTHING,
      emit: (record) => {
        const meaning = meanings(record);
        if (meaning && meaning.says.length > 1) found.push(`${meaning.text}: ${meaning.says.join(' or ')}`);
      },
      health: () => undefined,
      maxBytes: 1e9,
    });
  } catch (error) {
    // Some are no kernel log at all.
    if (!(error instanceof InputError)) throw error;
  }
  return found;
}

describe.each(folders)('%s', (what, folder) => {
  const present = existsSync(folder);
  if (!present) process.stderr.write(`SKIPPED: no ${what} at ${folder}\n`);
  const paths = present
    ? (readdirSync(folder, { recursive: true }) as string[]).filter((path) => KERNEL_TEXT.test(path)).sort()
    : [];

  test.skipIf(!present)(
    'no line means two things',
    async () => {
      expect(paths.length).toBeGreaterThan(50);
      const found: string[] = [];
      for (const path of paths) {
        for (const line of await contradictions(join(folder, path))) found.push(`${path}: ${line}`);
      }
      expect(found).toEqual([]);
    },
    300_000,
  );
});
