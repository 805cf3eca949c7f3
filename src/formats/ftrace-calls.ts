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
/** Stacks looked at in search of a task that moved, over a whole file. Real traces need some thousands. */
const MAX_SEARCH = 50_000_000;

/**
 * Call stacks of a function_graph trace. The kernel keeps one a task (`current->ret_stack`); where the trace prints no task,
 * what is known is the CPU and, from the first switch banner on, the task on it.
 */
export class CallStacks {
  readonly #byTask = new Map<string, CallStack>();
  readonly #byCpu = new Map<number, CallStack>();
  #search = MAX_SEARCH;

  /** Forgets everything: another trace begins. */
  clear(): void {
    this.#byTask.clear();
    this.#byCpu.clear();
  }

  /** The stack of a task that the line names. The idle tasks share pid 0, so each CPU has its own. */
  ofTask(pid: number, task: string, cpu: number | null): CallStack {
    const key = taskKey(pid, cpu);
    return this.#byTask.get(key) ?? this.#add(key, pid, task);
  }

  /** The stack of what runs on a CPU, where the line names no task. */
  ofCpu(cpu: number): CallStack {
    const known = this.#byCpu.get(cpu);
    if (known !== undefined) return known;
    if (this.#byCpu.size >= MAX_STACKS) this.#byCpu.clear();
    const stack: CallStack = { id: `cpu${cpu}`, pid: null, task: null, open: [], depth: -1 };
    this.#byCpu.set(cpu, stack);
    return stack;
  }

  /** Banner ` 0)  sh-63  =>  kworker-32 `: from here on the CPU runs another task. */
  switchTask(cpu: number, fromPid: number, toPid: number, toTask: string): void {
    const leaving = this.#byCpu.get(cpu);
    if (leaving !== undefined && leaving.pid === null) this.#remember(taskKey(fromPid, cpu), leaving);
    this.#byCpu.set(cpu, this.ofTask(toPid, toTask, cpu));
  }

  /**
   * A call at `depth` appeared on a CPU whose stack is not that deep, and no banner told that its task came from another
   * CPU. Where exactly one stack was left right above that depth, the task came from there.
   */
  moveTo(cpu: number, depth: number): CallStack {
    const here = this.ofCpu(cpu);
    if (here.pid !== null || depth <= here.depth + 1) return here;
    const moved = this.#only((stack) => stack !== here && stack.depth === depth - 1);
    if (moved === null) return here;
    for (const [other, stack] of this.#byCpu) if (stack === moved) this.#byCpu.delete(other);
    this.#byCpu.set(cpu, moved);
    return moved;
  }

  /** The stack whose innermost open call is `symbol` at `depth`: its task returned on another CPU. Null unless exactly one. */
  returning(symbol: string, depth: number): CallStack | null {
    return this.#only((stack) => {
      const top = stack.open.at(-1);
      return top !== undefined && top.symbol === symbol && top.depth === depth;
    });
  }

  /** The one stack that fits: of a CPU whose task is not known, or of a task that is on no CPU. */
  #only(fits: (stack: CallStack) => boolean): CallStack | null {
    if (this.#search <= 0) return null;
    this.#search -= this.#byCpu.size + this.#byTask.size;
    const candidates = new Set(this.#byTask.values());
    for (const stack of this.#byCpu.values()) {
      if (stack.pid === null) candidates.add(stack);
      else candidates.delete(stack);
    }
    let found: CallStack | null = null;
    for (const stack of candidates) {
      if (!fits(stack)) continue;
      if (found !== null) return null;
      found = stack;
    }
    return found;
  }

  #add(key: string, pid: number, task: string): CallStack {
    const stack: CallStack = { id: key, pid, task, open: [], depth: -1 };
    this.#remember(key, stack);
    return stack;
  }

  #remember(key: string, stack: CallStack): void {
    if (this.#byTask.size >= MAX_STACKS) this.#byTask.clear();
    this.#byTask.set(key, stack);
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
