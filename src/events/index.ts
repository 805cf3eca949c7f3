import type { Interest } from '../formats/record.ts';
import { AER_EVENTS, AER_MESSAGES } from './aer.ts';
import { type MessageRow, type SymbolRow, type TraceEventRow, withAliases } from './catalogue.ts';
import { CCA_MESSAGES, CCA_SYMBOLS } from './cca.ts';
import { DMABUF_EVENTS } from './dmabuf.ts';
import { DOE_MESSAGES, DOE_SYMBOLS } from './doe.ts';
import { GUEST_MESSAGES, GUEST_SYMBOLS } from './guest.ts';
import { anyPattern, HintFinder, type HintPattern, literal } from './hints.ts';
import { IDE_MESSAGES, IDE_SYMBOLS } from './ide.ts';
import { IOMMU_EVENTS, IOMMU_MESSAGES, IOMMU_SYMBOLS } from './iommu.ts';
import { IOMMUFD_MESSAGES, IOMMUFD_SYMBOLS } from './iommufd.ts';
import { KVM_EVENTS, KVM_SYMBOLS } from './kvm.ts';
import { PCI_SYMBOLS } from './pci.ts';
import { PCI_MESSAGES } from './pci-messages.ts';
import { POWER_EVENTS, POWER_MESSAGES } from './power.ts';
import { QEMU_EVENTS } from './qemu.ts';
import { SEV_TIO_SYMBOLS } from './sev-tio.ts';
import { SEV_TIO_MESSAGES } from './sev-tio-messages.ts';
import { SPLAT_LITERALS } from './splat.ts';
import { SPLAT_MESSAGES } from './splat-messages.ts';
import { SYSCALL_EVENTS } from './syscalls.ts';
import { FILE_EVENTS } from './system-calls.ts';
import { TASK_EVENTS } from './task.ts';
import { TDX_ALIASES, TDX_SYMBOLS } from './tdx.ts';
import { TDX_MESSAGES } from './tdx-messages.ts';
import { PLATFORM_MARKS, TSM_MESSAGES, TSM_SYMBOLS } from './tsm.ts';
import { VFIO_ALIASES, VFIO_SYMBOLS } from './vfio.ts';
import { VFIO_MESSAGES } from './vfio-messages.ts';

/** Everything that we know a kernel to say about assigned devices, one file a subsystem. */
export const SYMBOLS: readonly SymbolRow[] = withAliases(
  [
    ...VFIO_SYMBOLS,
    ...PCI_SYMBOLS,
    ...TSM_SYMBOLS,
    ...IDE_SYMBOLS,
    ...DOE_SYMBOLS,
    ...IOMMU_SYMBOLS,
    ...IOMMUFD_SYMBOLS,
    ...SEV_TIO_SYMBOLS,
    ...TDX_SYMBOLS,
    ...CCA_SYMBOLS,
    ...KVM_SYMBOLS,
    ...GUEST_SYMBOLS,
  ],
  [...VFIO_ALIASES, ...TDX_ALIASES],
);
export const TRACE_EVENTS: readonly TraceEventRow[] = [
  ...AER_EVENTS,
  ...IOMMU_EVENTS,
  ...KVM_EVENTS,
  ...DMABUF_EVENTS,
  ...POWER_EVENTS,
  ...SYSCALL_EVENTS,
  ...TASK_EVENTS,
  ...QEMU_EVENTS,
];
export const MESSAGES: readonly MessageRow[] = [
  ...VFIO_MESSAGES,
  ...PCI_MESSAGES,
  ...AER_MESSAGES,
  ...POWER_MESSAGES,
  ...TSM_MESSAGES,
  ...IDE_MESSAGES,
  ...DOE_MESSAGES,
  ...IOMMU_MESSAGES,
  ...IOMMUFD_MESSAGES,
  ...SEV_TIO_MESSAGES,
  ...TDX_MESSAGES,
  ...CCA_MESSAGES,
  ...GUEST_MESSAGES,
  ...SPLAT_MESSAGES,
];
export { PLATFORM_MARKS };

const BY_SYMBOL = new Map(SYMBOLS.map((row) => [row.symbol, row]));
const BY_EVENT = Map.groupBy(TRACE_EVENTS, (row) => row.name);
const PLATFORM_PREFIXES = PLATFORM_MARKS.flatMap((mark) => mark.symbolPrefix ?? []);

export function symbolRow(symbol: string): SymbolRow | null {
  return BY_SYMBOL.get(symbol) ?? null;
}

/** What a trace event of this name may be: the body tells which. They all occur in the same functions. */
export function traceEventRows(name: string): readonly TraceEventRow[] {
  return BY_EVENT.get(name) ?? [];
}

