import type { CallStack } from '../ftrace-calls.ts';

/** A hostile file can name any number of tasks. */
const MAX_STACKS = 1 << 16;

/** Call stacks by task, as the kernel keeps them. The idle tasks share pid 0, so each CPU has its own. */
export class TaskStacks {
  readonly #stacks = new Map<number, CallStack>();

  /** The stack of the task, begun where it is not known yet. */
  of(pid: number, cpu: number): CallStack {
    const key = keyOf(pid, cpu);
    const known = this.#stacks.get(key);
    if (known !== undefined) return known;
    if (this.#stacks.size >= MAX_STACKS) this.#stacks.clear();
    // As the text path names it: see CallStacks.
    const id = pid === 0 ? `0:cpu${cpu}` : String(pid);
    const stack: CallStack = { id, pid, task: null, open: [], depth: -1 };
    this.#stacks.set(key, stack);
    return stack;
  }

  /** Null where no call of the task was seen. */
  known(pid: number, cpu: number): CallStack | null {
    return this.#stacks.get(keyOf(pid, cpu)) ?? null;
  }
}

function keyOf(pid: number, cpu: number): number {
  return pid === 0 ? -1 - cpu : pid;
}
