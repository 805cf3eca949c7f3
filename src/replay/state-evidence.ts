import type { StoredEvent } from '../timeline/rows.ts';

/** Records that show where a device is believed to be; older ones say no more than that it was there before. */
const STATE_EVIDENCE_MAX = 8;

/**
 * The records with one more, the bind first. Where there are too many the first ones stay; but one that is less certainly of this
 * device takes the place of one that is more so: a verdict that may rest on it is no more certain than it is.
 */
export function withEvidence(evidence: StoredEvent[], event: StoredEvent): StoredEvent[] {
  if (evidence.length < STATE_EVIDENCE_MAX) return [...evidence, event];
  const doubt = doubtOf(event);
  const at = evidence.findLastIndex((one, index) => index > 0 && doubtOf(one) < doubt);
  return at < 0 ? evidence : [...evidence.toSpliced(at, 1), event];
}

/** How doubtful it is that a record is of the device: what the cap on a verdict tells apart. */
function doubtOf({ certainty, args }: StoredEvent): number {
  if (certainty === 'maybe' || certainty === 'none') return 2;
  return certainty === 'inherited' || args['named_by'] !== undefined ? 1 : 0;
}
