import type { Nanoseconds } from '../base/time.ts';
import type { Untrusted } from '../base/untrusted.ts';

/**
 * What the kernel said in one entry, whatever the form of the text. Formats hand over only the records that somebody asked
 * for ({@link Interest}); the others are counted.
 */
interface RecordBase {
  /** 1-based line of the source; the first one of a record of several lines. */
  readonly line: number;
  readonly endLine: number;
  /** Nanoseconds (or ticks) of the source's own clock; null where the form carries none. */
  readonly time: Nanoseconds | null;
  readonly cpu: number | null;
  /** The task's name as printed: hostile, resolved when the trace was read, possibly `<...>`. */
  readonly task: Untrusted | null;
  readonly pid: number | null;
  /** The whole line as it stands in the source, capped; UTF-8 decoded. */
  readonly text: Untrusted;
  readonly truncated: boolean;
  /** User space wrote it into the kernel log, as its facility tells: a claim and no record of the kernel; absent for all others. */
  readonly claimed?: true;
}

/** A printk message. `level` 0 to 7 where the form has it. Further lines of the record are joined with `\n`. */
export interface PrintkRecord extends RecordBase {
  readonly type: 'printk';
  readonly level: number | null;
  readonly message: Untrusted;
  /** The label that /dev/kmsg and the journal give (`+pci:0000:02:00.0`), where the form has it and the record carries one. */
  readonly device?: Untrusted;
}

/** A line of the function tracer: `symbol <-parent`. */
export interface FunctionRecord extends RecordBase {
  readonly type: 'function';
  readonly symbol: string;
  readonly parent: string | null;
  /** `name=value` as printed in parentheses (option func-args), else empty. */
  readonly args: CallArguments;
}

/**
 * A call of the function_graph tracer. `enter` opens a call, `exit` closes the innermost open one with the same `depth`,
 * `leaf` is both. An `exit` is handed over for every call whose `enter` was, and only then; `entryLine` names it.
 */
export interface GraphRecord extends RecordBase {
  readonly type: 'graph';
  readonly edge: 'enter' | 'exit' | 'leaf';
  readonly symbol: string;
  readonly args: CallArguments;
  /** As printed (`0x0`, `-5`, `0xffffffea`), null where the trace has none. Garbage for a void function. */
  readonly ret: string | null;
  /** From the option funcgraph-retaddr; bare symbol without offset. */
  readonly parent: string | null;
  /** Nesting level, 0 for the outermost. */
  readonly depth: number;
  /** Identifies the call stack: the pid where the trace names tasks, else the CPU and what ran on it. */
  readonly stack: string;
  /** Line of the enclosing call that was handed over, null at the outermost one. */
  readonly enclosingLine: number | null;
  /** `exit` only: the line of its `enter`. */
  readonly entryLine: number | null;
}

/** A trace event: static (`map: IOMMU: iova=...`), syscall (`sys_ioctl(fd: 6, ...)`), or dynamic (kprobe, fprobe, eprobe). */
export interface TraceEventRecord extends RecordBase {
  readonly type: 'event';
  /** As printed before the colon; for dynamic events chosen by the user and meaningless. */
  readonly name: string;
  /** What follows the name, unparsed. */
  readonly body: Untrusted;
  /** The kernel symbol that a dynamic event sits on, from `(sym+0x..)` or `(caller+0x.. <- sym)`; null for others. */
  readonly symbol: string | null;
  /** Offset in the function: 0 to about 8 at its entry (ftrace location), null without a symbol or for a return. */
  readonly offset: number | null;
  /** A return probe: `symbol` has returned to `caller`. */
  readonly isReturn: boolean;
  readonly caller: string | null;
  /** `name=value` pairs of a dynamic event; quotes removed. */
  readonly fields: CallArguments;
  /** The file that names `symbol` and `caller` where the record has their addresses only; absent for all others. */
  readonly namedBy?: string;
  /** The event stood in the kernel log (tp_printk), which tells at best the pid of who made it; absent for all others. */
  readonly printed?: true;
  /** Where the event stands inside a function_graph call: see {@link GraphRecord}; null elsewhere. */
  readonly enclosingLine: number | null;
  readonly stack: string | null;
}

export type KernelRecord = PrintkRecord | FunctionRecord | GraphRecord | TraceEventRecord;

/** Arguments in printed order. Values keep the kernel's notation (`0x107`, `4`, `1 [PCI_TSM_REQ_STATE_CHANGE]`). */
export type CallArguments = ReadonlyMap<string, string>;

export const NO_ARGUMENTS: CallArguments = new Map();

/**
 * What the next stage can use. Formats ask before they build a record, since in a usual trace one line in a hundred
 * matters. Compiler suffixes (`.constprop.0`, `.isra.0`, `.part.0`, `.cold`) are removed before asking.
 */
export interface Interest {
  symbol(name: string): boolean;
  event(name: string): boolean;
  /**
   * Whether a printk message is certainly what a static event prints (tp_printk), its name up to `end`; absent: none is.
   */
  printed?(text: string, end: number): boolean;
  /** What a printk message means, the same text for the same; null: nothing that is known. Absent: nothing is. */
  meaning?(message: string): string | null;
  /** Cheap test on the raw line of a printk message; true when in doubt. */
  message(text: string): boolean;
  /** What a text that {@link message} wants holds, as `HintFinder` lays it out; without it, text is cut out of every line. */
  readonly hints?: Uint8Array;
  /** What was stored beside the log names functions by their addresses; absent where nothing does. */
  readonly symbols?: FunctionNames;
}

/** Names functions by addresses. */
export interface FunctionNames {
  /** The file that they are from. */
  readonly file: string;
  /** The function that an address lies in, `ffffffffa0400e90`, and how far from its entry; null where that is not told. */
  at(address: string): { readonly name: string; readonly offset: number } | null;
  /** An address is certainly not what they say it is: they are of another boot, and name nothing any more. */
  distrust(): void;
}
