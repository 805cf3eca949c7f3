import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { INTEREST } from '../../src/events/index.ts';
import { normalise } from '../../src/events/normalise.ts';
import { readSource } from '../../src/formats/read.ts';
import { openSource } from '../../src/input/source.ts';

// The same messages in every form that dmesg and others print them in. Whole captures are no part of the repository.
const folder = process.env['TDI_TRACE_CAPTURES'] ?? join(import.meta.dirname, '../../../shared/captures');
const present = existsSync(folder);
if (!present)
  process.stderr.write(`SKIPPED: no captures at ${folder}: set TDI_TRACE_CAPTURES to compare the forms of dmesg\n`);

/** Without a clock of the kernel's: what `clock` is then. */
const CLOCKS: Readonly<Record<string, string>> = {
  'dmesg.T.txt': 'wall-local',
  'dmesg.x-T.txt': 'wall-local',
  'dmesg.iso.txt': 'wall',
  'dmesg.human.txt': 'none',
  'dmesg.reltime.txt': 'none',
  'dmesg.notime.txt': 'none',
};
const FORM =
  /^(?:dmesg(?:\.(?:T|x-T|iso|delta|reltime|human|notime|raw-r|time-raw|color|syslog-S|syslog-S-r|busybox|busybox-r|x))?\.txt|dmesg\.json|kmsg\.raw\.txt)$/;

/** Forms that print the level. */
const LEVELLED = /^(?:dmesg\.(?:x|x-T|raw-r|syslog-S-r|busybox-r)\.txt|dmesg\.json|kmsg\.raw\.txt)$/;
/** Of a calendar: dmesg adds the time of the boot, which it works out anew at each call, and ctime cuts to the second. */
const PRECISION_NS: Readonly<Record<string, bigint>> = {
  'dmesg.iso.txt': 1_000n,
  'dmesg.T.txt': 1_000_000_000n,
  'dmesg.x-T.txt': 1_000_000_000n,
};

interface Seen {
  readonly clock: string;
  readonly events: readonly unknown[];
  readonly times: readonly (string | null)[];
  readonly callers: readonly unknown[];
  readonly levels: readonly (number | null)[];
  readonly devices: readonly (string | null)[];
  readonly records: number;
}

async function eventsOf(path: string): Promise<Seen> {
  const source = await openSource(path);
  if (source.kind !== 'log') throw new Error('a timeline');
  const events: unknown[] = [];
  const times: (string | null)[] = [];
  const callers: unknown[] = [];
  const levels: (number | null)[] = [];
  const devices: (string | null)[] = [];
  const totals = await readSource(source, {
    inputFormat: null,
    interest: INTEREST,
    emit: (record) => {
      const meaning = normalise(record);
      if (meaning?.type !== 'event') return;
      const { kind, phase, outcome, clues, args } = meaning.event;
      events.push({ kind, phase, outcome, clues, args });
      times.push(record.time === null ? null : record.time.toString());
      callers.push([record.cpu, record.pid]);
      levels.push(record.type === 'printk' ? record.level : null);
      devices.push((record.type === 'printk' ? record.device : null) ?? null);
    },
    health: () => undefined,
    maxBytes: 1e9,
  });
  expect(totals.unparsed).toBe(0);
  return { clock: totals.clock, events, times, callers, levels, devices, records: totals.records };
}

/** A calendar runs with the kernel's clock: the difference is the same for all records, but for what the form cuts off. */
function expectOneOffset(
  times: readonly (string | null)[],
  plain: readonly (string | null)[],
  precision: bigint,
  name: string,
): void {
  const offsets = times.map((time, index) => BigInt(time ?? 0) - BigInt(plain[index] ?? 0));
  const lowest = offsets.reduce((a, b) => (a < b ? a : b), offsets[0] ?? 0n);
  const highest = offsets.reduce((a, b) => (a > b ? a : b), offsets[0] ?? 0n);
  expect(highest - lowest, name).toBeLessThanOrEqual(precision);
}

const scenarios = present
  ? (readdirSync(folder, { recursive: true }) as string[])
      .filter((path) => path.endsWith('/kmsg.raw.txt'))
      .map((path) => path.slice(0, -'/kmsg.raw.txt'.length))
      .sort()
  : [];

describe.skipIf(!present)('the forms of dmesg', () => {
  test('there are some', () => expect(scenarios.length).toBeGreaterThan(20));

  let labels = 0;

  for (const scenario of scenarios) {
    test(`${scenario}: tell the same`, async () => {
      const names = readdirSync(join(folder, scenario)).filter((name) => FORM.test(name));
      expect(names.length).toBeGreaterThan(2);
      const plain = await eventsOf(join(folder, scenario, 'dmesg.txt'));
      expect(plain.clock).toBe('printk');
      const kernel = await eventsOf(join(folder, scenario, 'kmsg.raw.txt'));
      expect(kernel.levels).not.toContain(null);
      labels += kernel.devices.filter((device) => device !== null).length;
      for (const name of names) {
        const seen = await eventsOf(join(folder, scenario, name));
        expect(seen.events, name).toEqual(plain.events);
        expect(seen.callers, name).toEqual(plain.callers);
        expect(seen.clock, name).toBe(CLOCKS[name] ?? 'printk');
        expect(seen.records, name).toBe(plain.records);
        expect(seen.levels, name).toEqual(LEVELLED.test(name) ? kernel.levels : kernel.levels.map(() => null));
        expect(seen.devices, name).toEqual(name === 'kmsg.raw.txt' ? kernel.devices : kernel.devices.map(() => null));
        if (seen.clock === 'printk') expect(seen.times, name).toEqual(plain.times);
        const precision = PRECISION_NS[name];
        if (precision !== undefined) expectOneOffset(seen.times, plain.times, precision, name);
        if (seen.clock === 'none')
          expect(
            seen.times.every((time) => time === null),
            name,
          ).toBe(true);
      }
    });
  }

  test('/dev/kmsg named devices', () => expect(labels).toBeGreaterThan(100));
});
