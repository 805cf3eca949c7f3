import type { ParserContext } from '../format.ts';
import { popCall, pushCall, unwind } from '../ftrace-calls.ts';
import { NO_ARGUMENTS } from '../record.ts';
import { decodeText } from '../text.ts';
import { bareSymbol } from '../wanted.ts';
import type { CurrentRecord } from './current-record.ts';
import type { EventFormat, Field } from './event-format.ts';
import { entryText, exitText, leafText, returnValue } from './graph-text.ts';
import type { RecordFields } from './record-fields.ts';
import type { CpuRecords } from './ring-buffer.ts';
import type { Symbols } from './symbols.ts';
import type { TaskStacks } from './task-stacks.ts';
import type { WantedPlaces } from './wanted-places.ts';

interface EntryFields {
  readonly name: string;
  readonly func: Field;
  readonly depth: Field;
  /** Option funcgraph-retaddr; undefined without. */
  readonly retaddr: Field | undefined;
}

interface ExitFields {
  readonly id: number;
  readonly func: Field;
  readonly depth: Field;
  /** Option funcgraph-retval, kernels since 6.5. */
  readonly retval: Field | undefined;
  readonly calltime: Field | undefined;
  readonly rettime: Field | undefined;
}

type Taken = 'taken' | 'short' | 'nameless';

/** What comes next in the buffer that a record is from. */
export interface Following {
  readonly head: CpuRecords | null;
  advance(): void;
}

/**
 * The records of the function_graph tracer: struct ftrace_graph_ent_entry, fgraph_retaddr_ent_entry,
 * ftrace_graph_ret_entry in kernel/trace/trace_entries.h.
 */
export class GraphRecords {
  readonly #context: ParserContext;
  readonly #places: WantedPlaces;
  readonly #symbols: Symbols;
  readonly #stacks: TaskStacks;
  readonly #entries = new Map<number, EntryFields>();
  #exit: ExitFields | null = null;

  constructor(context: ParserContext, places: WantedPlaces, symbols: Symbols, stacks: TaskStacks) {
    this.#context = context;
    this.#places = places;
    this.#symbols = symbols;
    this.#stacks = stacks;
  }

  /** Takes notice of the format of an entry. False where it lacks what the records are read by. */
  addEntry(format: EventFormat): boolean {
    const func = format.fields.get('func');
    const depth = format.fields.get('depth');
    if (func === undefined || depth === undefined) return false;
    this.#entries.set(format.id, { name: format.name, func, depth, retaddr: format.fields.get('retaddr') });
    return true;
  }

  /** The same of the exit. */
  addExit(format: EventFormat): boolean {
    const { fields } = format;
    const func = fields.get('func');
    const depth = fields.get('depth');
    if (func === undefined || depth === undefined) return false;
    const [retval, calltime, rettime] = ['retval', 'calltime', 'rettime'].map((name) => fields.get(name));
    this.#exit = { id: format.id, func, depth, retval, calltime, rettime };
    return true;
  }

  /**
   * A call begins. Where it ends in the very next record, both are one entry, as trace-cmd report prints them.
   *
   * @param following is advanced by the records that were taken.
   */
  enter(current: CurrentRecord, id: number, stream: CpuRecords, following: Following): Taken {
    const known = this.#entries.get(id);
    const { fields, pid } = current;
    const key = known === undefined ? null : fields.address(known.func);
    const depth = known === undefined ? null : fields.small(known.depth);
    if (known === undefined || key === null || depth === null) {
      following.advance();
      return 'short';
    }
    const stack = this.#stacks.of(pid, current.cpu);
    unwind(stack, depth);
    const { symbol, place } = this.#places.at(key);
    if (symbol === null || place === null) {
      following.advance();
      if (this.#isLeaf(current, stream, following.head, key)) following.advance();
      return place === null ? 'nameless' : 'taken';
    }
    const caller = this.#caller(fields, known.retaddr);
    const head = current.head();
    const row = current.rowHead(known.name);
    const enclosingLine = stack.open.at(-1)?.line ?? null;
    const about = { symbol, depth, stack: stack.id, enclosingLine, entryLine: null, args: NO_ARGUMENTS };
    const parent = caller === null ? null : bareSymbol(caller);
    following.advance();
    if (this.#isLeaf(current, stream, following.head, key)) {
      current.look(stream);
      const ret = this.#returned(fields);
      const text = decodeText(row + leafText(place.name, caller, depth, this.#duration(fields), ret));
      following.advance();
      this.#context.emit({ ...head, text, type: 'graph', edge: 'leaf', ...about, ret, parent });
    } else {
      pushCall(stack, { symbol, line: current.number, depth });
      const text = decodeText(row + entryText(place.name, caller, depth));
      this.#context.emit({ ...head, text, type: 'graph', edge: 'enter', ...about, ret: null, parent });
    }
    return 'taken';
  }

  /** A call ends. Handed over where its begin was. */
  leave(current: CurrentRecord): Taken {
    const known = this.#exit;
    const { fields, pid } = current;
    const key = known === null ? null : fields.address(known.func);
    const depth = known === null ? null : fields.small(known.depth);
    if (key === null || depth === null) return 'short';
    const stack = this.#stacks.of(pid, current.cpu);
    if (stack.open.length === 0) return 'taken';
    const { place } = this.#places.at(key);
    const call = popCall(stack, depth, place === null ? null : bareSymbol(place.name));
    if (call === null) return 'taken';
    const ret = this.#returned(fields);
    const text = current.rowHead('funcgraph_exit') + exitText(depth, this.#duration(fields), ret);
    this.#context.emit({
      ...current.head(),
      text: decodeText(text),
      type: 'graph',
      edge: 'exit',
      symbol: call.symbol,
      args: NO_ARGUMENTS,
      ret,
      parent: null,
      depth,
      stack: stack.id,
      enclosingLine: stack.open.at(-1)?.line ?? null,
      entryLine: call.line,
    });
    return 'taken';
  }

  /** Whether the next record of all CPUs is the return of this very call, with nothing lost in between. */
  #isLeaf(current: CurrentRecord, stream: CpuRecords, next: CpuRecords | null, func: number): boolean {
    const exit = this.#exit;
    if (exit === null || next !== stream || stream.lost !== 0 || current.typeOf(stream) !== exit.id) return false;
    if (current.pidOf(stream) !== current.pid) return false;
    current.look(stream);
    return current.fields.address(exit.func) === func;
  }

  #returned(fields: RecordFields): string | null {
    const field = this.#exit?.retval;
    const value = field === undefined ? null : fields.number(field.offset, field.size, false);
    return value === null ? null : returnValue(value);
  }

  #duration(fields: RecordFields): bigint | null {
    const { calltime, rettime } = this.#exit ?? {};
    if (calltime === undefined || rettime === undefined) return null;
    const from = fields.number(calltime.offset, calltime.size, false);
    const to = fields.number(rettime.offset, rettime.size, false);
    return from === null || to === null ? null : BigInt.asUintN(64, to - from);
  }

  #caller(fields: RecordFields, field: Field | undefined): string | null {
    const key = field === undefined ? null : fields.address(field);
    return key === null ? null : (this.#symbols.find(key)?.name ?? null);
  }
}
