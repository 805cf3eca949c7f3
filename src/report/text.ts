import type { Analysis, Finding, Verdict } from '../model/analysis.ts';
import { Lookup } from './format.ts';
import { groupByHeadline, type Headline, isAtLeast, surestVerdict } from './headlines.ts';
import { count, Page, type Span } from './page.ts';
import type { Scope } from './scope.ts';
import { writeCoverage } from './text-coverage.ts';
import { writeHeadlineLines, writeHeadlines, writeInconsistent } from './text-headlines.ts';
import { writeHealth } from './text-health.ts';
import { type SettledBy, writeNextSteps } from './text-next.ts';
import { writeSeen } from './text-seen.ts';
import { writeStates } from './text-states.ts';
import { blindRules } from './told.ts';

export interface TextOptions {
  /** Columns; log lines are cut to it, prose is broken at it, `file:line:` is never cut. */
  readonly width: number;
  readonly color: boolean;
  /** Headlines less sure than this are counted, not shown. */
  readonly floor: Extract<Verdict, 'probable' | 'possible'>;
  /** Whole log lines, every state, every note. */
  readonly verbose: boolean;
  /** Only one line a headline. Nothing at all where there is none. */
  readonly quiet: boolean;
  readonly settledBy: SettledBy;
  readonly scope: Scope;
}

/**
 * The report for a terminal: what could and could not be seen, in a few lines, headlines, states, coverage, health, next steps.
 * Every character that could steer a terminal is escaped; with colour it is the same text plus SGR codes.
 */
export function renderText(analysis: Analysis, options: TextOptions): string {
  const page = new Page(options.width, options.color);
  const lookup = new Lookup(analysis);
  const headlines = groupByHeadline(analysis.findings.filter((finding) => finding.verdict !== 'inconsistent'));
  if (options.quiet) {
    writeHeadlineLines(page, headlines, lookup, options.floor);
    return page.toString();
  }
  const inconsistent = analysis.findings.filter((finding) => finding.verdict === 'inconsistent');
  writeVerdict(page, analysis, headlines, inconsistent, options.scope);
  writeSeen(page, analysis, lookup, options.scope);
  writeHeadlines(page, headlines, lookup, options);
  writeInconsistent(page, inconsistent, lookup);
  writeStates(page, analysis, lookup, options);
  writeCoverage(page, analysis, lookup, options);
  writeHealth(page, analysis, lookup, options.verbose);
  writeNextSteps(page, analysis, headlines, options);
  return page.toString();
}

/** The answer in a few lines. Where no rule is broken, it says what was checked and what could not be: silence is no pass. */
function writeVerdict(
  page: Page,
  analysis: Analysis,
  headlines: readonly Headline[],
  inconsistent: readonly Finding[],
  scope: Scope,
): void {
  const tally = (['definite', 'probable', 'possible'] as const)
    .map((verdict) => [headlines.filter((h) => surestVerdict(h) === verdict).length, verdict] as const)
    .filter(([n]) => n > 0)
    .map(([n, verdict]) => `${n} ${verdict}`)
    .join(', ');
  const named = tally === '' ? '' : `${tally} ${headlines.length === 1 ? 'headline' : 'headlines'}`;
  const misfits = inconsistent.length === 0 ? '' : `${count(inconsistent.length, 'event')} that no state explains`;
  const isAccusing = headlines.some((headline) => isAtLeast(surestVerdict(headline), 'probable'));
  const parts = [isAccusing ? '' : 'no rule seen broken', named, misfits].filter((part) => part !== '');
  const answer: Span = { text: parts.join('; '), style: isAccusing ? 'error' : 'plain' };
  page.line(0, { text: `tdi-trace ${analysis.tool_version}: `, style: 'strong' }, answer);
  if (isAccusing) return;
  const held = analysis.rules.filter((rule) => rule.status === 'held');
  const blind = blindRules(analysis);
  const devices = new Set(held.map((rule) => rule.device_id)).size;
  const checked =
    held.length === 0
      ? `Nothing was checked: ${reasonForNothing(analysis, scope)}.`
      : `Held: ${count(new Set(held.map((rule) => rule.rule)).size, 'rule')} on ${count(devices, 'device')}.`;
  const unchecked =
    blind.length === 0
      ? ''
      : ` Blind: ${count(new Set(blind.map((rule) => rule.rule)).size, 'rule')}; what they judge may have gone wrong unseen.`;
  page.paragraph(0, '', checked + unchecked, 0);
}

function reasonForNothing({ devices }: Analysis, { absent, window }: Scope): string {
  if (absent !== null) return `${absent.device} does not occur in the capture`;
  if (window?.empty) return 'no event stands in the time asked for';
  const isShown = devices.some(({ states }) => states.some((span) => span.cause && !span.bind.includes('unbound')));
  if (!isShown) return 'no line shows a device bound to a VM (a TSM bind, a request, a state that is read back)';
  return 'no rule met a step that it judges in a state that it knows';
}
