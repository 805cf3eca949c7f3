import type { Interest } from '../formats/record.ts';
import { AER_EVENTS, AER_MESSAGES } from './aer.ts';
import type { MessageRow, SymbolRow, TraceEventRow } from './catalogue.ts';
import { IOMMU_EVENTS, IOMMU_MESSAGES, IOMMU_SYMBOLS } from './iommu.ts';
import { PCI_SYMBOLS } from './pci.ts';
import { PCI_MESSAGES } from './pci-messages.ts';
import { QEMU_EVENTS } from './qemu.ts';
import { TASK_EVENTS } from './task.ts';
import { PLATFORM_MARKS, TSM_MESSAGES, TSM_SYMBOLS } from './tsm.ts';
import { VFIO_SYMBOLS } from './vfio.ts';
import { VFIO_MESSAGES } from './vfio-messages.ts';

/** Everything that we know a kernel to say about assigned devices, one file a subsystem. */
export const SYMBOLS: readonly SymbolRow[] = [...VFIO_SYMBOLS, ...PCI_SYMBOLS, ...TSM_SYMBOLS, ...IOMMU_SYMBOLS];
export const TRACE_EVENTS: readonly TraceEventRow[] = [...AER_EVENTS, ...IOMMU_EVENTS, ...TASK_EVENTS, ...QEMU_EVENTS];
export const MESSAGES: readonly MessageRow[] = [
  ...VFIO_MESSAGES,
  ...PCI_MESSAGES,
  ...AER_MESSAGES,
  ...TSM_MESSAGES,
  ...IOMMU_MESSAGES,
];
export { PLATFORM_MARKS };

const BY_SYMBOL = new Map(SYMBOLS.map((row) => [row.symbol, row]));
const BY_EVENT = new Map(TRACE_EVENTS.map((row) => [row.name, row]));
const PLATFORM_PREFIXES = PLATFORM_MARKS.flatMap((mark) => mark.symbolPrefix ?? []);

export function symbolRow(symbol: string): SymbolRow | null {
  return BY_SYMBOL.get(symbol) ?? null;
}

export function traceEventRow(name: string): TraceEventRow | null {
  return BY_EVENT.get(name) ?? null;
}

/**
 * Whether `inner` can run inside a call of `outer`, directly or through other functions of the catalogue. Both are
 * symbols.
 */
export function mayCall(outer: string, inner: string): boolean {
  return callersOf(inner).has(outer);
}

const CALLERS = new Map<string, ReadonlySet<string>>();

function callersOf(symbol: string): ReadonlySet<string> {
  const known = CALLERS.get(symbol);
  if (known) return known;
  const callers = new Set<string>();
  CALLERS.set(symbol, callers);
  for (const direct of BY_SYMBOL.get(symbol)?.within ?? []) {
    callers.add(direct);
    for (const further of callersOf(direct)) callers.add(further);
  }
  return callers;
}

// A message is worth a look when it names a PCI function or begins like a subsystem that we know.
const MESSAGE_HINT = /[0-9a-fA-F]{2}:[01][0-9a-fA-F]\.[0-7]|PCI\/TSM|SEV-TIO|iommufd|vfio|[Tt][Dd][Xx]|Linux version|tdi-trace/;

/**
 * Events that quote printk, and what users write into a trace (`print` is what trace-cmd calls it): the same text in a log
 * relates their clocks.
 */
const TELLTALE: ReadonlySet<string> = new Set(['console', 'tracing_mark_write', 'print']);

/** What the formats should hand over; see {@link Interest}. */
export const INTEREST: Interest = {
  symbol: (name) => BY_SYMBOL.has(name) || PLATFORM_PREFIXES.some((prefix) => name.startsWith(prefix)),
  event: (name) => BY_EVENT.has(name) || TELLTALE.has(name),
  message: (text) => MESSAGE_HINT.test(text),
};
