import type { HandleType, KernelEvent } from '../events/event.ts';
import { parseNumber } from '../events/numbers.ts';
import type { Clusters } from './clusters.ts';

/** Addresses and numbers that are one device's as long as the object behind them lives. */
const OBJECTS: ReadonlySet<HandleType> = new Set(['iommufd-pointer', 'ide-pointer', 'tsm-object', 'stream-id']);
/** The number is one device's on one root complex, or in one VM: another one may have it, too. */
const SHARED: ReadonlySet<HandleType> = new Set(['guest-bdf', 'ide-stream']);

const NAMES_MAX = 100_000;
const SAME_NAME_MAX = 64;

/** Devices by names other than the ids of iommufd: of objects of the TSM's firmware and driver, IDE streams, SMMU streams. */
export class ObjectNames {
  readonly #clusters: Clusters;
  readonly #named = new Map<string, Set<number>>();

  constructor(clusters: Clusters) {
    this.#clusters = clusters;
  }

  static isObject(type: HandleType): boolean {
    return OBJECTS.has(type);
  }

  static isShared(type: HandleType): boolean {
    return SHARED.has(type);
  }

  /** A record tells the name beside the device. Two devices that claim one name leave it open which of them is meant. */
  learn(type: HandleType, value: string, event: Pick<KernelEvent, 'args'>, entity: number): void {
    const key = keyOf(type, value, event);
    const named = this.#named.get(key) ?? new Set();
    if (this.#named.size >= NAMES_MAX || named.size >= SAME_NAME_MAX) return;
    const cluster = this.#clusters.of(entity);
    for (const one of named) if (this.#clusters.of(one) === cluster) return;
    this.#named.set(key, named.add(entity));
  }

  /** Those that have the name now. */
  find(type: HandleType, value: string, event: Pick<KernelEvent, 'args'>): readonly number[] {
    return [...(this.#named.get(keyOf(type, value, event)) ?? [])];
  }

  /** What had the name is gone. */
  end(type: HandleType, value: string, event: Pick<KernelEvent, 'args'>): void {
    this.#named.delete(keyOf(type, value, event));
  }

  /** The device has no name of this type any more; null: none of any type. */
  forget(entity: number, type: HandleType | null): void {
    const cluster = this.#clusters.of(entity);
    for (const [key, named] of this.#named) {
      if (type !== null && !key.startsWith(`${type}:`)) continue;
      for (const one of named) if (this.#clusters.of(one) === cluster) named.delete(one);
      if (named.size === 0) this.#named.delete(key);
    }
  }

  clear(): void {
    this.#named.clear();
  }

  /** A copy that goes its own way, over a copy of the clusters. */
  fork(clusters: Clusters): ObjectNames {
    const copy = new ObjectNames(clusters);
    for (const [key, named] of this.#named) copy.#named.set(key, new Set(named));
    return copy;
  }
}

function keyOf(type: HandleType, value: string, { args }: Pick<KernelEvent, 'args'>): string {
  // Each SMMU counts its streams by itself.
  const where = type === 'stream-id' ? `${args['smmu'] ?? ''} ` : '';
  return `${type}:${where}${SHARED.has(type) || type === 'stream-id' ? canonical(value) : value}`;
}

/** `0x200` and `512` are one number. */
function canonical(value: string): string {
  return String(parseNumber(value) ?? value);
}
