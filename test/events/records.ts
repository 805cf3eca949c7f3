import type { Untrusted } from '../../src/base/untrusted.ts';
import type { FunctionRecord, GraphRecord, PrintkRecord, TraceEventRecord } from '../../src/formats/record.ts';

/** Records as the formats hand them over, with only what a test is about. */

const base = {
  line: 7,
  endLine: 7,
  time: 1_000_000_000n as PrintkRecord['time'],
  cpu: 0,
  task: 'qemu' as Untrusted,
  pid: 700,
  text: 'the line as it stands' as Untrusted,
  truncated: false,
} as const;

export const printk = (message: string): PrintkRecord => ({
  ...base,
  type: 'printk',
  level: 6,
  message: message as Untrusted,
});

export const call = (
  symbol: string,
  args: Record<string, string> = {},
  parent: string | null = null,
): FunctionRecord => ({
  ...base,
  type: 'function',
  symbol,
  parent,
  args: new Map(Object.entries(args)),
});

export const graph = (
  edge: GraphRecord['edge'],
  symbol: string,
  more: Partial<Pick<GraphRecord, 'ret' | 'args'>> = {},
): GraphRecord => ({
  ...base,
  type: 'graph',
  edge,
  symbol,
  args: new Map(),
  ret: null,
  parent: null,
  depth: 0,
  stack: '700',
  enclosingLine: null,
  entryLine: edge === 'exit' ? 3 : null,
  ...more,
});

export const traceEvent = (name: string, body: string): TraceEventRecord => ({
  ...base,
  type: 'event',
  name,
  body: body as Untrusted,
  symbol: null,
  offset: null,
  isReturn: false,
  caller: null,
  fields: new Map(),
  enclosingLine: null,
  stack: null,
});

/** A kprobe or fprobe event: its name says nothing. */
export const probe = (symbol: string, fields: Record<string, string> = {}, offset = 4): TraceEventRecord => ({
  ...traceEvent('my_probe', ''),
  symbol,
  offset,
  fields: new Map(Object.entries(fields)),
});

export const returnProbe = (symbol: string, fields: Record<string, string> = {}): TraceEventRecord => ({
  ...probe(symbol, fields),
  offset: null,
  isReturn: true,
  caller: 'somebody',
});
