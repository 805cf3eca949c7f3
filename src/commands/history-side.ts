import type { Bdf } from '../base/bdf.ts';
import { withoutSlashes } from '../base/path.ts';
import { aboutFunctions } from '../input/side/summary.ts';
import type { SideData } from '../input/side-data.ts';

/** What was stored beside the log says something of a function; nobody knows when. */
export interface SideEntry {
  readonly type: 'side';
  /** The file, and the line of it. */
  readonly source: string;
  readonly line: number;
  readonly time: null;
  readonly bdf: Bdf;
  readonly text: string;
}

/** What side data say of each function, in the order of files and lines. */
export function sideEntries(side: SideData | null): ReadonlyMap<Bdf, readonly SideEntry[]> {
  if (side === null) return new Map();
  const entries = aboutFunctions(side).map(({ bdf, fact: { place, text } }): SideEntry => {
    const colon = place.lastIndexOf(':');
    const source = `${withoutSlashes(side.folder)}/${place.slice(0, colon)}`;
    return { type: 'side', source, line: Number(place.slice(colon + 1)), time: null, bdf, text };
  });
  entries.sort((a, b) => (a.source < b.source ? -1 : a.source > b.source ? 1 : a.line - b.line));
  return Map.groupBy(entries, ({ bdf }) => bdf);
}
