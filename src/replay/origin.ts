import type { StoredEvent } from '../timeline/rows.ts';

/** Where a function comes from, as far as records tell: whether SR-IOV may have made it. Immutable. */
export interface Origin {
  /** The records begin with the machine, and none was lost since. */
  readonly whole: boolean;
  /** A record of this function came before any call that could have made it. */
  readonly there: boolean;
  /** Such a call was recorded before it. */
  readonly maybeMade: boolean;
  /** The record of its coming. */
  readonly cameBy: StoredEvent | null;
  /** A record that there is of no VF. */
  readonly physicalBy: StoredEvent | null;
}

/** @param startTold the user says that the capture begins with the machine. */
export function originAt(startTold: boolean): Origin {
  return { whole: startTold, there: false, maybeMade: false, cameBy: null, physicalBy: null };
}

/** What was lost may have been the removal of the function, and the making of another one at its address. */
export function afterLoss(origin: Origin): Origin {
  return { ...origin, whole: false, physicalBy: null };
}

/** What comes next at the address is another function. */
export function afterRemoval(origin: Origin): Origin {
  return { ...origin, there: false, cameBy: null, physicalBy: null };
}
