import type { HealthCode } from '../base/health.ts';
import type { Analysis, HealthInfo } from '../model/analysis.ts';
import { type Lookup, sourceNames } from './format.ts';
import { count, type Page, type Style } from './page.ts';

/** Notes of one code without --verbose. */
const SHORT = 3;

/** Inputs whose lines are accounted for without --verbose. */
const SOURCES_MAX = 8;

/** What is missing or doubtful in the capture, the worst first; then lines in a wording that we do not know. */
export function writeHealth(page: Page, analysis: Analysis, lookup: Lookup, verbose: boolean): void {
  page.heading('CAPTURE HEALTH');
  writeAccount(page, analysis, verbose);
  writeClocks(page, analysis);
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

/** What became of every line of every input. */
function writeAccount(page: Page, analysis: Analysis, verbose: boolean): void {
  const names = sourceNames(analysis.sources);
  const shown = verbose ? analysis.sources : analysis.sources.slice(0, SOURCES_MAX);
  for (const source of shown) {
    const parts = [
      count(source.records, 'record'),
      source.continuation > 0 ? `${source.continuation} continuing` : '',
      source.skipped > 0 ? `${source.skipped} skipped` : '',
      source.unparsed > 0 ? `${source.unparsed} not understood` : '',
    ].filter((part) => part !== '');
    const account = `${count(source.lines, 'line')} = ${parts.join(' + ')}; clock ${source.clock}`;
    page.paragraph(2, `${names.get(source.id) ?? source.path}: `, account, 4);
  }
  const rest = analysis.sources.length - shown.length;
  if (rest > 0) page.line(4, `and ${count(rest, 'other input')} (--verbose)`);
}

function writeClocks(page: Page, analysis: Analysis): void {
  const names = sourceNames(analysis.sources);
  for (const clock of analysis.clocks) {
    // Of those that do not relate a row of the health speaks.
    if (clock.sources.length < 2 || clock.relation === 'unrelated') continue;
    // Times are told by the source's own clock: without this nobody can compare those of two sources.
    const paths = clock.sources.map((id, index) => `${names.get(id) ?? id}${toFirst(clock.offsets[index])}`).join(', ');
    const error = clock.error_ns === null ? '' : ` (within ${Math.ceil(clock.error_ns / 1000)} us)`;
    const clocks = clock.relation === 'same' ? 'one clock' : 'related clocks';
    page.paragraph(2, `${clocks}, merged into one order${error}: `, paths, 4);
  }
}

/** What to add to the times of a source; nothing where that is nothing. */
function toFirst(offset: string | undefined): string {
  if (offset === undefined || /^-?0\.0+$/.test(offset)) return '';
  return ` (its times ${offset.startsWith('-') ? offset : `+${offset}`} s)`;
}

function writeItem(page: Page, item: HealthInfo, lookup: Lookup): void {
  const style: Style = item.severity === 'error' ? 'error' : item.severity === 'warning' ? 'warning' : 'plain';
  const place = lookup.place(item.source, item.line);
  page.paragraph(
    2,
    [place === '' ? '' : `${place} `, { text: item.severity, style }, ': '],
    `${item.code}: ${item.message}${countOf(item)}`,
    6,
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
  if (rest > 0) page.line(4, `and ${count(rest, 'more wording', 'more wordings')} (--verbose)`);
}
