import type { Draft } from './draft.ts';
import { strength } from './verdict.ts';

/** Of every operation the finding that names it becomes its headline, and the cause of the others in it. */
export function nameHeadlines(drafts: readonly Draft[]): void {
  const operations = new Map<string, Draft[]>();
  for (const draft of drafts) {
    const key = `${draft.track.id} ${draft.operation}`;
    const group = operations.get(key) ?? [];
    group.push(draft);
    operations.set(key, group);
  }
  for (const group of operations.values()) {
    const [headline, ...others] = group.toSorted(byWeight);
    for (const other of others) other.causedBy = headline ?? null;
  }
  joinWholes(drafts);
}

/** Puts headlines, with what hangs below them, below that of the act that they are part of. */
function joinWholes(drafts: readonly Draft[]): void {
  const parts = drafts.filter(({ causedBy, partOf }) => causedBy === null && partOf !== undefined);
  const kept = new Set(drafts);
  for (const draft of parts) {
    if (draft.partOf === undefined || !kept.has(draft.partOf)) continue;
    const whole = headlineOf(draft.partOf);
    if (whole !== draft && strength(whole.verdict) >= strength(draft.verdict)) draft.causedBy = whole;
  }
  for (const draft of drafts) if (draft.causedBy !== null) draft.causedBy = headlineOf(draft.causedBy);
}

function headlineOf(draft: Draft): Draft {
  let headline = draft;
  while (headline.causedBy !== null) headline = headline.causedBy;
  return headline;
}

/** The stronger verdict first, then what names the operation, then the earlier one. */
export function byWeight(a: Draft, b: Draft): number {
  return strength(b.verdict) - strength(a.verdict) || b.rule.rank - a.rule.rank || a.violation.id - b.violation.id;
}
