import type { StoredEvent } from '../timeline/rows.ts';

/** Where a function comes from, as far as records tell. Immutable. */
export interface Origin {
  /** The records begin with the machine, and none was lost since. */
  readonly whole: boolean;
  /** A record that there is of no VF. */
  readonly physicalBy: StoredEvent | null;
  /** Nothing was lost since that record. */
  readonly isCertain: boolean;
  /** Nothing shows, and no loss hides, that another function was here before or comes after: what was stored of the address is of this one. */
  readonly isOnly: boolean;
}

/** @param startTold the user says that the capture begins with the machine. */
export function originAt(startTold: boolean): Origin {
  return { whole: startTold, physicalBy: null, isCertain: false, isOnly: true };
}

/** What was lost may have been the removal of the function, and the making of another one at its address. */
export function afterLoss(origin: Origin): Origin {
  return { ...origin, whole: false, isCertain: false, isOnly: false };
}

/** What comes next at the address is another function. */
export function afterRemoval(origin: Origin): Origin {
  return { ...origin, physicalBy: null, isCertain: false, isOnly: false };
}
