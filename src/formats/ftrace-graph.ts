import type { TimeUnit } from '../base/time.ts';
import { isDirtCode, isDirty } from './clean.ts';
import { type CallStack, type CallStacks, type OpenCall, popCall, pushCall, unwind } from './ftrace-calls.ts';
import { exitReturn, exitSymbol, parseCallText, type ScannedCall } from './ftrace-graph-line.ts';
import { eventRecord, mayMatter, textKind, wantedEvent } from './ftrace-text.ts';
import { type GraphRecord, NO_ARGUMENTS, type TraceEventRecord } from './record.ts';
import { timeInUnit } from './record-time.ts';
import { decodeText, identifierEnd, ownCopy } from './text.ts';
import { bareSymbol, type Wanted } from './wanted.ts';

/** Cpu of a trace that prints none (option nofuncgraph-cpu): one stack for all. */
const NO_CPU = -1;

/** Follows the nesting of a function_graph trace and makes the records that somebody wants. */
export class GraphReader {
  readonly #symbols: Wanted;
  readonly #events: Wanted;
  readonly #stacks: CallStacks;

  constructor(symbols: Wanted, events: Wanted, stacks: CallStacks) {
    this.#symbols = symbols;
    this.#events = events;
    this.#stacks = stacks;
  }

  /** The call that a task is in, for an event that stands in a row of its own (trace-cmd); null where it has made none. */
  enclosing(pid: number, cpu: number | null): { readonly line: number | null; readonly stack: string } | null {
    const stack = this.#stacks.knownTask(pid, cpu);
    return stack === null ? null : { line: stack.open.at(-1)?.line ?? null, stack: stack.id };
  }

  /**
   * Takes a line that `scanned` has just seen. Null where nobody wants its record.
   *
   * @param tidy the line was cleaned: what it holds is what it held.
   * @returns `dirty` where pasting may have put something into it: nothing was taken, it has to be cleaned first; `damaged` where
   * it names no function.
   */
  read(
    line: string,
    number: number,
    truncated: boolean,
    scanned: ScannedCall,
    unit: TimeUnit,
    tidy: boolean,
  ): GraphRecord | TraceEventRecord | 'dirty' | 'damaged' | null {
    const { kind, text } = scanned;
    if (kind === 'comment') return this.#comment(line, number, truncated, scanned, unit, tidy);
    if (kind === 'exit') return this.#exit(line, number, truncated, scanned, unit, tidy);
    const end = identifierEnd(line, text);
    const isOdd = isDirtCode(line.charCodeAt(end));
    if (isOdd && !tidy) return 'dirty';
    const stack = this.#stackOf(scanned);
    const depth = scanned.squeezed ? stack.depth + 1 : scanned.depth;
    unwind(stack, depth);
    stack.depth = kind === 'enter' ? depth : depth - 1;
    if (isOdd) return 'damaged';
    const symbol = this.#symbols.name(line.slice(text, end));
    if (symbol === null) return null;
    if (!tidy && isDirty(line, text)) return 'dirty';
    const enclosingLine = stack.open.at(-1)?.line ?? null;
    if (kind === 'enter') pushCall(stack, { symbol, line: number, depth });
    const own = ownCopy(line);
    return {
      ...base(own, number, truncated, scanned, unit, stack),
      ...parseCallText(own, end),
      type: 'graph',
      edge: kind,
      symbol,
      depth,
      stack: stack.id,
      enclosingLine,
      entryLine: null,
    };
  }

  #exit(
    line: string,
    number: number,
    truncated: boolean,
    scanned: ScannedCall,
    unit: TimeUnit,
    tidy: boolean,
  ): GraphRecord | 'dirty' | 'damaged' | null {
    const { text } = scanned;
    if (!tidy && line.length > text + 1 && isDirty(line, text)) return 'dirty';
    const symbol = scanned.rawSymbol === null ? exitSymbol(line, text) : bareSymbol(scanned.rawSymbol);
    const stack = this.#returningStack(scanned, symbol);
    const depth = scanned.squeezed ? depthOfExit(stack, symbol) : scanned.depth;
    if (depth === null) return 'damaged';
    const call: OpenCall | null = popCall(stack, depth, symbol);
    stack.depth = depth - 1;
    if (call === null) return null;
    const own = ownCopy(line);
    return {
      ...base(own, number, truncated, scanned, unit, stack),
      type: 'graph',
      edge: 'exit',
      symbol: call.symbol,
      args: NO_ARGUMENTS,
      ret: scanned.rawReturn ?? exitReturn(own, text),
      parent: null,
      depth,
      stack: stack.id,
      enclosingLine: stack.open.at(-1)?.line ?? null,
      entryLine: call.line,
    };
  }

  #comment(
    line: string,
    number: number,
    truncated: boolean,
    scanned: ScannedCall,
    unit: TimeUnit,
    tidy: boolean,
  ): TraceEventRecord | 'dirty' | null {
    const start = scanned.text + 3;
    const end = identifierEnd(line, start);
    if (!tidy && isDirty(line, start)) return 'dirty';
    if (end === start || textKind(line, end) !== 'event' || !mayMatter(line, start, end, this.#events)) return null;
    const own = ownCopy(line);
    const close = own.lastIndexOf('*/');
    const stop = close > end ? close : own.length;
    const event = wantedEvent(own.slice(0, stop).trimEnd(), start, end, stop, this.#events, this.#symbols);
    if (event === null) return null;
    const stack = this.#stackOf(scanned);
    return {
      ...base(own, number, truncated, scanned, unit, stack),
      ...eventRecord(event),
      enclosingLine: stack.open.at(-1)?.line ?? null,
      stack: stack.id,
    };
  }

  #stackOf(scanned: ScannedCall): CallStack {
    if (scanned.pid !== null) return this.#stacks.ofTask(scanned.pid, scanned.task ?? '', scanned.cpu);
    return this.#stacks.ofCpu(scanned.cpu ?? NO_CPU);
  }

  #returningStack(scanned: ScannedCall, symbol: string | null): CallStack {
    const stack = this.#stackOf(scanned);
    if (scanned.pid !== null || symbol === null) return stack;
    const top = stack.open.at(-1);
    if (top !== undefined && top.symbol === symbol && top.depth === scanned.depth) return stack;
    return this.#stacks.returning(symbol, scanned.depth) ?? stack;
  }
}

/**
 * How deep the call is that a brace closes whose indent is lost: that of its name where it has one, else the innermost one. Null where
 * it closes another call than the one that is open: the braces between are missing.
 */
function depthOfExit(stack: CallStack, symbol: string | null): number | null {
  const depth = Math.max(0, stack.depth);
  if (symbol === null) return depth;
  const named = stack.open.findLast((call) => call.symbol === symbol);
  if (named !== undefined) return named.depth;
  return stack.open.at(-1)?.depth === depth ? null : depth;
}

function base(own: string, number: number, truncated: boolean, scanned: ScannedCall, unit: TimeUnit, stack: CallStack) {
  const time = scanned.time();
  const task = scanned.task === null ? stack.task : ownCopy(scanned.task);
  return {
    line: number,
    endLine: number,
    time: time === null ? null : timeInUnit(time, scanned.ticks, unit),
    cpu: scanned.cpu,
    task: task === null ? null : decodeText(task),
    pid: scanned.pid ?? stack.pid,
    text: decodeText(own),
    truncated,
  };
}
