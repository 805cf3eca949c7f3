import type { Evidence, Finding, Verdict } from '../model/analysis.ts';
import { BIND_STATES, CONTRACT_STATES, TDISP_STATES } from '../model/states.ts';
import { foldAssumptions } from './assumptions.ts';
import { type Lookup, states } from './format.ts';
import { type Headline, isAtLeast, surestVerdict, violationOf } from './headlines.ts';
import { legalOrder } from './legal-order.ts';
import { count, type Page, type Span, type Style } from './page.ts';
import { type Alike, foldRepeats, type Numbered } from './repeats.ts';

const INDENT = 3;

/** Headlines in the list above them. */
const INDEX_MAX = 12;

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
  if (shown.length > 1) writeIndex(page, shown, lookup);
  const told = new Set<string>();
  const { full, alike } = verbose ? { full: numbered(shown), alike: [] } : foldRepeats(shown);
  for (const { number, headline } of full) {
    if (number > 1) page.blank();
    writeHeadline(page, number, headline, { lookup, verbose, told });
  }
  for (const group of alike) writeAlike(page, group, lookup);
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

/** What a headline is told with. */
interface View {
  readonly lookup: Lookup;
  readonly verbose: boolean;
  /** Places of the lines whose text stands in the report already. */
  readonly told: Set<string>;
}

function numbered(headlines: readonly Headline[]): readonly Numbered[] {
  return headlines.map((headline, index) => ({ number: index + 1, headline }));
}

/** All of them on one screen, the first ones of very many. */
function writeIndex(page: Page, headlines: readonly Headline[], lookup: Lookup): void {
  writeTable(page, numbered(headlines.slice(0, INDEX_MAX)), lookup);
  const more = headlines.length - INDEX_MAX;
  if (more > 0) page.line(2, `and ${count(more, 'more', 'more')} below`);
  page.blank();
}

/** What there is more of a headline that was told. */
function writeAlike(page: Page, { as, others }: Alike, lookup: Lookup): void {
  page.blank();
  page.line(0, { text: `As ${as}.`, style: 'strong' }, ` ${count(others.length, 'more is', 'more are')} alike:`);
  writeTable(page, others.slice(0, INDEX_MAX), lookup);
  const more = others.length - INDEX_MAX;
  if (more > 0) page.line(2, `and ${more} more: --quiet names each on a line, --verbose tells each in full`);
}

function writeTable(page: Page, headlines: readonly Numbered[], lookup: Lookup): void {
  const rows = headlines.map(({ number, headline: { finding } }) => [
    `${number}.`,
    finding.verdict.toUpperCase(),
    finding.rule,
    lookup.device(finding),
    finding.time === null ? '' : `at ${finding.time}`,
    placeOf(finding, lookup),
  ]);
  const widths = [0, 1, 2, 3, 4].map((i) => Math.max(...rows.map((cells) => cells[i]?.length ?? 0)));
  for (const cells of rows)
    page.line(
      2,
      cells
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    );
}

function placeOf(finding: Finding, lookup: Lookup): string {
  const violation = violationOf(finding);
  return violation === null ? '' : lookup.shortPlace(violation.source, violation.line);
}

function writeHeadline(page: Page, number: number, headline: Headline, { lookup, verbose, told }: View): void {
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
  for (const item of finding.evidence) writeEvidence(page, item, { lookup, verbose, told });
  page.blank();
  writeStates(page, finding);
  if (finding.consequence !== '') page.paragraph(INDENT, 'why:     ', finding.consequence, INDENT + 9);
  if (finding.remedy !== '') page.paragraph(INDENT, 'do:      ', finding.remedy, INDENT + 9);
  const order = legalOrder(finding, lookup);
  if (order !== null) page.paragraph(INDENT, 'order:   ', order, INDENT + 9);
  writeList(page, 'assumed: ', foldAssumptions(finding));
  writeList(page, 'doubt:   ', lookup.lossesBefore(finding));
  writeList(page, 'confirm: ', finding.to_confirm);
  writeFollowers(page, followers, lookup, verbose);
}

function writeEvidence(page: Page, item: Evidence, { lookup, verbose, told }: View): void {
  const isViolation = item.role === 'violation';
  const style: Style = isViolation ? 'error' : 'plain';
  const last = item.end_line > item.line ? ` (to line ${item.end_line})` : '';
  const mark: Style = isViolation ? 'error' : 'dim';
  const place = lookup.place(item.source, item.line);
  const isTold = told.has(place);
  told.add(place);
  const label = `${item.role}: ${item.event}${item.time === null ? '' : ` at ${item.time}`}${last}`;
  page.line(
    1,
    { text: isViolation ? '> ' : '  ', style: mark },
    `${place} `,
    { text: label, style },
    isTold ? ', as above' : '',
  );
  // The bind is the proof of one headline after the other.
  if (isTold) return;
  const text = item.text.trimStart();
  if (verbose) page.line(INDENT + 4, text, item.truncated ? ' [...]' : '');
  else page.cut(INDENT + 4, text, isViolation ? 4 : 3, item.truncated);
}

function writeStates(page: Page, finding: Finding): void {
  const bind = states(finding.bind_before, BIND_STATES);
  const [contract, contractAfter] = [finding.contract_before, finding.contract_after].map((s) =>
    states(s, CONTRACT_STATES),
  );
  const [device, deviceAfter] = [finding.device_before, finding.device_after].map((s) => states(s, TDISP_STATES));
  const text = `${bind}; contract ${contract} -> ${contractAfter}; device ${device} -> ${deviceAfter}`;
  page.paragraph(INDENT, 'states:  ', text, INDENT + 9);
}

function writeList(page: Page, label: string, items: readonly string[]): void {
  const bullet = items.length > 1 ? '- ' : '';
  for (const [index, item] of items.entries()) {
    const lead = (index === 0 ? label : ' '.repeat(label.length)) + bullet;
    page.paragraph(INDENT, lead, item, INDENT + lead.length);
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
