import type { HealthCode } from '../base/health.ts';
import type { Analysis, HealthInfo } from '../model/analysis.ts';
import type { Lookup } from './format.ts';
import { count, type Page, type Style } from './page.ts';

/** Notes of one code without --verbose. */
const SHORT = 3;

/** What is missing or doubtful in the capture, the worst first; then lines in a wording that we do not know. */
export function writeHealth(page: Page, analysis: Analysis, lookup: Lookup, verbose: boolean): void {
  page.heading('CAPTURE HEALTH');
  if (analysis.health.length === 0) page.line(2, 'no loss, no damage marked in the capture');
  const rank = { error: 0, warning: 1, note: 2 } as const;
  const byCode = Map.groupBy(
    [...analysis.health].sort((a, b) => rank[a.severity] - rank[b.severity]),
    (item) => item.code,
  );
  for (const items of byCode.values()) {
    const shown = verbose ? items : items.slice(0, SHORT);
    for (const item of shown) writeItem(page, item, lookup);
    if (items.length > shown.length) page.line(4, `and ${items.length - shown.length} more of this kind (--verbose)`);
  }
  writeUnrecognised(page, analysis, lookup, verbose);
}

function writeItem(page: Page, item: HealthInfo, lookup: Lookup): void {
  const style: Style = item.severity === 'error' ? 'error' : item.severity === 'warning' ? 'warning' : 'plain';
  const place = lookup.place(item.source, item.line);
  page.line(
    2,
    place === '' ? '' : `${place} `,
    { text: item.severity, style },
    `: ${item.code}: ${item.message}${countOf(item)}`,
  );
}

/** How many of what the code names, where the message does not say it. */
function countOf({ code, count, message }: HealthInfo): string {
  if (count <= 1 || WHOLE.has(code) || new RegExp(`(?<!\\d)${count}(?!\\d)`).test(message)) return '';
  return LOSSES.has(code) ? ` (${count} in all)` : ` (${count} times)`;
}

/** They say something about all of an input. */
const WHOLE: ReadonlySet<HealthCode> = new Set(['no-time', 'clocks-unrelated']);

/** They count what is gone, not marks of it. */
const LOSSES: ReadonlySet<HealthCode> = new Set([
  'events-lost',
  'buffer-wrapped',
  'messages-dropped',
  'messages-suppressed',
]);

function writeUnrecognised(page: Page, analysis: Analysis, lookup: Lookup, verbose: boolean): void {
  if (analysis.unrecognised.length === 0) return;
  const total = analysis.unrecognised.reduce((sum, item) => sum + item.count, 0);
  page.line(2, `${count(total, 'line')} of known subsystems in an unknown wording; they were not used:`);
  const shown = verbose ? analysis.unrecognised : analysis.unrecognised.slice(0, SHORT);
  for (const item of shown) {
    page.line(4, `${lookup.place(item.source, item.line)} ${item.subsystem}, ${item.count}x`);
    page.cut(8, item.text.trimStart());
  }
  const rest = analysis.unrecognised.length - shown.length;
  if (rest > 0) page.line(4, `and ${rest} more wordings (--verbose)`);
}
