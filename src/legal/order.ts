import type { StoredEvent } from '../timeline/rows.ts';

/** A recorded operation by the record that begins it. */
export interface Recorded {
  readonly name: string;
  readonly event: StoredEvent;
}

/**
 * One change. `distance`: recorded operations of the device that the moved one jumps over, each with what is nested in it. What is
 * added goes before `other`.
 */
export type Change =
  | {
      readonly kind: 'move';
      readonly what: Recorded;
      readonly place: 'before' | 'after';
      readonly other: Recorded;
      readonly distance: number;
    }
  | { readonly kind: 'insert'; readonly what: string; readonly other: Recorded };

/**
 * The smallest change of order that the model calls legal; `also`: a second change that it takes beside. `none`: there is no such
 * change; `unknown`: what is recorded does not allow to say.
 */
export type LegalOrder =
  | (Change & { readonly also: Change | null })
  | { readonly kind: 'omit'; readonly what: Recorded }
  | { readonly kind: 'none' | 'unknown'; readonly reason: string };
