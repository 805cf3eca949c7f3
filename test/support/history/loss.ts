import fc from 'fast-check';
import type { Entry } from './acts.ts';

/** Whether the entry with this index is lost. */
export type Loss = (index: number) => boolean;

/** Single lines and whole stretches, few or many. */
export const losses: fc.Arbitrary<Loss> = fc.oneof(
  fc
    .array(fc.boolean(), { minLength: 3, maxLength: 40 })
    .map((mask) => (index: number) => mask[index % mask.length] === true),
  fc
    .array(fc.tuple(fc.nat(250), fc.integer({ min: 1, max: 40 })), { minLength: 1, maxLength: 5 })
    .map((stretches) => (index: number) => stretches.some(([from, length]) => index >= from && index < from + length)),
);

/** What is left, and the entries of it before which something was lost. */
export function keep(entries: readonly Entry[], lost: Loss): { kept: Entry[]; marks: Set<number> } {
  const kept: Entry[] = [];
  const marks = new Set<number>();
  for (const [index, entry] of entries.entries()) {
    if (lost(index)) marks.add(kept.length);
    else kept.push(entry);
  }
  return { kept, marks };
}

/** A number in [0, 1) for each call, the same for the same seed (mulberry32). */
export function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}
