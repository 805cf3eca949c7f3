import type { Bdf } from '../../base/bdf.ts';

/** Something that side data tell, and where: `lspci.txt:12`, a sentence for people. */
export interface SideFact {
  readonly place: string;
  readonly text: string;
}

/** The file that a fact stands in. */
export function fileOf({ place }: SideFact): string {
  return place.slice(0, place.lastIndexOf(':'));
}

/** Facts of one kind that are kept: a machine has some thousands of functions, a hostile file has no end of them. */
export const FACTS_MAX = 65_536;

/** Takes one more into a map, unless it is full. A later word counts. */
export function keep<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): void {
  if (map.size < FACTS_MAX || map.has(key)) map.set(key, value);
}

/** The buses below a bridge, `dddd:bb`, inclusive. */
export interface BridgeBuses {
  readonly first: string;
  readonly last: string;
  readonly fact: SideFact;
}

/** Buses that paths put below a bridge, and which path put the outermost ones there. */
export interface ShownBuses extends BridgeBuses {
  readonly firstPlace: string;
  readonly lastPlace: string;
}

/** The PF of a VF. */
export interface PhysicalFunction {
  readonly pf: Bdf;
  readonly fact: SideFact;
}