/**
 * Whether `inner` can run inside a call of `outer`, directly or through other functions of the catalogue. Both are
 * symbols.
 */
export function mayCall(outer: string, inner: string): boolean {
  return callersOf(inner).has(outer);
}

/**
 * Whether some kernels run `inner` inside a call of `outer`, by itself or as part of what they run there, where others run it after
 * the call. Both are symbols.
 */
export function perhapsCalls(outer: string, inner: string): boolean {
  return perhapsCallersOf(inner).has(outer);
}

const PERHAPS = new Map<string, ReadonlySet<string>>();

function perhapsCallersOf(symbol: string): ReadonlySet<string> {
  const known = PERHAPS.get(symbol);
  if (known) return known;
  const callers = new Set([symbol, ...callersOf(symbol)].flatMap((one) => BY_SYMBOL.get(one)?.perhapsWithin ?? []));
  PERHAPS.set(symbol, callers);
  return callers;
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

const HEX = '0123456789abcdefABCDEF';
const LETTERS = '_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const FUNCTION: HintPattern = [HEX, HEX, ':', '01', HEX, '.', '01234567'];
// The subsystems of knownSubsystem() in normalise.ts, the banner, and what the capture of this program writes.
const SUBSYSTEMS: readonly HintPattern[] = [
  ...['PCI/TSM', 'PCI/IDE', 'SEV-TIO', 'iommufd', 'vfio', 'Linux version', 'tdi-trace'].map(literal),
  ['Tt', 'Dd', 'Xx', ' :_-'],
];
const NAMES_FUNCTION = anyPattern([FUNCTION]);
const NAMES_SUBSYSTEM = anyPattern(SUBSYSTEMS);
/** What the lines of rows contain that name neither: a new row needs nothing more to be found. */
const NAMELESS = MESSAGES.filter(
  ({ example, contains }) => !NAMES_FUNCTION.test(example) && !NAMES_SUBSYSTEM.test(contains),
).map(({ contains }) => literal(contains));
/** What trace events hold that the kernel prints into its log (tp_printk) and that name neither: probes, system calls, the rest. */
const PRINTED_EVENTS: readonly HintPattern[] = [
  [':', ' ', '(', LETTERS],
  ['s', 'y', 's', '_', LETTERS],
  ...[...TASK_EVENTS, ...IOMMU_EVENTS, ...KVM_EVENTS]
    .filter(({ example }) => !NAMES_FUNCTION.test(example) && !NAMES_SUBSYSTEM.test(example))
    .map(({ name }) => literal(`${name}: `)),
];
/** A colour, which may stand in the middle of what is looked for: `grep --color`, a console that was recorded. */
const COLOUR: HintPattern = ['\x1b', '[', '0123456789', '0123456789;m'];
/**
 * A message is worth a look when it names a PCI function or a subsystem that we know, may fit a row, goes on with a splat, or
 * may be a trace event.
 */
export const HINTS: readonly HintPattern[] = [
  FUNCTION,
  ...SUBSYSTEMS,
  ...NAMELESS,
  ...SPLAT_LITERALS.map(literal),
  ...PRINTED_EVENTS,
  COLOUR,
];
const FINDER = new HintFinder(HINTS);

/**
 * Events that quote printk, and what users write into a trace (`print` is what trace-cmd calls it): the same text in a log
 * relates their clocks.
 */
const TELLTALE: ReadonlySet<string> = new Set(['console', 'tracing_mark_write', 'print']);

/** How print_syscall_enter() and print_syscall_exit() in kernel/trace/trace_syscalls.c, and include/trace/events/{syscalls,sched,task}.h begin. */
const PRINTED_FILE_EVENT =
  /^(?:sys_\w{1,32}(?:\(| -> 0x)|sys_(?:enter|exit): NR -?\d|task_newtask: pid=\d|sched_process_(?:exit|fork): comm=)/;

/** What the formats should hand over; see {@link Interest}. */
export const INTEREST: Interest = {
  symbol: (name) => BY_SYMBOL.has(name) || PLATFORM_PREFIXES.some((prefix) => name.startsWith(prefix)),
  event: (name) => BY_EVENT.has(name) || TELLTALE.has(name) || FILE_EVENTS.has(name),
  printed: (text, end) => {
    const name = text.slice(0, end);
    const body = text.slice(text.charAt(end) === ':' ? end + 1 : end).trim();
    return (
      (FILE_EVENTS.has(name) && PRINTED_FILE_EVENT.test(text)) ||
      traceEventRows(name).some(({ pattern }) => pattern.test(body))
    );
  },
  message: (text) => FINDER.inText(text),
  hints: FINDER.table,
};
