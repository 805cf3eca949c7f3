import type { Analysis } from '../model/analysis.ts';

/** Places where somebody left lines out of a source. */
export function elisionsOf({ health }: Pick<Analysis, 'health'>, source: string): number {
  const rows = health.filter((item) => item.code === 'lines-elided' && item.source === source);
  return rows.reduce((sum, item) => sum + item.count, 0);
}
