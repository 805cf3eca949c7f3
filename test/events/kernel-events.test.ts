import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { CodeTable } from '../../src/events/code-table.ts';
import { CODE_SPACES } from '../../src/events/codes.ts';
import { SYMBOLS, TRACE_EVENTS } from '../../src/events/index.ts';
import { FILE_EVENTS } from '../../src/events/system-calls.ts';

/** An entry of the list of kernel messages, functions and numbers that can bear on a TDI; it lies outside of the repository. */
interface Entry {
  readonly id: string;
  readonly kind: string;
  readonly function: string;
  readonly format: string;
}

const LIST =
  process.env['TDI_TRACE_KERNEL_EVENTS'] ?? join(import.meta.dirname, '../../../shared/reference/kernel-events.json');
const present = existsSync(LIST);
if (!present) console.warn(`SKIPPED: no list of kernel events at ${LIST}; set TDI_TRACE_KERNEL_EVENTS`);
const entries: Entry[] = present ? JSON.parse(readFileSync(LIST, 'utf8')) : [];

const LINES = readFileSync(join(import.meta.dirname, '../../fixtures/events/messages.txt'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));
const NAMES = new Set(SYMBOLS.map(({ symbol }) => symbol));
// printk:console is read as the message that it holds (normalise.ts).
const EVENTS = new Set([...TRACE_EVENTS.map(({ name }) => name), ...FILE_EVENTS, 'console']);
/** Numbers by what they are called. */
const CODES = new Map<string, Set<bigint>>();
for (const tables of Object.values(CODE_SPACES))
  for (const { codes } of tables as readonly CodeTable[])
    for (const [code, name] of codes) CODES.set(name, (CODES.get(name) ?? new Set()).add(BigInt(code)));

const words = (text: string): string[] => text.match(/[A-Za-z_]\w+/g) ?? [];

/** What a format prints whatever is put in, in its order. */
const literals = (format: string): string[] =>
  format
    .split(/%[#0-9.*+-]*(?:ll|l|z|h)*[a-zA-Z]+|\\n/)
    .map((part) => part.trim())
    .filter((part) => part.length >= 4);

function isPrinted(format: string): boolean {
  const parts = literals(format);
  return parts.length > 0 && LINES.some((line) => parts.every((part) => line.includes(part)));
}

/** A command, a leaf, a status: the number that the list has, under the same name. Statuses stand in the upper half. */
function hasCode({ function: name, format }: Entry): boolean {
  const numbers = (format.match(/0x[0-9a-fA-F]+/g) ?? []).map(BigInt);
  return name
    .split(/[\s/]+/)
    .some((word) => numbers.some((number) => CODES.get(word)?.has(number) || CODES.get(word)?.has(number >> 32n)));
}

/** Whether the catalogue has what the entry speaks of. */
function isCovered(entry: Entry): boolean {
  const { kind, function: name, format } = entry;
  if (kind === 'tracepoint') return words(name.replaceAll(/\w+:/g, '')).some((word) => EVENTS.has(word));
  if (kind === 'function' && [...words(name), ...words(format)].some((word) => NAMES.has(word))) return true;
  // Whatever warns, the banner is a row, and the report is kept whole with the functions of its stack (splat.ts).
  if (kind === 'printk' && /\bWARN_ON/.test(format)) return isPrinted('WARNING: CPU: %d PID: %d at ');
  return hasCode(entry) || isPrinted(format);
}

const ELSEWHERE = 'a file, not a record: writing it runs a function of the catalogue, reading it is side data';
const GUEST_ADDRESS = 'names a guest address only: which device lies there no record tells';

/** What the catalogue leaves out, and why. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  'tp.intel.qi_submit': 'descriptors of an invalidation queue: neither device nor domain',
  'tp.kvm.mmio': GUEST_ADDRESS,
  'tp.kvm.exit': 'every exit of every VM, whatever for: its registers are no request that a record could be told by',
  'tp.kvm.hypercall': 'numbers and registers of a hypercall, none of which is a TDISP request by itself',
  'tp.kvm.page_fault': GUEST_ADDRESS,
  'tp.kvm.tdp_spte': GUEST_ADDRESS,
  'tp.pcie_link': 'speed and width of a link; that it went down says pci:pci_hp_event',
  'tp.ltssm': 'states of a controller of an SoC, which is no PCI function',
  'tp.tsm_mr': 'measurement registers of the guest, not of a device',
  'tp.vfio_pci': 'NVLink on POWER9 only',
  'sysfs.tsm.connect': ELSEWHERE,
  'sysfs.tsm.disconnect': ELSEWHERE,
  'sysfs.tsm.dsm': ELSEWHERE,
  'sysfs.tsm.bound': ELSEWHERE,
  'sysfs.authenticated': ELSEWHERE,
  'sysfs.class.tsm': ELSEWHERE,
  'sysfs.stream': ELSEWHERE,
  'sysfs.streams-free': ELSEWHERE,
  's.sysfs.guest.lock': ELSEWHERE,
  's.sysfs.guest.accept': ELSEWHERE,
  's.sysfs.guest.unlock': ELSEWHERE,
  'uevent.tsm': 'a message to udev, which no kernel log holds',
  'uevent.pci-ers': 'a message to udev, which no kernel log holds',
  'aer.bit': 'a bit and its name, of a table that grows: known by its shape, and nothing by itself',
  'ioctl.n/a.IOMMU_VDEVICE_TSM_BIND (AMD WIP)': 'no number of it is known',
  's.netlink.evidence': 'a generic netlink command, no function of the kernel is known to the list for it',
  's.amd.dsm-tdi': 'an order of commands: each of them is a row, and the driver operation tdi_bind',
  's.amd.tdi-unbind': 'an order of commands: each of them is a row, and the driver operation tdi_unbind',
};

describe.skipIf(!present)('the list of what the kernel says', () => {
  test('is in the catalogue, or there is a reason', () => {
    expect(entries.length).toBeGreaterThan(400);
    const named = ({ id, function: name, format }: Entry) => `${id}: ${name}: ${format}`;
    const missing = entries.filter((entry) => !isCovered(entry) && LEFT_OUT[entry.id] === undefined);
    expect(missing.map(named)).toEqual([]);
  });

  test('no reason outlives what it is for', () => {
    const known = new Map(entries.map((entry) => [entry.id, entry]));
    const idle = Object.keys(LEFT_OUT).filter((id) => {
      const entry = known.get(id);
      return entry === undefined || isCovered(entry);
    });
    expect(idle).toEqual([]);
  });
});
