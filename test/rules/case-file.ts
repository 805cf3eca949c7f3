import type { Analysis, Finding } from '../../src/model/analysis.ts';
import { EVENT_CLASSES, type EventClass, PLATFORMS, type Platform } from '../../src/model/states.ts';

/**
 * A case: what it shows, how to run it, a log, and what has to come out. Lines of `expect` count within the log, from 1:
 *
 *     headline|caused VERDICT RULE BDF|- VIOLATION-LINE [ROLE:LINE ...]
 *     coverage RULE BDF|- STATUS [MISSING ...]
 *     health CODE
 *     nothing
 *
 * Findings and their evidence are all listed, `possible` ones too; `nothing` says that there is none. Every health code is
 * listed. Coverage is listed where it is the point; without MISSING any list of missing classes will do.
 */
export interface CaseFile {
  readonly what: string;
  readonly flags: Flags;
  readonly log: string;
  readonly header: string;
  readonly expect: readonly string[];
}

export interface Flags {
  platform: Platform | 'auto';
  complete: EventClass[];
  fromBoot: boolean;
  since: string | null;
  until: string | null;
}

const LOG_MARK = '--- log\n';
const EXPECT_MARK = '--- expect\n';

/** @throws Error that says what is wrong with the file. */
export function parseCase(text: string): CaseFile {
  const logAt = text.indexOf(LOG_MARK);
  const expectAt = text.indexOf(EXPECT_MARK, logAt);
  if (logAt < 0 || expectAt < 0) throw new Error('no "--- log" or no "--- expect"');
  const header = text.slice(0, logAt);
  const fields = new Map(
    header
      .trimEnd()
      .split('\n')
      .map((line) => {
        const match = /^# (what|flags|source): (.+)$/.exec(line);
        if (!match?.[1] || !match[2]) throw new Error(`header line: ${line}`);
        return [match[1], match[2]];
      }),
  );
  const what = fields.get('what');
  if (what === undefined || !fields.has('source')) throw new Error('the header lacks "# what:" or "# source:"');
  return {
    what,
    flags: parseFlags(fields.get('flags') ?? ''),
    header,
    log: text.slice(logAt + LOG_MARK.length, expectAt),
    expect: text
      .slice(expectAt + EXPECT_MARK.length)
      .split('\n')
      .filter((line) => line !== ''),
  };
}

export function formatCase(file: CaseFile, expect: readonly string[]): string {
  return `${file.header}${LOG_MARK}${file.log}${EXPECT_MARK}${expect.join('\n')}\n`;
}

function parseFlags(text: string): Flags {
  const flags: Flags = { platform: 'auto', complete: [], fromBoot: false, since: null, until: null };
  const words = text.split(' ').filter((word) => word !== '');
  const value = (flag: string): string => {
    const next = words.shift();
    if (next === undefined) throw new Error(`${flag} needs a value`);
    return next;
  };
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '--platform') flags.platform = oneOf(PLATFORMS, value(word));
    else if (word === '--complete')
      flags.complete = value(word)
        .split(',')
        .map((name) => oneOf(EVENT_CLASSES, name));
    else if (word === '--from-boot') flags.fromBoot = true;
    else if (word === '--since') flags.since = value(word);
    else if (word === '--until') flags.until = value(word);
    else throw new Error(`unknown flag ${word}`);
  }
  return flags;
}

function oneOf<T extends string>(allowed: readonly T[], text: string): T {
  const found = allowed.find((item) => item === text);
  if (found === undefined) throw new Error(`${text} is none of ${allowed.join(', ')}`);
  return found;
}

/** What came out, in the words of the `expect` block; of the coverage only what `asked` asks for. */
export function outcomeOf(analysis: Analysis, asked: readonly string[]): string[] {
  const findings = analysis.findings.map(findingLine).sort(byPlace);
  const coverage = askedCoverage(asked).flatMap(({ rule, device, withMissing }) =>
    analysis.rules
      .filter((row) => row.rule === rule && (row.device ?? '-') === device)
      .map((row) => `coverage ${rule} ${device} ${[row.status, ...(withMissing ? row.missing : [])].join(' ')}`),
  );
  const health = analysis.health.map((row) => `health ${row.code}`);
  return [...(findings.length > 0 ? findings : ['nothing']), ...coverage, ...new Set(health)];
}

/** Each rule and device once: an address that was removed and came back has one row a life. */
function askedCoverage(asked: readonly string[]): { rule: string; device: string; withMissing: boolean }[] {
  const rows = new Map<string, { rule: string; device: string; withMissing: boolean }>();
  for (const line of asked) {
    const [word, rule = '', device = '', , ...missing] = line.split(' ');
    if (word !== 'coverage') continue;
    const key = `${rule} ${device}`;
    rows.set(key, { rule, device, withMissing: missing.length > 0 || (rows.get(key)?.withMissing ?? false) });
  }
  return [...rows.values()];
}

/** The `expect` block with its lines in the order in which {@link outcomeOf} gives them. */
export function orderExpected(lines: readonly string[]): string[] {
  const rank = (line: string) => (line.startsWith('coverage ') ? 1 : line.startsWith('health ') ? 2 : 0);
  const findings = lines.filter((line) => rank(line) === 0).sort(byPlace);
  return [...findings, ...lines.filter((line) => rank(line) === 1), ...lines.filter((line) => rank(line) === 2)];
}

function findingLine(finding: Finding): string {
  const violation = finding.evidence.filter(({ role }) => role === 'violation');
  const others = finding.evidence.filter(({ role }) => role !== 'violation').map(({ role, line }) => `${role}:${line}`);
  return [
    finding.headline ? 'headline' : 'caused',
    finding.verdict.toUpperCase(),
    finding.rule,
    finding.device ?? '-',
    violation.map(({ line }) => line).join('+'),
    ...others,
  ].join(' ');
}

/** By violation line, headlines first, then by text: the order in which a reader goes through the log. */
function byPlace(a: string, b: string): number {
  const follows = (line: string) => Number(line.startsWith('caused'));
  return lineOf(a) - lineOf(b) || follows(a) - follows(b) || (a < b ? -1 : a > b ? 1 : 0);
}

function lineOf(text: string): number {
  return Number.parseInt(text.split(' ')[4] ?? '', 10) || 0;
}
