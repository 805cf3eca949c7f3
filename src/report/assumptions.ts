/** `line 618 (pci_tsm_bind) names no device ...`, as src/rules/draft.ts words it: what is said of the record comes after. */
const OF_A_RECORD = /^(the record|[^ ()]+(?: \d{1,16})? \([^()]*\)) (names .+)$/;

/**
 * What a finding takes for granted, for eyes: what would excuse the step comes first, and what is said of several records alike
 * is said once.
 */
export function foldAssumptions(assumptions: readonly string[]): string[] {
  const excuses = assumptions.filter((one) => one.startsWith('the step would be right only'));
  const records = new Map<string, string[]>();
  for (const one of assumptions) {
    if (excuses.includes(one)) continue;
    const [, record, said] = OF_A_RECORD.exec(one) ?? [];
    const key = said ?? one;
    const known = records.get(key);
    if (known === undefined) records.set(key, record === undefined ? [] : [record]);
    else if (record !== undefined) known.push(record);
  }
  const others = [...records].map(([said, of]) => {
    if (of.length === 0) return said;
    return of.length === 1 ? `${of[0]} ${said}` : `${of.join(', ')}: each ${said}`;
  });
  return [...excuses, ...others];
}
