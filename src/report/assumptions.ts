import type { Finding } from '../model/analysis.ts';

/**
 * What a finding takes for granted, for eyes: what would excuse the step comes first, and what is said of several records alike
 * is said once.
 */
export function foldAssumptions({
  assumptions,
  assumption_kinds,
}: Pick<Finding, 'assumptions' | 'assumption_kinds'>): string[] {
  const excuses: string[] = [];
  const records = new Map<string, string[]>();
  for (const [at, one] of assumptions.entries()) {
    const { code = 'premise', record = null } = assumption_kinds[at] ?? {};
    if (code === 'unseen-steps') {
      excuses.push(one);
      continue;
    }
    const said = record === null ? one : one.slice(record.length + 1);
    const known = records.get(said) ?? [];
    if (record !== null) known.push(record);
    records.set(said, known);
  }
  const others = [...records].map(([said, of]) => {
    if (of.length === 0) return said;
    return of.length === 1 ? `${of[0]} ${said}` : `${of.join(', ')}: each ${said}`;
  });
  return [...excuses, ...others];
}
