import type { Evidence, Finding, Verdict } from '../model/analysis.ts';

/** One bug: the finding that names it, and those that follow from the same act. */
export interface Headline {
  readonly finding: Finding;
  readonly followers: readonly Finding[];
}

/** How sure a verdict is; `inconsistent` accuses nobody. */
const WEIGHT: Readonly<Record<Verdict, number>> = { definite: 3, probable: 2, possible: 1, inconsistent: 0 };

export function isAtLeast(verdict: Verdict, floor: Verdict): boolean {
  return WEIGHT[verdict] >= WEIGHT[floor];
}

/**
 * Findings grouped under their headlines, in the order of the headlines. A finding whose cause is not among `findings` (it was
 * filtered out) stands for itself.
 */
export function groupByHeadline(findings: readonly Finding[]): Headline[] {
  const byId = new Map(findings.map((finding) => [finding.id, finding]));
  const groups = new Map<string, { finding: Finding; followers: Finding[] }>();
  for (const finding of findings) {
    if (rootOf(finding, byId) === finding) groups.set(finding.id, { finding, followers: [] });
  }
  for (const finding of findings) {
    const root = rootOf(finding, byId);
    if (root !== finding) groups.get(root.id)?.followers.push(finding);
  }
  return [...groups.values()];
}

/** The surest verdict in the group: a headline is shown if it, or what follows from it, is sure enough to be shown. */
export function surestVerdict(headline: Headline): Verdict {
  return headline.followers.reduce(
    (best, finding) => (isAtLeast(finding.verdict, best) ? finding.verdict : best),
    headline.finding.verdict,
  );
}

/** The line that does the harm; null only where a finding breaks its contract. */
export function violationOf(finding: Finding): Evidence | null {
  return finding.evidence.find((item) => item.role === 'violation') ?? finding.evidence[0] ?? null;
}

function rootOf(finding: Finding, byId: ReadonlyMap<string, Finding>): Finding {
  let root = finding;
  const seen = new Set<string>();
  while (root.caused_by !== null && !seen.has(root.id)) {
    seen.add(root.id);
    const cause = byId.get(root.caused_by);
    if (cause === undefined) break;
    root = cause;
  }
  // A loop has no root; the finding then stands for itself rather than being lost.
  return seen.has(root.id) ? finding : root;
}
