import type { Bdf } from '../base/bdf.ts';
import type { Certainty } from './decide.ts';

/** Who a set of clues turned out to be. */
export interface Resolved {
  readonly bdf: Bdf | null;
  readonly dsm: Bdf | null;
  readonly pf: Bdf | null;
  readonly guestBdf: Bdf | null;
  readonly aliases: readonly string[];
  readonly members: readonly { readonly entity: number; readonly certainty: Exclude<Certainty, 'maybe'> }[];
  /** Entities that may be its, or another device's. */
  readonly maybe: readonly number[];
}
