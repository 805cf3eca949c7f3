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
  readonly #byType = new Map<HandleType, Map<string, Set<number>>>();
  #count = 0;

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
    const names = this.#byType.get(type) ?? new Map<string, Set<number>>();
    this.#byType.set(type, names);
    const key = keyOf(type, value, event);
    const named = names.get(key) ?? new Set();
    if (this.#count >= NAMES_MAX || named.size >= SAME_NAME_MAX) return;
    const cluster = this.#clusters.of(entity);
    for (const one of named) if (this.#clusters.of(one) === cluster) return;
    this.#count += 1;
    names.set(key, named.add(entity));
  }

  /** Those that have the name now. */
  find(type: HandleType, value: string, event: Pick<KernelEvent, 'args'>): readonly number[] {
    return [...(this.#byType.get(type)?.get(keyOf(type, value, event)) ?? [])];
  }

  /** What had the name is gone. */
  end(type: HandleType, value: string, event: Pick<KernelEvent, 'args'>): void {
    const names = this.#byType.get(type);
    const key = keyOf(type, value, event);
    this.#count -= names?.get(key)?.size ?? 0;
    names?.delete(key);
  }

  /** The device has no name of this type any more; null: none of any type. */
  forget(entity: number, type: HandleType | null): void {
    const cluster = this.#clusters.of(entity);
    for (const [known, names] of this.#byType) {
      if (type !== null && known !== type) continue;
      for (const [key, named] of names) {
        for (const one of named) if (this.#clusters.of(one) === cluster && named.delete(one)) this.#count -= 1;
        if (named.size === 0) names.delete(key);
      }
    }
  }

  clear(): void {
    this.#byType.clear();
    this.#count = 0;
  }

  /** A copy that goes its own way, over a copy of the clusters. */
  fork(clusters: Clusters): ObjectNames {
    const copy = new ObjectNames(clusters);
    for (const [type, names] of this.#byType)
      copy.#byType.set(type, new Map([...names].map(([key, named]) => [key, new Set(named)])));
    copy.#count = this.#count;
    return copy;
  }
}

function keyOf(type: HandleType, value: string, { args }: Pick<KernelEvent, 'args'>): string {
  // Each SMMU counts its streams by itself.
  const where = type === 'stream-id' ? `${args['smmu'] ?? ''} ` : '';
  return `${where}${SHARED.has(type) || type === 'stream-id' ? canonical(value) : value}`;
}

/** `0x200` and `512` are one number. */
function canonical(value: string): string {
  return String(parseNumber(value) ?? value);
}
