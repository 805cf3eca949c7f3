import { assertNever } from '../base/errors.ts';
import type { Analysis, Finding, HealthInfo } from '../model/analysis.ts';
import { Lookup } from './format.ts';
import { violationOf } from './headlines.ts';
import { jsonLine } from './json.ts';
import { Page, type Style } from './page.ts';
import { verdictStyle } from './text-headlines.ts';

/**
 * A headline as it was told while the input was followed. `key` stays the same from one judgement to the next, ids do not.
 * `cause` is the finding that explains it by now; null for a headline of its own.
 */
export interface Told {
  readonly key: string;
  readonly finding: Finding;
  readonly cause: { readonly key: string; readonly finding: Finding } | null;
}

/** Something to tell at once. */
export type News =
  | { readonly event: 'finding'; readonly now: Told }
  | { readonly event: 'update'; readonly now: Told; readonly was: Told }
  | { readonly event: 'withdrawn'; readonly was: Told }
  | { readonly event: 'health'; readonly item: HealthInfo };

/** One line each, as `--quiet` writes headlines: `file:line: verdict: rule: device: summary`. */
export function renderNews(
  news: readonly News[],
  analysis: Analysis,
  { width, color }: { readonly width: number; readonly color: boolean },
): string {
  const page = new Page(width, color);
  const lookup = new Lookup(analysis);
  for (const one of news) writeNews(page, one, lookup);
  return page.toString();
}

function writeNews(page: Page, news: News, lookup: Lookup): void {
  switch (news.event) {
    case 'finding': {
      const { finding } = news.now;
      page.line(0, `${placeOf(finding, lookup)} `, verdict(finding), `: ${whatOf(finding, lookup)}`);
      return;
    }
    case 'update': {
      const { finding } = news.now;
      const lead = `${placeOf(finding, lookup)} update: now `;
      page.line(0, lead, verdict(finding), `${changes(news.was, news.now, lookup)}: ${whatOf(finding, lookup)}`);
      return;
    }
    case 'withdrawn': {
      const { finding } = news.was;
      const what = `${finding.rule}: ${lookup.device(finding)}: later lines speak against it`;
      page.line(0, `${placeOf(finding, lookup)} `, { text: 'withdrawn', style: 'good' }, `: ${what}`);
      return;
    }
    case 'health': {
      const { source, line, severity, code, message } = news.item;
      const style: Style = severity === 'error' ? 'error' : 'warning';
      page.line(0, `${lookup.place(source, line)} `, { text: severity, style }, `: ${code}: ${message}`);
    }
  }
}

function verdict({ verdict: word }: Finding): { readonly text: string; readonly style: Style } {
  return { text: word, style: verdictStyle(word) };
}

function placeOf(finding: Finding, lookup: Lookup): string {
  const violation = violationOf(finding);
  return violation === null ? '' : lookup.place(violation.source, violation.line);
}

function whatOf(finding: Finding, lookup: Lookup): string {
  return `${finding.rule}: ${lookup.device(finding)}: ${lookup.summary(finding)}`;
}

/** What an update changes, in words after the verdict. */
function changes(was: Told, now: Told, lookup: Lookup): string {
  const parts: string[] = [];
  if (was.finding.verdict !== now.finding.verdict) parts.push(`was ${was.finding.verdict}`);
  if (was.finding.device !== now.finding.device) parts.push(`was of ${lookup.device(was.finding)}`);
  if (was.cause?.key !== now.cause?.key) {
    if (now.cause === null) parts.push('a headline of its own');
    else parts.push(`part of ${placeOf(now.cause.finding, lookup)} ${now.cause.finding.rule}`);
  }
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

/** One JSON object a line; FOLLOW_SCHEMA describes them. */
export function renderNewsJson(news: readonly News[], analysis: Analysis): string {
  const paths = new Map(analysis.sources.map(({ id, path }) => [id, path]));
  return news.map((one) => jsonLine(newsObject(one, paths))).join('');
}

function newsObject(news: News, paths: ReadonlyMap<string, string>): unknown {
  const place = (finding: Finding) => {
    const violation = violationOf(finding);
    return { path: paths.get(violation?.source ?? '') ?? null, line: violation?.line ?? null };
  };
  switch (news.event) {
    case 'finding':
      return { event: news.event, key: news.now.key, ...place(news.now.finding), finding: news.now.finding };
    case 'update': {
      const { key, finding, cause } = news.now;
      const was = { key: news.was.key, verdict: news.was.finding.verdict, caused_by: news.was.cause?.key ?? null };
      return { event: news.event, key, ...place(finding), caused_by: cause?.key ?? null, was, finding };
    }
    case 'withdrawn':
      return { event: news.event, key: news.was.key, ...place(news.was.finding) };
    case 'health':
      return { event: news.event, path: paths.get(news.item.source ?? '') ?? null, health: news.item };
    default:
      return assertNever(news);
  }
}

/** The last line. */
export function renderAnalysisLine(analysis: Analysis): string {
  return jsonLine({ event: 'analysis', analysis });
}
