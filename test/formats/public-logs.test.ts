import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readSource } from '../../src/formats/read.ts';
import { openSource } from '../../src/input/source.ts';
import { analyzeFiles } from '../support/analyze.ts';
import { EVERYTHING } from './collect.ts';
import { FORMS } from './public-logs-forms.ts';

// Logs that others posted; they may name machines and are no part of the repository.
const folder = process.env['TDI_TRACE_PUBLIC_LOGS'] ?? join(import.meta.dirname, '../../../shared/public-logs');
const present = existsSync(folder);
if (!present)
  process.stderr.write(`SKIPPED: no public logs at ${folder}: set TDI_TRACE_PUBLIC_LOGS to test on what people post\n`);

const DMESG_SIDE = /^(?:samples\/(?:console|dmesg|iommu|journald|kmsg|pstore|syslog|tsm|vfio|vmcore)|ordering)\//;
/** No kernel message is in them, or they are the remarks of QEMU. */
const OTHER = [
  'samples/journald/missed-kernel-messages.txt',
  'samples/journald/reboot-separators.txt',
  'samples/journald/lnav-journald.json',
  'samples/syslog/lnav-syslog-0.txt',
  'samples/syslog/loghub-linux-head.txt',
  'samples/kmsg/netconsole-sysdata.txt',
  'samples/console/logspec-linux_boot_008-tail.log',
  'samples/vfio/core-disable-proc-stack-deadlock.txt',
  'ordering/pciehp-vfio-surprise-removal-deadlock-2024-11-27.log',
  'ordering/qemu-iommufd-free-id-2023-03-14.log',
  'ordering/qemu-vfio-no-reset-2025-04-15.log',
  'ordering/qemu-vfio-vectors-2021-06-28.log',
  'ordering/dmabuf-tracepoints-ftrace-2025-11-25.log',
  'samples/vfio/dmabuf-iommufd-2025.txt',
];

const paths = present
  ? (readdirSync(folder, { recursive: true }) as string[])
      .filter((path) => DMESG_SIDE.test(path) && /\.\w+$/.test(path) && !OTHER.includes(path))
      .sort()
  : [];

/** By name and folder: the form, and how the time is counted. */
function expected(path: string): readonly [string, string] {
  return FORMS[path] ?? ['dmesg', 'printk'];
}

describe.skipIf(!present)('public logs', () => {
  test('there are some', () => expect(paths.length).toBeGreaterThan(100));

  for (const path of paths) {
    test(path, async () => {
      const source = await openSource(join(folder, path));
      if (source.kind !== 'log') throw new Error('a timeline');
      const totals = await readSource(source, {
        inputFormat: null,
        interest: EVERYTHING,
        emit: () => undefined,
        health: () => undefined,
        maxBytes: 1e9,
      });
      expect([totals.format, totals.clock]).toEqual(expected(path));
      expect(totals.records + totals.continuation + totals.skipped + totals.unparsed).toBe(totals.lines);
      const { findings } = await analyzeFiles([join(folder, path)]);
      expect(findings.filter(({ verdict }) => verdict === 'definite' || verdict === 'probable')).toEqual([]);
    });
  }
});
