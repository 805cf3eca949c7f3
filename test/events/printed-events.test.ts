import { describe, expect, test } from 'vitest';
import { INTEREST, MESSAGES, TRACE_EVENTS } from '../../src/events/index.ts';
import { normalise } from '../../src/events/normalise.ts';
import { QEMU_EVENTS } from '../../src/events/qemu.ts';
import type { KernelRecord } from '../../src/formats/record.ts';
import { collect } from '../formats/collect.ts';
import { analyzeText, headlines } from '../support/analyze.ts';

// Constructed: booted with tp_printk the kernel prints its events into the log, output_printk() in kernel/trace/trace.c.
const PROBES = [
  'bind: (pci_tsm_bind+0x4/0x2a0) bdf="0000:02:00.0" kvm=0xffffc90000747000',
  'bindret: (tsm_bind+0x10f/0x220 [iommufd] <- pci_tsm_bind) ret=0xfffffffb',
  'disable: (vfio_pci_core_disable+0x0/0x160 [vfio_pci_core]) vdev=0xffff888003c26000',
];
const EVENTS = TRACE_EVENTS.filter((row) => !QEMU_EVENTS.includes(row)).map(({ example }) => example);

const inLog = (text: string) => `[   13.377318] ${text}`;
const inTrace = (text: string) => `             drv-278     [001] .....    13.377318: ${text}`;

function only(format: string, line: string): KernelRecord | undefined {
  return collect(format, [line], INTEREST).records[0];
}

/** What the record means, without who did it: a log does not tell. */
function meaning(record: KernelRecord | undefined): unknown {
  const normalised = record === undefined ? null : normalise(record);
  if (normalised?.type !== 'event') return normalised;
  const { text: _text, cpu: _cpu, task: _task, pid: _pid, ...event } = normalised.event;
  return event;
}

test.each([...PROBES, ...EVENTS])('an event in the log means what it means in a trace: %s', (text) => {
  const record = only('dmesg', inLog(text));
  expect(record?.type).toBe('event');
  expect(meaning(record)).not.toBe(null);
  expect(meaning(record)).toEqual(meaning(only('ftrace', inTrace(text))));
});

test.each(MESSAGES.map(({ example }) => example))('a message is no event: %s', (example) => {
  expect(only('dmesg', inLog(example))?.type).not.toBe('event');
});

test.each([
  // A driver may print any of these.
  'unmap: nothing to do for vfio',
  'aer_event: vfio 0000:02:00.0 is fine',
  'pci_tsm_bind: (pci_tsm_bind) vfio failed',
  'vfio: (pci_tsm_bind+0x4/0x2a0) failed',
  'vfio: called from (pci_tsm_bind+0x4/0x2a0) bdf=0000:02:00.0',
  'console: vfio_pci_core_disable',
  'sys_close: vfio 0000:02:00.0 refused',
  'sys_ioctl -> vfio 0000:02:00.0',
  'sched_process_exit: of vfio 0000:02:00.0',
  'RIP: 0010:vfio_pci_core_disable+0x4/0x160 [vfio_pci_core]',
])('nor is what looks a little like one: %s', (text) => {
  expect(only('dmesg', inLog(text))?.type).toBe('printk');
});

describe('whose an event is', () => {
  // Of one task, the last call is made inside the one before: it is 0000:02:00.0 that is reset.
  const log = (caller: (task: number) => string) =>
    [
      [1, 'connect: (pci_tsm_connect+0x0/0x90) bdf="0000:02:00.0"'],
      [1, 'connectret: (connect_store+0x90/0xc0 <- pci_tsm_connect) ret=0x0'],
      [1, 'bind: (pci_tsm_bind+0x0/0x2a0) bdf="0000:02:00.0"'],
      [1, 'bindret: (tsm_bind+0x10f/0x220 <- pci_tsm_bind) ret=0x0'],
      [1, 'unbind: (pci_tsm_unbind+0x0/0x40) bdf="0000:02:00.0"'],
      [1, 'unbindret: (tsm_unbind+0x10f/0x220 <- pci_tsm_unbind) ret=0x0'],
      [1, 'bind: (pci_tsm_bind+0x0/0x2a0) bdf="0000:02:00.0"'],
      [1, 'bindret: (tsm_bind+0x10f/0x220 <- pci_tsm_bind) ret=0x0'],
      [1, 'reset: (__pci_reset_function_locked+0x0/0x90) bdf="0000:02:00.0"'],
      [2, 'flr: (pcie_flr+0x0/0x160)'],
    ]
      .map(([task, text], n) => `[   13.37731${n}]${caller(Number(task))} ${text}\n`)
      .join('');

  test('is not told without CONFIG_PRINTK_CALLER', async () => {
    expect(headlines(await analyzeText(log(() => '')))).toEqual(['probable flr-while-locked 0000:02:00.0 :9']);
  });

  test('is told by the caller', async () => {
    const ofTwo = await analyzeText(log((task) => `[  T${task}]`));
    // The other task's reset is of another function, and of this one the log ends before anything shows that it came.
    expect(headlines(ofTwo)).toEqual(['possible flr-while-locked 0000:02:00.0 :9']);
    const ofOne = await analyzeText(log(() => '[  T1]'));
    expect(headlines(ofOne)).toEqual(['probable flr-while-locked 0000:02:00.0 :10']);
  });

  test('a return closes the only call that is open', async () => {
    const refused = [
      'bind: (pci_tsm_bind+0x0/0x2a0) bdf="0000:02:00.0"',
      'bindret: (tsm_bind+0x10f/0x220 <- pci_tsm_bind) ret=0xfffffffb',
      'disable: (vfio_pci_core_disable+0x0/0x160 [vfio_pci_core]) bdf="0000:02:00.0"',
    ];
    const text = (lines: readonly string[]) => lines.map((line, n) => `[   13.37731${n}] ${line}\n`).join('');
    expect(headlines(await analyzeText(text(refused)))).toEqual([]);
    const bound = refused.map((line) => line.replace('0xfffffffb', '0x0'));
    expect(headlines(await analyzeText(text(bound)))).toEqual(['probable unbind-before-disable 0000:02:00.0 :3']);
  });
});
