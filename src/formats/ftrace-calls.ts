/** A wanted call that has not returned. */
export interface OpenCall {
  readonly symbol: string;
  readonly line: number;
  readonly depth: number;
}

/** What runs on one stack: the wanted open calls, outermost first, and how deep the trace is in all of them. */
export interface CallStack {
  /** As in GraphRecord.stack. */
  readonly id: string;
  pid: number | null;
  task: string | null;
  readonly open: OpenCall[];
  /** Depth of the innermost call that is open, wanted or not; -1: none, or not known. */
  depth: number;
}

/** A hostile file can open any number of calls and name any number of tasks. */
const MAX_OPEN = 256;
const MAX_STACKS = 1 << 16;
/** Stacks looked at in search of a call that returned elsewhere, over a whole file. Real traces need some thousands. */
const MAX_SEARCH = 50_000_000;

/**
 * Call stacks of a function_graph trace. The kernel keeps one a task (`current->ret_stack`); where the trace prints no task,
 * what is known is the CPU and, from the first switch banner on, the task on it.
 */
export class CallStacks {
  readonly #byTask = new Map<string, CallStack>();
  /** What is on a CPU: the key of its task, or a stack of its own as long as no banner named the task. */
  readonly #onCpu = new Map<number, string | CallStack>();
  #search = MAX_SEARCH;

  /** Forgets everything: another trace begins. */
  clear(): void {
    this.#byTask.clear();
    this.#onCpu.clear();
  }

  /** The stack of a task that the line names. The idle tasks share pid 0, so each CPU has its own. */
  ofTask(pid: number, task: string, cpu: number | null): CallStack {
    const key = taskKey(pid, cpu);
    return this.#byTask.get(key) ?? this.#remember(key, { id: key, pid, task, open: [], depth: -1 });
  }

  /** The same, null where no call of the task was seen. */
  knownTask(pid: number, cpu: number | null): CallStack | null {
    return this.#byTask.get(taskKey(pid, cpu)) ?? null;
  }

  /**
   * The stack of what runs on a CPU, where the line names no task. A task that moves to a CPU with no banner yet is not
   * recognised there: its depth alone would prove nothing in a buffer that had wrapped.
   */
  ofCpu(cpu: number): CallStack {
    const known = this.#onCpu.get(cpu);
    const stack = typeof known === 'string' ? this.#byTask.get(known) : known;
    if (stack !== undefined) return stack;
    if (this.#onCpu.size >= MAX_STACKS) this.#onCpu.clear();
    const unnamed: CallStack = { id: cpu < 0 ? 'cpu?' : `cpu${cpu}`, pid: null, task: null, open: [], depth: -1 };
    this.#onCpu.set(cpu, unnamed);
    return unnamed;
  }

  /** Banner ` 0)  sh-63  =>  kworker-32 `: from here on the CPU runs another task. It names the one before, too. */
  switchTask(cpu: number, fromPid: number, toPid: number, toTask: string): void {
    const leaving = this.#onCpu.get(cpu);
    if (leaving !== undefined && typeof leaving !== 'string') this.#remember(taskKey(fromPid, cpu), leaving);
    this.ofTask(toPid, toTask, cpu);
    this.#onCpu.set(cpu, taskKey(toPid, cpu));
  }

  /**
   * The stack whose innermost open call is `symbol` at `depth`, null unless exactly one: the task moved to another CPU. The
   * kernel names the call at its closing brace in that case, see print_graph_return().
   */
  returning(symbol: string, depth: number): CallStack | null {
    if (this.#search <= 0) return null;
    this.#search -= this.#onCpu.size + this.#byTask.size;
    const stacks = new Set(this.#byTask.values());
    for (const known of this.#onCpu.values()) if (typeof known !== 'string') stacks.add(known);
    let found: CallStack | null = null;
    for (const stack of stacks) {
      const top = stack.open.at(-1);
      // An inner call that nobody wants may be open as well.
      if (top === undefined || top.symbol !== symbol || top.depth !== depth || stack.depth !== depth) continue;
      if (found !== null) return null;
      found = stack;
    }
    return found;
  }

  #remember(key: string, stack: CallStack): CallStack {
    if (this.#byTask.size >= MAX_STACKS) this.#byTask.clear();
    this.#byTask.set(key, stack);
    return stack;
  }
}

function taskKey(pid: number, cpu: number | null): string {
  return pid === 0 && cpu !== null ? `0:cpu${cpu}` : String(pid);
}

/** A call at `depth` begins: whatever was open there or deeper has ended without being seen. */
export function unwind(stack: CallStack, depth: number): void {
  const { open } = stack;
  while (open.length > 0 && (open.at(-1)?.depth ?? -1) >= depth) open.pop();
}

export function pushCall(stack: CallStack, call: OpenCall): void {
  if (stack.open.length >= MAX_OPEN) stack.open.shift();
  stack.open.push(call);
}

/**
 * A call at `depth` ends.
 *
 * @param symbol of the call where the line names it; another call than the open one then leaves that one unclosed.
 * @returns the wanted call that ended, or null.
 */
export function popCall(stack: CallStack, depth: number, symbol: string | null): OpenCall | null {
  unwind(stack, depth + 1);
  const top = stack.open.at(-1);
  if (top === undefined || top.depth !== depth) return null;
  stack.open.pop();
  return symbol === null || symbol === top.symbol ? top : null;
}
