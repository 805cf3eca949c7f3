import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readSource } from '../../src/formats/read.ts';
import type { KernelRecord } from '../../src/formats/record.ts';
import { openSource } from '../../src/input/source.ts';
import { EVERYTHING } from './collect.ts';

// Whole captures are not part of the repository. Where a folder of them is at hand every trace and log in it is read.
const folder = process.env['TDI_TRACE_CAPTURES'] ?? join(import.meta.dirname, '../../../shared/captures');
const present = existsSync(folder);
if (!present)
  process.stderr.write(`SKIPPED: no captures at ${folder}: set TDI_TRACE_CAPTURES to test on whole captures\n`);

/** Held against the others in ftrace-captures.test.ts. */
const LATER = /latency|nocontext|ev-raw|ev-hex|report-(?:latency|raw)/;
/** Traces without an entry. */
const EMPTY = /percpu0\.trace\.txt$|k_aer\/c73-cdev\/trace\.fg\.txt$/;
const FORM =
  /(?:^|[./])(?:trace\.(?:fn|fg|fgfull|probes)\.txt(?:\.gz)?|trace\.txt(?:\.gz)?|(?:kmsg\.raw|(?:boot-)?dmesg(?:\.[\w-]+)?)\.txt(?:\.gz)?|dmesg\.json)$/;

function formatOf(path: string): string {
  if (path.endsWith('dmesg.json')) return 'dmesg-json';
  if (path.includes('kmsg')) return 'kmsg';
  if (path.includes('notime')) return 'dmesg-bare';
  return path.includes('dmesg') ? 'dmesg' : 'ftrace';
}

const paths = present
  ? (readdirSync(folder, { recursive: true }) as string[])
      .filter((path) => FORM.test(path) && !LATER.test(path) && !EMPTY.test(path))
      .sort()
  : [];

describe.skipIf(!present)('whole captures', () => {
  test('there are some', () => expect(paths.length).toBeGreaterThan(0));

  for (const path of paths) {
    test(path, async () => {
      const source = await openSource(join(folder, path));
      if (source.kind !== 'log') throw new Error('a timeline');
      const open = new Map<number, KernelRecord>();
      let mismatches = 0;
      const totals = await readSource(source, {
        inputFormat: null,
        interest: EVERYTHING,
        emit: (record) => {
          if (record.type !== 'graph') return;
          if (record.edge === 'enter') open.set(record.line, record);
          if (record.edge !== 'exit') return;
          const entry = open.get(record.entryLine ?? 0);
          if (entry?.type !== 'graph' || entry.symbol !== record.symbol || entry.depth !== record.depth) mismatches++;
          open.delete(record.entryLine ?? 0);
        },
        health: () => undefined,
        maxBytes: 1e9,
      });
      expect(totals.unparsed).toBe(0);
      expect(totals.format).toBe(formatOf(path));
      expect({ mismatches, open: open.size }).toEqual({ mismatches: 0, open: 0 });
    });
  }
});

/** What a serial line carried over whole sessions: the kernel's lines with CR, and those of a shell in between. */
const CONSOLES = present
  ? (readdirSync(folder, { recursive: true }) as string[]).filter((path) => path.includes('serial-console.'))
  : [];

describe.skipIf(!present)('serial consoles', () => {
  for (const path of CONSOLES) {
    test(path, async () => {
      const source = await openSource(join(folder, path));
      if (source.kind !== 'log') throw new Error('a timeline');
      let records = 0;
      const totals = await readSource(source, {
        inputFormat: null,
        interest: EVERYTHING,
        emit: () => void records++,
        health: () => undefined,
        maxBytes: 1e9,
      });
      expect(totals).toMatchObject({ format: 'dmesg', clock: 'printk', records });
      expect(totals.records + totals.continuation + totals.skipped + totals.unparsed).toBe(totals.lines);
      expect(totals.records).toBeGreaterThan(totals.lines * 0.8);
    });
  }
});
