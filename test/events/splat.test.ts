import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { analyze } from '../../src/analysis.ts';
import { NEUTRAL_JUDGEMENT } from '../../src/commands/reading.ts';
import { SplatCollector } from '../../src/events/splat.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { printk } from './records.ts';

// Constructed after __warn() of kernel/panic.c (7.1 and 6.12), print_error_description() of mm/kasan/report.c and
// show_trace_log_lvl() of arch/x86/kernel/dumpstack.c, with the functions of vfio's close path.
const stamped = (lines: readonly string[]): string =>
  lines.map((line, at) => `[  100.${100000 + at}] ${line}\n`).join('');

const NEW = [
  '------------[ cut here ]------------',
  'WARNING: drivers/vfio/pci/vfio_pci_core.c:721 at vfio_pci_core_close_device+0x10c/0x110 [vfio_pci_core], CPU#1: qemu-system-x86/742',
  'Modules linked in: vfio_pci vfio_pci_core',
  'CPU: 1 UID: 0 PID: 742 Comm: qemu-system-x86 Not tainted 7.1.0 #1 PREEMPT(voluntary)',
  'RIP: 0010:vfio_pci_core_close_device+0x10c/0x110 [vfio_pci_core]',
  'Code: 0f 0b eb c5 66 0f 1f 44 00 00',
  'Call Trace:',
  ' <TASK>',
  ' vfio_df_device_last_close+0x3c/0x80 [vfio]',
  ' vfio_df_close+0x4a/0x90 [vfio]',
  ' __fput+0xe3/0x2b0',
  ' </TASK>',
  '---[ end trace 0000000000000000 ]---',
];

async function eventsOf(log: string): Promise<readonly StoredEvent[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tdi-trace-splat-'));
  const path = join(folder, 'log.txt');
  writeFileSync(path, log);
  try {
    const ingest = { inputs: [path], db: null, inputFormat: null, maxBytes: 1 << 20 };
    const analyzed = await analyze(ingest, NEUTRAL_JUDGEMENT);
    try {
      return analyzed.timeline.events(0, 100);
    } finally {
      analyzed.close();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const splats = async (log: string) => (await eventsOf(log)).filter(({ kind }) => kind === 'host.splat');

describe('a report of trouble', () => {
  test('is one event up to its end, since 6.19', async () => {
    const [event, ...more] = await splats(stamped(NEW));
    expect(more).toEqual([]);
    expect(event).toMatchObject({ line: 2, endLine: 13, kind: 'host.splat' });
    expect(event?.args).toEqual({
      type: 'WARNING',
      file: 'drivers/vfio/pci/vfio_pci_core.c',
      file_line: '721',
      at: 'vfio_pci_core_close_device',
      comm: 'qemu-system-x86',
      task: '742',
      functions: 'vfio_pci_core_close_device vfio_df_device_last_close vfio_df_close',
    });
  });

  test('is the same until 6.18', async () => {
    const old =
      'WARNING: CPU: 1 PID: 742 at drivers/vfio/pci/vfio_pci_core.c:721 vfio_pci_core_close_device+0x10c/0x110 [vfio_pci_core]';
    const [event] = await splats(stamped(NEW.with(1, old)));
    expect(event).toMatchObject({ line: 2, endLine: 13, args: { at: 'vfio_pci_core_close_device', task: '742' } });
  });

  test('keeps the order of what others say meanwhile', async () => {
    const between = [...NEW.slice(0, 8), 'vfio-pci 0000:02:00.0: resetting', ...NEW.slice(8)];
    const events = await eventsOf(stamped([...between, 'vfio-pci 0000:02:00.0: reset done']));
    expect(events.map(({ kind, line, endLine }) => [kind, line, endLine])).toEqual([
      ['host.splat', 2, 14],
      ['pci.reset', 9, 9],
      ['pci.reset_done', 15, 15],
    ]);
  });

  test('of KASAN ends with its rule, whatever it was found in', async () => {
    const text = stamped([
      '==================================================================',
      'BUG: KASAN: slab-use-after-free in get_file_active+0x79/0x250',
      'Read of size 8 at addr ffff88810a3c2c00 by task qemu-system-x86/742',
      ' dump_stack_lvl+0x76/0xa0',
      ' get_file_active+0x79/0x250',
      ' vfio_pci_dma_buf_move+0x29a/0x650',
      ' vfio_basic_config_write+0x245/0xa80',
      'Allocated by task 700:',
      ' kasan_save_stack+0x24/0x50',
      '==================================================================',
      'vfio-pci 0000:02:00.0: resetting',
    ]);
    const events = await eventsOf(text);
    expect(events.map(({ kind, line, endLine }) => [kind, line, endLine])).toEqual([
      ['host.splat', 2, 10],
      ['pci.reset', 11, 11],
    ]);
    expect(events[0]?.args).toEqual({
      type: 'KASAN',
      what: 'slab-use-after-free',
      at: 'get_file_active',
      functions: 'vfio_pci_dma_buf_move vfio_basic_config_write',
    });
  });

  test('that has no end lasts to its last frame of ours', async () => {
    const [event] = await splats(stamped(NEW.slice(0, 11)));
    expect(event).toMatchObject({ line: 2, endLine: 10 });
  });

  test('goes on with the Oops that it leads to', async () => {
    const text = stamped([
      'BUG: kernel NULL pointer dereference, address: 0000000000000028',
      '#PF: supervisor read access in kernel mode',
      'Oops: Oops: 0000 [#1] SMP NOPTI',
      'RIP: 0010:iommufd_vdevice_abort+0x1c/0x80 [iommufd]',
      '---[ end trace 0000000000000000 ]---',
    ]);
    expect((await splats(text)).map(({ line, endLine, args }) => [line, endLine, args])).toEqual([
      [1, 5, { type: 'BUG', what: 'kernel NULL pointer dereference', functions: 'iommufd_vdevice_abort' }],
    ]);
  });

  test('of others is none of our business', async () => {
    const text = stamped([
      'WARNING: CPU: 3 PID: 91 at drivers/gpu/drm/i915/i915_drv.c:100 i915_suspend+0x10c/0x110 [i915]',
      ' pci_pm_suspend+0x3c/0x80',
      '---[ end trace 0000000000000000 ]---',
      'vfio-pci 0000:02:00.0: resetting',
    ]);
    expect((await eventsOf(text)).map(({ kind }) => kind)).toEqual(['pci.reset']);
  });
});

test('a report that never ends keeps back a bounded number of records', () => {
  const collector = new SplatCollector();
  collector.take({ ...printk(NEW[1] ?? ''), line: 1, endLine: 1 });
  let released = 0;
  for (let line = 2; line < 10_000; line++) {
    const frame = line % 2 === 0 ? ' vfio_df_close+0x4a/0x90 [vfio]' : 'vfio-pci 0000:02:00.0: resetting';
    released += collector.take({ ...printk(frame), line, endLine: line }).length;
  }
  expect(released).toBeGreaterThan(4000);
});
