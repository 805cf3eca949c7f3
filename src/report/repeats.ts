import type { Headline } from './headlines.ts';

/** Of headlines that are alike, so many are told in full: a wrong teardown that a CI farm repeats fills no screens. */
const TOLD_MAX = 3;

/** A headline with its number in the report. */
export interface Numbered {
  readonly number: number;
  readonly headline: Headline;
}

/** Headlines that are like the one with that number: they say the same, of whatever device and lines, and so does what follows. */
export interface Alike {
  readonly as: number;
  readonly others: readonly Numbered[];
}

/** @returns those to be told in full, and what more there is of their like. */
export function foldRepeats(headlines: readonly Headline[]): { full: readonly Numbered[]; alike: readonly Alike[] } {
  const groups = Map.groupBy(
    headlines.map((headline, index) => ({ number: index + 1, headline })),
    ({ headline: { finding, followers } }) =>
      [finding, ...followers].map(({ rule, verdict, summary }) => `${rule} ${verdict} ${summary}`).join('\n'),
  );
  const full: Numbered[] = [];
  const alike: Alike[] = [];
  for (const group of groups.values()) {
    full.push(...group.slice(0, TOLD_MAX));
    const others = group.slice(TOLD_MAX);
    const as = group[0]?.number;
    if (as !== undefined && others.length > 0) alike.push({ as, others });
  }
  return { full: full.sort((a, b) => a.number - b.number), alike };
}
