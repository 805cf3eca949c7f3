import type { Evidence, Finding, Verdict } from '../model/analysis.ts';
import { BIND_STATES, CONTRACT_STATES, TDISP_STATES } from '../model/states.ts';
import { type Lookup, states } from './format.ts';
import { type Headline, isAtLeast, surestVerdict, violationOf } from './headlines.ts';
import { legalOrder } from './legal-order.ts';
import { count, type Page, type Span, type Style } from './page.ts';

const INDENT = 3;

/** The bugs, each with its proof, what it does, what to do, and what would speak against it. */
export function writeHeadlines(
  page: Page,
  headlines: readonly Headline[],
  lookup: Lookup,
  { floor, verbose }: { readonly floor: Verdict; readonly verbose: boolean },
): void {
  page.heading('HEADLINES');
  const shown = headlines.filter((headline) => isAtLeast(surestVerdict(headline), floor));
  if (shown.length === 0) page.line(2, 'none');
  for (const [index, headline] of shown.entries()) {
    if (index > 0) page.blank();
    writeHeadline(page, index + 1, headline, lookup, verbose);
  }
  const hidden = headlines.length - shown.length;
  if (hidden > 0) {
    page.blank();
    page.line(
      2,
      `${hidden} more that ${hidden === 1 ? 'is' : 'are'} only possible: --verbose shows ${hidden === 1 ? 'it' : 'them'}`,
    );
  }
}

/** One line a headline, for `--quiet`: `file:line: verdict: rule: device: summary`. */
export function writeHeadlineLines(page: Page, headlines: readonly Headline[], lookup: Lookup, floor: Verdict): void {
  for (const headline of headlines) {
    if (!isAtLeast(surestVerdict(headline), floor)) continue;
    const { lead, text } = shortly(headline.finding, lookup);
    page.line(0, ...lead, text);
  }
}

/** Events that no state explains. They accuse nobody, so they are no headlines. */
export function writeInconsistent(page: Page, findings: readonly Finding[], lookup: Lookup): void {
  if (findings.length === 0) return;
  page.heading('INCONSISTENT');
  page.paragraph(
    2,
    '',
    'No sequence of steps explains these: the log is damaged, the platform is another one, or firmware or driver does what ' +
      'the model does not know. They are no findings about a driver.',
    2,
  );
  for (const finding of findings) writeShortly(page, 2, finding, lookup);
}

function writeHeadline(page: Page, number: number, headline: Headline, lookup: Lookup, verbose: boolean): void {
  const { finding, followers } = headline;
  page.line(
    0,
    { text: `${number}. `, style: 'strong' },
    { text: finding.verdict.toUpperCase(), style: verdictStyle(finding.verdict) },
    '  ',
    { text: finding.rule, style: 'strong' },
    `  ${lookup.device(finding)}${finding.time === null ? '' : `  at ${finding.time}`}`,
  );
  page.paragraph(INDENT, '', lookup.summary(finding), INDENT);
  if (finding.by_later_evidence) page.line(INDENT, { text: 'known by later lines', style: 'dim' });
  page.blank();
  for (const item of finding.evidence) writeEvidence(page, item, lookup, verbose);
  page.blank();
  writeStates(page, finding);
  if (finding.consequence !== '') page.paragraph(INDENT, 'why:     ', finding.consequence, INDENT + 9);
  if (finding.remedy !== '') page.paragraph(INDENT, 'do:      ', finding.remedy, INDENT + 9);
  const order = legalOrder(finding, lookup);
  if (order !== null) page.paragraph(INDENT, 'order:   ', order, INDENT + 9);
  writeList(page, 'assumed: ', finding.assumptions);
  writeList(page, 'doubt:   ', lookup.lossesBefore(finding));
  writeList(page, 'confirm: ', finding.to_confirm);
  writeFollowers(page, followers, lookup, verbose);
}

function writeEvidence(page: Page, item: Evidence, lookup: Lookup, verbose: boolean): void {
  const isViolation = item.role === 'violation';
  const style: Style = isViolation ? 'error' : 'plain';
  const last = item.end_line > item.line ? ` (to line ${item.end_line})` : '';
  const mark: Style = isViolation ? 'error' : 'dim';
  const label = `${item.role}: ${item.event}${item.time === null ? '' : ` at ${item.time}`}${last}`;
  page.line(1, { text: isViolation ? '> ' : '  ', style: mark }, `${lookup.place(item.source, item.line)} `, {
    text: label,
    style,
  });
  const text = item.text.trimStart();
  if (verbose) page.line(INDENT + 4, text, item.truncated ? ' [...]' : '');
  else page.cut(INDENT + 4, text, isViolation ? 4 : 2, item.truncated);
}

function writeStates(page: Page, finding: Finding): void {
  const bind = states(finding.bind_before, BIND_STATES);
  const [contract, contractAfter] = [finding.contract_before, finding.contract_after].map((s) =>
    states(s, CONTRACT_STATES),
  );
  const [device, deviceAfter] = [finding.device_before, finding.device_after].map((s) => states(s, TDISP_STATES));
  page.line(INDENT, `states:  ${bind}; contract ${contract} -> ${contractAfter}; device ${device} -> ${deviceAfter}`);
}

function writeList(page: Page, label: string, items: readonly string[]): void {
  for (const [index, item] of items.entries()) {
    page.paragraph(INDENT, index === 0 ? label : ' '.repeat(label.length), item, INDENT + label.length);
  }
}

function writeFollowers(page: Page, followers: readonly Finding[], lookup: Lookup, verbose: boolean): void {
  if (followers.length === 0) return;
  const shown = verbose ? followers : followers.filter((finding) => isAtLeast(finding.verdict, 'probable'));
  const hidden = followers.length - shown.length;
  const what = 'part of the same act, or caused by it';
  if (shown.length === 0) {
    page.line(INDENT, `${what}: ${count(hidden, 'possible one', 'possible ones')}, with --verbose`);
    return;
  }
  page.line(
    INDENT,
    `${what}${hidden === 0 ? '' : ` (${count(hidden, 'possible one', 'possible ones')} more with --verbose)`}:`,
  );
  for (const finding of shown) writeShortly(page, INDENT + 2, finding, lookup);
}

function writeShortly(page: Page, indent: number, finding: Finding, lookup: Lookup): void {
  const { lead, text } = shortly(finding, lookup);
  page.paragraph(indent, lead, text, indent + 4);
}

/** `file:line: verdict: rule: device: summary`. */
function shortly(finding: Finding, lookup: Lookup): { readonly lead: readonly Span[]; readonly text: string } {
  const violation = violationOf(finding);
  const place = violation === null ? '' : `${lookup.place(violation.source, violation.line)} `;
  return {
    lead: [place, { text: finding.verdict, style: verdictStyle(finding.verdict) }, ': '],
    text: `${finding.rule}: ${lookup.device(finding)}: ${lookup.summary(finding)}`,
  };
}

export function verdictStyle(verdict: Verdict): Style {
  return verdict === 'definite' || verdict === 'probable' ? 'error' : verdict === 'possible' ? 'warning' : 'dim';
}
