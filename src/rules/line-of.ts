import type { SourceClocks } from '../replay/clocks.ts';
import type { Place } from '../replay/track.ts';

/** `line 81`, or `trace.txt:81` where that is another source than the one of `from`. */
export function lineOf(place: Place, from: Place, clocks: SourceClocks): string {
  return place.sourceId === from.sourceId ? `line ${place.line}` : `${clocks.path(place.sourceId)}:${place.line}`;
}
