import type { HealthCode } from '../base/health.ts';
import type { Hints } from '../identity/hints.ts';
import type { NewHealth } from './rows.ts';

/** What the user said, as far as it mattered; what contradicts the log is told where that shows. */
export function hintHealth(hints: Hints | null): NewHealth[] {
  if (hints === null) return [];
  const row = (code: HealthCode, message: string, count: number) =>
    count === 0 ? [] : [{ sourceId: null, code, line: null, message, count }];
  const used = [...hints.used].map(([pointer, bdf]) => `${pointer} is ${bdf}`);
  const { unused } = hints;
  return [
    ...row('hints-used', `as the user says (--map, --hints): ${some(used)}`, used.length),
    ...row('hints-unused', `no record holds these pointers (--map, --hints): ${some(unused)}`, unused.length),
  ];
}

function some(list: readonly string[]): string {
  return list.length <= 8 ? list.join(', ') : `${list.slice(0, 8).join(', ')} and ${list.length - 8} more`;
}
