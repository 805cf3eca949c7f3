import type { OpenCall } from './calls.ts';

const REMOVALS_MAX = 256;

/** Removals of functions under way, by the task that is at it. */
export class Removals {
  /** What they remove, and the line of the call. */
  readonly #running = new Map<string, { readonly entity: number; readonly line: number }>();

  begin(task: string, entity: number, line: number): void {
    if (this.#running.size < REMOVALS_MAX) this.#running.set(task, { entity, line });
  }

  /** A removal that the task has left without a recorded exit is over, too. @returns what it removed; null: nothing is over. */
  left(task: string, parent: OpenCall | null): number | null {
    const removing = this.#running.get(task);
    if (removing === undefined) return null;
    for (let call = parent; call; call = call.parent) if (call.line === removing.line) return null;
    this.#running.delete(task);
    return removing.entity;
  }

  over(entity: number): void {
    for (const [task, removal] of this.#running) if (removal.entity === entity) this.#running.delete(task);
  }

  clear(): void {
    this.#running.clear();
  }

  /** A copy that goes its own way. */
  fork(): Removals {
    const copy = new Removals();
    for (const [task, removal] of this.#running) copy.#running.set(task, removal);
    return copy;
  }
}
