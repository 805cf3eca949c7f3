import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { normalise } from '../../src/events/normalise.ts';
import { type ReadTotals, readSource } from '../../src/formats/read.ts';
import { openSource } from '../../src/input/source.ts';
import { EVERYTHING } from './collect.ts';

// One run each of one sequence, printed with every trace clock and option and by every form of trace-cmd report; not part of
// the repository.
const captures = process.env['TDI_TRACE_CAPTURES'] ?? join(import.meta.dirname, '../../../shared/captures');
const folder = join(captures, 'formats/c73-cdev');
const present = existsSync(folder);
if (!present) process.stderr.write(`SKIPPED: no traces of every option at ${folder}: set TDI_TRACE_CAPTURES\n`);

const files = present
  ? readdirSync(folder)
      .filter((name) => /(?:trace|report[\w-]*|^(?:lost|pipe)-\w+)\.txt(?:\.gz)?$/.test(name))
      .sort()
  : [];

/** What is no trace, and why that is right. */
const REFUSED: readonly (readonly [RegExp, RegExp])[] = [
  [/^opt-ev-(?:raw|hex)\./, /118 of the first 118 lines are ftrace entries printed as numbers/],
  [/^percpu0\./, /only the header of a trace/],
  [/^tc-.*report-stat\./, /only the statistics of a trace buffer/],
  [/^tc-.*report-ns\./, /only the help of trace-cmd/],
];

function formOf(name: string): string {
  if (name.startsWith('tc-')) return 'trace-cmd';
  if (name.includes('nocontext')) return 'ftrace-bare';
  return /^opt-(?:fn|ev)-latency/.test(name) ? 'ftrace-latency' : 'ftrace';
}

// Each file is a run of its own: whether pages lie side by side and when the runtime suspend comes is the day's luck. System
// calls were traced in some of the runs.
const BY_CHANCE = /^(?:iommu\.(?:map|unmap)|vfio\.power|pci\.power|syscall\.ioctl)$/;

interface Read {
  readonly totals: ReadTotals;
  /** Kinds of the events that begin or stand alone, in order. */
  readonly kinds: readonly string[];
}

async function read(name: string): Promise<Read> {
  const source = await openSource(join(folder, name));
  if (source.kind !== 'log') throw new Error('a timeline');
  const kinds: string[] = [];
  const totals = await readSource(source, {
    inputFormat: null,
    interest: EVERYTHING,
    emit: (record) => {
      const meaning = normalise(record);
      if (meaning?.type !== 'event' || meaning.event.phase === 'exit') return;
      const { kind, symbol, clues } = meaning.event;
      if (BY_CHANCE.test(kind)) return;
      kinds.push([kind, symbol, ...clues.flatMap((clue) => (clue.type === 'bdf' ? clue.bdf : []))].join(' '));
    },
    health: () => undefined,
    maxBytes: 1e9,
  });
  return { totals, kinds };
}

describe.skipIf(!present)('every clock and option', () => {
  test('there are some', () => expect(files.length).toBeGreaterThan(80));

  for (const name of files) {
    const refused = REFUSED.find(([pattern]) => pattern.test(name));
    test(name, async () => {
      if (refused !== undefined) {
        await expect(read(name)).rejects.toThrow(refused[1]);
        return;
      }
      const { totals } = await read(name);
      expect(totals).toMatchObject({ format: formOf(name), unparsed: 0 });
      expect(totals.records + totals.continuation + totals.skipped).toBe(totals.lines);
      const ticks = /clock-(?:counter|uptime|x86-tsc)\.function\.|tc-ev-(?:tsc|boot)\./.test(name);
      expect(totals.timeUnit).toBe(ticks ? 'ticks' : 'ns');
    });
  }

  /** What says the same in other clothes. The first one is what the others are compared with. */
  const groups: readonly (readonly [string, RegExp])[] = [
    ['opt-fn-default.trace.txt', /^(?:clock-[\w-]+\.function|opt-fn-(?!stack)[\w-]+)\.trace\.txt$/],
    ['opt-fg-default.trace.txt', /^(?:clock-[\w-]+\.function_graph|opt-fg-(?!events)[\w-]+)\.trace\.txt$/],
    ['opt-ev-default.trace.txt', /^opt-ev-(?!raw|hex)[\w-]+\.trace\.txt$/],
    ['opt-fg-default.trace.txt', /^tc-fg\.report(?:-latency|-raw|-t|-tailprint|-tsdiff)?\.txt$/],
    ['opt-fn-default.trace.txt', /^tc-fn-ev\.report(?:-latency|-raw|-t|-tailprint|-tsdiff)?\.txt$/],
  ];
  for (const [first, pattern] of groups) {
    const same = files.filter((name) => pattern.test(name));
    test(`${same.length} files tell what ${first} tells`, async () => {
      const expected = await read(first);
      expect(expected.kinds.length).toBeGreaterThan(20);
      for (const name of same) expect((await read(name)).kinds, name).toEqual(expected.kinds);
    });
  }
});
