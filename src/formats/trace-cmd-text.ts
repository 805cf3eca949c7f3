import type { Nanoseconds } from '../base/time.ts';
import type { GraphKind, ScannedCall } from './ftrace-graph-line.ts';
import { GraphScanner } from './ftrace-graph-line.ts';
import type { EntryHead } from './ftrace-head.ts';
import { skipBlanks } from './ftrace-text.ts';
import { type CallArguments, NO_ARGUMENTS } from './record.ts';
import { bareSymbol } from './wanted.ts';

// trace-cmd report -R: `func=pcie_flr (0xffffffff8142e200) depth=3 args=ARRAY[]`,
// `func=pcie_flr (0xffffffff8142e200) retval=0 depth=3 overrun=0 calltime=0x4f rettime=0x4f`. retval is hexadecimal.
const RAW_CALL = /^func=([A-Za-z_][\w.$]*) \(0x[0-9a-f]{1,16}\)(?: retval=([0-9a-f]{1,16}))? depth=(\d{1,4})\b/;
// The same of the function tracer: `ip=pcie_flr (0xffffffff8142e200) parent_ip=vfio_pci_core_enable (0x..) args=ARRAY[]`.
const RAW_FUNCTION = /^ip=([A-Za-z_][\w.$]*) \(0x[0-9a-f]{1,16}\)(?: parent_ip=([A-Za-z_][\w.$]*))?/;

/** Longest piece of an entry that names functions. */
const MAX_RAW = 1400;

/**
 * A call of the function_graph tracer in trace-cmd report:
 *
 *     |funcgraph_entry:      + 38.397 us  |      pci_clear_master(); (ret=0x0)|
 *     |funcgraph_exit:       ! 788.311 us |    } (ret=0xffff8880055cfae0)|
 *     |funcgraph_exit:        func=pcie_flr (0xffffffff8142e200) retval=0 depth=3 overrun=0 ...|
 *
 * Its row tells the time and the task.
 */
export class TraceCmdCall implements ScannedCall {
  cpu: number | null = null;
  ticks = false;
  task: string | null = null;
  pid: number | null = null;
  kind: GraphKind = 'exit';
  depth = 0;
  readonly squeezed = false;
  text = 0;
  rawSymbol: string | null = null;
  rawReturn: string | null = null;
  readonly #line = new GraphScanner();
  #time: Nanoseconds | null = null;

  /** @param start index behind the colon of `funcgraph_entry:` or `funcgraph_exit:`. */
  scan(line: string, start: number, head: EntryHead): boolean {
    if (!this.#scanText(line, start)) return false;
    const who = head.who(line);
    this.cpu = head.cpu;
    this.ticks = head.ticks;
    this.task = who?.task ?? null;
    this.pid = who?.pid ?? null;
    this.#time = head.time(line);
    return true;
  }

  time(): Nanoseconds | null {
    return this.#time;
  }

  #scanText(line: string, start: number): boolean {
    const at = skipBlanks(line, start);
    const raw = line.startsWith('func=', at) ? RAW_CALL.exec(line.slice(at, at + MAX_RAW)) : null;
    this.rawSymbol = null;
    this.rawReturn = null;
    if (raw !== null) {
      this.kind = line.startsWith('_exit', start - 6) ? 'exit' : 'enter';
      this.depth = Number(raw[3]);
      this.text = at + 5;
      this.rawSymbol = raw[1] ?? '';
      this.rawReturn = raw[2] === undefined ? null : `0x${raw[2]}`;
      return true;
    }
    if (!this.#line.scanCall(line, start)) return false;
    const { kind, depth, text } = this.#line;
    this.kind = kind;
    this.depth = depth;
    this.text = text;
    return true;
  }
}

/** The function that a raw entry names, or null where the entry is not raw. */
export function rawFunction(
  line: string,
  start: number,
): { readonly symbol: string; readonly parent: string | null; readonly args: CallArguments } | null {
  if (!line.startsWith('ip=', start)) return null;
  const match = RAW_FUNCTION.exec(line.slice(start, start + MAX_RAW));
  if (match?.[1] === undefined) return null;
  return { symbol: match[1], parent: match[2] === undefined ? null : bareSymbol(match[2]), args: NO_ARGUMENTS };
}
