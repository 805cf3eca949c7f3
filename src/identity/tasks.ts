import type { Cluster } from './clusters.ts';
import type { Entities } from './entities.ts';

// Lone calls that are told apart, and tasks of which is known what they name.
const LONE_CALLS_MAX = 10_000;
const NAMING_TASKS_MAX = 100_000;

/** Tasks whose opens and closes are followed; the one that did neither for longest goes first. */
const OPENING_TASKS_MAX = 4096;

const NOBODY: ReadonlySet<number> = new Set();

/** What tasks did without saying to whom, and whom they name elsewhere. */
export class Tasks {
  readonly #entities: Entities;
  readonly #byTask = new Map<string, number>();
  /** BDF entities that a task's records name. */
  readonly #namedBy = new Map<string, Set<number>>();
  /** Entities of records that name no device by themselves, with their task. */
  readonly #anonymous = new Map<number, string>();
  /** Those of them that stand for several calls of their task. */
  readonly #shared = new Set<number>();
  /** Whether a task has opened a device, or closed it, without saying which, and what it did last. */
  readonly #opened = new Map<string, boolean>();
  /** Tasks that did so twice in a row: that is no one device. */
  readonly #several = new Set<string>();

  constructor(entities: Entities) {
    this.#entities = entities;
  }

  /** An entity of its own for a record of the task; null where there are too many. `user`: no kernel thread. */
  lone(task: string, user: boolean): number | null {
    if (this.#entities.isFull) return null;
    const entity = this.#entities.add();
    if (user) this.#entities.clusters.of(entity).tasks.add(task);
    this.#anonymous.set(entity, task);
    return entity;
  }

  /** The one entity of all records of the task that name nobody. */
  common(task: string, user: boolean): number | null {
    const known = this.#byTask.get(task);
    if (known !== undefined) return known;
    const entity = this.lone(task, user);
    if (entity === null) return null;
    this.#byTask.set(task, entity);
    this.#shared.add(entity);
    return entity;
  }

  /** Whether there is room to tell calls of a task apart. */
  get hasRoom(): boolean {
    return this.#anonymous.size < LONE_CALLS_MAX;
  }

  /** Whether the entity stands for several calls of a task: what one of them names says nothing of the others. */
  isShared(entity: number): boolean {
    return this.#shared.has(entity);
  }

  /** Whether the entity is one call that names nobody. */
  isLone(entity: number): boolean {
    return this.#anonymous.has(entity) && !this.#shared.has(entity);
  }

  /** A record of the task names the device by its address. */
  names(task: string, entity: number): void {
    const named = this.#namedBy.get(task) ?? new Set();
    named.add(entity);
    if (this.#namedBy.size < NAMING_TASKS_MAX) this.#namedBy.set(task, named);
  }

  namedBy(task: string): ReadonlySet<number> {
    return this.#namedBy.get(task) ?? NOBODY;
  }

  /** The task of records without any clue: what it did without saying to whom is one device, however many they are. */
  of(cluster: Cluster): string | null {
    if (cluster.named !== null || cluster.aliases.size > 0) return null;
    return this.#anonymous.get(cluster.members[0] ?? -1) ?? null;
  }

  /** A call that names nobody opens a device, or closes it. */
  used(entity: number, opens: boolean): void {
    const task = this.#anonymous.get(entity);
    if (task === undefined) return;
    if (this.#opened.get(task) === opens && this.#several.size < NAMING_TASKS_MAX) this.#several.add(task);
    this.#opened.delete(task);
    this.#opened.set(task, opens);
    const [oldest] = this.#opened.size > OPENING_TASKS_MAX ? this.#opened.keys() : [];
    if (oldest !== undefined) this.#opened.delete(oldest);
  }

  /** Whether what the task did without saying to whom shows that it did it to several devices. */
  usesSeveral(task: string): boolean {
    return this.#several.has(task);
  }

  /** Records were lost: what was opened may be closed, and the other way round. */
  lose(): void {
    this.#opened.clear();
  }

  reboot(): void {
    this.#byTask.clear();
    this.#opened.clear();
  }

  /** A copy that goes its own way, over a copy of the entities. */
  fork(entities: Entities): Tasks {
    const copy = new Tasks(entities);
    for (const [task, entity] of this.#byTask) copy.#byTask.set(task, entity);
    for (const [task, named] of this.#namedBy) copy.#namedBy.set(task, new Set(named));
    for (const [entity, task] of this.#anonymous) copy.#anonymous.set(entity, task);
    for (const entity of this.#shared) copy.#shared.add(entity);
    for (const [task, opens] of this.#opened) copy.#opened.set(task, opens);
    for (const task of this.#several) copy.#several.add(task);
    return copy;
  }
}
