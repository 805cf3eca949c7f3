import type { Analysis, Finding, Verdict } from '../model/analysis.ts';
import { groupByHeadline, isAtLeast, surestVerdict, violationOf } from '../report/headlines.ts';
import type { News, Told } from '../report/news.ts';

/** Rows of one health code that are told on the way; the report has all. */
const HEALTH_MAX = 20;

/** What makes a finding the same one in two judgements: place, rule and device. The ids of a document do not. */
export function keyOf(source: string, line: number, rule: string, device: string): string {
  return `${source}:${line}:${rule}:${device}`;
}

/** What has been told so far, against what the latest judgement says. */
export class Ledger {
  readonly #floor: Verdict;
  readonly #told = new Map<string, Told>();
  /** Headlines that wait: since when, and for how long, in ms. */
  readonly #waiting = new Map<string, { readonly since: number; readonly hold: number; readonly headline: Told }>();
  readonly #health = new Set<string>();
  readonly #healthCounts = new Map<string, number>();

  /** `floor`: headlines less sure than this are not told. */
  constructor(floor: Extract<Verdict, 'probable' | 'possible'>) {
    this.#floor = floor;
  }

  /**
   * What there is to tell after a judgement.
   *
   * @param open keys of the findings that lines to come may still bear on, and how long to wait for these, in ms; null: all is
   *   over, nothing waits any more.
   * @param now in ms.
   */
  compare(analysis: Analysis, open: ReadonlyMap<string, number> | null, now: number): News[] {
    const news: News[] = this.#healthNews(analysis);
    const all = allOf(analysis);
    const claimed = new Set<string>();
    for (const was of [...this.#told.values()]) {
      const found = all.get(was.key) ?? elsewhere(was, all, this.#told);
      if (found === null) {
        this.#told.delete(was.key);
        news.push({ event: 'withdrawn', was });
        continue;
      }
      claimed.add(found.key);
      if (found.key !== was.key) this.#told.delete(was.key);
      this.#told.set(found.key, found);
      if (differs(was, found)) news.push({ event: 'update', now: found, was });
    }
    const due = headlinesOf(analysis, this.#floor).filter((key) => !claimed.has(key));
    for (const key of [...this.#waiting.keys()]) if (!due.includes(key)) this.#waiting.delete(key);
    for (const key of due) {
      const headline = all.get(key);
      if (headline === undefined) continue;
      const hold = open?.get(key) ?? 0;
      if (hold > 0) this.#waiting.set(key, { since: this.#waiting.get(key)?.since ?? now, hold, headline });
      else news.push(this.#tell(headline));
    }
    return [...news, ...this.release(now)];
  }

  /** How long until the next headline has waited enough; Infinity where none waits. */
  dueIn(now: number): number {
    let due = Number.POSITIVE_INFINITY;
    for (const { since, hold } of this.#waiting.values()) due = Math.min(due, since + hold - now);
    return Math.max(0, due);
  }

  /** The headlines that have waited enough. */
  release(now: number): News[] {
    const ready = [...this.#waiting.values()].filter(({ since, hold }) => now - since >= hold);
    return ready.map(({ headline }) => this.#tell(headline));
  }

  #tell(headline: Told): News {
    this.#waiting.delete(headline.key);
    this.#told.set(headline.key, headline);
    return { event: 'finding', now: headline };
  }

  /** Losses and damage at a place: they weaken what follows. Notes, and what concerns all of the input, can wait. */
  #healthNews(analysis: Analysis): News[] {
    const news: News[] = [];
    for (const item of analysis.health) {
      if (item.severity === 'note' || item.line === null) continue;
      const key = `${item.source} ${item.line} ${item.code}`;
      if (this.#health.has(key)) continue;
      const count = this.#healthCounts.get(item.code) ?? 0;
      if (count >= HEALTH_MAX) continue;
      this.#health.add(key);
      this.#healthCounts.set(item.code, count + 1);
      news.push({ event: 'health', item });
    }
    return news;
  }
}

function allOf({ findings }: Analysis): Map<string, Told> {
  const byId = new Map(findings.map((finding) => [finding.id, finding]));
  return new Map(
    findings
      .filter((finding) => finding.verdict !== 'inconsistent')
      .map((finding) => {
        const cause = finding.caused_by === null ? undefined : byId.get(finding.caused_by);
        const key = keyOfFinding(finding);
        return [key, { key, finding, cause: cause ? { key: keyOfFinding(cause), finding: cause } : null }];
      }),
  );
}

function keyOfFinding(finding: Finding): string {
  const violation = violationOf(finding);
  return keyOf(violation?.source ?? '', violation?.line ?? 0, finding.rule, finding.device ?? finding.device_id);
}

/** The same headlines as a report lists. */
function headlinesOf(analysis: Analysis, floor: Verdict): string[] {
  return groupByHeadline(analysis.findings.filter((finding) => finding.verdict !== 'inconsistent'))
    .filter((headline) => isAtLeast(surestVerdict(headline), floor))
    .map((headline) => keyOfFinding(headline.finding));
}

/** The finding of the same rule and line of which the device is known now, or known otherwise. */
function elsewhere(was: Told, all: ReadonlyMap<string, Told>, told: ReadonlyMap<string, Told>): Told | null {
  const place = violationOf(was.finding);
  for (const one of all.values()) {
    if (told.has(one.key) || one.finding.rule !== was.finding.rule) continue;
    const there = violationOf(one.finding);
    if (there?.source === place?.source && there?.line === place?.line) return one;
  }
  return null;
}

function differs(was: Told, now: Told): boolean {
  return (
    was.finding.verdict !== now.finding.verdict ||
    was.finding.device !== now.finding.device ||
    was.finding.summary !== now.finding.summary ||
    was.cause?.key !== now.cause?.key
  );
}
